/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VNNI and VBMI: horizontal filters by vpdpbusd, four samples times a digit of
 * each of their coefficients, one dword of coefficients for all rows, and exact
 * vertical ones likewise; samples picked by byte permutations. */
#include "resample_avx512.h"

/* ---- pick --------------------------------------------------------------- */

/* Where 64 samples lie, some of which may be missing. */
typedef struct
{
  __m512i place;                /* of each in 128 bytes */
  __mmask64 there[4];           /* the bytes up to the last one that is */
} Places;

static inline __m512i
places_of (guint step)
{
  guint8 place[64];

  for (guint k = 0; k < 64; k++)
    place[k] = (guint8) (k * step % 128);
  return load (place);
}

/* @samples: how many there are */
static inline void
places_limit (Places * self, guint step, guint samples)
{
  guint bytes = samples ? (samples - 1) * step + 1 : 0;

  for (guint k = 0; k < 4; k++)
    self->there[k] = bytes < 64 * k ? 0 : first_bytes (bytes - 64 * k);
}

/* One table look-up in 128 bytes for steps up to 2, two for the others. */
static inline __m512i
pick64 (const guint8 * src, guint step, const Places * places)
{
  __m512i a, b, place = places->place;

  a = _mm512_maskz_loadu_epi8 (places->there[0], src);
  if (step == 1)
    return a;
  b = _mm512_maskz_loadu_epi8 (places->there[1], src + 64);
  a = _mm512_permutex2var_epi8 (a, place, b);
  if (step == 2)
    return a;
  b = _mm512_maskz_loadu_epi8 (places->there[2], src + 128);
  if (step == 3)                /* from sample 43 on */
    return _mm512_mask_permutexvar_epi8 (a, ~0ull << 43, place, b);
  b = _mm512_permutex2var_epi8 (b, place,
      _mm512_maskz_loadu_epi8 (places->there[3], src + 192));
  return _mm512_mask_blend_epi8 (~0ull << 32, a, b);
}

static inline __attribute__ ((always_inline)) void
turn_rows (const RexnetFilter * f, const RexnetStrip * src, guint step,
    guint8 * columns)
{
  guint bytes = f->start[f->n_out - 1] + f->taps;
  Places places = {.place = places_of (step) };

  for (guint x = 0; x < bytes; x += 64) {
    __m512i v[REXNET_STRIP];

    rexnet_fetch (src->fetch);
    places_limit (&places, step, src->n > x ? src->n - x : 0);
    for (guint r = 0; r < REXNET_STRIP; r++)
      v[r] = pick64 (src->row[r] + x * step, step, &places);
    turn_block (v, columns + x * REXNET_STRIP);
  }
}

static void
turn_strip (const RexnetFilter * f, const RexnetStrip * src,
    guint8 * columns)
{
  rexnet_turn_strip (f, src, columns, turn_rows);
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

/* The exact sum from those of its digits. */
static inline __m512i
carry_all (__m512i a, __m512i b, __m512i c)
{
  return _mm512_srai_epi32 (carry (carry (a, b), c), REXNET_FILTER_EXACT_BITS);
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
    out[k] = carry_all (a[k], b[k], d[k]);
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

/* ---- vertical ----------------------------------------------------------- */

/* The bytes of four rows of the same column become a dword: 16 columns of each
 * 128-bit lane, four in every vector. */
static inline void
join_rows (const void *const *rows, guint x, __mmask64 there, __m512i quad[4])
{
  __m512i row[4], low[2], high[2];

  for (guint r = 0; r < 4; r++)
    row[r] = _mm512_maskz_loadu_epi8 (there, (const guint8 *) rows[r] + x);
  for (guint r = 0; r < 2; r++) {
    low[r] = _mm512_unpacklo_epi8 (row[2 * r], row[2 * r + 1]);
    high[r] = _mm512_unpackhi_epi8 (row[2 * r], row[2 * r + 1]);
  }
  quad[0] = _mm512_unpacklo_epi16 (low[0], low[1]);
  quad[1] = _mm512_unpackhi_epi16 (low[0], low[1]);
  quad[2] = _mm512_unpacklo_epi16 (high[0], high[1]);
  quad[3] = _mm512_unpackhi_epi16 (high[0], high[1]);
}

static void
vertical_exact (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, guint8 * dst)
{
  const gint32 *first = f->packed
      + ((gsize) i / 4 * f->taps + i % 4) * REXNET_FILTER_EXACT_DIGITS;

  for (guint x = 0; x < width; x += 64) {
    const gint32 *p = first;
    __mmask64 there = first_bytes (width - x);
    __m512i a[4], b[4], d[4];

    for (guint k = 0; k < 4; k++) {
      a[k] = b[k] = _mm512_setzero_si512 ();
      d[k] = _mm512_set1_epi32 (REXNET_EXACT_HALF);
    }
    for (guint t = 0; t < f->taps; t += 4) {
      __m512i quad[4];

      join_rows (rows + t, x, there, quad);
      for (guint k = 0; k < 4; k++) {
        a[k] = dot4 (a[k], quad[k], &p[0]);
        b[k] = dot4 (b[k], quad[k], &p[1]);
        d[k] = dot4 (d[k], quad[k], &p[2]);
      }
      p += 4 * REXNET_FILTER_EXACT_DIGITS;
    }
    for (guint k = 0; k < 4; k++)
      d[k] = carry_all (a[k], b[k], d[k]);
    _mm512_mask_storeu_epi8 (dst + x, there,
        _mm512_packus_epi16 (_mm512_packs_epi32 (d[0], d[1]),
            _mm512_packs_epi32 (d[2], d[3])));
  }
}

/* In assembly for the reason of dot4(). */
static inline __m512i
dot2 (__m512i sum, __m512i samples, __m512i pair)
{
  __asm__ ("vpdpwssd %2, %1, %0":"+v" (sum):"v" (pair), "vm" (samples));
  return sum;
}

static void
vertical_sum (const RexnetFilter * f, guint i, const void *const *rows,
    guint width, gint32 * dst)
{
  filter_rows (f, i, rows, width, dst, dot2);
}

const RexnetResample rexnet_resample_avx512vnni = {
  "avx512vnni", REXNET_ISA_AVX512, REXNET_FILTER_QUADS, REXNET_FILTER_ROW_QUADS,
  horizontal_exact, horizontal_sum, vertical_exact, vertical_sum,
  rexnet_emit_avx512, rexnet_emit_yuv_avx512
};
