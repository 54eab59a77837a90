/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <immintrin.h>

#include "emit.h"
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

/* ---- horizontal --------------------------------------------------------- */

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

static void
turn_strip (const RexnetFilter * f, const guint8 * src, gsize stride,
    guint8 * columns)
{
  guint bytes = f->start[f->n_out - 1] + f->taps;

  for (guint x = 0; x < bytes; x += 64) {
    __m512i v[16];

    for (guint r = 0; r < 16; r++)
      v[r] = load (src + r * stride + x);
    transpose (v);
    for (guint q = 0; q < 16; q++)
      store (columns + x * REXNET_STRIP + q * 64, v[q]);
  }
}

static inline __m512i
fma16 (__m512i sum, __m512i samples, __m512i pair)
{
  return _mm512_add_epi32 (sum, _mm512_madd_epi16 (samples, pair));
}

/* Output @i of all rows. */
static inline __m512i
column_exact (const RexnetFilter * f, guint i, const guint8 * columns)
{
  const __m512i even = _mm512_set1_epi16 (0xff);
  const guint8 *c = columns + f->start[i] * REXNET_STRIP;
  const gint32 *p = f->pairs + (gsize) i * f->taps;
  __m512i high = _mm512_setzero_si512 ();
  __m512i low = _mm512_set1_epi32 (REXNET_EXACT_HALF);

  for (guint t = 0; t < f->taps; t += 4, p += 4, c += 64) {
    __m512i x = load (c);
    __m512i x02 = _mm512_and_si512 (x, even);
    __m512i x13 = _mm512_srli_epi16 (x, 8);

    high = fma16 (high, x02, _mm512_set1_epi32 (p[0]));
    low = fma16 (low, x02, _mm512_set1_epi32 (p[1]));
    high = fma16 (high, x13, _mm512_set1_epi32 (p[2]));
    low = fma16 (low, x13, _mm512_set1_epi32 (p[3]));
  }
  high = _mm512_slli_epi32 (high, REXNET_FILTER_LOW_BITS);
  return _mm512_srai_epi32 (_mm512_add_epi32 (high, low),
      REXNET_FILTER_EXACT_BITS);
}

static inline __m512i
column_sum (const RexnetFilter * f, guint i, const guint8 * columns)
{
  const __m512i even = _mm512_set1_epi16 (0xff);
  const guint8 *c = columns + f->start[i] * REXNET_STRIP;
  const gint32 *p = f->pairs + (gsize) i * f->taps / 2;
  guint shift = f->bits - REXNET_SAMPLE_BITS;
  __m512i sum = _mm512_set1_epi32 (1 << (shift - 1));

  for (guint t = 0; t < f->taps; t += 4, p += 2, c += 64) {
    __m512i x = load (c);

    sum = fma16 (sum, _mm512_and_si512 (x, even), _mm512_set1_epi32 (p[0]));
    sum = fma16 (sum, _mm512_srli_epi16 (x, 8), _mm512_set1_epi32 (p[1]));
  }
  return _mm512_sra_epi32 (sum, _mm_cvtsi32_si128 ((int) shift));
}

/* Turns 16 columns of dwords back into rows at @dst. */
static inline void
turn_back (__m512i v[16], guint8 * dst, gsize stride)
{
  transpose (v);
  for (guint r = 0; r < 16; r++)
    store (dst + r * stride, v[r]);
}

static void
horizontal_exact (const RexnetFilter * f, const guint8 * src,
    gsize src_stride, guint8 * dst, gsize dst_stride, guint8 * work)
{
  const __m512i bytes = _mm512_broadcast_i32x4 (_mm_setr_epi8 (0, 4, 8, 12, 1,
          5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  guint last = f->n_out - 1;

  turn_strip (f, src, src_stride, work);
  for (guint x = 0; x < f->n_out; x += 64) {
    __m512i v[16];

    for (guint q = 0; q < 16; q++) {
      guint i = x + 4 * q;
      __m512i a = column_exact (f, MIN (i, last), work);
      __m512i b = column_exact (f, MIN (i + 1, last), work);
      __m512i c = column_exact (f, MIN (i + 2, last), work);
      __m512i d = column_exact (f, MIN (i + 3, last), work);

      v[q] = _mm512_shuffle_epi8 (_mm512_packus_epi16 (_mm512_packs_epi32 (a,
                  b), _mm512_packs_epi32 (c, d)), bytes);
    }
    turn_back (v, dst + x, dst_stride);
  }
}

static void
horizontal_sum (const RexnetFilter * f, const guint8 * src, gsize src_stride,
    gint16 * dst, gsize dst_stride, guint8 * work)
{
  const __m512i words = _mm512_broadcast_i32x4 (_mm_setr_epi8 (0, 1, 8, 9, 2,
          3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
  guint last = f->n_out - 1;

  turn_strip (f, src, src_stride, work);
  for (guint x = 0; x < f->n_out; x += 32) {
    __m512i v[16];

    for (guint q = 0; q < 16; q++) {
      guint i = x + 2 * q;
      __m512i a = column_sum (f, MIN (i, last), work);
      __m512i b = column_sum (f, MIN (i + 1, last), work);

      v[q] = _mm512_shuffle_epi8 (_mm512_packs_epi32 (a, b), words);
    }
    turn_back (v, (guint8 *) (dst + x), dst_stride);
  }
}

/* ---- vertical ----------------------------------------------------------- */

static inline void
fma_exact (__m512i high[4], __m512i low[4], __m512i a, __m512i b,
    const gint32 * p)
{
  const __m512i zero = _mm512_setzero_si512 ();
  __m512i ab[2] = { _mm512_unpacklo_epi8 (a, b), _mm512_unpackhi_epi8 (a, b) };
  __m512i h = _mm512_set1_epi32 (p[0]), l = _mm512_set1_epi32 (p[1]);

  for (guint k = 0; k < 4; k++) {
    __m512i x = k & 1 ? _mm512_unpackhi_epi8 (ab[k / 2], zero)
        : _mm512_unpacklo_epi8 (ab[k / 2], zero);
    high[k] = fma16 (high[k], x, h);
    low[k] = fma16 (low[k], x, l);
  }
}

static inline __m512i
round_exact (const __m512i high[4], const __m512i low[4])
{
  __m512i v[4];

  for (guint k = 0; k < 4; k++) {
    v[k] = _mm512_slli_epi32 (high[k], REXNET_FILTER_LOW_BITS);
    v[k] = _mm512_srai_epi32 (_mm512_add_epi32 (v[k], low[k]),
        REXNET_FILTER_EXACT_BITS);
  }
  return _mm512_packus_epi16 (_mm512_packs_epi32 (v[0], v[1]),
      _mm512_packs_epi32 (v[2], v[3]));
}

static void
vertical_exact (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, guint8 * dst)
{
  for (guint x = 0; x < width; x += 64) {
    const gint32 *p = f->pairs + (gsize) i * f->taps;
    __mmask64 there = width - x < 64 ? (1ull << (width - x)) - 1 : ~0ull;
    __m512i high[4], low[4];

    for (guint k = 0; k < 4; k++) {
      high[k] = _mm512_setzero_si512 ();
      low[k] = _mm512_set1_epi32 (REXNET_EXACT_HALF);
    }
    for (guint t = 0; t < f->taps; t += 2, p += 2)
      fma_exact (high, low,
          _mm512_maskz_loadu_epi8 (there, (const guint8 *) rows[t] + x),
          _mm512_maskz_loadu_epi8 (there, (const guint8 *) rows[t + 1] + x),
          p);
    _mm512_mask_storeu_epi8 (dst + x, there, round_exact (high, low));
  }
}

static void
vertical_sum (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, gint32 * dst)
{
  const __m512i first = _mm512_setr_epi64 (0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i second = _mm512_setr_epi64 (4, 5, 12, 13, 6, 7, 14, 15);

  for (guint x = 0; x < width; x += 32) {
    const gint32 *p = f->pairs + (gsize) i * f->taps / 2;
    __m512i low = _mm512_setzero_si512 (), high = low;

    for (guint t = 0; t < f->taps; t += 2) {
      __m512i a = load ((const gint16 *) rows[t] + x);
      __m512i b = load ((const gint16 *) rows[t + 1] + x);
      __m512i pair = _mm512_set1_epi32 (*p++);

      low = fma16 (low, _mm512_unpacklo_epi16 (a, b), pair);
      high = fma16 (high, _mm512_unpackhi_epi16 (a, b), pair);
    }
    store (dst + x, _mm512_permutex2var_epi64 (low, first, high));
    store (dst + x + 16, _mm512_permutex2var_epi64 (low, second, high));
  }
}

/* ---- emit --------------------------------------------------------------- */

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

const RexnetResample rexnet_resample_avx512 = {
  "avx512", rexnet_pick_avx2, horizontal_exact, horizontal_sum,
  vertical_exact, vertical_sum, emit, emit_yuv
};
