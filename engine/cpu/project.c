/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second half of a block: squeeze-and-excite, projection, reduction. */
#include <string.h>

#include "plan.h"

/* ---- squeeze-and-excite ----------------------------------------------------- */

void
rexnet_squeeze (const RexnetFrame * frame, const RexnetBlockPlan * block,
    const float *pool, guint from, guint end, guint thread)
{
  const RexnetKernels *kernels = &frame->plan->kernels;
  const RexnetPointwise *squeeze = &block->squeeze;
  guint vl = kernels->vl, k = from * vl;
  guint n = MIN (end * vl, squeeze->k) - MIN (k, squeeze->k);
  float *y = rexnet_frame_squeezed (frame, thread);

  for (guint i = 0; i < squeeze->n_panels; i++) {
    const RexnetPanel *panel = &squeeze->panels[i];

    kernels->matvec[panel->columns] (n, pool + k,
        rexnet_slice_weights (squeeze, panel, MIN (k, squeeze->k),
            MIN (k, squeeze->k) + n), NULL, y + panel->block * vl);
  }
}

/* The threads' parts, summed in their order, into the hidden layer. */
static void
hidden_layer (const RexnetFrame * frame, const RexnetBlockPlan * block,
    float *hidden)
{
  const RexnetKernels *kernels = &frame->plan->kernels;
  const RexnetPointwise *squeeze = &block->squeeze;
  float mean = 1.f / ((float) block->width * block->height);
  guint n = squeeze->blocks * kernels->vl;

  memset (hidden, 0, n * sizeof (float));
  for (guint t = 0; t < frame->plan->threads; t++) {
    const float *part = rexnet_frame_squeezed (frame, t);

    for (guint i = 0; i < n; i++)
      hidden[i] += part[i];
  }
  for (guint i = 0; i < n; i++)
    hidden[i] = hidden[i] * mean + squeeze->bias[i];
  kernels->activate (hidden, squeeze->blocks, &squeeze->finish, NULL);
}

/* The gates of the panels @from to @end of the excitation. */
static void
gates (const RexnetFrame * frame, const RexnetBlockPlan * block, guint from,
    guint end, const float *hidden, float *gate)
{
  const RexnetKernels *kernels = &frame->plan->kernels;
  const RexnetPointwise *excite = &block->excite;
  guint vl = kernels->vl;

  for (guint i = from; i < end; i++) {
    const RexnetPanel *panel = &excite->panels[i];
    float *y = gate + panel->block * vl;

    kernels->matvec[panel->columns] (excite->k, hidden,
        rexnet_panel_weights (excite, panel), excite->bias + panel->block * vl, y);
    kernels->activate (y, panel->columns, &excite->finish, NULL);
  }
}

/* ---- projection --------------------------------------------------------------- */

/* How many of a panel's vectors add the block's input. */
static guint
residual_columns (const RexnetBlockPlan * block, const RexnetPanel * panel,
    guint vl)
{
  guint blocks = (block->net->residual + vl - 1) / vl;

  return blocks <= panel->block ? 0 : MIN (blocks - panel->block,
      panel->columns);
}

/* What this thread reads behind the projection. */
static const float *
next_weights (const RexnetFrame * frame, const RexnetBlockPlan * block,
    guint thread)
{
  const RexnetPlan *plan = frame->plan;
  gboolean last = block == &plan->blocks[plan->net->n_blocks - 1];
  const RexnetPointwise *next = last ? &plan->head : &block[1].expand;
  guint share = MIN (thread, next->shares - 1);

  if (!next->conv || next->first[share] == next->first[share + 1])
    return NULL;
  return rexnet_panel_weights (next, &next->panels[next->first[share]]);
}

void
rexnet_project (const RexnetFrame * frame, const RexnetBlockPlan * block,
    const RexnetProjection * p, guint thread)
{
  const RexnetKernels *kernels = &frame->plan->kernels;
  const RexnetPointwise *project = &block->project;
  guint vl = kernels->vl, k = p->block * vl;
  RexnetGemm gemm = {
    .a = p->a,.a_block = p->a_block,.k = MIN (p->end * vl, project->k) - k,
    .d_block = block->plane,.unscale = project->unscale,
    .scale = p->gate ? p->gate + k : NULL,.low = block->scaled.low,
    .high = block->scaled.high,.chunk = block->sparse,
    .residual_block = block->in_plane,
    .finish = p->partial ? rexnet_finish (REXNET_ACTIVATION_NONE) :
        project->finish
  };
  const float *in = rexnet_frame_buffer (frame, block->in) + p->pixel * vl;
  float *out = (p->partial ? p->partial :
      rexnet_frame_buffer (frame, block->out)) + p->pixel * vl;

  if (project->paired) {
    float *crossed = rexnet_frame_crossed (frame, thread);

    kernels->cross (gemm.a, gemm.a_block, gemm.k, p->pixels, crossed);
    gemm.crossed = crossed;
  }
  for (guint i = 0; i < project->n_panels; i++) {
    const RexnetPanel *panel = &project->panels[i];

    gemm.b = rexnet_slice_weights (project, panel, k, k + gemm.k);
    gemm.d = out + panel->block * block->plane;
    if (!p->partial) {
      gemm.bias = project->bias + panel->block * vl;
      gemm.residual_columns = residual_columns (block, panel, vl);
      gemm.residual = gemm.residual_columns ?
          in + panel->block * block->in_plane : NULL;
    }
    gemm.prefetch = !p->prefetch ? NULL : i + 1 < project->n_panels ?
        rexnet_slice_weights (project, panel + 1, k, k + gemm.k) :
        next_weights (frame, block, thread);
    rexnet_panel_gemm (panel, kernels) (&gemm, p->pixels);
  }
}

/* What this thread does of a projection: channels and pixels. */
typedef struct
{
  guint block, end;
  guint pixel, pixel_end;
} Part;

static Part
own_part (const RexnetFrame * frame, const RexnetBlockPlan * block,
    guint thread)
{
  guint threads = frame->plan->threads, blocks = block->depthwise.blocks;
  guint pixels = block->width * block->height;

  if (block->split_k)
    return (Part) {
      rexnet_share (blocks, thread, threads),
      rexnet_share (blocks, thread + 1, threads), 0, pixels};
  if (block->by_rows)
    return (Part) {
      0, blocks,
      rexnet_share (block->height, thread, threads) * block->width,
      rexnet_share (block->height, thread + 1, threads) * block->width};
  return (Part) {
    0, blocks, rexnet_share (pixels, thread, threads),
    rexnet_share (pixels, thread + 1, threads)};
}

/* Multiplies @pixels of the depthwise's output, from @map on, by the gates. */
static void
apply_gates (const RexnetFrame * frame, const RexnetBlockPlan * block,
    const Part * part, float *map, guint pixels, const float *gate)
{
  const RexnetKernels *kernels = &frame->plan->kernels;

  for (guint b = part->block; b < part->end; b++) {
    float *d = map + b * block->plane;

    kernels->scale (d, gate + b * kernels->vl, d, pixels, &block->scaled);
  }
}

gsize
rexnet_project_private (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  return (gsize) (block->squeeze.blocks + block->depthwise.blocks)
      * plan->kernels.vl;
}

void
rexnet_step_project (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetBlockPlan *block = step->block;
  guint vl = frame->plan->kernels.vl;
  Part part = own_part (frame, block, thread);
  float *hidden = rexnet_frame_private (frame, thread);
  float *gate = hidden + block->squeeze.blocks * vl;
  float *map = rexnet_frame_depthwise (frame, block, thread);
  RexnetProjection p = {
    .a_block = block->plane,.block = part.block,.end = part.end,.prefetch = TRUE,
    .gate = block->gated && block->sparse > 0 ? gate : NULL,
    .partial = block->split_k && frame->plan->threads > 1 ?
        rexnet_frame_partial (frame, thread) : NULL
  };

  if (part.block == part.end || part.pixel == part.pixel_end)
    return;
  if (block->gated) {
    hidden_layer (frame, block, hidden);
    gates (frame, block, block->split_k ? block->excite.first[thread] : 0,
        block->split_k ? block->excite.first[thread + 1] :
        block->excite.n_panels, hidden, gate);
  }
  for (guint n = (part.pixel_end - part.pixel + block->chunk - 1)
      / block->chunk; n > 0; n--, p.prefetch = FALSE) {
    p.pixel = part.pixel;
    p.pixels = (part.pixel_end - part.pixel + n - 1) / n;
    part.pixel += p.pixels;
    if (block->gated && block->sparse == 0)
      apply_gates (frame, block, &part, map + p.pixel * vl, p.pixels, gate);
    p.a = map + part.block * block->plane + p.pixel * vl;
    rexnet_project (frame, block, &p, thread);
  }
}

/* ---- reduction ------------------------------------------------------------------ */

/* Threads that have channels, in order. */
static guint
collect_parts (const RexnetFrame * frame, const RexnetBlockPlan * block,
    const float **part)
{
  guint threads = frame->plan->threads, blocks = block->depthwise.blocks;
  guint n = 0;

  for (guint t = 0; t < threads; t++)
    if (rexnet_share (blocks, t, threads) < rexnet_share (blocks, t + 1,
            threads))
      part[n++] = rexnet_frame_partial (frame, t);
  return n;
}

void
rexnet_step_reduce (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetBlockPlan *block = step->block;
  const RexnetKernels *kernels = &frame->plan->kernels;
  const RexnetPointwise *project = &block->project;
  guint vl = kernels->vl, threads = frame->plan->threads;
  guint pixels = block->width * block->height;
  guint first = rexnet_share (pixels, thread, threads);
  guint n = rexnet_share (pixels, thread + 1, threads) - first;
  guint residual = (block->net->residual + vl - 1) / vl;
  const float *all[REXNET_MAX_SPLIT_K], *part[REXNET_MAX_SPLIT_K];
  guint parts = collect_parts (frame, block, all);

  for (guint b = 0; b < project->blocks; b++) {
    gsize at = b * block->plane + (gsize) first * vl;

    for (guint i = 0; i < parts; i++)
      part[i] = all[i] + at;
    kernels->reduce (part, parts, project->bias + b * vl,
        b < residual ? rexnet_frame_buffer (frame, block->in)
        + b * block->in_plane + (gsize) first * vl : NULL,
        rexnet_frame_buffer (frame, block->out) + at, n, &project->finish);
  }
}
