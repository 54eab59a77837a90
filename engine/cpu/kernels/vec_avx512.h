/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors of 16 floats: AVX-512 F, BW, DQ, VL. */
#pragma once

#include <immintrin.h>
#include <string.h>

#include "vec.h"

#define VL 16
#define KERNEL(name) name##_avx512

typedef __m512 Vec;

VEC_INLINE Vec
vec_load (const float *p)
{
  return _mm512_loadu_ps (p);
}

VEC_INLINE Vec
vec_load_once (const float *p)
{
  Vec a = _mm512_loadu_ps (p);

  __asm__ ("":"+v" (a));
  return a;
}

VEC_INLINE void
vec_store (float *p, Vec a)
{
  _mm512_storeu_ps (p, a);
}

VEC_INLINE Vec
vec_set (float a)
{
  return _mm512_set1_ps (a);
}

VEC_INLINE Vec
vec_set_pair (const float *p)
{
  double pair;

  memcpy (&pair, p, sizeof pair);
  return _mm512_castpd_ps (_mm512_set1_pd (pair));
}

VEC_INLINE Vec
vec_fold_pairs (Vec a)
{
  const __m512i even = _mm512_setr_epi32 (0, 2, 4, 6, 8, 10, 12, 14,
      0, 0, 0, 0, 0, 0, 0, 0);

  a = _mm512_add_ps (a, _mm512_permute_ps (a, 0xb1));
  return _mm512_maskz_permutexvar_ps (0x00ff, even, a);
}

/* a * b + c */
VEC_INLINE Vec
vec_fma (Vec a, Vec b, Vec c)
{
  return _mm512_fmadd_ps (a, b, c);
}

VEC_INLINE Vec
vec_add (Vec a, Vec b)
{
  return _mm512_add_ps (a, b);
}

VEC_INLINE Vec
vec_mul (Vec a, Vec b)
{
  return _mm512_mul_ps (a, b);
}

VEC_INLINE Vec
vec_max (Vec a, Vec b)
{
  return _mm512_max_ps (a, b);
}

VEC_INLINE Vec
vec_min (Vec a, Vec b)
{
  return _mm512_min_ps (a, b);
}

VEC_INLINE void
vec_prefetch (const char *p)
{
  _mm_prefetch (p, _MM_HINT_T1);
}

/*
 * 1 + exp (-x). -x log2 e is rounded to a sixteenth by
 * adding 1.5 x 2^19, which leaves the sixteenth in the low bits: those pick
 * 2^(i/16) from a register, a quadratic supplies the rest, and vscalefps the
 * power of two, right into overflow and underflow, as long as the sum with
 * 1.5 x 2^19 keeps its sixteenths: to |x| = 2^17. To bound x would cost a tenth
 * of all. vdivps beats vrcp14ps and a Newton step, which would also turn
 * x < -88 into NaN.
 */
VEC_INLINE Vec
vec_one_plus_exp_neg (Vec x)
{
  const Vec table = _mm512_setr_ps (1.f, 1.04427378f, 1.09050773f, 1.13878863f,
      1.18920712f, 1.24185781f, 1.29683955f, 1.35425555f, 1.41421356f,
      1.47682615f, 1.54221083f, 1.61049033f, 1.68179283f, 1.75625216f,
      1.83400809f, 1.91520656f);
  const Vec log2e = vec_set (-1.44269504f), magic = vec_set (0x1.8p19f);
  Vec shifted = vec_fma (x, log2e, magic);
  Vec n = _mm512_sub_ps (shifted, magic);
  Vec f = _mm512_fmsub_ps (x, log2e, n);
  Vec power = _mm512_permutexvar_ps (_mm512_castps_si512 (shifted), table);
  Vec slope = vec_fma (f, vec_set (0.24022651f), vec_set (0.69318783f));

  power = vec_fma (vec_mul (power, f), slope, power);
  return vec_add (_mm512_scalef_ps (power, n), vec_set (1.f));
}

VEC_INLINE Vec
vec_silu (Vec x)
{
  return _mm512_div_ps (x, vec_one_plus_exp_neg (x));
}

VEC_INLINE Vec
vec_sigmoid (Vec x)
{
  return _mm512_div_ps (vec_set (1.f), vec_one_plus_exp_neg (x));
}
