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

VEC_INLINE void
depthwise_tile (const RexnetDepthwise * d, guint pixel, const Shape shape)
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
    const float *row = d->row[y] + (gsize) pixel * shape.stride * VL;

    VEC_UNROLL for (int x = 0; x < span; x++) {
      Vec v = vec_load_once (row + x * VL);

      VEC_UNROLL for (int r = 0; r < (int) shape.rows; r++) {
        const int ky = y - r * (int) shape.stride;

        if (ky >= 0 && ky < (int) shape.kernel)
          add_vector (acc[r], v, d->weights + ky * (int) shape.kernel * VL, x,
              shape);
      }
    }
    /* Weights are loaded anew for each row: kept, those of 5 x 5 would spill. */
    VEC_FORGET ();
  }

  VEC_UNROLL for (guint r = 0; r < shape.rows; r++)
    VEC_UNROLL for (guint p = 0; p < shape.pixels; p++) {
      Vec a = vec_clamp (acc[r][p], low, high);

      vec_store (d->d + r * d->d_row + (pixel + p) * VL, a);
      pool = vec_add (pool, a);
    }
  if (d->pool)
    vec_store (d->pool, vec_add (vec_load (d->pool), pool));
}

typedef void (*DepthwiseTile) (const RexnetDepthwise *, guint);

#define TILE(P, R, K, S) \
static void \
tile_##P##_##R##_##K##_##S (const RexnetDepthwise * d, guint pixel) \
{ \
  const Shape shape = { P, R, K, S }; \
\
  depthwise_tile (d, pixel, shape); \
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
run_row (const RexnetDepthwise * d, guint pixels,
    const DepthwiseTile tiles[MAX_PIXELS + 1])
{
  guint pixel = 0;

  for (guint n = (pixels + MAX_PIXELS - 1) / MAX_PIXELS; n > 0; n--) {
    guint p = (pixels - pixel + n - 1) / n;

    tiles[p] (d, pixel);
    pixel += p;
  }
}

#if DEPTHWISE_ROWS == 2
#define DEPTHWISE(K, S) \
TILES (1, K, S) \
TILES (2, K, S) \
static void \
depthwise_##K##_##S (const RexnetDepthwise * d, guint pixels, guint rows) \
{ \
  run_row (d, pixels, rows == 2 ? tiles_2_##K##_##S : tiles_1_##K##_##S); \
}
#else
/* Two rows are one after the other. */
#define DEPTHWISE(K, S) \
TILES (1, K, S) \
static void \
depthwise_##K##_##S (const RexnetDepthwise * d, guint pixels, guint rows) \
{ \
  RexnetDepthwise next = *d; \
\
  run_row (d, pixels, tiles_1_##K##_##S); \
  if (rows < 2) \
    return; \
  for (guint i = 0; i < K; i++) \
    next.row[i] = d->row[i + S]; \
  next.d += d->d_row; \
  run_row (&next, pixels, tiles_1_##K##_##S); \
}
#endif

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
