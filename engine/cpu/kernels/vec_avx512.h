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
vec_sub (Vec a, Vec b)
{
  return _mm512_sub_ps (a, b);
}

VEC_INLINE Vec
vec_mul (Vec a, Vec b)
{
  return _mm512_mul_ps (a, b);
}

VEC_INLINE Vec
vec_div (Vec a, Vec b)
{
  return _mm512_div_ps (a, b);
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

/* GCC 12 spills 16 bits of a mask and takes 64 back where it may choose itself
 * how a mask becomes an integer. */
VEC_INLINE unsigned
vec_nonzero (Vec a)
{
  __mmask16 mask = _mm512_cmp_ps_mask (a, _mm512_setzero_ps (), _CMP_NEQ_UQ);
  unsigned lanes;

  __asm__ ("kmovw %1, %0":"=r" (lanes):"k" (mask));
  return lanes;
}

VEC_INLINE Vec
vec_load_first (const float *p, unsigned n)
{
  return _mm512_maskz_loadu_ps ((__mmask16) ((1u << n) - 1), p);
}

VEC_INLINE void
vec_store_first (float *p, unsigned n, Vec a)
{
  _mm512_mask_storeu_ps (p, (__mmask16) ((1u << n) - 1), a);
}

VEC_INLINE Vec
vec_fma_neighbours (Vec a, unsigned lanes, Vec sum)
{
  __m512i i = _mm512_castps_si512 (a);
  Vec next = _mm512_castsi512_ps (_mm512_alignr_epi32 (i, i, 1));

  return _mm512_mask3_fmadd_ps (a, next, sum, (__mmask16) lanes);
}

/* Sums of even lanes are kept apart from those of odd ones for as long as there
 * are four vectors. */
VEC_INLINE Vec
vec_alternating_sums (const Vec a[4])
{
  __m512d ab = _mm512_castps_pd (_mm512_add_ps (_mm512_unpacklo_ps (a[0], a[1]),
          _mm512_unpackhi_ps (a[0], a[1])));
  __m512d cd = _mm512_castps_pd (_mm512_add_ps (_mm512_unpacklo_ps (a[2], a[3]),
          _mm512_unpackhi_ps (a[2], a[3])));
  Vec sum = _mm512_sub_ps (_mm512_castpd_ps (_mm512_unpackhi_pd (ab, cd)),
      _mm512_castpd_ps (_mm512_unpacklo_pd (ab, cd)));

  sum = _mm512_add_ps (sum, _mm512_shuffle_f32x4 (sum, sum, 0x4e));
  return _mm512_add_ps (sum, _mm512_shuffle_f32x4 (sum, sum, 0xb1));
}

/*
 * 1 + exp (-x) = 1 + 2^n 2^f, where n is -x log2 e rounded to a sixteenth by
 * adding 1.5 x 2^19. Its low bits pick 2^(i/16) from a register and vscalefps
 * supplies the whole powers. 2^f is c ((f + 23/16)^2 + d) to 7e-7, one
 * multiply-add less than a quadratic has, since n - 23/16 comes as cheap as n.
 * vscalefps takes it too, rounding down: the table makes up for that by a
 * factor of 4 up to i = 6, 2 from there on, and has c in it. vdivps beats
 * vrcp14ps and a Newton step.
 */
VEC_INLINE Vec
vec_one_plus_exp_neg (Vec x)
{
  const Vec table = _mm512_setr_ps (0.964450061f, 1.00714993f, 1.05174029f,
      1.09830475f, 1.14693093f, 1.19770992f, 1.25073707f, 0.653055966f,
      0.681969225f, 0.712162554f, 0.743692696f, 0.776618779f, 0.811002612f,
      0.846908748f, 0.884404659f, 0.92356056f);
  const Vec log2e = vec_set (1.44269504f);
  Vec shifted = _mm512_fnmadd_ps (x, log2e, vec_set (0x1.8p19f));
  Vec t = _mm512_sub_ps (shifted, vec_set (0x1.8p19f + 1.4375f));
  Vec f = vec_fma (x, log2e, t);        /* -(f + 23/16) */
  Vec power = _mm512_permutexvar_ps (_mm512_castps_si512 (shifted), table);

  return vec_fma (_mm512_scalef_ps (power, t),
      vec_fma (f, f, vec_set (2.08103371f)), vec_set (1.f));
}

#define VEC_EXP_OVERFLOWS
#include "vec_smooth.h"
