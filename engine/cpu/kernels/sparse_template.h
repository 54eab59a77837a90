/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 1 x 1 convolutions behind a ReLU, whose zeros, about half of all inputs, are
 * passed over. All vectors of a pixel's outputs are held in registers and each
 * input that is not zero adds its row of weights, from L1. So weights are read
 * for each pixel anew, two vectors a cycle, which is as fast as they can be
 * multiplied.
 *
 * The including file has included a vec_*.h.
 */
#include "finish.h"

/* A few inputs of all pixels. */
typedef struct
{
  const float *a;
  gsize a_block;
  const float *scale;           /* NULL: none */
  float low, high;
  guint blocks;                 /* of inputs */
  guint64 inputs;               /* a bit for each; behind the last may be anything */
  const float *b;
  const float *from;            /* what to add, of the first pixel */
  gsize from_block, from_step;  /* to its next vector, to the next pixel */
  float *d;
  gsize d_block;
  const char *ahead;            /* what to fetch, */
  guint lines;                  /* so many lines for each pixel */
} Chunk;

typedef void (*AddChunk) (const Chunk * chunk, guint pixels);

/* Copies a pixel's inputs. Returns: a bit for each that isn't zero */
VEC_INLINE guint64
read_inputs (const Chunk * chunk, const float *a, float *value,
    const guint blocks)
{
  const Vec low = vec_set (chunk->low), high = vec_set (chunk->high);
  guint64 mask = 0;

  for (guint i = 0; i < blocks; i++, a += chunk->a_block) {
    Vec v = vec_load (a);

    if (chunk->scale)
      v = vec_clamp (vec_mul (v, vec_load (chunk->scale + i * VL)), low, high);
    vec_store (value + i * VL, v);
    mask |= (guint64) vec_nonzero (v) << (i * VL);
  }
  return mask & chunk->inputs;
}

VEC_INLINE void
add_rows (Vec acc[REXNET_MAX_SPARSE], guint64 mask, const float *value,
    const float *b, const guint columns)
{
  for (; mask; mask &= mask - 1) {
    gsize i = __builtin_ctzll (mask);
    const float *row = b + i * (columns * VL);
    Vec v = vec_set (value[i]);

    /* An address in a register of its own: an index costs a tenth. */
    __asm__ ("":"+r" (row));
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      acc[c] = vec_fma (v, vec_load (row + c * VL), acc[c]);
  }
}

/*
 * A pixel's inputs are read while those of the one before are used: they are
 * stored and come back one at a time, which takes longer than a core looks ahead.
 * What is added comes last, since it may be long in coming.
 */
VEC_INLINE void
add_chunk (const Chunk * chunk, guint pixels, const guint blocks,
    const guint columns)
{
  float value[2][REXNET_SPARSE_INPUTS] __attribute__ ((aligned (64)));
  const float *a = chunk->a, *from = chunk->from;
  const char *ahead = chunk->ahead;
  float *d = chunk->d;
  guint64 coming = read_inputs (chunk, a, value[0], blocks);

  for (guint p = 0; p < pixels; p++, from += chunk->from_step, d += VL) {
    Vec acc[REXNET_MAX_SPARSE];
    guint64 mask = coming;

    a += p + 1 < pixels ? VL : 0;
    coming = read_inputs (chunk, a, value[(p + 1) % 2], blocks);
    for (guint i = 0; i < chunk->lines; i++, ahead += 64)
      __builtin_prefetch (ahead);
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      acc[c] = vec_set (0.f);
    add_rows (acc, mask, value[p % 2], chunk->b, columns);
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      vec_store (d + c * chunk->d_block, vec_add (acc[c],
              vec_load (from + c * chunk->from_block)));
  }
}

static void
add_residual (const RexnetGemm * g, guint pixels)
{
  for (guint c = 0; c < g->residual_columns; c++) {
    const float *residual = g->residual + c * g->residual_block;
    float *d = g->d + c * g->d_block;

    for (guint p = 0; p < pixels; p++)
      vec_store (d + p * VL, vec_add (vec_load (d + p * VL),
              vec_load (residual + p * VL)));
  }
}

/* All inputs, so many blocks at a time that their weights stay in L1. */
static void
sparse_panel (const RexnetGemm * g, guint pixels, guint columns, AddChunk add)
{
  static const float nothing[VL];
  guint blocks = (g->k + VL - 1) / VL, done = 0;
  gsize block = VL * columns * VL;      /* floats of its weights */
  Chunk chunk = {
    .a_block = g->a_block,.low = g->low,.high = g->high,
    .from = g->bias ? g->bias : nothing,.from_block = g->bias ? VL : 0,
    .d = g->d,.d_block = g->d_block
  };

  for (guint n = (blocks + g->chunk - 1) / g->chunk; n > 0; n--) {
    chunk.blocks = (blocks - done + n - 1) / n;
    chunk.a = g->a + done * g->a_block;
    chunk.scale = g->scale ? g->scale + done * VL : NULL;
    chunk.b = g->b + done * block;
    chunk.inputs = -1ull >> (64 - MIN (chunk.blocks * VL, g->k - done * VL));
    done += chunk.blocks;
    if (g->prefetch) {
      chunk.ahead = (const char *) (n > 1 ? g->b + done * block : g->prefetch);
      chunk.lines = (chunk.blocks * block * sizeof (float) / 64 + pixels - 1)
          / pixels;
    }
    add (&chunk, pixels);
    chunk.from = g->d;
    chunk.from_block = g->d_block;
    chunk.from_step = VL;
  }
  if (g->residual)
    add_residual (g, pixels);
}

#define SPARSE_PANEL(C) \
static void \
add_chunk_##C (const Chunk * chunk, guint pixels) \
{ \
  if (chunk->blocks == REXNET_SPARSE_INPUTS / VL) \
    add_chunk (chunk, pixels, REXNET_SPARSE_INPUTS / VL, C); \
  else if (chunk->blocks == REXNET_SPARSE_INPUTS * 3 / 4 / VL) \
    add_chunk (chunk, pixels, REXNET_SPARSE_INPUTS * 3 / 4 / VL, C); \
  else \
    add_chunk (chunk, pixels, chunk->blocks, C); \
} \
\
static void \
sparse_##C (const RexnetGemm * g, guint pixels) \
{ \
  sparse_panel (g, pixels, C, add_chunk_##C); \
}
SPARSE_PANEL (4)
SPARSE_PANEL (5)
SPARSE_PANEL (6)
SPARSE_PANEL (7)
SPARSE_PANEL (8)
SPARSE_PANEL (9)
SPARSE_PANEL (10)
SPARSE_PANEL (11)
SPARSE_PANEL (12)

void
KERNEL (rexnet_sparse_init) (RexnetKernels * kernels)
{
  const RexnetGemmFunc panels[] = {
    NULL, NULL, NULL, NULL, sparse_4, sparse_5, sparse_6, sparse_7, sparse_8, sparse_9, sparse_10, sparse_11, sparse_12
  };

  for (guint i = 0; i < G_N_ELEMENTS (panels); i++)
    kernels->gemm_sparse[i] = panels[i];
}
