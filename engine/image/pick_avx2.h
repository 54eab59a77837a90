/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples that lie @step bytes apart, brought together 32 at a time. */
#pragma once

#include <immintrin.h>
#include <string.h>

#include "resample_x86.h"

#define REXNET_PICK 32

static inline __m256i
rexnet_load32 (const guint8 * src)
{
  return _mm256_loadu_si256 ((const __m256i *) src);
}

static inline __m256i
rexnet_pick2 (const guint8 * src)
{
  const __m256i low = _mm256_set1_epi16 (0xff);
  __m256i a = _mm256_and_si256 (rexnet_load32 (src), low);
  __m256i b = _mm256_and_si256 (rexnet_load32 (src + 32), low);

  return _mm256_permute4x64_epi64 (_mm256_packus_epi16 (a, b), 0xd8);
}

/* 16 of them. */
static inline __m128i
rexnet_pick3 (const guint8 * src)
{
  const __m128i from0 = _mm_setr_epi8 (0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1,
      -1, -1, -1, -1, -1);
  const __m128i from1 = _mm_setr_epi8 (-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14,
      -1, -1, -1, -1, -1);
  const __m128i from2 = _mm_setr_epi8 (-1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
      -1, 1, 4, 7, 10, 13);
  const __m128i *v = (const __m128i *) src;
  __m128i a = _mm_shuffle_epi8 (_mm_loadu_si128 (v), from0);
  __m128i b = _mm_shuffle_epi8 (_mm_loadu_si128 (v + 1), from1);
  __m128i c = _mm_shuffle_epi8 (_mm_loadu_si128 (v + 2), from2);

  return _mm_or_si128 (_mm_or_si128 (a, b), c);
}

static inline __m256i
rexnet_pick4 (const guint8 * src)
{
  const __m256i low = _mm256_set1_epi32 (0xff);
  const __m256i order = _mm256_setr_epi32 (0, 4, 1, 5, 2, 6, 3, 7);
  __m256i a = _mm256_and_si256 (rexnet_load32 (src), low);
  __m256i b = _mm256_and_si256 (rexnet_load32 (src + 32), low);
  __m256i c = _mm256_and_si256 (rexnet_load32 (src + 64), low);
  __m256i d = _mm256_and_si256 (rexnet_load32 (src + 96), low);

  a = _mm256_packus_epi16 (_mm256_packus_epi32 (a, b),
      _mm256_packus_epi32 (c, d));
  return _mm256_permutevar8x32_epi32 (a, order);
}

/* Reads @step - 1 bytes past the last sample. */
static inline __m256i
rexnet_pick_all (const guint8 * src, guint step)
{
  switch (step) {
    case 1:
      return rexnet_load32 (src);
    case 2:
      return rexnet_pick2 (src);
    case 3:
      return _mm256_set_m128i (rexnet_pick3 (src + 48), rexnet_pick3 (src));
    default:
      return rexnet_pick4 (src);
  }
}

/* The first @n samples, and zeros. */
static inline __m256i
rexnet_pick_some (const guint8 * src, guint step, guint n)
{
  guint8 edge[REXNET_PICK] = { 0 };

  if (step == 1)
    memcpy (edge, src, n);
  else
    for (guint i = 0; i < n; i++)
      edge[i] = src[i * step];
  return rexnet_load32 (edge);
}

/* @n rows of 32 samples from sample @x on.
 * @step: src->step, as a constant */
static inline __attribute__ ((always_inline)) void
rexnet_pick (const RexnetStrip * src, guint step, guint x, guint row,
    __m256i * v, guint n)
{
  guint left = src->n > x ? src->n - x : 0;

  if (left > REXNET_PICK)
    for (guint r = 0; r < n; r++)
      v[r] = rexnet_pick_all (src->row[row + r] + x * step, step);
  else
    for (guint r = 0; r < n; r++)
      v[r] = rexnet_pick_some (src->row[row + r] + x * step, step, left);
}
