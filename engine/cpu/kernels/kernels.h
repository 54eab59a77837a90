/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The arithmetic of the CPU backend: families of kernels, each written once as
 * a template over a vector type (vec_*.h) and compiled for every level.
 *
 * Layout. Channels are blocked by the vector length VL of the level: a map of
 * C channels and P pixels is ceil (C / VL) blocks of P x VL floats. Lanes past
 * the last channel are zero, in maps, weights and biases alike, and every
 * kernel keeps them so (silu (0) == 0; a scale meets a zero).
 *
 * Weights of a 1 x 1 convolution are packed in panels of 1 to 8 vectors of
 * output channels: K rows of that many vectors.
 *
 * All of them: only what is named is read or written; source and destination
 * do not overlap unless said; rows of vectors are VL-aligned in length but
 * need no alignment in memory. They are pure functions, safe from any thread.
 * The order of every sum depends on its length alone, not on a tile; a half
 * filled vector has an order of its own, and a row of depthwise_winograd
 * another when it is alone.
 */
#pragma once

#include <rexnet/rexnet.h>

#include "network.h"

#define REXNET_MAX_VL 16
#define REXNET_MAX_COLUMNS 4    /* vectors in a panel of a matrix product */
#define REXNET_MAX_PAIRED 3     /* and in one of paired products */
#define REXNET_MIN_SPARSE 4     /* vectors in a panel of gemm_sparse, at least */
#define REXNET_MAX_SPARSE 12    /* and at most */
#define REXNET_SPARSE_INPUTS 64 /* taken at a time, at most: bits of a mask */
#define REXNET_PEAK_CHAINS 12   /* hide 4 cycles of latency on up to 3 units */
#define REXNET_STEM_COLUMNS 2   /* and in one of the stem */
#define REXNET_MATVEC_COLUMNS 8 /* and in one of a vector product */

/* What becomes of a sum: clamped, or put through a smooth function. */
typedef struct
{
  float low, high;              /* -/+ infinity where it is open */
  RexnetActivation smooth;      /* SILU, SIGMOID or NONE */
} RexnetFinish;

/*
 * One panel of a 1 x 1 convolution:
 *   d[pixel][n] = finish (bias[n] + sum over k of a[pixel][k] b[k][n])
 *                 + residual[pixel][n]
 */
typedef struct
{
  const float *a;               /* a's first pixel */
  gsize a_block;                /* floats from a block of channels to the next */
  guint k;
  const float *b;               /* the panel */
  const float *bias;            /* of its columns; NULL: zeros */
  float *d;
  gsize d_block;
  const guint32 *offset;        /* floats from d to each pixel; NULL: i x VL */
  const float *crossed;         /* of paired products: cross () of each pixel, */
  float unscale;                /* and what to multiply a sum of them by */
  const float *residual;        /* NULL: none */
  gsize residual_block;
  guint residual_columns;       /* the leading vectors of the panel that add it */
  RexnetFinish finish;
  const float *scale;           /* of gemm_sparse: of a's channels, NULL: 1, */
  float low, high;              /* what the products with it are clamped to, */
  guint chunk;                  /* and blocks of inputs to take at a time */
  const float *prefetch;        /* k x columns vectors wanted soon */
  const float *ahead;           /* and more of that */
  gsize ahead_floats;
} RexnetGemm;

/*
 * Paired products, see paired_template.h: of the inputs of three whole blocks
 * those of the first and the second are paired lane by lane, and the rows of
 * weights lie in the order of reading: for each lane those of the three blocks.
 * Of each block that is left over, as far as there are inputs, lanes 0 and 1
 * are a pair and 2 is not, 3 and 4 are a pair and 5 is not, and so on, in their
 * own order. The sign of a pair is minus where its first lane is odd.
 */
static inline guint
rexnet_paired_blocks (guint k, guint vl)
{
  return k / vl / 3 * 3;
}

/* Whether a row of weights in the order of reading is one of a pair's. */
static inline gboolean
rexnet_row_is_paired (guint row, guint k, guint vl)
{
  guint whole = rexnet_paired_blocks (k, vl) * vl;
  guint lane = row % vl, lanes = MIN (vl, k - (row - lane));

  return row < whole ? row % 3 != 2 :
      lane % 3 != 2 && lane < lanes / 3 * 3;
}

typedef void (*RexnetGemmFunc) (const RexnetGemm * gemm, guint pixels);

/*
 * One row of the stem, a 3 x 3 convolution of 3 planes with stride 2, for one
 * panel. row[channel * 3 + ky] points at the input column that the leftmost
 * tap of the first pixel reads; pixel i reads 3 floats from 2 i on.
 * b: 27 rows, ordered channel, ky, kx.
 */
typedef struct
{
  const float *row[9];
  const float *b, *bias;
  float *d;
  gsize d_block;
  RexnetFinish finish;
} RexnetStem;

typedef void (*RexnetStemFunc) (const RexnetStem * stem, guint pixels);

/*
 * One block of channels of a depthwise convolution, rows of output by twos.
 * row[i] points at the input vector that the leftmost tap of the first pixel
 * reads in the i-th input row; of a single row kernel, of two stride + kernel
 * of them are read. Each moves on by row_step for the next two.
 * weights: kernel x kernel vectors. The sum of all outputs is added to pool.
 */
#define REXNET_DEPTHWISE_ROWS 2
#define REXNET_DEPTHWISE_INPUTS 7       /* two rows of 5 x 5, stride 2 */

typedef struct
{
  const float *row[REXNET_DEPTHWISE_INPUTS];
  gsize row_step;               /* of use with more than two rows */
  const float *weights, *bias;
  float *d;
  gsize d_row;                  /* floats from an output row to the next */
  float *pool;                  /* one vector; NULL: not wanted */
  float low, high;
} RexnetDepthwise;

typedef void (*RexnetDepthwiseFunc) (const RexnetDepthwise * depthwise,
    guint pixels, guint rows);

/* What depthwise_winograd has of weights: behind the nine vectors three halves
 * of the sums of a column, and three of those with its middle one negative. */
#define REXNET_WINOGRAD_VECTORS 15

/* y = [bias +] sum over k of x[k] w[k]: one panel, one vector. y may be bias. */
typedef void (*RexnetMatvecFunc) (guint k, const float *x, const float *w,
    const float *bias, float *y);

typedef struct
{
  guint vl;                     /* floats in a vector */

  /* By columns, 1 to REXNET_MAX_COLUMNS, and the pixels of its widest tile. */
  RexnetGemmFunc gemm[REXNET_MAX_COLUMNS + 1];
  guint gemm_rows[REXNET_MAX_COLUMNS + 1];

  /*
   * By columns; NULL: the level has none. The weights are scaled by 1 / unscale,
   * a power of two, and bias is short of unscale times the sum over all pairs of
   * an output's w1 w2, as they are scaled, each with its sign.
   */
  RexnetGemmFunc gemm_paired[REXNET_MAX_PAIRED + 1];
  guint gemm_paired_rows[REXNET_MAX_PAIRED + 1];
  guint paired_columns;         /* the fastest of them; 0: none */
  gboolean paired_differences;  /* they want the weights of pairs less those of
                                 * the panel's vector before, if there is one */

  /* d[pixel] = what the sum over all pairs of x1 x2, each with its sign, falls
   * short of 0. */
  void (*cross) (const float *a, gsize a_block, guint k, guint pixels,
      float *d);

  /*
   * A panel of one vector of which at most half the lanes are channels: ceil
   * (k / 2) rows of b, lane 2 i for input k and lane 2 i + 1 for input k + 1 of
   * channel i. Where k is odd, the lane behind the last input of a is read and
   * must be a number. The other half of the outputs is bias alone.
   */
  RexnetGemmFunc gemm_half;

  /*
   * By columns, from REXNET_MIN_SPARSE on. Inputs that are 0 are passed over, so
   * infinite weights of theirs don't matter. Lanes past the last input are read
   * and may be anything. A chunk's weights are fetched a chunk ahead, those of
   * the next panel from prefetch, unless that is NULL. finish, offset, crossed
   * and ahead are not looked at.
   */
  RexnetGemmFunc gemm_sparse[REXNET_MAX_SPARSE + 1];

  RexnetStemFunc stem[REXNET_STEM_COLUMNS + 1];

  /* By kernel == 5, stride - 1. */
  RexnetDepthwiseFunc depthwise[2][2];

  /* Instead of depthwise[0][0], see winograd_template.h; NULL: the level has
   * none. */
  RexnetDepthwiseFunc depthwise_winograd;

  RexnetMatvecFunc matvec[REXNET_MATVEC_COLUMNS + 1];

  /* d[i] = finish (a[i] * scale) for n vectors; scale: one vector. d may be a. */
  void (*scale) (const float *a, const float *scale, float *d, guint n,
      const RexnetFinish * finish);

  /* d[i] = finish (d[i]); the sum of the n results is added to pool, unless
   * that is NULL. */
  void (*activate) (float *d, guint n, const RexnetFinish * finish,
      float *pool);

  /* d[i] = finish (bias + sum over p of part[p][i]) + residual[i]; bias: one
   * vector; residual may be NULL. */
  void (*reduce) (const float *const *part, guint parts, const float *bias,
      const float *residual, float *d, guint n, const RexnetFinish * finish);

  /* Adds the n vectors of a to the one of sum. */
  void (*sum) (const float *a, guint n, float *sum);

  /* n times REXNET_PEAK_CHAINS vectors x = x / 2 + 1: to measure how fast this
   * CPU can be. */
  void (*multiply_add) (guint n, float *x);
} RexnetKernels;

/* Fills in the C kernels, then adds and replaces them level by level up to @isa, which
 * this CPU must have. */
void rexnet_kernels_init (RexnetKernels * kernels, RexnetIsa isa);

/* The levels; each fills in what it has. */
void rexnet_gemm_init_c (RexnetKernels * kernels);
void rexnet_gemm_init_avx2 (RexnetKernels * kernels);
void rexnet_gemm_init_avx512 (RexnetKernels * kernels);
void rexnet_sparse_init_c (RexnetKernels * kernels);
void rexnet_sparse_init_avx2 (RexnetKernels * kernels);
void rexnet_sparse_init_avx512 (RexnetKernels * kernels);
void rexnet_paired_init_avx2 (RexnetKernels * kernels);
void rexnet_paired_init_avx512 (RexnetKernels * kernels);
void rexnet_depthwise_init_c (RexnetKernels * kernels);
void rexnet_depthwise_init_avx2 (RexnetKernels * kernels);
void rexnet_depthwise_init_avx512 (RexnetKernels * kernels);
void rexnet_winograd_init_avx512 (RexnetKernels * kernels);
void rexnet_vector_init_c (RexnetKernels * kernels);
void rexnet_vector_init_avx2 (RexnetKernels * kernels);
void rexnet_vector_init_avx512 (RexnetKernels * kernels);
void rexnet_peak_init_c (RexnetKernels * kernels);
void rexnet_peak_init_avx2 (RexnetKernels * kernels);
void rexnet_peak_init_avx512 (RexnetKernels * kernels);
