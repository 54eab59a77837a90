/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * silu and sigmoid of any x, infinities included, and NaN of NaN. Needs
 * vec_one_plus_exp_neg (x) for |x| <= 84: beyond, they are at their limits.
 * Where it grows beyond all bounds by itself below -84, VEC_EXP_OVERFLOWS saves
 * silu a step; -infinity becomes NaN then, as it does in PyTorch.
 */
#pragma once

VEC_INLINE Vec
vec_silu (Vec x)
{
#ifndef VEC_EXP_OVERFLOWS
  x = vec_max (vec_set (-84.f), x);
#endif
  return vec_div (x, vec_one_plus_exp_neg (vec_min (vec_set (84.f), x)));
}

VEC_INLINE Vec
vec_sigmoid (Vec x)
{
  x = vec_min (vec_set (84.f), vec_max (vec_set (-84.f), x));
  return vec_div (vec_set (1.f), vec_one_plus_exp_neg (x));
}
