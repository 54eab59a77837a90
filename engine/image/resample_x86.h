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

void rexnet_pick_avx2 (guint8 * dst, const guint8 * src, guint step, guint n);
