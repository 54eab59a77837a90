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

/*
 * How kernels read coefficients. In 16 bits; an exact one is
 * high * 2^REXNET_FILTER_LOW_BITS + low. By pairs a dword of highs is followed
 * by that of their lows, else all the highs of an output by its lows. In 8
 * bits, four to a dword; a coefficient is its digits to the base 256, each in
 * [-128, 127], and the dword of the highest digits comes first; the outputs i
 * to i + 3 follow each other before the next four coefficients of output i.
 */
typedef enum
{
  REXNET_FILTER_ROWS,           /* 16 bits: (0, 1) (2, 3) ... */
  REXNET_FILTER_SAMPLES,        /* 16 bits: (0, 2) (1, 3) (4, 6) ... */
  REXNET_FILTER_WORDS,          /* 16 bits: 0, 1, 2, 3 ... */
  REXNET_FILTER_QUADS,          /* 8 bits: (0, 1, 2, 3) ... */
  REXNET_FILTER_ROW_QUADS,      /* the same, from any row on */
} RexnetFilterOrder;

#define REXNET_FILTER_LOW_BITS 11
#define REXNET_FILTER_EXACT_DIGITS 3
#define REXNET_FILTER_DIGITS 2

/* Output i is the sum over t in [0, taps) of
 * coef[i * taps + t] * source[first + start[i] + t], in units of 2^-bits.
 * Padding coefficients are zero; their source may lie past first + n_in. The
 * tables go on to a multiple of REXNET_FILTER_BLOCK outputs, of zeros. */
#define REXNET_FILTER_BLOCK 64   /* outputs that tables are padded to */

typedef struct
{
  guint n_out;
  guint first, n_in;            /* the source samples that carry weight */
  guint taps;                   /* a multiple of 4; in ROWS 2, WORDS 8 */
  guint bits;
  gboolean exact;               /* Pillow's coefficients */
  guint *start;                 /* in SAMPLES, QUADS multiples of 4, in ROWS
                                 * that aren't exact of 2 */
  gint32 *coef;
  gint32 *packed;               /* coef in a RexnetFilterOrder */
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
