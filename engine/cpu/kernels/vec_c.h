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

VEC_INLINE void
vec_prefetch (const char *p)
{
  __builtin_prefetch (p, 0, 2);
}

VEC_INLINE Vec
vec_power_of_two (Vec t)
{
  return (Vec) (((VecInt) t << 23) + (VecInt) vec_set (1.f));
}

#include "vec_exp.h"
