/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resample.h"

#include <string.h>

#include "emit.h"

static inline guint8
exact_round (gint32 sum)
{
  sum = (sum + (1 << (REXNET_FILTER_EXACT_BITS - 1)))
      >> REXNET_FILTER_EXACT_BITS;
  return (guint8) CLAMP (sum, 0, 255);
}

/* Brings row @r together in @dst, with zeros for what lies past it. */
static void
pick (const RexnetFilter * f, const RexnetStrip * src, guint r, guint8 * dst)
{
  const guint8 *row = src->row[r];

  if (src->step == 1)
    memcpy (dst, row, src->n);
  else
    for (guint i = 0; i < src->n; i++)
      dst[i] = row[(gsize) i * src->step];
  memset (dst + src->n, 0, f->taps);
}

static inline gint32
dot (const RexnetFilter * f, guint i, const guint8 * row)
{
  const guint8 *s = row + f->start[i];
  const gint32 *c = f->coef + (gsize) i * f->taps;
  gint32 sum = 0;

  for (guint t = 0; t < f->taps; t++)
    sum += c[t] * s[t];
  return sum;
}

static void
horizontal_exact (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * dst, gsize dst_stride, guint8 * work)
{
  for (guint r = 0; r < REXNET_STRIP; r++, dst += dst_stride) {
    pick (f, src, r, work);
    for (guint i = 0; i < f->n_out; i++)
      dst[i] = exact_round (dot (f, i, work));
  }
}

static void
horizontal_sum (const RexnetFilter * f, const RexnetStrip * src,
    gint16 * dst, gsize dst_stride, guint8 * work)
{
  guint shift = f->bits - REXNET_SAMPLE_BITS;
  gint32 half = 1 << (shift - 1);

  for (guint r = 0; r < REXNET_STRIP; r++) {
    gint16 *row = (gint16 *) ((guint8 *) dst + r * dst_stride);

    pick (f, src, r, work);
    for (guint i = 0; i < f->n_out; i++) {
      gint32 sum = (dot (f, i, work) + half) >> shift;
      row[i] = (gint16) CLAMP (sum, G_MININT16, G_MAXINT16);
    }
  }
}

#define BLOCK 256               /* sums that stay in the first cache */

static void
vertical_exact (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, guint8 * restrict dst)
{
  const gint32 *c = f->coef + (gsize) i * f->taps;

  for (guint x0 = 0; x0 < width; x0 += BLOCK) {
    guint n = MIN (BLOCK, width - x0);
    gint32 sum[BLOCK] = { 0 };

    for (guint t = 0; t < f->taps; t++) {
      const guint8 *restrict row = (const guint8 *) rows[t] + x0;
      for (guint x = 0; x < n; x++)
        sum[x] += c[t] * row[x];
    }
    for (guint x = 0; x < n; x++)
      dst[x0 + x] = exact_round (sum[x]);
  }
}

static void
vertical_sum (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, gint32 * restrict dst)
{
  const gint32 *c = f->coef + (gsize) i * f->taps;

  memset (dst, 0, width * sizeof *dst);
  for (guint t = 0; t < f->taps; t++) {
    const gint16 *restrict row = rows[t];
    for (guint x = 0; x < width; x++)
      dst[x] += c[t] * row[x];
  }
}

static void
emit (const guint8 * src, float scale, float offset, float *dst, guint width)
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
  "c", REXNET_ISA_C, REXNET_FILTER_SAMPLES, horizontal_exact,
  horizontal_sum, vertical_exact, vertical_sum, emit, emit_yuv
};
