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

/* @step: src->step, as a constant */
static inline void
pick_step (const RexnetStrip * src, guint r, guint step, gint16 * dst)
{
  const guint8 *restrict row = src->row[r];

  for (guint i = 0; i < src->n; i++)
    dst[i] = row[(gsize) i * step];
}

/* Brings row @r together in @dst, with zeros for what lies past it. */
static void
pick (const RexnetFilter * f, const RexnetStrip * src, guint r,
    gint16 * restrict dst)
{
  switch (src->step) {
    case 1:
      pick_step (src, r, 1, dst);
      break;
    case 2:
      pick_step (src, r, 2, dst);
      break;
    case 3:
      pick_step (src, r, 3, dst);
      break;
    case 4:
      pick_step (src, r, 4, dst);
      break;
  }
  memset (dst + src->n, 0, f->taps * sizeof *dst);
}

/* @n: a multiple of 8, as the compiler is told */
static inline gint32
dot (const gint16 * samples, const gint16 * coefs, guint n)
{
  gint32 sum = 0;

  n = n / 8 * 8;
  for (guint t = 0; t < n; t++)
    sum += samples[t] * coefs[t];
  return sum;
}

static void
horizontal_exact (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * dst, gsize dst_stride, guint8 * work)
{
  gint16 *row = (gint16 *) work;

  for (guint r = 0; r < REXNET_STRIP; r++, dst += dst_stride) {
    const gint16 *c = (const gint16 *) f->packed;

    pick (f, src, r, row);
    for (guint i = 0; i < f->n_out; i++, c += 2 * f->taps) {
      const gint16 *samples = row + f->start[i];
      guint32 high = (guint32) dot (samples, c, f->taps);
      guint32 low = (guint32) dot (samples, c + f->taps, f->taps);

      dst[i] = exact_round ((gint32) ((high << REXNET_FILTER_LOW_BITS) + low));
    }
  }
}

static void
horizontal_sum (const RexnetFilter * f, const RexnetStrip * src,
    gint16 * dst, gsize dst_stride, guint8 * work)
{
  guint shift = f->bits - REXNET_SAMPLE_BITS;
  gint32 half = 1 << (shift - 1);
  gint16 *row = (gint16 *) work;

  for (guint r = 0; r < REXNET_STRIP; r++) {
    gint16 *out = (gint16 *) ((guint8 *) dst + r * dst_stride);
    const gint16 *c = (const gint16 *) f->packed;

    pick (f, src, r, row);
    for (guint i = 0; i < f->n_out; i++, c += f->taps) {
      gint32 sum = (dot (row + f->start[i], c, f->taps) + half) >> shift;
      out[i] = (gint16) CLAMP (sum, G_MININT16, G_MAXINT16);
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
  for (guint t = 0; t < f->taps; t += 2) {
    const gint16 *restrict a = rows[t], *restrict b = rows[t + 1];
    const gint16 p = (gint16) c[t], q = (gint16) c[t + 1];

    for (guint x = 0; x < width; x++)
      dst[x] += p * a[x] + q * b[x];
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
  "c", REXNET_ISA_C, REXNET_FILTER_WORDS, REXNET_FILTER_ROWS,
  horizontal_exact, horizontal_sum, vertical_exact, vertical_sum, emit, emit_yuv
};
