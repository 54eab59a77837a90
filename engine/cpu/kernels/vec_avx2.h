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

/*
 * 1 + exp (-x) = 1 + 2^n 2^f, where n is -x log2 e rounded to an eighth by
 * adding 1.5 x 2^20. Its low bits pick 2^(i/8) from a register and, moved up,
 * add n to the exponent. They add i/8 to the significand with it, which the
 * table's entries lack. A cubic makes 2^f.
 */
VEC_INLINE Vec
vec_one_plus_exp_neg (Vec x)
{
  const __m256i table = _mm256_setr_epi32 (0x3f800000, 0x3f7b95c2,
      0x3f7837f0, 0x3f75fed7, 0x3f7504f3, 0x3f75672a, 0x3f7744fd, 0x3f7ac0c7);
  const Vec log2e = vec_set (1.44269504f), magic = vec_set (0x1.8p20f);
  Vec shifted = _mm256_fnmadd_ps (x, log2e, magic);
  Vec f = _mm256_fnmsub_ps (x, log2e, _mm256_sub_ps (shifted, magic));
  __m256i low = _mm256_castps_si256 (shifted);
  __m256i power = _mm256_add_epi32 (_mm256_slli_epi32 (low, 20),
      _mm256_permutevar8x32_epi32 (table, low));
  Vec p = vec_fma (f, vec_set (0.0554962233f), vec_set (0.240257636f));

  p = vec_fma (f, p, vec_set (0.693147242f));
  p = vec_fma (f, p, vec_set (1.f));
  return vec_fma (p, _mm256_castsi256_ps (power), vec_set (1.f));
}

#include "vec_smooth.h"
