/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * silu and sigmoid of any x, infinities included, and NaN of NaN. Needs
 * vec_one_plus_exp_neg (x) for |x| <= 84: beyond, they are at their limits.
 */
#pragma once

VEC_INLINE Vec
vec_silu (Vec x)
{
  x = vec_max (vec_set (-84.f), x);
  return vec_div (x, vec_one_plus_exp_neg (vec_min (vec_set (84.f), x)));
}

VEC_INLINE Vec
vec_sigmoid (Vec x)
{
  x = vec_min (vec_set (84.f), vec_max (vec_set (-84.f), x));
  return vec_div (vec_set (1.f), vec_one_plus_exp_neg (x));
}
