/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the x86 levels filter horizontally: a strip of 16 rows is transposed in
 * dwords of four samples, so that one vector holds four neighbouring samples
 * of every row; as words they are the samples 0, 2 and 1, 3, each pair one
 * multiply-add of 16 bits away from the sum.
 */
#pragma once

#include "resample.h"

#define REXNET_EXACT_HALF (1 << (REXNET_FILTER_EXACT_BITS - 1))

/* Rows of bytes become columns of dwords: dword r of column q holds the
 * samples 4 q to 4 q + 3 of row r. @step: src->step, as a constant */
typedef void (*RexnetTurn) (const RexnetFilter * filter,
    const RexnetStrip * src, guint step, guint8 * columns);

/* @turn is inlined once for each step. */
static inline __attribute__ ((always_inline)) void
rexnet_turn_strip (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * columns, RexnetTurn turn)
{
  switch (src->step) {
    case 1:
      turn (f, src, 1, columns);
      break;
    case 2:
      turn (f, src, 2, columns);
      break;
    case 3:
      turn (f, src, 3, columns);
      break;
    case 4:
      turn (f, src, 4, columns);
      break;
  }
}
