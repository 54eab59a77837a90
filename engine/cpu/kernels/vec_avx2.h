/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors of 8 floats: AVX2 and FMA. */
#pragma once

#include <immintrin.h>
#include <string.h>

#include "vec.h"

#define VL 8
#define KERNEL(name) name##_avx2

typedef __m256 Vec;

VEC_INLINE Vec
vec_load (const float *p)
{
  return _mm256_loadu_ps (p);
}

VEC_INLINE Vec
vec_load_once (const float *p)
{
  Vec a = _mm256_loadu_ps (p);

  __asm__ ("":"+x" (a));
  return a;
}

VEC_INLINE void
vec_store (float *p, Vec a)
{
  _mm256_storeu_ps (p, a);
}

VEC_INLINE Vec
vec_set (float a)
{
  return _mm256_set1_ps (a);
}

VEC_INLINE Vec
vec_set_pair (const float *p)
{
  double pair;

  memcpy (&pair, p, sizeof pair);
  return _mm256_castpd_ps (_mm256_set1_pd (pair));
}

VEC_INLINE Vec
vec_fold_pairs (Vec a)
{
  a = _mm256_hadd_ps (a, _mm256_setzero_ps ());
  return _mm256_castpd_ps (_mm256_permute4x64_pd (_mm256_castps_pd (a), 0xd8));
}

/* a * b + c */
VEC_INLINE Vec
vec_fma (Vec a, Vec b, Vec c)
{
  return _mm256_fmadd_ps (a, b, c);
}

VEC_INLINE Vec
vec_add (Vec a, Vec b)
{
  return _mm256_add_ps (a, b);
}

VEC_INLINE Vec
vec_mul (Vec a, Vec b)
{
  return _mm256_mul_ps (a, b);
}

VEC_INLINE Vec
vec_div (Vec a, Vec b)
{
  return _mm256_div_ps (a, b);
}

VEC_INLINE Vec
vec_max (Vec a, Vec b)
{
  return _mm256_max_ps (a, b);
}

VEC_INLINE Vec
vec_min (Vec a, Vec b)
{
  return _mm256_min_ps (a, b);
}

VEC_INLINE void
vec_prefetch (const char *p)
{
  _mm_prefetch (p, _MM_HINT_T1);
}

VEC_INLINE Vec
vec_power_of_two (Vec t)
{
  __m256i n = _mm256_slli_epi32 (_mm256_castps_si256 (t), 23);

  return _mm256_castsi256_ps (_mm256_add_epi32 (n,
          _mm256_castps_si256 (vec_set (1.f))));
}

#include "vec_exp.h"
