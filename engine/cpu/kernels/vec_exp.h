/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * silu and sigmoid where there is no vscalefps. Needs vec_power_of_two (t):
 * 2^n for t = n + 1.5 x 2^23.
 */
#pragma once

/*
 * 1 + exp (-x). exp (y) = 2^n exp (r), r = y - n ln 2 in two steps whose first
 * is exact even without a fused multiply-add, |r| <= ln 2 / 2, and a quintic
 * with an error of 2e-7.
 */
VEC_INLINE Vec
vec_one_plus_exp_neg (Vec x)
{
  const Vec magic = vec_set (0x1.8p23f);
  Vec y = vec_min (vec_max (vec_mul (x, vec_set (-1.f)), vec_set (-87.f)),
      vec_set (87.f));
  Vec shifted = vec_fma (y, vec_set (1.44269504f), magic);
  Vec n = vec_add (shifted, vec_set (-0x1.8p23f));
  Vec r = vec_fma (n, vec_set (2.12194440e-4f),
      vec_fma (n, vec_set (-0.693359375f), y));
  Vec p = vec_set (8.3750420e-3f);

  p = vec_fma (p, r, vec_set (4.1916919e-2f));
  p = vec_fma (p, r, vec_set (1.6666416e-1f));
  p = vec_fma (p, r, vec_set (4.9998873e-1f));
  p = vec_fma (p, r, vec_set (1.f));
  p = vec_fma (p, r, vec_set (1.f));
  return vec_fma (p, vec_power_of_two (shifted), vec_set (1.f));
}

/* Below -87 the divisor stays as it is, and so must x. */
VEC_INLINE Vec
vec_silu (Vec x)
{
  return vec_div (vec_max (x, vec_set (-87.f)), vec_one_plus_exp_neg (x));
}

VEC_INLINE Vec
vec_sigmoid (Vec x)
{
  return vec_div (vec_set (1.f), vec_one_plus_exp_neg (x));
}
