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
vec_sub (Vec a, Vec b)
{
  return _mm256_sub_ps (a, b);
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

VEC_INLINE unsigned
vec_nonzero (Vec a)
{
  return _mm256_movemask_ps (_mm256_cmp_ps (a, _mm256_setzero_ps (),
          _CMP_NEQ_UQ));
}

VEC_INLINE __m256i
vec_first (unsigned n)
{
  return _mm256_cmpgt_epi32 (_mm256_set1_epi32 (n),
      _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7));
}

VEC_INLINE Vec
vec_load_first (const float *p, unsigned n)
{
  return _mm256_maskload_ps (p, vec_first (n));
}

VEC_INLINE void
vec_store_first (float *p, unsigned n, Vec a)
{
  _mm256_maskstore_ps (p, vec_first (n), a);
}

VEC_INLINE Vec
vec_fma_neighbours (Vec a, unsigned lanes, Vec sum)
{
  const __m256i bits = _mm256_setr_epi32 (1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i behind = _mm256_setr_epi32 (1, 2, 3, 4, 5, 6, 7, 0);
  __m256i mask = _mm256_cmpeq_epi32 (_mm256_and_si256 (bits,
          _mm256_set1_epi32 (lanes)), bits);
  Vec product = _mm256_mul_ps (a, _mm256_permutevar8x32_ps (a, behind));

  return _mm256_add_ps (sum, _mm256_and_ps (product,
          _mm256_castsi256_ps (mask)));
}

/* Sums of even lanes are kept apart from those of odd ones for as long as there
 * are four vectors. */
VEC_INLINE Vec
vec_alternating_sums (const Vec a[4])
{
  __m256d ab = _mm256_castps_pd (_mm256_add_ps (_mm256_unpacklo_ps (a[0], a[1]),
          _mm256_unpackhi_ps (a[0], a[1])));
  __m256d cd = _mm256_castps_pd (_mm256_add_ps (_mm256_unpacklo_ps (a[2], a[3]),
          _mm256_unpackhi_ps (a[2], a[3])));
  Vec sum = _mm256_sub_ps (_mm256_castpd_ps (_mm256_unpackhi_pd (ab, cd)),
      _mm256_castpd_ps (_mm256_unpacklo_pd (ab, cd)));

  return _mm256_add_ps (sum, _mm256_permute2f128_ps (sum, sum, 1));
}

/*
 * 1 + exp (-x) = 1 + 2^n 2^f, where n is -x log2 e rounded to an eighth by
 * adding 1.5 x 2^20. Its low bits pick c 2^(i/8) from a register and, moved up,
 * add n to the exponent. They add i/8 to the significand with it, which the
 * table's entries lack. 2^f is c (f + 1 + d) ((f + 1)^2 + e) to 4e-8, a
 * multiply-add less than a cubic, since n + 1 comes as cheap as n.
 */
VEC_INLINE Vec
vec_one_plus_exp_neg (Vec x)
{
  const __m256i table = _mm256_setr_epi32 (0x3d656341, 0x3d6a262a, 0x3d68650e,
      0x3d64bd52, 0x3d62339d, 0x3d60e1d2, 0x3d60e42d, 0x3d625976);
  const Vec log2e = vec_set (1.44269504f);
  Vec shifted = _mm256_fnmadd_ps (x, log2e, vec_set (0x1.8p20f));
  Vec g = vec_fma (x, log2e,
      vec_sub (shifted, vec_set (0x1.8p20f + 1.f)));    /* -(f + 1) */
  __m256i low = _mm256_castps_si256 (shifted);
  __m256i power = _mm256_add_epi32 (_mm256_slli_epi32 (low, 20),
      _mm256_permutevar8x32_epi32 (table, low));
  Vec a = vec_mul (vec_sub (vec_set (1.29036129f), g),
      _mm256_castsi256_ps (power));

  return vec_fma (a, vec_fma (g, g, vec_set (6.79625082f)), vec_set (1.f));
}

#include "vec_smooth.h"
