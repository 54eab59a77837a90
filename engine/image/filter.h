/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Antialiased resampling along one axis as fixed-point dot products.
 * Source: precompute_coeffs() of Pillow's Resample.c; bicubic is Keys' kernel
 * with a = -0.5, bilinear the triangle, both stretched by the scale when it
 * shrinks, cut at the borders and normalised.
 */
#pragma once

#include "geometry.h"

/* Fraction bits of Pillow's coefficients; with them and the same rounding the
 * result is Pillow's, bit for bit. */
#define REXNET_FILTER_EXACT_BITS 22

/* How SIMD reads coefficients: as pairs of 16 bits. */
typedef enum
{
  REXNET_FILTER_ROWS,           /* (0, 1) (2, 3) ...: of two rows */
  REXNET_FILTER_SAMPLES,        /* (0, 2) (1, 3) (4, 6) ...: of a dword's bytes */
} RexnetFilterOrder;

/* An exact coefficient is high * 2^REXNET_FILTER_LOW_BITS + low, both in 16
 * bits; a pair of highs is followed by the pair of their lows. */
#define REXNET_FILTER_LOW_BITS 11

/* Output i is the sum over t in [0, taps) of
 * coef[i * taps + t] * source[first + start[i] + t], in units of 2^-bits.
 * Padding coefficients are zero; their source may lie past first + n_in. */
typedef struct
{
  guint n_out;
  guint first, n_in;            /* the source samples that carry weight */
  guint taps;                   /* a multiple of 4 in samples, of 2 in rows */
  guint bits;
  gboolean exact;               /* Pillow's coefficients */
  guint *start;                 /* of samples: multiples of 4 */
  gint32 *coef;
  gint32 *pairs;                /* n_out x taps / 2 x (exact ? 2 : 1) */
} RexnetFilter;

/*
 * @shift: log2 of the channel's subsampling; @cosited: where its samples lie
 * @exact: 22 bits as Pillow rounds them; otherwise as many as 16-bit
 *   coefficients hold, at most @max_bits, with a sum of exactly 1
 */
void rexnet_filter_init (RexnetFilter * self, const RexnetAxis * axis,
    guint n_out, RexnetInterpolation interpolation, guint shift,
    gboolean cosited, gboolean exact, guint max_bits, RexnetFilterOrder order);
void rexnet_filter_clear (RexnetFilter * self);
