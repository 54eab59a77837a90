/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Depthwise convolutions, 3 x 3 and 5 x 5, stride 1 and 2, over one block of
 * channels whose rows lie in a zero-bordered buffer.
 *
 * A tile is up to 8 pixels of one or two output rows. Every input vector is
 * loaded once and multiplied into all the sums that want it. The including
 * file has included a vec_*.h and defines DEPTHWISE_ROWS: the output rows its
 * registers hold at 8 pixels each.
 */
#include "finish.h"

#define MAX_PIXELS 8

/* What a tile looks like, all of it known to the compiler. */
typedef struct
{
  guint pixels, rows, kernel, stride;
} Shape;

/* Adds input vector @x of a row to the sums of one output row, whose own row
 * of weights is @w. */
VEC_INLINE void
add_vector (Vec acc[MAX_PIXELS], Vec v, const float *w, const int x,
    const Shape shape)
{
  VEC_UNROLL for (int p = 0; p < (int) shape.pixels; p++) {
    const int kx = x - p * (int) shape.stride;

    if (kx >= 0 && kx < (int) shape.kernel)
      acc[p] = vec_fma (v, vec_load (w + kx * VL), acc[p]);
  }
}

/* A tile whose first input lies @x floats from @rows and whose first output is
 * at @out. These are arguments, since a copy of @d with its rows moved on would
 * have to be stored before it can be loaded. */
VEC_INLINE void
depthwise_tile (const RexnetDepthwise * d, const float *const *rows, gsize x,
    float *out, const Shape shape)
{
  const int span = (shape.pixels - 1) * shape.stride + shape.kernel;
  const int inputs = (shape.rows - 1) * shape.stride + shape.kernel;
  const Vec low = vec_set (d->low), high = vec_set (d->high);
  Vec acc[REXNET_DEPTHWISE_ROWS][MAX_PIXELS];
  Vec pool = vec_set (0.f);

  VEC_UNROLL for (guint r = 0; r < shape.rows; r++)
    VEC_UNROLL for (guint p = 0; p < shape.pixels; p++)
      acc[r][p] = vec_load (d->bias);

  VEC_UNROLL for (int y = 0; y < inputs; y++) {
    const float *row = rows[y] + x;

    VEC_UNROLL for (int i = 0; i < span; i++) {
      Vec v = vec_load_once (row + i * VL);

      VEC_UNROLL for (int r = 0; r < (int) shape.rows; r++) {
        const int ky = y - r * (int) shape.stride;

        if (ky >= 0 && ky < (int) shape.kernel)
          add_vector (acc[r], v, d->weights + ky * (int) shape.kernel * VL, i,
              shape);
      }
    }
    /* Weights are loaded anew for each row: kept, those of 5 x 5 would spill. */
    VEC_FORGET ();
  }

  VEC_UNROLL for (guint r = 0; r < shape.rows; r++)
    VEC_UNROLL for (guint p = 0; p < shape.pixels; p++) {
      Vec a = vec_clamp (acc[r][p], low, high);

      vec_store (out + r * d->d_row + p * VL, a);
      pool = vec_add (pool, a);
    }
  if (d->pool)
    vec_store (d->pool, vec_add (vec_load (d->pool), pool));
}

typedef void (*DepthwiseTile) (const RexnetDepthwise *, const float *const *,
    gsize, float *);

#define TILE(P, R, K, S) \
static void \
tile_##P##_##R##_##K##_##S (const RexnetDepthwise * d, \
    const float *const *rows, gsize x, float *out) \
{ \
  const Shape shape = { P, R, K, S }; \
\
  depthwise_tile (d, rows, x, out, shape); \
}

#define TILES(R, K, S) \
TILE (1, R, K, S) TILE (2, R, K, S) TILE (3, R, K, S) TILE (4, R, K, S) \
TILE (5, R, K, S) TILE (6, R, K, S) TILE (7, R, K, S) TILE (8, R, K, S) \
static const DepthwiseTile tiles_##R##_##K##_##S[MAX_PIXELS + 1] = { \
  NULL, tile_1_##R##_##K##_##S, tile_2_##R##_##K##_##S, \
  tile_3_##R##_##K##_##S, tile_4_##R##_##K##_##S, tile_5_##R##_##K##_##S, \
  tile_6_##R##_##K##_##S, tile_7_##R##_##K##_##S, tile_8_##R##_##K##_##S \
};

/* Pixels are dealt evenly among the tiles of a row. */
VEC_INLINE void
run_row (const RexnetDepthwise * d, const float *const *rows, gsize x,
    float *out, guint pixels, guint stride, const DepthwiseTile * tiles)
{
  for (guint n = (pixels + MAX_PIXELS - 1) / MAX_PIXELS; n > 0; n--) {
    guint p = (pixels + n - 1) / n;

    tiles[p] (d, rows, x, out);
    x += p * stride * VL;
    out += p * VL;
    pixels -= p;
  }
}

/* @two: NULL: two rows are one after the other. */
VEC_INLINE void
run_rows (const RexnetDepthwise * d, guint pixels, guint rows, guint stride,
    const DepthwiseTile * one, const DepthwiseTile * two)
{
  float *out = d->d;
  gsize x = 0;

  for (; rows > 1; rows -= 2, x += d->row_step, out += 2 * d->d_row) {
    if (two) {
      run_row (d, d->row, x, out, pixels, stride, two);
    } else {
      run_row (d, d->row, x, out, pixels, stride, one);
      run_row (d, d->row + stride, x, out + d->d_row, pixels, stride, one);
    }
  }
  if (rows > 0)
    run_row (d, d->row, x, out, pixels, stride, one);
}

#if DEPTHWISE_ROWS == 2
#define TWO_ROWS(K, S) TILES (2, K, S)
#define TWO(K, S) tiles_2_##K##_##S
#else
#define TWO_ROWS(K, S)
#define TWO(K, S) NULL
#endif

#define DEPTHWISE(K, S) \
TILES (1, K, S) \
TWO_ROWS (K, S) \
static void \
depthwise_##K##_##S (const RexnetDepthwise * d, guint pixels, guint rows) \
{ \
  run_rows (d, pixels, rows, S, tiles_1_##K##_##S, TWO (K, S)); \
}

DEPTHWISE (3, 1)
DEPTHWISE (3, 2)
DEPTHWISE (5, 1)
DEPTHWISE (5, 2)

void
KERNEL (rexnet_depthwise_init) (RexnetKernels * kernels)
{
  kernels->depthwise[0][0] = depthwise_3_1;
  kernels->depthwise[0][1] = depthwise_3_2;
  kernels->depthwise[1][0] = depthwise_5_1;
  kernels->depthwise[1][1] = depthwise_5_2;
}
