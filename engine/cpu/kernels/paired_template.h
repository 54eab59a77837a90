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
 * of an output. Every other lane computes
 *
 *   (x1 - w2) (w1 - x2) = x1 w1 + x2 w2 - x1 x2 - w1 w2
 *
 * so that what has to be taken off again stays small, as it must, for it is
 * where digits are lost; weights are scaled to about the size of the inputs for
 * the same reason. Of three blocks of inputs the first two are paired and the
 * third is multiplied as it is: a core with adders beside its multipliers then
 * has as much to do for the ones as for the others.
 *
 * The including file has included gemm_template.h and one that provides
 * vec_paired_step, and defines, for panels of 2 and 3 vectors, PAIRED_ROWS_n and
 * PAIRED_TILES_n (X), as that file's, PAIRED_COLUMNS, the faster of the two, and
 * PAIRED_DIFFERENCES, see kernels.h.
 */

/* A tile's inputs up to here stay in L1 from one panel to the next. */
#define NEAR_BYTES (16 * 1024)

/*
 * Three inputs: a and a + next paired, a + single as it is. What was loaded
 * for a sum isn't to be kept for the next: that pushes sums out of the
 * registers.
 */
VEC_INLINE void
triple_step (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const float *a, gsize next,
    gsize single, const float *b, Stream streams[2], const gboolean fetches,
    const gboolean minus, const guint rows, const guint columns)
{
  VEC_UNROLL for (guint i = 0; fetches && i < 4; i++)
    stream_fetch (&streams[i % 2]);
  vec_paired_step (acc, a, next, single, b, minus, rows, columns);
  VEC_FORGET ();
}

/* The lines of two pixels in each of three blocks, into L1. */
VEC_INLINE void
fetch_pixels (const float *a, gsize block)
{
  for (guint i = 0; i < 3; i++, a += block) {
    __builtin_prefetch (a);
    __builtin_prefetch (a + VL);
  }
}

VEC_INLINE void
paired_sums (Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS], const RexnetGemm * g,
    const float *a, Stream streams[2], const gboolean fetches,
    const guint rows, const guint columns)
{
  const gsize three = 3 * g->a_block;
  const guint triples = rexnet_paired_triples (g->k, VL);
  const guint far = rows * g->k * sizeof (float) > NEAR_BYTES ? rows : 0;
  Stream own[2] = { streams[0], streams[1] };
  const float *b = g->b;

  for (guint i = 0; i < triples; i++, a += three)
    for (guint lane = 0; lane < VL; lane += 2, b += 6 * columns * VL) {
      if (lane < far)
        fetch_pixels (a + three + lane * VL, g->a_block);
      triple_step (acc, a + lane, g->a_block, 2 * g->a_block, b, own, fetches,
          FALSE, rows, columns);
      triple_step (acc, a + lane + 1, g->a_block, 2 * g->a_block,
          b + 3 * columns * VL, own, fetches, TRUE, rows, columns);
    }
  streams[0] = own[0];
  streams[1] = own[1];
  gemm_sums (acc, a, g->a_block, g->k - triples * 3 * VL, b, streams, fetches,
      rows, columns);
}

VEC_INLINE void
paired_tile (const RexnetGemm * g, const float *a, Stream streams[2],
    const Target * target, const guint rows, const guint columns)
{
  Vec acc[MAX_ROWS][REXNET_MAX_COLUMNS];
  const float *crossed = g->crossed + (a - g->a) / VL;
  const Vec unscale = vec_set (g->unscale);

  VEC_UNROLL for (guint r = 0; r < rows; r++)
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      acc[r][c] = vec_set (-crossed[r]);
  if (streams[0].step | streams[1].step)
    paired_sums (acc, g, a, streams, TRUE, rows, columns);
  else
    paired_sums (acc, g, a, streams, FALSE, rows, columns);
  VEC_UNROLL for (guint c = 0; c < columns; c++) {
    Vec bias = g->bias ? vec_load (g->bias + c * VL) : vec_set (0.f);

    VEC_UNROLL for (guint r = 0; r < rows; r++)
      acc[r][c] = vec_fma (acc[r][c], unscale, bias);
  }
  target_store (target, acc, rows, columns);
}

#define PAIRED_TILE(R, C) \
static void \
paired_##R##x##C (const RexnetGemm * g, const float *a, Stream streams[2], \
    const Target * target) \
{ \
  paired_tile (g, a, streams, target, R, C); \
}
PAIRED_TILES_2 (PAIRED_TILE)
PAIRED_TILES_3 (PAIRED_TILE)

#define PAIRED_ENTRY(R, C) [C][R] = paired_##R##x##C,
static const GemmTile paired_tiles[REXNET_MAX_PAIRED + 1][MAX_ROWS + 1] = {
  PAIRED_TILES_2 (PAIRED_ENTRY)
  PAIRED_TILES_3 (PAIRED_ENTRY)
};

#define PAIRED_PANEL(C) \
static void \
paired_##C (const RexnetGemm * g, guint pixels) \
{ \
  gemm_panel (g, pixels, paired_tiles[C], PAIRED_ROWS_##C, \
      g->k - rexnet_paired_triples (g->k, VL) * VL, (gsize) g->k * C * VL); \
}
PAIRED_PANEL (2)
PAIRED_PANEL (3)

static void
cross (const float *a, gsize a_block, guint k, guint pixels, float *d)
{
  guint triples = rexnet_paired_triples (k, VL);

  for (guint i = 0; i < pixels; i++, a += VL) {
    const float *x = a;
    Vec sum = vec_set (0.f);

    for (guint t = 0; t < triples; t++, x += 3 * a_block)
      sum = vec_fma (vec_load (x), vec_load (x + a_block), sum);
    d[i] = vec_alternating_sum (sum);
  }
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
