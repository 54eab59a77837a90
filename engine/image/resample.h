/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loops over samples, one table for each instruction set. Every level
 * gives the same bits as C: sums are integers, and no float operation is
 * contracted or reordered.
 *
 * Rows have room for a multiple of REXNET_PAD samples where not said otherwise.
 */
#pragma once

#include "color.h"
#include "fetch.h"
#include "filter.h"

#define REXNET_STRIP 16         /* rows filtered horizontally at a time */
#define REXNET_PAD 64

/*
 * Exact filters round to [0, 255] after each pass, as Pillow does. The others
 * keep what overshoots, and this many fraction bits between the passes.
 */
#define REXNET_SAMPLE_BITS 6
/* Coefficients with which sums of 8-bit samples, and of 16-bit ones, stay
 * below 2^31. */
#define REXNET_HORIZONTAL_BITS 22
#define REXNET_VERTICAL_BITS 16

/* REXNET_STRIP rows of one channel: sample i of row r is row[r][i * step],
 * i < n. Not a byte outside of them is read. */
typedef struct
{
  const guint8 *row[REXNET_STRIP];
  guint step;                   /* 1 to 4 */
  guint n;
  RexnetFetch *fetch;           /* what to ask for meanwhile */
} RexnetStrip;

/* Outputs, and samples, that are a share of the work on a strip. */
#define REXNET_SHARE_OUTPUTS 4
#define REXNET_SHARE_SAMPLES 64

typedef struct _RexnetResample
{
  const char *name;
  RexnetIsa isa;
  /* What horizontal filters are packed in, and exact vertical ones; the others
   * are in ROWS. */
  RexnetFilterOrder order, exact_rows;

  /* Filters a strip into rows of n_out samples, @dst_stride bytes apart. Sum:
   * a level may interleave the samples of the rows 2 k and 2 k + 1, in the
   * memory of both.
   * @work: REXNET_STRIP bytes for each source sample that the filter names,
   *   and for those up to a multiple of REXNET_PAD */
  void (*horizontal_exact) (const RexnetFilter * filter,
      const RexnetStrip * src, guint8 * dst, gsize dst_stride, guint8 * work);
  void (*horizontal_sum) (const RexnetFilter * filter,
      const RexnetStrip * src, gint16 * dst, gsize dst_stride, guint8 * work);

  /* Output row @i from filter->taps @rows of @width samples. Exact: guint8 to
   * guint8, with no padding needed. Sum: gint16, as horizontal_sum() leaves
   * them, to sums with all their fraction bits; for even t the rows t and t + 1
   * are such a pair. */
  void (*vertical_exact) (const RexnetFilter * filter, guint i,
      const void *const *rows, guint width, guint8 * dst);
  void (*vertical_sum) (const RexnetFilter * filter, guint i,
      const void *const *rows, guint width, gint32 * dst);

  /* One row of values in [0, 255] into one plane of the input. */
  void (*emit) (const guint8 * src, float scale, float offset, float *dst,
      guint width);
  /* One row of sums into three planes. */
  void (*emit_yuv) (gint32 * const src[3], const RexnetYuv * yuv,
      const RexnetNormal * normal, float *const dst[3], guint width);
} RexnetResample;

extern const RexnetResample rexnet_resample_c, rexnet_resample_avx2,
    rexnet_resample_avx512, rexnet_resample_avx512vnni;

/* Returns: (nullable): the @i'th table that this CPU and $REXNET_ISA allow,
 * the best first. */
const RexnetResample *rexnet_resample_get (guint i);
