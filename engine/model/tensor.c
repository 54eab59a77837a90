/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "fail.h"
#include "tensor.h"

guint
rexnet_dtype_size (RexnetDtype dtype)
{
  switch (dtype) {
    case REXNET_DTYPE_F16:
    case REXNET_DTYPE_BF16:
      return 2;
    case REXNET_DTYPE_F64:
      return 8;
    default:
      return 4;
  }
}

guint
rexnet_tensor_count (const RexnetTensor * tensor)
{
  guint count = 1;

  for (guint i = 0; i < tensor->n_dims; i++)
    count *= tensor->shape[i];
  return count;
}

void
rexnet_tensor_set_contiguous (RexnetTensor * tensor)
{
  guint64 stride = 1;           /* may wrap where the shape is refused later */

  for (guint i = tensor->n_dims; i-- > 0;) {
    tensor->stride[i] = stride;
    stride *= tensor->shape[i];
  }
}

char *
rexnet_tensor_shape_to_string (const RexnetTensor * tensor)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < tensor->n_dims; i++)
    g_string_append_printf (text, "%s%u", i ? " x " : "", tensor->shape[i]);
  if (tensor->n_dims == 0)
    g_string_append (text, "a single number");
  return g_string_free (text, FALSE);
}

/* The product of the dimensions, or 0 when one is 0 or it exceeds 31 bits. */
static guint64
checked_count (const RexnetTensor * tensor)
{
  guint64 count = 1;

  for (guint i = 0; i < tensor->n_dims; i++) {
    count *= tensor->shape[i];
    if (count > G_MAXINT32)
      return 0;
  }
  return count;
}

gboolean
rexnet_tensor_place (RexnetTensor * tensor, const guint8 * data, guint64 size,
    guint64 offset, const char *source, const char *key, GError ** error)
{
  const guint item = rexnet_dtype_size (tensor->dtype);
  const guint64 count = checked_count (tensor);
  guint64 last = 0;             /* index of the last element reached */
  g_autofree char *shape = NULL;

  if (count == 0) {
    shape = rexnet_tensor_shape_to_string (tensor);
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: %s is %s, which is no size for a weight", source, key, shape);
  }
  for (guint i = 0; i < tensor->n_dims; i++) {
    if (tensor->stride[i] < 0 || tensor->stride[i] > G_MAXINT32)
      return rexnet_fail (error, REXNET_ERROR_CORRUPT,
          "%s: %s has a stride of %" G_GINT64_FORMAT, source, key,
          tensor->stride[i]);
    last += (guint64) (tensor->shape[i] - 1) * tensor->stride[i];
  }
  /* Fewer stored elements than count: some are seen twice, as in a tensor
   * that was expanded. No trained weight is; a bomb would be. */
  if (offset > size || last >= (size - offset) / item
      || count > (size - offset) / item) {
    shape = rexnet_tensor_shape_to_string (tensor);
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: %s is %s, which needs %" G_GUINT64_FORMAT " bytes from byte %"
        G_GUINT64_FORMAT " of its storage, but that has %" G_GUINT64_FORMAT,
        source, key, shape, MAX (last + 1, count) * item, offset, size);
  }
  tensor->data = data + offset;
  return TRUE;
}

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error "the files' numbers are little endian and read in place"
#endif

static float
float_from_bits (guint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

static float
float_from_half (guint16 half)
{
  const guint32 sign = (guint32) (half & 0x8000) << 16;
  const guint32 exponent = half >> 10 & 0x1f;
  const guint32 mantissa = half & 0x3ff;

  if (exponent == 0) {          /* subnormal: mantissa * 2^-24 */
    float value = mantissa * 0x1p-24f;
    return sign ? -value : value;
  }
  if (exponent == 31)
    return float_from_bits (sign | 0x7f800000 | mantissa << 13);
  return float_from_bits (sign | (exponent + 112) << 23 | mantissa << 13);
}

#define READ_ROW(type, expression)                                      \
  for (guint i = 0; i < n; i++, src += step) {                          \
    type v;                                                             \
    memcpy (&v, src, sizeof v);                                         \
    dst[i] = expression;                                                \
  }                                                                     \
  break

static void
read_row (const guint8 * src, RexnetDtype dtype, gint64 step, guint n,
    double *dst)
{
  switch (dtype) {
    case REXNET_DTYPE_F32:
      READ_ROW (float, v);
    case REXNET_DTYPE_F16:
      READ_ROW (guint16, float_from_half (v));
    case REXNET_DTYPE_BF16:
      READ_ROW (guint16, float_from_bits ((guint32) v << 16));
    case REXNET_DTYPE_F64:
      READ_ROW (double, v);
  }
}

guint
rexnet_tensor_row_size (const RexnetTensor * tensor)
{
  return tensor->n_dims ? tensor->shape[tensor->n_dims - 1] : 1;
}

guint
rexnet_tensor_rows (const RexnetTensor * tensor)
{
  return rexnet_tensor_count (tensor) / rexnet_tensor_row_size (tensor);
}

static const guint8 *
row_address (const RexnetTensor * tensor, guint row)
{
  gint64 offset = 0;

  for (guint i = tensor->n_dims > 0 ? tensor->n_dims - 1 : 0; i-- > 0;) {
    offset += row % tensor->shape[i] * tensor->stride[i];
    row /= tensor->shape[i];
  }
  return tensor->data + offset * rexnet_dtype_size (tensor->dtype);
}

static gint64
row_step (const RexnetTensor * tensor)
{
  gint64 stride = tensor->n_dims ? tensor->stride[tensor->n_dims - 1] : 1;

  return stride * rexnet_dtype_size (tensor->dtype);
}

void
rexnet_tensor_read_row (const RexnetTensor * tensor, guint row, double *dst)
{
  read_row (row_address (tensor, row), tensor->dtype, row_step (tensor),
      rexnet_tensor_row_size (tensor), dst);
}

static gboolean
is_contiguous (const RexnetTensor * tensor)
{
  RexnetTensor packed = *tensor;

  rexnet_tensor_set_contiguous (&packed);
  for (guint i = 0; i < tensor->n_dims; i++)
    if (tensor->shape[i] > 1 && tensor->stride[i] != packed.stride[i])
      return FALSE;
  return TRUE;
}

/* A contiguous tensor as one row. */
static RexnetTensor
flattened (const RexnetTensor * tensor)
{
  RexnetTensor flat = *tensor;

  if (is_contiguous (tensor)) {
    flat.n_dims = 1;
    flat.shape[0] = rexnet_tensor_count (tensor);
    flat.stride[0] = 1;
  }
  return flat;
}

void
rexnet_tensor_read (const RexnetTensor * tensor, float *dst)
{
  const RexnetTensor t = flattened (tensor);
  const guint n = rexnet_tensor_row_size (&t), rows = rexnet_tensor_rows (&t);
  const gint64 step = row_step (&t);
  double wide[256];

  for (guint row = 0; row < rows; row++, dst += n) {
    const guint8 *src = row_address (&t, row);

    if (t.dtype == REXNET_DTYPE_F32 && step == sizeof (float)) {
      memcpy (dst, src, n * sizeof (float));
      continue;
    }
    for (guint done = 0; done < n; done += G_N_ELEMENTS (wide)) {
      const guint m = MIN (G_N_ELEMENTS (wide), n - done);

      read_row (src + done * step, t.dtype, step, m, wide);
      for (guint i = 0; i < m; i++)
        dst[done + i] = (float) wide[i];
    }
  }
}

/* The exponent's bits are all ones in infinities and NaNs. */
#define ROW_IS_FINITE(type, exponent)                                   \
  do {                                                                  \
    type bad = 0;                                                       \
    for (guint i = 0; i < n; i++, src += step) {                        \
      type bits;                                                        \
      memcpy (&bits, src, sizeof bits);                                 \
      bad |= (bits & exponent) == exponent;                             \
    }                                                                   \
    return !bad;                                                        \
  } while (0)

static inline gboolean
row_is_finite (const guint8 * src, RexnetDtype dtype, gint64 step, guint n)
{
  switch (dtype) {
    case REXNET_DTYPE_F32:
      ROW_IS_FINITE (guint32, 0x7f800000);
    case REXNET_DTYPE_F16:
      ROW_IS_FINITE (guint16, 0x7c00);
    case REXNET_DTYPE_BF16:
      ROW_IS_FINITE (guint16, 0x7f80);
    default:                   /* a double that no float reaches counts too */
      for (guint i = 0; i < n; i++, src += step) {
        double value;

        memcpy (&value, src, sizeof value);
        if (!isfinite ((float) value))
          return FALSE;
      }
      return TRUE;
  }
}

gboolean
rexnet_tensor_is_finite (const RexnetTensor * tensor)
{
  const RexnetTensor t = flattened (tensor);
  const guint n = rexnet_tensor_row_size (&t), rows = rexnet_tensor_rows (&t);
  const gint64 step = row_step (&t);

  for (guint row = 0; row < rows; row++) {
    const guint8 *src = row_address (&t, row);
    gboolean finite;

    /* a step that the compiler knows lets it use vectors */
    if (step == sizeof (float) && t.dtype == REXNET_DTYPE_F32)
      finite = row_is_finite (src, t.dtype, sizeof (float), n);
    else
      finite = row_is_finite (src, t.dtype, step, n);
    if (!finite)
      return FALSE;
  }
  return TRUE;
}
