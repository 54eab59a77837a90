/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the AVX-512 levels share: the transposition that resample_x86.h tells
 * of, and the functions that VNNI doesn't change. */
#pragma once

#include <immintrin.h>

#include "resample_x86.h"

static inline __m512i
load (const void *p)
{
  return _mm512_loadu_si512 (p);
}

static inline void
store (void *p, __m512i v)
{
  _mm512_storeu_si512 (p, v);
}

/* A mask of the first @n, at most 64. */
static inline __mmask64
first_bytes (guint n)
{
  return n < 64 ? (1ull << n) - 1 : ~0ull;
}

/* Element j of vector i becomes element i of vector j. */
static inline void
transpose (__m512i v[16])
{
  __m512i t[16], u[16];

  for (guint i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32 (v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32 (v[i], v[i + 1]);
  }
  for (guint i = 0; i < 16; i += 4)
    for (guint j = 0; j < 2; j++) {
      u[i + 2 * j] = _mm512_unpacklo_epi64 (t[i + j], t[i + j + 2]);
      u[i + 2 * j + 1] = _mm512_unpackhi_epi64 (t[i + j], t[i + j + 2]);
    }
  for (guint j = 0; j < 4; j++) {
    __m512i a = _mm512_shuffle_i32x4 (u[j], u[j + 4], 0x88);
    __m512i b = _mm512_shuffle_i32x4 (u[j], u[j + 4], 0xdd);
    __m512i c = _mm512_shuffle_i32x4 (u[j + 8], u[j + 12], 0x88);
    __m512i d = _mm512_shuffle_i32x4 (u[j + 8], u[j + 12], 0xdd);

    v[j] = _mm512_shuffle_i32x4 (a, c, 0x88);
    v[j + 4] = _mm512_shuffle_i32x4 (b, d, 0x88);
    v[j + 8] = _mm512_shuffle_i32x4 (a, c, 0xdd);
    v[j + 12] = _mm512_shuffle_i32x4 (b, d, 0xdd);
  }
}

/* Rows of 64 bytes become columns of dwords: dword r of column q holds the
 * bytes 4 q to 4 q + 3 of row r. */
static inline void
turn_block (__m512i v[16], guint8 * columns)
{
  transpose (v);
  for (guint q = 0; q < 16; q++)
    store (columns + q * 64, v[q]);
}

/* Four columns of dwords become one of four bytes a dword, within [0, 255]. */
static inline __m512i
join_bytes (__m512i a, __m512i b, __m512i c, __m512i d)
{
  const __m512i order = _mm512_broadcast_i32x4 (_mm_setr_epi8 (0, 4, 8, 12, 1,
          5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));

  return _mm512_shuffle_epi8 (_mm512_packus_epi16 (_mm512_packs_epi32 (a, b),
          _mm512_packs_epi32 (c, d)), order);
}

/* Outputs @i to @i + 3 of all rows, of which only those before n_out matter. */
typedef void (*Columns) (const RexnetFilter * filter, guint i,
    const guint8 * columns, __m512i out[4]);

/* @filter4 is inlined. */
static inline __attribute__ ((always_inline)) void
filter_bytes (const RexnetFilter * f, RexnetFetch * fetch,
    const guint8 * columns, guint8 * dst, gsize dst_stride, Columns filter4)
{
  for (guint x = 0; x < f->n_out; x += 64) {
    __m512i v[16], c[4];

    for (guint q = 0; q < 16; q++) {
      rexnet_fetch (fetch);
      filter4 (f, x + 4 * q, columns, c);
      v[q] = join_bytes (c[0], c[1], c[2], c[3]);
    }
    transpose (v);
    for (guint r = 0; r < 16; r++)
      store (dst + r * dst_stride + x, v[r]);
  }
}

/* Packed within lanes, a dword of words is a pair of rows of one output, so
 * that the transposition makes pairs of rows: those of the outputs x to x + 15,
 * and apart from them those of the next 16. */
static inline __attribute__ ((always_inline)) void
filter_pairs (const RexnetFilter * f, RexnetFetch * fetch,
    const guint8 * columns, guint8 * dst, gsize pair_stride, Columns filter4)
{
  for (guint x = 0; x < f->n_out; x += 32) {
    __m512i v[16], a[4], b[4];

    for (guint q = 0; q < 16; q += 4) {
      rexnet_fetch (fetch);
      filter4 (f, x + q, columns, a);
      rexnet_fetch (fetch);
      filter4 (f, x + 16 + q, columns, b);
      for (guint k = 0; k < 4; k++)
        v[q + k] = _mm512_packs_epi32 (a[k], b[k]);
    }
    transpose (v);
    for (guint q = 0; q < 16; q++)
      store (dst + (q / 4 * 2 + q % 2) * pair_stride + x * 4 + (q & 2) * 32,
          v[q]);
  }
}

/* sum + two words of @samples times those of @pair, in each dword. */
typedef __m512i (*DotWords) (__m512i sum, __m512i samples, __m512i pair);

/* @dot is inlined. */
static inline __attribute__ ((always_inline)) void
filter_rows (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, gint32 * dst, DotWords dot)
{
  for (guint x = 0; x < width; x += 32) {
    const gint32 *p = f->packed + (gsize) i * f->taps / 2;
    __m512i low = _mm512_setzero_si512 (), high = low;

    for (guint t = 0; t < f->taps; t += 2) {
      const gint32 *row = (const gint32 *) rows[t] + x;
      __m512i pair = _mm512_set1_epi32 (*p++);

      low = dot (low, load (row), pair);
      high = dot (high, load (row + 16), pair);
    }
    store (dst + x, low);
    store (dst + x + 16, high);
  }
}

void rexnet_emit_avx512 (const guint8 * src, float scale, float offset,
    float *dst, guint width);
void rexnet_emit_yuv_avx512 (gint32 * const src[3], const RexnetYuv * yuv,
    const RexnetNormal * normal, float *const dst[3], guint width);
