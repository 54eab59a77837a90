/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resample.h"

#include <string.h>

#include "emit.h"

static void
pick (guint8 * dst, const guint8 * src, guint step, guint n)
{
  if (step == 1) {
    memcpy (dst, src, n);
    return;
  }
  for (guint i = 0; i < n; i++)
    dst[i] = src[(gsize) i * step];
}

static inline gint32
exact_round (gint32 sum)
{
  sum = (sum + (1 << (REXNET_FILTER_EXACT_BITS - 1)))
      >> REXNET_FILTER_EXACT_BITS;
  return CLAMP (sum, 0, 255);
}

static void
horizontal (const RexnetPass * pass, const guint8 * src, gsize src_stride,
    gint16 * dst, gsize dst_stride)
{
  const RexnetFilter *f = &pass->filter;
  guint shift = f->bits - (pass->exact ? 0 : REXNET_SAMPLE_BITS);

  for (guint r = 0; r < REXNET_STRIP; r++)
    for (guint i = 0; i < f->n_out; i++) {
      const guint8 *restrict s = src + r * src_stride + f->start[i];
      const gint32 *restrict c = f->coef + (gsize) i * f->taps;
      gint32 sum = 0;

      for (guint t = 0; t < f->taps; t++)
        sum += c[t] * s[t];
      if (pass->exact)
        sum = exact_round (sum);
      else
        sum = (sum + (1 << (shift - 1))) >> shift;
      dst[r * dst_stride + i] =
          (gint16) CLAMP (sum, G_MININT16, G_MAXINT16);
    }
}

static void
vertical (const RexnetPass * pass, guint i, const gint16 * const *rows,
    guint width, gint32 * restrict dst)
{
  const RexnetFilter *f = &pass->filter;
  const gint32 *c = f->coef + (gsize) i * f->taps;

  memset (dst, 0, width * sizeof *dst);
  for (guint t = 0; t < f->taps; t++) {
    const gint16 *restrict row = rows[t];
    for (guint x = 0; x < width; x++)
      dst[x] += c[t] * row[x];
  }
  if (pass->exact)
    for (guint x = 0; x < width; x++)
      dst[x] = exact_round (dst[x]);
}

static void
emit (const gint32 * src, float scale, float offset, float *dst, guint width)
{
  emit_row (src, scale, offset, dst, width);
}

static void
emit_yuv (gint32 * const src[3], const RexnetYuv * yuv,
    const RexnetNormal * normal, float *const dst[3], guint width)
{
  emit_yuv_row (src, yuv, normal, dst, width);
}

const RexnetResample rexnet_resample_c = {
  "c", pick, horizontal, vertical, emit, emit_yuv
};
