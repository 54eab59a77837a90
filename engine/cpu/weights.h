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
  float *weights;               /* k rows of columns vectors, or as gemm_half says */
} RexnetPanel;

/* A 1 x 1 convolution, or the stem. Shares are runs of blocks, one for each
 * thread; no panel crosses from one to the next. */
typedef struct
{
  const RexnetConv *conv;
  guint k;                      /* inputs of an output: channels x taps */
  guint blocks;
  guint shares;
  guint n_panels;
  RexnetPanel *panels;
  guint *first;                 /* shares + 1: the first panel of each */
  float *bias;
  RexnetFinish finish;
} RexnetPointwise;

typedef struct
{
  const RexnetConv *conv;
  guint blocks;
  float *weights;               /* blocks x taps vectors */
  float *bias;
  RexnetFinish finish;
} RexnetDepthwiseWeights;

RexnetFinish rexnet_finish (RexnetActivation activation);

/* The part of @n things that falls to @i of @parts: from this to that of i + 1. */
static inline guint
rexnet_share (guint n, guint i, guint parts)
{
  return (guint64) n * i / parts;
}

/* @columns: vectors in the widest panel
 * @halves: whether a last vector that is not half full becomes a panel of its
 *   own, for gemm_half */
void rexnet_pointwise_layout (RexnetPointwise * self, const RexnetConv * conv,
    guint vl, guint columns, gboolean halves, guint shares,
    RexnetArena * arena);
void rexnet_pointwise_pack (RexnetPointwise * self, guint vl);
void rexnet_pointwise_clear (RexnetPointwise * self);

/* The row of a panel's weights for input @k, a multiple of @vl. */
static inline const float *
rexnet_panel_row (const RexnetPanel * panel, guint vl, guint k)
{
  return panel->weights + (gsize) k * panel->columns * vl
      / (panel->half ? 2 : 1);
}

static inline RexnetGemmFunc
rexnet_panel_gemm (const RexnetPanel * panel, const RexnetKernels * kernels)
{
  return panel->half ? kernels->gemm_half : kernels->gemm[panel->columns];
}

void rexnet_depthwise_layout (RexnetDepthwiseWeights * self,
    const RexnetConv * conv, guint vl, RexnetArena * arena);
void rexnet_depthwise_pack (RexnetDepthwiseWeights * self, guint vl);
