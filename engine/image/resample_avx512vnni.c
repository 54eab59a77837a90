/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VNNI and VBMI: horizontal filters by vpdpbusd, four samples times a digit of
 * each of their coefficients, one dword of coefficients for all rows; samples
 * picked by byte permutations. */
#include "resample_avx512.h"

/* ---- pick --------------------------------------------------------------- */

/* One table look-up in 128 bytes for steps up to 2, two for the others. */
static inline __m512i
pick64 (const guint8 * src, guint step, __m512i place)
{
  __m512i low = _mm512_permutex2var_epi8 (load (src), place, load (src + 64));

  if (step == 3)                /* from sample 43 on */
    return _mm512_mask_permutexvar_epi8 (low, ~0ull << 43, place,
        load (src + 128));
  if (step == 4)
    return _mm512_mask_blend_epi8 (~0ull << 32, low,
        _mm512_permutex2var_epi8 (load (src + 128), place, load (src + 192)));
  return low;
}

/* Leaves the last vector to rexnet_pick_avx2(), which stays inside the row. */
static void
pick (guint8 * dst, const guint8 * src, guint step, guint n)
{
  guint8 places[64];
  __m512i place;
  guint i = 0;

  if (step > 1) {
    for (guint k = 0; k < 64; k++)
      places[k] = (guint8) (k * step % 128);
    place = load (places);
    for (; i + 64 < n; i += 64)
      store (dst + i, pick64 (src + i * step, step, place));
  }
  rexnet_pick_avx2 (dst + i, src + i * step, step, n - i);
}

/* ---- horizontal --------------------------------------------------------- */

/* In assembly because gcc 12 copies the sum of _mm512_dpbusd_epi32() twice a
 * call, and broadcasts into a register first. */
static inline __m512i
dot4 (__m512i sum, __m512i samples, const gint32 * coefs)
{
  __asm__ ("vpdpbusd %2%{1to16%}, %1, %0":"+v" (sum):"v" (samples),
      "m" (*coefs));
  return sum;
}

static inline __m512i
carry (__m512i digit, __m512i lower)
{
  return _mm512_add_epi32 (_mm512_slli_epi32 (digit, 8), lower);
}

static inline void
columns_exact (const RexnetFilter * f, guint i, const guint8 * columns,
    __m512i out[4])
{
  const gint32 *p = f->packed
      + (gsize) i * f->taps / 4 * REXNET_FILTER_EXACT_DIGITS;
  const guint8 *c[4];
  __m512i a[4], b[4], d[4];

  for (guint k = 0; k < 4; k++) {
    c[k] = columns + f->start[i + k] * REXNET_STRIP;
    a[k] = b[k] = _mm512_setzero_si512 ();
    d[k] = _mm512_set1_epi32 (REXNET_EXACT_HALF);
  }
  for (gsize t = 0; t < f->taps; t += 4)
    for (guint k = 0; k < 4; k++, p += REXNET_FILTER_EXACT_DIGITS) {
      __m512i x = load (c[k] + t * REXNET_STRIP);

      a[k] = dot4 (a[k], x, &p[0]);
      b[k] = dot4 (b[k], x, &p[1]);
      d[k] = dot4 (d[k], x, &p[2]);
    }
  for (guint k = 0; k < 4; k++)
    out[k] = _mm512_srai_epi32 (carry (carry (a[k], b[k]), d[k]),
        REXNET_FILTER_EXACT_BITS);
}

static inline void
columns_sum (const RexnetFilter * f, guint i, const guint8 * columns,
    __m512i out[4])
{
  const gint32 *p = f->packed
      + (gsize) i * f->taps / 4 * REXNET_FILTER_DIGITS;
  const guint shift = f->bits - REXNET_SAMPLE_BITS;
  const guint8 *c[4];
  __m512i a[4], b[4];

  for (guint k = 0; k < 4; k++) {
    c[k] = columns + f->start[i + k] * REXNET_STRIP;
    a[k] = _mm512_setzero_si512 ();
    b[k] = _mm512_set1_epi32 (1 << (shift - 1));
  }
  for (gsize t = 0; t < f->taps; t += 4)
    for (guint k = 0; k < 4; k++, p += REXNET_FILTER_DIGITS) {
      __m512i x = load (c[k] + t * REXNET_STRIP);

      a[k] = dot4 (a[k], x, &p[0]);
      b[k] = dot4 (b[k], x, &p[1]);
    }
  for (guint k = 0; k < 4; k++)
    out[k] = _mm512_sra_epi32 (carry (a[k], b[k]),
        _mm_cvtsi32_si128 ((int) shift));
}

static void
horizontal_exact (const RexnetFilter * f, const guint8 * src,
    gsize src_stride, guint8 * dst, gsize dst_stride, guint8 * work)
{
  filter_bytes (f, src, src_stride, dst, dst_stride, work, columns_exact);
}

static void
horizontal_sum (const RexnetFilter * f, const guint8 * src, gsize src_stride,
    gint16 * dst, gsize dst_stride, guint8 * work)
{
  filter_words (f, src, src_stride, dst, dst_stride, work, columns_sum);
}

const RexnetResample rexnet_resample_avx512vnni = {
  "avx512vnni", REXNET_ISA_AVX512, REXNET_FILTER_QUADS, pick, horizontal_exact,
  horizontal_sum, rexnet_vertical_exact_avx512, rexnet_vertical_sum_avx512,
  rexnet_emit_avx512, rexnet_emit_yuv_avx512
};
