/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a sum, for templates that have included a vec_*.h. */
#pragma once

#include <math.h>

#include "kernels.h"

VEC_INLINE Vec
vec_clamp (Vec a, Vec low, Vec high)
{
  return vec_min (high, vec_max (low, a));
}

VEC_INLINE Vec
vec_finish (Vec a, const RexnetFinish * finish)
{
  if (finish->smooth == REXNET_ACTIVATION_SILU)
    return vec_silu (a);
  if (finish->smooth == REXNET_ACTIVATION_SIGMOID)
    return vec_sigmoid (a);
  return vec_clamp (a, vec_set (finish->low), vec_set (finish->high));
}
