/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 1 x 1 convolutions and the stem: outer products of pixels and vectors of
 * output channels, held in registers over the whole of K.
 *
 * The including file has included a vec_*.h and defines for panels of 1 to 4
 * vectors GEMM_ROWS_n, the pixels of the tallest tile its registers can hold,
 * and GEMM_TILES_n (X), which calls X (pixels, n) for each height up to it.
 */
#include "finish.h"

#define MAX_ROWS 14
#define LINE 64

/* Where the pixels of a tile go. */
typedef struct
{
  float *d;
  gsize d_block;
  const guint32 *offset;
  const float *residual;
  gsize residual_block;
  guint residual_columns;
  const RexnetFinish *finish;
} Target;

/* How often a tile fetches: each request takes the place of a load. */
typedef enum
{
  FETCH_NOTHING,
  FETCH_SPARSELY,               /* where there are many tiles for few lines */
  FETCH_DENSELY
} Fetch;

/* What is fetched evenly over a panel's tiles, from two places @step bytes at
 * each of their steps: requests that wait would keep others waiting. */
typedef struct
{
  const char *at[2];
  gsize step[2];
  Fetch fetch;
} Ahead;

/* @dense and @sparse: steps of a panel. Where only one place is wanted, the
 * other is the panel itself, which is in L1. */
VEC_INLINE Ahead
ahead_begin (const RexnetGemm * g, gsize floats, guint dense, guint sparse)
{
  const float *from[2] = { g->prefetch, g->ahead };
  const gsize bytes[2] = {
    g->prefetch ? floats * sizeof (float) : 0,
    g->ahead ? g->ahead_floats * sizeof (float) : 0
  };
  const gsize most = MAX (bytes[0], bytes[1]);
  const gboolean few = most < (gsize) LINE * sparse;
  const guint steps = MAX (few ? sparse : dense, 1);
  Ahead ahead = {.fetch = most == 0 ? FETCH_NOTHING :
        few ? FETCH_SPARSELY : FETCH_DENSELY
  };

  for (guint i = 0; i < 2; i++) {
    ahead.at[i] = (const char *) (bytes[i] > 0 ? from[i] : g->b);
    ahead.step[i] = bytes[i] > 0 ? MIN (bytes[i] / steps + 1, LINE) : 0;
  }
  return ahead;
}

VEC_INLINE void
ahead_fetch (Ahead * ahead)
{
  VEC_UNROLL for (guint i = 0; i < 2; i++) {
    __builtin_prefetch (ahead->at[i]);
    ahead->at[i] += ahead->step[i];
  }
}

VEC_INLINE float *
target_pixel (const Target * t, guint row)
{
  return t->d + (t->offset ? t->offset[row] : row * VL);
}

VEC_INLINE void
target_clamped (const Target * t, Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS],
    const guint rows, const guint columns)
{
  const Vec low = vec_set (t->finish->low), high = vec_set (t->finish->high);

  VEC_UNROLL for (guint r = 0; r < rows; r++) {
    float *d = target_pixel (t, r);

    VEC_UNROLL for (guint c = 0; c < columns; c++) {
      Vec sum = vec_clamp (acc[r][c], low, high);

      if (c < t->residual_columns)
        sum = vec_add (sum, vec_load (t->residual + c * t->residual_block
                + r * VL));
      vec_store (d + c * t->d_block, sum);
    }
  }
}

/* What expansions end in. From the registers, which sums leave one by one. */
VEC_INLINE void
target_silu (const Target * t, Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS],
    const guint rows, const guint columns)
{
  VEC_UNROLL for (guint r = 0; r < rows; r++) {
    float *d = target_pixel (t, r);

    VEC_UNROLL for (guint c = 0; c < columns; c++)
      vec_store (d + c * t->d_block, vec_silu (acc[r][c]));
  }
}

/* The rest of the smooth functions, from memory. */
static __attribute__ ((noinline)) void
target_smooth (const Target * t, const float *sums, guint rows, guint columns)
{
  const gboolean silu = t->finish->smooth == REXNET_ACTIVATION_SILU;

  for (guint r = 0; r < rows; r++) {
    float *d = target_pixel (t, r);

    for (guint c = 0; c < columns; c++, sums += VL) {
      Vec a = vec_load (sums);

      a = silu ? vec_silu (a) : vec_sigmoid (a);
      if (c < t->residual_columns)
        a = vec_add (a, vec_load (t->residual + c * t->residual_block
                + r * VL));
      vec_store (d + c * t->d_block, a);
    }
  }
}

VEC_INLINE void
target_store (const Target * t, Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS],
    const guint rows, const guint columns)
{
  if (t->finish->smooth == REXNET_ACTIVATION_NONE) {
    target_clamped (t, acc, rows, columns);
    return;
  }
  if (t->finish->smooth == REXNET_ACTIVATION_SILU
      && t->residual_columns == 0) {
    target_silu (t, acc, rows, columns);
    return;
  }

  float sums[MAX_ROWS * REXNET_MAX_COLUMNS * VL]
      __attribute__ ((aligned (64)));
  VEC_UNROLL for (guint r = 0; r < rows; r++)
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      vec_store (sums + (r * columns + c) * VL, acc[r][c]);
  target_smooth (t, sums, rows, columns);
}

/* One loop over all sums, here and below: of two, one of which turns once,
 * clang unrolls the other too late for the sums to become registers. */
VEC_INLINE void
tile_begin (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const float *bias,
    const guint rows, const guint columns)
{
  VEC_UNROLL for (guint i = 0; i < rows * columns; i++)
    acc[i / columns][i % columns] = bias ?
        vec_load (bias + i % columns * VL) : vec_set (0.f);
}

/* acc += the outer product of a[row * step] and the vectors at b. */
VEC_INLINE void
tile_step (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const float *a,
    const guint step, const float *b, const guint rows, const guint columns)
{
  Vec w[REXNET_MAX_COLUMNS];

  VEC_UNROLL for (guint c = 0; c < columns; c++)
    w[c] = vec_load (b + c * VL);
  VEC_UNROLL for (guint i = 0; i < rows * columns; i++) {
    const guint r = i / columns, c = i % columns;

    acc[r][c] = vec_fma (vec_set (a[r * step]), w[c], acc[r][c]);
  }
}

/* @lanes of a block of inputs. @fetches: whether there is something to fetch */
VEC_INLINE void
gemm_lanes (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const float *a,
    guint lanes, const float *b, Ahead * ahead, const gboolean fetches,
    const guint rows, const guint columns)
{
  for (guint lane = 0; lane < lanes; lane++, b += columns * VL) {
    if (fetches)
      ahead_fetch (ahead);
    tile_step (acc, a + lane, VL, b, rows, columns);
  }
}

VEC_INLINE void
gemm_sums (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const RexnetGemm * g,
    const float *a, Ahead * ahead, const gboolean fetches,
    const guint rows, const guint columns)
{
  Ahead own = *ahead;
  const float *b = g->b;

  for (guint k = 0; k < g->k; k += VL, a += g->a_block) {
    guint lanes = MIN (g->k - k, VL);

    gemm_lanes (acc, a, lanes, b, &own, fetches, rows, columns);
    b += lanes * columns * VL;
  }
  *ahead = own;
}

VEC_INLINE void
gemm_tile (const RexnetGemm * g, const float *a, Ahead * ahead,
    const Target * target, const guint rows, const guint columns)
{
  Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS];

  tile_begin (acc, g->bias, rows, columns);
  if (ahead->fetch != FETCH_NOTHING)
    gemm_sums (acc, g, a, ahead, TRUE, rows, columns);
  else
    gemm_sums (acc, g, a, ahead, FALSE, rows, columns);
  target_store (target, acc, rows, columns);
}

/* Even lanes sum even inputs, odd lanes odd ones. */
VEC_INLINE void
half_tile (const RexnetGemm * g, const float *a, Ahead * ahead,
    const Target * target, const guint rows)
{
  Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS];
  const Vec bias = g->bias ? vec_load (g->bias) : vec_set (0.f);
  const float *b = g->b;

  tile_begin (acc, NULL, rows, 1);
  for (guint k = 0; k < g->k; k += VL, a += g->a_block) {
    guint lanes = MIN (g->k - k, VL);

    for (guint lane = 0; lane < lanes; lane += 2, b += VL) {
      Vec w = vec_load (b);

      ahead_fetch (ahead);
      VEC_UNROLL for (guint r = 0; r < rows; r++)
        acc[r][0] = vec_fma (vec_set_pair (a + lane + r * VL), w, acc[r][0]);
    }
  }
  VEC_UNROLL for (guint r = 0; r < rows; r++)
    acc[r][0] = vec_add (vec_fold_pairs (acc[r][0]), bias);
  target_store (target, acc, rows, 1);
}

/* Three taps from each of nine rows, two columns a pixel. */
VEC_INLINE void
stem_tile (const RexnetStem * s, guint pixel, const Target * target,
    const guint rows, const guint columns)
{
  Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS];
  const float *b = s->b;

  tile_begin (acc, s->bias, rows, columns);
  for (guint i = 0; i < 9; i++) {
    const float *a = s->row[i] + 2 * pixel;

    for (guint kx = 0; kx < 3; kx++, b += columns * VL) {
      tile_step (acc, a + kx, 2, b, rows, columns);
      /* The last tap of a pixel is the first of the next: kept from one step
       * to another, those values push the sums out of the registers. */
      VEC_FORGET ();
    }
  }
  target_store (target, acc, rows, columns);
}

typedef void (*GemmTile) (const RexnetGemm *, const float *, Ahead *,
    const Target *);
typedef void (*StemTile) (const RexnetStem *, guint, const Target *);

#define TILE(R, C) \
static void \
gemm_##R##x##C (const RexnetGemm * g, const float *a, Ahead * ahead, \
    const Target * target) \
{ \
  gemm_tile (g, a, ahead, target, R, C); \
}
GEMM_TILES_1 (TILE)
GEMM_TILES_2 (TILE)
GEMM_TILES_3 (TILE)
GEMM_TILES_4 (TILE)

#define HALF_TILE(R, C) \
static void \
half_##R##x##C (const RexnetGemm * g, const float *a, Ahead * ahead, \
    const Target * target) \
{ \
  half_tile (g, a, ahead, target, R); \
}
GEMM_TILES_1 (HALF_TILE)

#define STEM_TILE(R, C) \
static void \
stem_##R##x##C (const RexnetStem * s, guint pixel, const Target * target) \
{ \
  stem_tile (s, pixel, target, R, C); \
}
GEMM_TILES_1 (STEM_TILE)
GEMM_TILES_2 (STEM_TILE)

#define GEMM_ENTRY(R, C) [C][R] = gemm_##R##x##C,
#define HALF_ENTRY(R, C) [R] = half_##R##x##C,
#define STEM_ENTRY(R, C) [C][R] = stem_##R##x##C,
static const GemmTile gemm_tiles[REXNET_MAX_COLUMNS + 1][MAX_ROWS + 1] = {
  GEMM_TILES_1 (GEMM_ENTRY)
  GEMM_TILES_2 (GEMM_ENTRY)
  GEMM_TILES_3 (GEMM_ENTRY)
  GEMM_TILES_4 (GEMM_ENTRY)
};
static const GemmTile half_tiles[MAX_ROWS + 1] = {
  GEMM_TILES_1 (HALF_ENTRY)
};
static const StemTile stem_tiles[REXNET_STEM_COLUMNS + 1][MAX_ROWS + 1] = {
  GEMM_TILES_1 (STEM_ENTRY)
  GEMM_TILES_2 (STEM_ENTRY)
};

/*
 * The pixels are dealt evenly: 49 as 13 + 12 + 12 + 12, not 14 x 3 + 7.
 * @run: by height
 * @dense, @sparse: steps of a tile that fetch
 * @floats: of the panel
 */
VEC_INLINE void
gemm_panel (const RexnetGemm * g, guint pixels, const GemmTile * run,
    const guint most, const guint dense, const guint sparse, gsize floats)
{
  Target target = {
    .d = g->d,.d_block = g->d_block,.offset = g->offset,
    .residual = g->residual,.residual_block = g->residual_block,
    .residual_columns = g->residual ? g->residual_columns : 0,
    .finish = &g->finish
  };
  guint pixel = 0, tiles = (pixels + most - 1) / most;
  Ahead ahead = ahead_begin (g, floats, tiles * dense, tiles * sparse);

  for (; tiles > 0; tiles--) {
    guint rows = (pixels - pixel + tiles - 1) / tiles;

    run[rows] (g, g->a + (gsize) pixel * VL, &ahead, &target);
    pixel += rows;
    if (target.offset)
      target.offset += rows;
    else
      target.d += rows * VL;
    if (target.residual)
      target.residual += rows * VL;
  }
}

VEC_INLINE void
stem_panel (const RexnetStem * s, guint pixels, const guint columns,
    const guint most)
{
  Target target = {.d = s->d,.d_block = s->d_block,.finish = &s->finish };
  guint pixel = 0;

  for (guint tiles = (pixels + most - 1) / most; tiles > 0; tiles--) {
    guint rows = (pixels - pixel + tiles - 1) / tiles;

    stem_tiles[columns][rows] (s, pixel, &target);
    pixel += rows;
    target.d += rows * VL;
  }
}

#define PANEL(C) \
static void \
gemm_##C (const RexnetGemm * g, guint pixels) \
{ \
  gemm_panel (g, pixels, gemm_tiles[C], GEMM_ROWS_##C, g->k, 0, \
      (gsize) g->k * C * VL); \
}
PANEL (1)
PANEL (2)
PANEL (3)
PANEL (4)

static void
gemm_half (const RexnetGemm * g, guint pixels)
{
  const guint pairs = (g->k + 1) / 2;

  gemm_panel (g, pixels, half_tiles, GEMM_ROWS_1, pairs, 0, (gsize) pairs * VL);
}

#define STEM_PANEL(C) \
static void \
stem_##C (const RexnetStem * s, guint pixels) \
{ \
  stem_panel (s, pixels, C, GEMM_ROWS_##C); \
}
STEM_PANEL (1)
STEM_PANEL (2)

void
KERNEL (rexnet_gemm_init) (RexnetKernels * kernels)
{
  kernels->vl = VL;
  kernels->gemm[1] = gemm_1;
  kernels->gemm[2] = gemm_2;
  kernels->gemm[3] = gemm_3;
  kernels->gemm[4] = gemm_4;
  kernels->gemm_half = gemm_half;
  kernels->stem[1] = stem_1;
  kernels->stem[2] = stem_2;
  kernels->gemm_rows[1] = GEMM_ROWS_1;
  kernels->gemm_rows[2] = GEMM_ROWS_2;
  kernels->gemm_rows[3] = GEMM_ROWS_3;
  kernels->gemm_rows[4] = GEMM_ROWS_4;
}
