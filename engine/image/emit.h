/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last step of a row, for the compiler to vectorise at each level. */
#pragma once

#include <string.h>

#include "color.h"

static inline void
emit_row (const guint8 * restrict src, float scale, float offset,
    float *restrict dst, guint width)
{
  for (guint x = 0; x < width; x++)
    dst[x] = (float) src[x] * scale + offset;
}

/* x within [0, 1]. On the bits, which floats of one sign are ordered by,
 * because gcc vectorises no comparison of floats that may trap. */
static inline float
emit_clamp (float x)
{
  const gint32 one = 0x3f800000;
  gint32 bits;

  memcpy (&bits, &x, sizeof bits);
  bits &= ~(bits >> 31);
  bits = MIN (bits, one);
  memcpy (&x, &bits, sizeof x);
  return x;
}

static inline void
emit_yuv_row (gint32 * const src[3], const RexnetYuv * yuv,
    const RexnetNormal * normal, float *const dst[3], guint width)
{
  const gint32 *restrict ys = src[0], *restrict us = src[1],
      *restrict vs = src[2];
  float *restrict r = dst[0], *restrict g = dst[1], *restrict b = dst[2];
  const RexnetYuv m = *yuv;
  const RexnetNormal k = *normal;

  for (guint x = 0; x < width; x++) {
    float y = (float) ys[x] * m.y_scale + m.y_offset;
    float u = (float) us[x] * m.c_scale + m.c_offset;
    float v = (float) vs[x] * m.c_scale + m.c_offset;

    r[x] = emit_clamp (y + m.v_r * v) * k.scale[0] + k.offset[0];
    g[x] = emit_clamp (y + m.u_g * u + m.v_g * v) * k.scale[1] + k.offset[1];
    b[x] = emit_clamp (y + m.u_b * u) * k.scale[2] + k.offset[2];
  }
}
