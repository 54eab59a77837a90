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

/* Output i is the sum over t in [0, taps) of
 * coef[i * taps + t] * source[first + start[i] + t], in units of 2^-bits.
 * Padding coefficients are zero; their source may lie past first + n_in. */
typedef struct
{
  guint n_out;
  guint first, n_in;            /* the source samples that carry weight */
  guint taps;
  guint bits;
  guint *start;
  gint32 *coef;
} RexnetFilter;

/*
 * @shift: log2 of the channel's subsampling; @cosited: where its samples lie
 * @exact: 22 bits as Pillow rounds them; otherwise as many as 16-bit
 *   coefficients hold, at most @max_bits, with a sum of exactly 1
 * @align: a power of two; start and taps are multiples of it
 */
void rexnet_filter_init (RexnetFilter * self, const RexnetAxis * axis,
    guint n_out, RexnetInterpolation interpolation, guint shift,
    gboolean cosited, gboolean exact, guint max_bits, guint align);
void rexnet_filter_clear (RexnetFilter * self);
