/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "fail.h"
#include "half.h"

#define HALF_MAX 65504.f

/* Rounds to nearest, ties to even. @value: finite, at most HALF_MAX */
static guint16
half_from_float (float value)
{
  const float magnitude = fabsf (value);
  const guint16 sign = signbit (value) ? 0x8000 : 0;
  int exponent;

  frexpf (magnitude, &exponent);
  exponent = MAX (exponent, -13);
  /* In units of the last of eleven bits, which may round up to a twelfth. */
  const guint units = (guint) rintf (ldexpf (magnitude, 11 - exponent));

  return sign | (units < 1024 ? units : ((exponent + 13) << 10) + units);
}

void
rexnet_float_to_le (float *values, gsize n)
{
  for (gsize i = 0; G_BYTE_ORDER != G_LITTLE_ENDIAN && i < n; i++) {
    guint32 word;

    memcpy (&word, &values[i], sizeof word);
    word = GUINT32_TO_LE (word);
    memcpy (&values[i], &word, sizeof word);
  }
}

gboolean
rexnet_half_to_le (float *values, gsize n, const char *name, GError ** error)
{
  guint8 *bytes = (guint8 *) values;

  for (gsize i = 0; i < n; i++) {
    const float value = values[i];

    if (!(fabsf (value) <= HALF_MAX))
      return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
          "%s holds %g, more than a float16 can: save it as float32",
          name, value);
    const guint16 word = GUINT16_TO_LE (half_from_float (value));
    memcpy (bytes + 2 * i, &word, sizeof word);
  }
  return TRUE;
}
