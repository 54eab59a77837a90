/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <immintrin.h>
#include <string.h>

#include "emit.h"
#include "pick_avx2.h"

#define HALF (REXNET_STRIP / 2) /* rows of a vector of dwords */

static inline __m256i
load (const void *p)
{
  return _mm256_loadu_si256 (p);
}

static inline void
store (void *p, __m256i v)
{
  _mm256_storeu_si256 (p, v);
}

/* ---- horizontal -------------------------------------------------------- */

/* Element j of vector i becomes element i of vector j. */
static inline void
transpose (__m256i v[8])
{
  __m256i t[8], u[8];

  for (guint i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32 (v[i], v[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32 (v[i], v[i + 1]);
  }
  for (guint i = 0; i < 8; i += 4)
    for (guint j = 0; j < 2; j++) {
      u[i + 2 * j] = _mm256_unpacklo_epi64 (t[i + j], t[i + j + 2]);
      u[i + 2 * j + 1] = _mm256_unpackhi_epi64 (t[i + j], t[i + j + 2]);
    }
  for (guint j = 0; j < 4; j++) {
    v[j] = _mm256_permute2x128_si256 (u[j], u[j + 4], 0x20);
    v[j + 4] = _mm256_permute2x128_si256 (u[j], u[j + 4], 0x31);
  }
}

static inline __attribute__ ((always_inline)) void
turn_rows (const RexnetFilter * f, const RexnetStrip * src, guint step,
    guint8 * columns)
{
  guint bytes = f->start[f->n_out - 1] + f->taps;

  for (guint x = 0; x < bytes; x += 32) {
    if (x % REXNET_SHARE_SAMPLES == 0)
      rexnet_fetch (src->fetch);
    for (guint half = 0; half < 2; half++) {
      guint8 *dst = columns + x * REXNET_STRIP + half * 32;
      __m256i v[8];

      rexnet_pick (src, step, x, half * HALF, v, HALF);
      transpose (v);
      for (guint q = 0; q < 8; q++)
        store (dst + q * 64, v[q]);
    }
  }
}

static void
turn_strip (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * columns)
{
  rexnet_turn_strip (f, src, columns, turn_rows);
}

static inline __m256i
fma16 (__m256i sum, __m256i samples, __m256i pair)
{
  return _mm256_add_epi32 (sum, _mm256_madd_epi16 (samples, pair));
}

/* Output @i of both halves of the rows. */
static inline void
column_exact (const RexnetFilter * f, guint i, const guint8 * columns,
    __m256i out[2])
{
  const __m256i even = _mm256_set1_epi16 (0xff);
  const guint8 *c = columns + f->start[i] * REXNET_STRIP;
  const gint32 *p = f->packed + (gsize) i * f->taps;
  __m256i high[2], low[2];

  for (guint h = 0; h < 2; h++) {
    high[h] = _mm256_setzero_si256 ();
    low[h] = _mm256_set1_epi32 (REXNET_EXACT_HALF);
  }
  for (guint t = 0; t < f->taps; t += 4, p += 4, c += 64)
    for (guint h = 0; h < 2; h++) {
      __m256i x = load (c + 32 * h);
      __m256i x02 = _mm256_and_si256 (x, even);
      __m256i x13 = _mm256_srli_epi16 (x, 8);

      high[h] = fma16 (high[h], x02, _mm256_set1_epi32 (p[0]));
      low[h] = fma16 (low[h], x02, _mm256_set1_epi32 (p[1]));
      high[h] = fma16 (high[h], x13, _mm256_set1_epi32 (p[2]));
      low[h] = fma16 (low[h], x13, _mm256_set1_epi32 (p[3]));
    }
  for (guint h = 0; h < 2; h++) {
    high[h] = _mm256_slli_epi32 (high[h], REXNET_FILTER_LOW_BITS);
    out[h] = _mm256_srai_epi32 (_mm256_add_epi32 (high[h], low[h]),
        REXNET_FILTER_EXACT_BITS);
  }
}

static inline void
column_sum (const RexnetFilter * f, guint i, const guint8 * columns,
    __m256i out[2])
{
  const __m256i even = _mm256_set1_epi16 (0xff);
  const guint8 *c = columns + f->start[i] * REXNET_STRIP;
  const gint32 *p = f->packed + (gsize) i * f->taps / 2;
  guint shift = f->bits - REXNET_SAMPLE_BITS;

  out[0] = out[1] = _mm256_set1_epi32 (1 << (shift - 1));
  for (guint t = 0; t < f->taps; t += 4, p += 2, c += 64)
    for (guint h = 0; h < 2; h++) {
      __m256i x = load (c + 32 * h);

      out[h] = fma16 (out[h], _mm256_and_si256 (x, even),
          _mm256_set1_epi32 (p[0]));
      out[h] = fma16 (out[h], _mm256_srli_epi16 (x, 8),
          _mm256_set1_epi32 (p[1]));
    }
  for (guint h = 0; h < 2; h++)
    out[h] = _mm256_sra_epi32 (out[h], _mm_cvtsi32_si128 ((int) shift));
}

static void
horizontal_exact (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * dst, gsize dst_stride, guint8 * work)
{
  const __m256i bytes = _mm256_broadcastsi128_si256 (_mm_setr_epi8 (0, 4, 8,
          12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));

  turn_strip (f, src, work);
  for (guint x = 0; x < f->n_out; x += 32) {
    __m256i v[2][8];

    for (guint q = 0; q < 8; q++) {
      __m256i c[4][2];

      rexnet_fetch (src->fetch);
      for (guint k = 0; k < 4; k++)
        column_exact (f, x + 4 * q + k, work, c[k]);
      for (guint h = 0; h < 2; h++)
        v[h][q] = _mm256_shuffle_epi8 (_mm256_packus_epi16 (_mm256_packs_epi32
                (c[0][h], c[1][h]), _mm256_packs_epi32 (c[2][h], c[3][h])),
            bytes);
    }
    for (guint h = 0; h < 2; h++) {
      transpose (v[h]);
      for (guint r = 0; r < 8; r++)
        store (dst + (h * HALF + r) * dst_stride + x, v[h][r]);
    }
  }
}

/* Packed within lanes, a dword of words is a pair of rows of one output, so
 * that the transposition makes pairs of rows: those of the outputs x to x + 7,
 * and apart from them those of the next 8. */
static void
horizontal_sum (const RexnetFilter * f, const RexnetStrip * src,
    gint16 * dst, gsize dst_stride, guint8 * work)
{
  turn_strip (f, src, work);
  for (guint x = 0; x < f->n_out; x += 16) {
    __m256i v[2][8];

    for (guint q = 0; q < 8; q++) {
      __m256i a[2], b[2];

      if (q % 2)
        rexnet_fetch (src->fetch);
      column_sum (f, x + q, work, a);
      column_sum (f, x + 8 + q, work, b);
      for (guint h = 0; h < 2; h++)
        v[h][q] = _mm256_packs_epi32 (a[h], b[h]);
    }
    for (guint h = 0; h < 2; h++) {
      guint8 *pairs = (guint8 *) dst + h * HALF * dst_stride + x * 4;

      transpose (v[h]);
      for (guint q = 0; q < 8; q++)
        store (pairs + (q / 4 * 2 + q % 2) * 2 * dst_stride + (q & 2) * 16,
            v[h][q]);
    }
  }
}

/* ---- vertical ---------------------------------------------------------- */

static inline void
fma_exact (__m256i high[4], __m256i low[4], __m256i a, __m256i b,
    const gint32 * p)
{
  const __m256i zero = _mm256_setzero_si256 ();
  __m256i ab[2] = { _mm256_unpacklo_epi8 (a, b), _mm256_unpackhi_epi8 (a, b) };
  __m256i h = _mm256_set1_epi32 (p[0]), l = _mm256_set1_epi32 (p[1]);

  for (guint k = 0; k < 4; k++) {
    __m256i x = k & 1 ? _mm256_unpackhi_epi8 (ab[k / 2], zero)
        : _mm256_unpacklo_epi8 (ab[k / 2], zero);
    high[k] = fma16 (high[k], x, h);
    low[k] = fma16 (low[k], x, l);
  }
}

static inline __m256i
round_exact (const __m256i high[4], const __m256i low[4])
{
  __m256i v[4];

  for (guint k = 0; k < 4; k++) {
    v[k] = _mm256_slli_epi32 (high[k], REXNET_FILTER_LOW_BITS);
    v[k] = _mm256_srai_epi32 (_mm256_add_epi32 (v[k], low[k]),
        REXNET_FILTER_EXACT_BITS);
  }
  return _mm256_packus_epi16 (_mm256_packs_epi32 (v[0], v[1]),
      _mm256_packs_epi32 (v[2], v[3]));
}

/* 32 columns from @x on, of which @n are there. */
static inline __m256i
vertical_block (const RexnetFilter * f, guint i, const void *const *rows,
    guint x, guint n)
{
  const gint32 *p = f->packed + (gsize) i * f->taps;
  __m256i high[4], low[4];
  guint8 edge[2][32] = { 0 };

  for (guint k = 0; k < 4; k++) {
    high[k] = _mm256_setzero_si256 ();
    low[k] = _mm256_set1_epi32 (REXNET_EXACT_HALF);
  }
  for (guint t = 0; t < f->taps; t += 2, p += 2) {
    const guint8 *a = (const guint8 *) rows[t] + x;
    const guint8 *b = (const guint8 *) rows[t + 1] + x;

    if (n < 32) {
      a = memcpy (edge[0], a, n);
      b = memcpy (edge[1], b, n);
    }
    fma_exact (high, low, load (a), load (b), p);
  }
  return round_exact (high, low);
}

static void
vertical_exact (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, guint8 * dst)
{
  guint x = 0;

  for (; x + 32 <= width; x += 32)
    store (dst + x, vertical_block (f, i, rows, x, 32));
  if (x < width) {
    guint8 edge[32];

    store (edge, vertical_block (f, i, rows, x, width - x));
    memcpy (dst + x, edge, width - x);
  }
}

static void
vertical_sum (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, gint32 * dst)
{
  for (guint x = 0; x < width; x += 32) {
    const gint32 *p = f->packed + (gsize) i * f->taps / 2;
    __m256i sum[4];

    for (guint k = 0; k < 4; k++)
      sum[k] = _mm256_setzero_si256 ();
    for (guint t = 0; t < f->taps; t += 2) {
      const gint32 *row = (const gint32 *) rows[t] + x;
      __m256i pair = _mm256_set1_epi32 (*p++);

      for (guint k = 0; k < 4; k++)
        sum[k] = fma16 (sum[k], load (row + 8 * k), pair);
    }
    for (guint k = 0; k < 4; k++)
      store (dst + x + 8 * k, sum[k]);
  }
}

/* ---- emit -------------------------------------------------------------- */

static void
emit (const guint8 * src, float scale, float offset, float *dst, guint width)
{
  emit_row (src, scale, offset, dst, width);
}

static void
emit_yuv (gint32 * const src[3], const RexnetYuv * yuv,
    const RexnetNormal * normal, float *const dst[3], guint width)
{
  emit_yuv_row (src, yuv, normal, dst, width);
}

const RexnetResample rexnet_resample_avx2 = {
  "avx2", REXNET_ISA_AVX2, REXNET_FILTER_SAMPLES, REXNET_FILTER_ROWS,
  horizontal_exact, horizontal_sum, vertical_exact, vertical_sum, emit, emit_yuv
};
