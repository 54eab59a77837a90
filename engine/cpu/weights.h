/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Convolutions as the kernels want them. A layer is laid out in an arena
 * (twice, see arena.h) and then packed, each layer once and by one thread.
 */
#pragma once

#include "arena.h"
#include "kernels/kernels.h"

/* Output channels that one call of a kernel makes. */
typedef struct
{
  guint block, columns;         /* first block of channels, how many */
  gboolean half;                /* for gemm_half: one vector, half filled */
  gboolean paired;              /* for gemm_paired */
  gboolean sparse;              /* for gemm_sparse */
  gsize before;                 /* floats of an input's weights in earlier panels */
} RexnetPanel;

/* How a layer is cut up. */
typedef struct
{
  guint columns;                /* vectors in the widest panel */
  gboolean paired;              /* panels of more than one for gemm_paired */
  gboolean sparse;              /* all of them for gemm_sparse */
  gboolean halves;              /* a last vector that is not half full becomes a
                                 * panel of its own, for gemm_half */
  guint shares;                 /* runs of blocks of outputs, one for each thread */
  guint slices;                 /* runs of blocks of inputs */
} RexnetCut;

/*
 * A 1 x 1 convolution, or the stem. Weights lie slice by slice, within a slice
 * panel by panel: what one thread reads in one phase lies together, in the
 * order of reading. No panel crosses from one share to the next.
 */
typedef struct
{
  const RexnetConv *conv;
  guint k;                      /* inputs of an output: channels x taps */
  guint blocks;
  guint shares, slices;
  guint n_panels;
  gboolean paired;              /* one of them is */
  float unscale;                /* of those */
  RexnetPanel *panels;
  guint *first;                 /* shares + 1: the first panel of each */
  gsize row;                    /* floats of an input's weights */
  float *weights, *bias;
  RexnetFinish finish;
} RexnetPointwise;

typedef struct
{
  const RexnetConv *conv;
  RexnetDepthwiseFunc func;
  guint blocks;
  guint vectors;                /* of weights a block has: taps, or what
                                 * depthwise_winograd wants */
  float *weights, *bias;
  RexnetFinish finish;
} RexnetDepthwiseWeights;

RexnetFinish rexnet_finish (RexnetActivation activation);

/* The part of @n things that falls to @i of @parts: from this to that of i + 1. */
static inline guint
rexnet_share (guint n, guint i, guint parts)
{
  return (guint64) n * i / parts;
}

void rexnet_pointwise_layout (RexnetPointwise * self, const RexnetConv * conv,
    guint vl, const RexnetCut * cut, RexnetArena * arena);
void rexnet_pointwise_pack (RexnetPointwise * self,
    const RexnetKernels * kernels);
void rexnet_pointwise_clear (RexnetPointwise * self);

/* A panel's weights for one slice, the inputs from @k to @end. */
static inline float *
rexnet_slice_weights (const RexnetPointwise * self, const RexnetPanel * panel,
    guint k, guint end)
{
  return self->weights + k * self->row + (end - k) * panel->before;
}

/* Of a layer of one slice. */
static inline float *
rexnet_panel_weights (const RexnetPointwise * self, const RexnetPanel * panel)
{
  return rexnet_slice_weights (self, panel, 0, self->k);
}

static inline RexnetGemmFunc
rexnet_panel_gemm (const RexnetPanel * panel, const RexnetKernels * kernels)
{
  if (panel->half)
    return kernels->gemm_half;
  if (panel->sparse)
    return kernels->gemm_sparse[panel->columns];
  return panel->paired ? kernels->gemm_paired[panel->columns] :
      kernels->gemm[panel->columns];
}

/* @adders: the processor has some beside what multiplies and adds. */
void rexnet_depthwise_layout (RexnetDepthwiseWeights * self,
    const RexnetConv * conv, const RexnetKernels * kernels, gboolean adders,
    RexnetArena * arena);
void rexnet_depthwise_pack (RexnetDepthwiseWeights * self, guint vl);
