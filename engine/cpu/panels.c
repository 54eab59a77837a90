/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first half of a block by panels of channels; see plan.h. */
#include <string.h>

#include "plan.h"

/* A panel's channels over the whole map, with a border of zeros. */
typedef struct
{
  guint pad, width;
  gsize block;                  /* floats of one vector's map */
} Bordered;

static Bordered
bordered (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  guint pad = block->net->depthwise.kernel / 2;
  guint width = block->in_width + 2 * pad;

  return (Bordered) {
  pad, width, (gsize) width * (block->in_height + 2 * pad) * plan->kernels.vl};
}

gsize
rexnet_panels_private (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  return bordered (plan, block).block * REXNET_MAX_COLUMNS
      + (gsize) block->depthwise.blocks * plan->kernels.vl;
}

/* Other phases use this memory too. */
static void
clear_borders (const RexnetBlockPlan * plan, const Bordered * border, guint vl,
    float *buffer)
{
  gsize row = (gsize) border->width * vl, pad = (gsize) border->pad * vl;

  for (guint c = 0; c < REXNET_MAX_COLUMNS; c++, buffer += border->block) {
    float *inside = buffer + border->pad * row;
    float *below = inside + plan->in_height * row;

    memset (buffer, 0, border->pad * row * sizeof (float));
    memset (below, 0, border->pad * row * sizeof (float));
    for (; inside < below; inside += row) {
      memset (inside, 0, pad * sizeof (float));
      memset (inside + row - pad, 0, pad * sizeof (float));
    }
  }
}

/*
 * What else a thread will read of weights is fetched while it expands, evenly
 * over its panels: of both halves of squeeze-and-excite, which compute too
 * little to hide it, the one that is needed last comes first.
 */
static void
look_ahead (const RexnetFrame * frame, const RexnetBlockPlan * plan,
    guint thread, guint i, RexnetGemm * gemm)
{
  const RexnetPointwise *excite = &plan->excite, *squeeze = &plan->squeeze;
  guint threads = frame->plan->threads, vl = frame->plan->kernels.vl;
  guint first = plan->expand.first[thread];
  guint n = plan->expand.first[thread + 1] - first;
  guint blocks = plan->depthwise.blocks;
  gsize from, end;

  if (!plan->gated)
    return;
  i -= first;
  if (i < n / 2) {
    guint block = rexnet_share (excite->blocks, thread, threads);

    from = (gsize) block * vl * excite->k;
    end = (gsize) rexnet_share (excite->blocks, thread + 1, threads) * vl
        * excite->k;
    gemm->ahead = excite->weights;
    n /= 2;
  } else {
    from = rexnet_share (blocks, thread, threads) * vl * squeeze->row;
    end = rexnet_share (blocks, thread + 1, threads) * vl * squeeze->row;
    gemm->ahead = squeeze->weights;
    i -= n / 2;
    n -= n / 2;
  }
  gemm->ahead += from + (end - from) * i / n;
  gemm->ahead_floats = (end - from) / n;
}

/* The panel that follows panel @i in this thread's reading. */
static const float *
next_panel (const RexnetFrame * frame, const RexnetBlockPlan * plan, guint i,
    guint thread)
{
  guint threads = frame->plan->threads, vl = frame->plan->kernels.vl;
  guint blocks = plan->depthwise.blocks;

  if (i + 1 < plan->expand.first[thread + 1])
    return rexnet_panel_weights (&plan->expand, &plan->expand.panels[i + 1]);
  if (!plan->split_k)
    return NULL;
  return rexnet_slice_weights (&plan->project, &plan->project.panels[0],
      rexnet_share (blocks, thread, threads) * vl,
      rexnet_share (blocks, thread + 1, threads) * vl);
}

/* A panel's product is time enough for the little that its convolution wants. */
static void
fetch_depthwise (const RexnetFrame * frame, const RexnetBlockPlan * plan,
    const RexnetPanel * panel)
{
  const RexnetDepthwiseWeights *depthwise = &plan->depthwise;
  guint vl = frame->plan->kernels.vl;
  gsize block = (gsize) depthwise->vectors * vl;

  rexnet_fetch (depthwise->weights + panel->block * block,
      panel->columns * block);
  rexnet_fetch (depthwise->bias + panel->block * vl, panel->columns * vl);
}

/* Fills @buffer with the depthwise's input for panel @i, and says how many
 * vectors of channels it has. */
static guint
produce (const RexnetFrame * frame, const RexnetBlockPlan * plan, guint i,
    guint thread, float *buffer)
{
  const RexnetKernels *kernels = &frame->plan->kernels;
  const RexnetPointwise *expand = &plan->expand;
  const RexnetPanel *panel = &expand->panels[i];
  guint vl = kernels->vl, pixels = plan->in_width * plan->in_height;
  RexnetGemm gemm = {
    .a = rexnet_frame_buffer (frame, plan->in),.a_block = plan->in_plane,
    .k = expand->k,.b = rexnet_panel_weights (expand, panel),
    .bias = expand->bias + panel->block * vl,
    .d = buffer,.d_block = bordered (frame->plan, plan).block,
    .offset = plan->offset,.crossed = rexnet_frame_crossed (frame, thread),
    .unscale = expand->unscale,.finish = expand->finish,
    .prefetch = next_panel (frame, plan, i, thread)
  };

  look_ahead (frame, plan, thread, i, &gemm);
  fetch_depthwise (frame, plan, panel);
  rexnet_panel_gemm (panel, kernels) (&gemm, pixels);
  return panel->columns;
}

static void
copy_block (const RexnetFrame * frame, const RexnetBlockPlan * plan, guint b,
    float *buffer)
{
  guint vl = frame->plan->kernels.vl;
  gsize row = (gsize) plan->in_width * vl;
  const float *in = rexnet_frame_buffer (frame, plan->in)
      + b * plan->in_plane;

  for (guint y = 0; y < plan->in_height; y++)
    memcpy (buffer + plan->offset[y * plan->in_width], in + y * row,
        row * sizeof (float));
}

static void
convolve (const RexnetFrame * frame, const RexnetBlockPlan * plan, guint b,
    const float *buffer, float *map, float *pool)
{
  const RexnetConv *conv = &plan->net->depthwise;
  const RexnetKernels *kernels = &frame->plan->kernels;
  const RexnetFinish *finish = &plan->depthwise.finish;
  const gboolean smooth = finish->smooth != REXNET_ACTIVATION_NONE;
  guint vl = kernels->vl, pixels = plan->width * plan->height;
  gsize row = (gsize) bordered (frame->plan, plan).width * vl;
  const float *first = buffer
      + (conv->kernel / 2 - rexnet_conv_padding (conv, plan->in_height)) * row
      + (conv->kernel / 2 - rexnet_conv_padding (conv, plan->in_width)) * vl;
  float *d = map + b * plan->plane;
  RexnetDepthwise k = {
    .weights = plan->depthwise.weights
        + (gsize) b * plan->depthwise.vectors * vl,
    .bias = plan->depthwise.bias + b * vl,
    .row_step = 2 * conv->stride * row,
    .d = d,.d_row = (gsize) plan->width * vl,
    .pool = smooth ? NULL : pool,.low = finish->low,.high = finish->high
  };

  for (guint i = 0; i < conv->stride + conv->kernel; i++)
    k.row[i] = first + i * row;
  plan->depthwise.func (&k, plan->width, plan->height);
  if (smooth)
    kernels->activate (d, pixels, finish, pool);
}

/* Without a gate nothing has to be known of the other channels first. */
static void
project_own (const RexnetFrame * frame, const RexnetBlockPlan * plan,
    guint block, guint end, guint thread)
{
  guint pixels = plan->width * plan->height;
  RexnetProjection p = {
    .a = rexnet_frame_depthwise (frame, plan, thread) + block * plan->plane,
    .a_block = plan->plane,.block = block,.end = end,.prefetch = TRUE,
    .partial = frame->plan->threads > 1 ?
        rexnet_frame_partial (frame, thread) : NULL
  };

  for (guint n = (pixels + plan->chunk - 1) / plan->chunk; n > 0; n--) {
    p.pixels = (pixels - p.pixel + n - 1) / n;
    rexnet_project (frame, plan, &p, thread);
    p.a += (gsize) p.pixels * frame->plan->kernels.vl;
    p.pixel += p.pixels;
    p.prefetch = FALSE;
  }
}

void
rexnet_step_panels (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetBlockPlan *plan = step->block;
  guint threads = frame->plan->threads, blocks = plan->depthwise.blocks;
  guint block = rexnet_share (blocks, thread, threads), b = block;
  guint end = rexnet_share (blocks, thread + 1, threads);
  Bordered border = bordered (frame->plan, plan);
  float *buffer = rexnet_frame_private (frame, thread);
  float *pool = buffer + border.block * REXNET_MAX_COLUMNS;
  guint panel = plan->source == REXNET_SOURCE_EXPAND ?
      plan->expand.first[thread] : 0;

  if (plan->expand.paired)
    frame->plan->kernels.cross (rexnet_frame_buffer (frame, plan->in),
        plan->in_plane, plan->expand.k, plan->in_width * plan->in_height,
        rexnet_frame_crossed (frame, thread));
  clear_borders (plan, &border, frame->plan->kernels.vl, buffer);
  memset (pool, 0, (gsize) blocks * frame->plan->kernels.vl * sizeof (float));
  while (b < end) {
    guint columns = 1;

    if (plan->source == REXNET_SOURCE_EXPAND) {
      columns = produce (frame, plan, panel, thread, buffer);
      panel++;
    } else {
      copy_block (frame, plan, b, buffer);
    }
    for (guint c = 0; c < columns; c++, b++)
      convolve (frame, plan, b, buffer + c * border.block,
          rexnet_frame_depthwise (frame, plan, thread), plan->gated ? pool + b * frame->plan->kernels.vl : NULL);
  }
  if (plan->gated)
    rexnet_squeeze (frame, plan, pool, block, end, thread);
  else if (plan->split_k && block < end)
    project_own (frame, plan, block, end, thread);
}
