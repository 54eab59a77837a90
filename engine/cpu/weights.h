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
  float *weights;               /* k rows of columns vectors */
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

/* @columns: vectors in the widest panel. */
void rexnet_pointwise_layout (RexnetPointwise * self, const RexnetConv * conv,
    guint vl, guint columns, guint shares, RexnetArena * arena);
void rexnet_pointwise_pack (RexnetPointwise * self, guint vl);
void rexnet_pointwise_clear (RexnetPointwise * self);

/* The row of a panel's weights for input @k. */
static inline const float *
rexnet_panel_row (const RexnetPanel * panel, guint vl, guint k)
{
  return panel->weights + (gsize) k * panel->columns * vl;
}

void rexnet_depthwise_layout (RexnetDepthwiseWeights * self,
    const RexnetConv * conv, guint vl, RexnetArena * arena);
void rexnet_depthwise_pack (RexnetDepthwiseWeights * self, guint vl);
