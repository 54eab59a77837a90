/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Vectors of 4 floats in the language of GCC and clang, which every CPU's
 * plainest vector unit can hold (SSE2, NEON) and which becomes scalar code
 * elsewhere. Products and sums are rounded apart.
 */
#pragma once

#include <string.h>

#include "vec.h"

#define VL 4
#define KERNEL(name) name##_c

typedef float Vec __attribute__ ((vector_size (16)));
typedef int VecInt __attribute__ ((vector_size (16)));

VEC_INLINE Vec
vec_load (const float *p)
{
  Vec a;

  memcpy (&a, p, sizeof a);
  return a;
}

VEC_INLINE Vec
vec_load_once (const float *p)
{
  return vec_load (p);
}

VEC_INLINE void
vec_store (float *p, Vec a)
{
  memcpy (p, &a, sizeof a);
}

VEC_INLINE Vec
vec_set (float a)
{
  return (Vec) { a, a, a, a };
}

VEC_INLINE Vec
vec_set_pair (const float *p)
{
  return (Vec) { p[0], p[1], p[0], p[1] };
}

VEC_INLINE Vec
vec_fold_pairs (Vec a)
{
  return (Vec) { a[0] + a[1], a[2] + a[3], 0.f, 0.f };
}

/* a * b + c */
VEC_INLINE Vec
vec_fma (Vec a, Vec b, Vec c)
{
  return a * b + c;
}

VEC_INLINE Vec
vec_add (Vec a, Vec b)
{
  return a + b;
}

VEC_INLINE Vec
vec_mul (Vec a, Vec b)
{
  return a * b;
}

VEC_INLINE Vec
vec_div (Vec a, Vec b)
{
  return a / b;
}

VEC_INLINE Vec
vec_select (VecInt mask, Vec a, Vec b)
{
  return (Vec) ((mask & (VecInt) a) | (~mask & (VecInt) b));
}

VEC_INLINE Vec
vec_max (Vec a, Vec b)
{
  return vec_select (a > b, a, b);
}

VEC_INLINE Vec
vec_min (Vec a, Vec b)
{
  return vec_select (a < b, a, b);
}

VEC_INLINE unsigned
vec_nonzero (Vec a)
{
  VecInt bits = (a != 0.f) & (VecInt) { 1, 2, 4, 8 };

  return bits[0] | bits[1] | bits[2] | bits[3];
}

/*
 * 1 + exp (-x). exp (y) = 2^n exp (r), r = y - n ln 2 in two steps whose first
 * is exact even without a fused multiply-add, |r| <= ln 2 / 2, and a quintic
 * with an error of 2e-7.
 */
VEC_INLINE Vec
vec_one_plus_exp_neg (Vec x)
{
  const Vec magic = vec_set (0x1.8p23f);
  Vec y = -x;
  Vec shifted = vec_fma (y, vec_set (1.44269504f), magic);
  Vec n = vec_add (shifted, vec_set (-0x1.8p23f));
  Vec r = vec_fma (n, vec_set (2.12194440e-4f),
      vec_fma (n, vec_set (-0.693359375f), y));
  /* 2^n: the low bits of shifted, moved to the exponent's place. */
  Vec power = (Vec) (((VecInt) shifted << 23) + (VecInt) vec_set (1.f));
  Vec p = vec_set (8.3750420e-3f);

  p = vec_fma (p, r, vec_set (4.1916919e-2f));
  p = vec_fma (p, r, vec_set (1.6666416e-1f));
  p = vec_fma (p, r, vec_set (4.9998873e-1f));
  p = vec_fma (p, r, vec_set (1.f));
  p = vec_fma (p, r, vec_set (1.f));
  return vec_fma (p, power, vec_set (1.f));
}

#include "vec_smooth.h"
