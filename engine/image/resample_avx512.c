/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emit.h"
#include "pick_avx2.h"
#include "resample_avx512.h"

/* ---- horizontal -------------------------------------------------------- */

static inline __attribute__ ((always_inline)) void
turn_rows (const RexnetFilter * f, const RexnetStrip * src, guint step,
    guint8 * columns)
{
  guint bytes = f->start[f->n_out - 1] + f->taps;

  for (guint x = 0; x < bytes; x += 64) {
    __m256i half[2][REXNET_STRIP];
    __m512i v[REXNET_STRIP];

    rexnet_fetch (src->fetch);
    rexnet_pick (src, step, x, 0, half[0], REXNET_STRIP);
    rexnet_pick (src, step, x + 32, 0, half[1], REXNET_STRIP);
    for (guint r = 0; r < REXNET_STRIP; r++)
      v[r] = _mm512_inserti64x4 (_mm512_castsi256_si512 (half[0][r]),
          half[1][r], 1);
    turn_block (v, columns + x * REXNET_STRIP);
  }
}

static void
turn_strip (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * columns)
{
  rexnet_turn_strip (f, src, columns, turn_rows);
}

static inline __m512i
fma16 (__m512i sum, __m512i samples, __m512i pair)
{
  return _mm512_add_epi32 (sum, _mm512_madd_epi16 (samples, pair));
}

static inline void
columns_exact (const RexnetFilter * f, guint i, const guint8 * columns,
    __m512i out[4])
{
  const __m512i even = _mm512_set1_epi16 (0xff);
  const gint32 *p = f->packed + (gsize) i * f->taps;
  const guint8 *c[4];
  __m512i high[4], low[4];

  for (guint k = 0; k < 4; k++) {
    c[k] = columns + f->start[i + k] * REXNET_STRIP;
    high[k] = _mm512_setzero_si512 ();
    low[k] = _mm512_set1_epi32 (REXNET_EXACT_HALF);
  }
  for (guint t = 0; t < f->taps; t += 4, p += 4)
    for (guint k = 0; k < 4; k++) {
      const gint32 *pairs = p + k * f->taps;
      __m512i x = load (c[k] + t * REXNET_STRIP);
      __m512i x02 = _mm512_and_si512 (x, even);
      __m512i x13 = _mm512_srli_epi16 (x, 8);

      high[k] = fma16 (high[k], x02, _mm512_set1_epi32 (pairs[0]));
      low[k] = fma16 (low[k], x02, _mm512_set1_epi32 (pairs[1]));
      high[k] = fma16 (high[k], x13, _mm512_set1_epi32 (pairs[2]));
      low[k] = fma16 (low[k], x13, _mm512_set1_epi32 (pairs[3]));
    }
  for (guint k = 0; k < 4; k++) {
    high[k] = _mm512_slli_epi32 (high[k], REXNET_FILTER_LOW_BITS);
    out[k] = _mm512_srai_epi32 (_mm512_add_epi32 (high[k], low[k]),
        REXNET_FILTER_EXACT_BITS);
  }
}

static inline void
columns_sum (const RexnetFilter * f, guint i, const guint8 * columns,
    __m512i out[4])
{
  const __m512i even = _mm512_set1_epi16 (0xff);
  const gint32 *p = f->packed + (gsize) i * f->taps / 2;
  const guint shift = f->bits - REXNET_SAMPLE_BITS;
  const guint8 *c[4];

  for (guint k = 0; k < 4; k++) {
    c[k] = columns + f->start[i + k] * REXNET_STRIP;
    out[k] = _mm512_set1_epi32 (1 << (shift - 1));
  }
  for (guint t = 0; t < f->taps; t += 4, p += 2)
    for (guint k = 0; k < 4; k++) {
      const gint32 *pairs = p + k * f->taps / 2;
      __m512i x = load (c[k] + t * REXNET_STRIP);

      out[k] = fma16 (out[k], _mm512_and_si512 (x, even),
          _mm512_set1_epi32 (pairs[0]));
      out[k] = fma16 (out[k], _mm512_srli_epi16 (x, 8),
          _mm512_set1_epi32 (pairs[1]));
    }
  for (guint k = 0; k < 4; k++)
    out[k] = _mm512_sra_epi32 (out[k], _mm_cvtsi32_si128 ((int) shift));
}

static void
horizontal_exact (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * dst, gsize dst_stride, guint8 * work)
{
  turn_strip (f, src, work);
  filter_bytes (f, src->fetch, work, dst, dst_stride, columns_exact);
}

static void
horizontal_sum (const RexnetFilter * f, const RexnetStrip * src,
    gint16 * dst, gsize dst_stride, guint8 * work)
{
  turn_strip (f, src, work);
  filter_pairs (f, src->fetch, work, (guint8 *) dst, 2 * dst_stride,
      columns_sum);
}

/* ---- vertical ---------------------------------------------------------- */

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
vertical_exact (const RexnetFilter * f, guint i,
    const void *const *rows, guint width, guint8 * dst)
{
  for (guint x = 0; x < width; x += 64) {
    const gint32 *p = f->packed + (gsize) i * f->taps;
    __mmask64 there = first_bytes (width - x);
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
  filter_rows (f, i, rows, width, dst, fma16);
}

/* ---- emit -------------------------------------------------------------- */

void
rexnet_emit_avx512 (const guint8 * src, float scale, float offset,
    float *dst, guint width)
{
  emit_row (src, scale, offset, dst, width);
}

void
rexnet_emit_yuv_avx512 (gint32 * const src[3], const RexnetYuv * yuv,
    const RexnetNormal * normal, float *const dst[3], guint width)
{
  emit_yuv_row (src, yuv, normal, dst, width);
}

const RexnetResample rexnet_resample_avx512 = {
  "avx512", REXNET_ISA_AVX512, REXNET_FILTER_SAMPLES, REXNET_FILTER_ROWS,
  horizontal_exact, horizontal_sum, vertical_exact,
  vertical_sum, rexnet_emit_avx512, rexnet_emit_yuv_avx512
};
