/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From resampled channels to the network's input. */
#pragma once

#include <rexnet/rexnet.h>

/* Y and C are sums of the vertical filter:
 *   y = Y * y_scale + y_offset, u and v likewise from U and V,
 *   R = y + v_r * v, G = y + u_g * u + v_g * v, B = y + u_b * u,
 * each clamped to [0, 1]. */
typedef struct
{
  float y_scale, y_offset;
  float c_scale, c_offset;
  float v_r, u_g, v_g, u_b;
} RexnetYuv;

/* The network's input is value * scale + offset of a value in [0, 1]. */
typedef struct
{
  float scale[3], offset[3];
} RexnetNormal;

/* @y_bits, @c_bits: fraction bits of the sums.
 * Source: ITU-R BT.601, BT.709, BT.2020, SMPTE 240M, FCC 73.682. */
void rexnet_yuv_init (RexnetYuv * self, RexnetMatrix matrix,
    gboolean full_range, guint y_bits, guint c_bits);

void rexnet_normal_init (RexnetNormal * self, const RexnetInput * input);
