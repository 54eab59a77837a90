/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 1 x 1 convolutions that also use a core's adders: the inner product of
 * S. Winograd, A New Algorithm for Inner Product, IEEE Transactions on
 * Computers C-17 (1968). Two of the products of a sum take one multiply-add
 * and two additions,
 *
 *   (x1 + w2) (x2 + w1) = x1 w1 + x2 w2 + x1 x2 + w1 w2
 *
 * where x1 x2 is the same for all outputs of a pixel, and w1 w2 for all pixels
 * of an output. Every other pair computes
 *
 *   (x1 - w2) (w1 - x2) = x1 w1 + x2 w2 - x1 x2 - w1 w2
 *
 * so that what has to be taken off again stays small, as it must, for it is
 * where digits are lost; weights are scaled to about the size of the inputs for
 * the same reason. Of three blocks of inputs the first two are paired and the
 * third is multiplied as it is: a core with adders beside its multipliers then
 * has as much to do for the ones as for the others. Of blocks that are left
 * over, three lanes at a time are what three blocks are elsewhere.
 *
 * The including file has included gemm_template.h and one that provides
 * vec_paired_step, and defines, for panels of 2 and 3 vectors, PAIRED_ROWS_n and
 * PAIRED_TILES_n (X), as that file's, PAIRED_COLUMNS, the faster of the two, and
 * PAIRED_DIFFERENCES, see kernels.h.
 */

/* A tile's inputs up to here stay in L1 from one panel to the next. */
#define NEAR_BYTES (VL * 1024)

/*
 * Three inputs: a and a + next paired, a + single as it is. What was loaded
 * for a sum isn't to be kept for the next: that pushes sums out of the
 * registers.
 */
VEC_INLINE void
triple_step (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const float *a, gsize next,
    gsize single, const float *b, Ahead * ahead, const Fetch fetch,
    const gboolean minus, const guint rows, const guint columns)
{
  const guint times = fetch == FETCH_DENSELY ? 2 :
      fetch == FETCH_SPARSELY && !minus;

  VEC_UNROLL for (guint i = 0; i < times; i++)
    ahead_fetch (ahead);
  vec_paired_step (acc, a, next, single, b, minus, rows, columns);
  VEC_FORGET ();
}

/* Two pixels in each of three blocks, into L1. */
VEC_INLINE void
fetch_pixels (const float *a, gsize block)
{
  for (guint i = 0; i < 3; i++, a += block) {
    __builtin_prefetch (a);
    if (VL * sizeof (float) == LINE)
      __builtin_prefetch (a + VL);
  }
}

/* Three whole blocks. @far: the pixels to fetch of the next three */
VEC_INLINE const float *
paired_blocks (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const float *a,
    gsize block, const float *b, guint far, Ahead * ahead,
    const Fetch fetch, const guint rows, const guint columns)
{
  for (guint lane = 0; lane < VL; lane += 2, b += 6 * columns * VL) {
    if (lane < far)
      fetch_pixels (a + 3 * block + lane * VL, block);
    triple_step (acc, a + lane, block, 2 * block, b, ahead, fetch, FALSE,
        rows, columns);
    triple_step (acc, a + lane + 1, block, 2 * block, b + 3 * columns * VL,
        ahead, fetch, TRUE, rows, columns);
  }
  return b;
}

/* The lanes of one block. */
VEC_INLINE const float *
paired_lanes (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const float *a,
    guint lanes, const float *b, Ahead * ahead, const Fetch fetch,
    const guint rows, const guint columns)
{
  for (; lanes >= 6; lanes -= 6, a += 6, b += 6 * columns * VL) {
    triple_step (acc, a, 1, 2, b, ahead, fetch, FALSE, rows, columns);
    triple_step (acc, a + 3, 1, 2, b + 3 * columns * VL, ahead, fetch, TRUE,
        rows, columns);
  }
  if (lanes >= 3) {
    triple_step (acc, a, 1, 2, b, ahead, fetch, FALSE, rows, columns);
    lanes -= 3;
    a += 3;
    b += 3 * columns * VL;
  }
  gemm_lanes (acc, a, lanes, b, ahead, fetch == FETCH_DENSELY, rows, columns);
  return b + lanes * columns * VL;
}

VEC_INLINE void
paired_sums (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const RexnetGemm * g,
    const float *a, Ahead * ahead, const Fetch fetch,
    const guint rows, const guint columns)
{
  const guint far = rows * g->k * sizeof (float) > NEAR_BYTES ? rows : 0;
  Ahead own = *ahead;
  const float *b = g->b;
  guint left = g->k;

  for (; left >= 3 * VL; left -= 3 * VL, a += 3 * g->a_block)
    b = paired_blocks (acc, a, g->a_block, b, far, &own, fetch, rows,
        columns);
  for (guint k = 0; k < left; k += VL, a += g->a_block)
    b = paired_lanes (acc, a, MIN (left - k, VL), b, &own, fetch, rows,
        columns);
  *ahead = own;
}

VEC_INLINE void
paired_tile (const RexnetGemm * g, const float *a, Ahead * ahead,
    const Target * target, const guint rows, const guint columns)
{
  Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS];
  const float *crossed = g->crossed + (a - g->a) / VL;
  const Vec unscale = vec_set (g->unscale);

  VEC_UNROLL for (guint r = 0; r < rows; r++)
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      acc[r][c] = vec_set (crossed[r]);
  if (ahead->fetch == FETCH_DENSELY)
    paired_sums (acc, g, a, ahead, FETCH_DENSELY, rows, columns);
  else if (ahead->fetch == FETCH_SPARSELY)
    paired_sums (acc, g, a, ahead, FETCH_SPARSELY, rows, columns);
  else
    paired_sums (acc, g, a, ahead, FETCH_NOTHING, rows, columns);
  VEC_UNROLL for (guint c = 0; c < columns; c++) {
    Vec bias = g->bias ? vec_load (g->bias + c * VL) : vec_set (0.f);

    VEC_UNROLL for (guint r = 0; r < rows; r++)
      acc[r][c] = vec_fma (acc[r][c], unscale, bias);
  }
  target_store (target, acc, rows, columns);
}

#define PAIRED_TILE(R, C) \
static void \
paired_##R##x##C (const RexnetGemm * g, const float *a, Ahead * ahead, \
    const Target * target) \
{ \
  paired_tile (g, a, ahead, target, R, C); \
}
PAIRED_TILES_2 (PAIRED_TILE)
PAIRED_TILES_3 (PAIRED_TILE)

#define PAIRED_ENTRY(R, C) [C][R] = paired_##R##x##C,
static const GemmTile paired_tiles[REXNET_MAX_PAIRED + 1][MAX_ROWS + 1] = {
  PAIRED_TILES_2 (PAIRED_ENTRY)
  PAIRED_TILES_3 (PAIRED_ENTRY)
};

/* Each takes one step less than it has inputs. */
static guint
paired_triples (guint k)
{
  guint left = k % (3 * VL);

  return (k - left) / 3 + left / VL * (VL / 3) + left % VL / 3;
}

/* Those of a tile that fetch sparsely. */
static guint
paired_sparse (guint k)
{
  guint left = k % (3 * VL), last = left % VL;

  return (k - left) / 6 + left / VL * ((VL + 3) / 6) + (last + 3) / 6;
}

#define PAIRED_PANEL(C) \
static void \
paired_##C (const RexnetGemm * g, guint pixels) \
{ \
  gemm_panel (g, pixels, paired_tiles[C], PAIRED_ROWS_##C, \
      g->k - paired_triples (g->k), paired_sparse (g->k), \
      (gsize) g->k * C * VL); \
}
PAIRED_PANEL (2)
PAIRED_PANEL (3)

/* Lanes of a block in which neighbours are a pair's first; if there are fewer
 * inputs, there are as many as their threes. */
#define PAIR_LANES 0x1249

/* The signs are those of even and odd lanes in both kinds of pairs. */
VEC_INLINE void
cross_pixels (const float *a, gsize a_block, guint k, float *d,
    const guint pixels)
{
  Vec sum[4] = {
    vec_set (0.f), vec_set (0.f), vec_set (0.f), vec_set (0.f)
  };

  for (; k >= 3 * VL; k -= 3 * VL, a += 3 * a_block)
    VEC_UNROLL for (guint p = 0; p < pixels; p++)
      sum[p] = vec_fma (vec_load (a + p * VL), vec_load (a + a_block + p * VL),
          sum[p]);
  for (guint lanes; k >= 3; k -= lanes, a += a_block) {
    lanes = MIN (k, VL);
    VEC_UNROLL for (guint p = 0; p < pixels; p++)
      sum[p] = vec_fma_neighbours (vec_load_first (a + p * VL, lanes),
          PAIR_LANES & ((1u << lanes / 3 * 3) - 1), sum[p]);
  }
  vec_store_first (d, pixels, vec_alternating_sums (sum));
}

static void
cross (const float *a, gsize a_block, guint k, guint pixels, float *d)
{
  for (; pixels >= 4; pixels -= 4, a += 4 * VL, d += 4)
    cross_pixels (a, a_block, k, d, 4);
  for (; pixels > 0; pixels--, a += VL, d++)
    cross_pixels (a, a_block, k, d, 1);
}

void
KERNEL (rexnet_paired_init) (RexnetKernels * kernels)
{
  kernels->gemm_paired[2] = paired_2;
  kernels->gemm_paired[3] = paired_3;
  kernels->gemm_paired_rows[2] = PAIRED_ROWS_2;
  kernels->gemm_paired_rows[3] = PAIRED_ROWS_3;
  kernels->paired_columns = PAIRED_COLUMNS;
  kernels->paired_differences = PAIRED_DIFFERENCES;
  kernels->cross = cross;
}
