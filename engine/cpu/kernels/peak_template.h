/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multiply-adds in registers alone. */
#include "kernels.h"

static void
multiply_add (guint n, float *x)
{
  const Vec half = vec_set (0.5f), one = vec_set (1.f);
  Vec chain[REXNET_PEAK_CHAINS];

  VEC_UNROLL for (guint c = 0; c < REXNET_PEAK_CHAINS; c++)
    chain[c] = vec_load (x + c * VL);
  for (guint i = 0; i < n; i++) {
    VEC_UNROLL for (guint c = 0; c < REXNET_PEAK_CHAINS; c++)
      chain[c] = vec_fma (chain[c], half, one);
  }
  VEC_UNROLL for (guint c = 0; c < REXNET_PEAK_CHAINS; c++)
    vec_store (x + c * VL, chain[c]);
}

void
KERNEL (rexnet_peak_init) (RexnetKernels * kernels)
{
  kernels->multiply_add = multiply_add;
}
