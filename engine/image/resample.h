/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loops over samples, one table for each instruction set. Every level
 * gives the same bits as C: sums are integers, and no float operation is
 * contracted or reordered.
 *
 * Widths are padded: rows have room for a multiple of REXNET_PAD samples.
 */
#pragma once

#include "color.h"
#include "filter.h"

#define REXNET_STRIP 16         /* source rows filtered at a time */
#define REXNET_PAD 64
#define REXNET_QUAD 4           /* alignment of horizontal filters */
#define REXNET_PAIR 2           /* and of vertical ones */

/* Fraction bits of horizontally filtered samples, which keep what overshoots
 * [0, 255]; exact filters clamp and have none. */
#define REXNET_SAMPLE_BITS 6
/* Of 16-bit samples, vertical sums stay below 2^31 up to this. */
#define REXNET_VERTICAL_BITS 16

/* A filter with its coefficients in the order that the kernels read. */
typedef struct
{
  RexnetFilter filter;
  gboolean exact;
} RexnetPass;

typedef struct
{
  const char *name;

  /* dst[i] = src[i * step], i < n. step: 1 to 4. */
  void (*pick) (guint8 * dst, const guint8 * src, guint step, guint n);

  /* Filters REXNET_STRIP rows of pass->filter.n_in samples, @src_stride bytes
   * apart, into rows of n_out samples, @dst_stride samples apart. */
  void (*horizontal) (const RexnetPass * pass, const guint8 * src,
      gsize src_stride, gint16 * dst, gsize dst_stride);

  /* Output row @i from pass->filter.taps @rows of @width samples: exact, a
   * value in [0, 255]; otherwise the sum with all its fraction bits. */
  void (*vertical) (const RexnetPass * pass, guint i,
      const gint16 * const *rows, guint width, gint32 * dst);

  /* One row of values in [0, 255] into one plane of the input. */
  void (*emit) (const gint32 * src, float scale, float offset, float *dst,
      guint width);

  /* One row of sums into three planes. */
  void (*emit_yuv) (gint32 * const src[3], const RexnetYuv * yuv,
      const RexnetNormal * normal, float *const dst[3], guint width);
} RexnetResample;

extern const RexnetResample rexnet_resample_c;
