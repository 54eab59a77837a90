/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands behind the blocks: the head and the classifiers. The weights of
 * a classifier are read once and for one multiply-add each, at a batch of 1:
 * memory is too slow for that. So the first one follows the head panel by panel
 * and its weights are fetched while the head computes; a thread sums over its
 * own features.
 */
#include <string.h>

#include "plan.h"

#define HEAD_CHUNK 64           /* pixels of a panel kept in L1 */

gsize
rexnet_head_private (const RexnetPlan * plan)
{
  return (gsize) (HEAD_CHUNK + 1) * REXNET_MAX_COLUMNS * plan->kernels.vl;
}

static const float *
head_input (const RexnetFrame * frame)
{
  const RexnetPlan *plan = frame->plan;

  return rexnet_frame_buffer (frame,
      plan->layout.map[(plan->net->n_blocks + 1) & 1]);
}

/* The mean of each of a panel's channels. */
static void
head_panel (const RexnetFrame * frame, const RexnetPanel * panel,
    const float *prefetch, guint thread)
{
  const RexnetPlan *plan = frame->plan;
  const RexnetKernels *kernels = &plan->kernels;
  guint vl = kernels->vl, pixels = plan->map_width * plan->map_height;
  float *memory = rexnet_frame_private (frame, thread);
  float *sums = memory + HEAD_CHUNK * REXNET_MAX_COLUMNS * vl;
  RexnetGemm gemm = {
    .a = head_input (frame),
    .a_block = plan->map_plane,.k = plan->head.k,
    .b = rexnet_panel_weights (&plan->head, panel),
    .bias = plan->head.bias + panel->block * vl,
    .crossed = rexnet_frame_crossed (frame, thread),
    .unscale = plan->head.unscale,
    .d = memory,.d_block = HEAD_CHUNK * vl,.finish = plan->head.finish,
    .prefetch = prefetch
  };

  if (plan->batch == 1) {
    gemm.ahead_floats = panel->columns * vl * plan->classifier[0].row;
    gemm.ahead = plan->classifier[0].weights
        + panel->block * vl * plan->classifier[0].row;
  }
  memset (sums, 0, panel->columns * vl * sizeof (float));
  for (guint i = 0; i < pixels; i += HEAD_CHUNK) {
    guint n = MIN (pixels - i, HEAD_CHUNK);

    rexnet_panel_gemm (panel, kernels) (&gemm, n);
    for (guint c = 0; c < panel->columns; c++)
      kernels->sum (memory + c * HEAD_CHUNK * vl, n, sums + c * vl);
    gemm.a += (gsize) n * vl;
    gemm.crossed += n;
    gemm.prefetch = gemm.ahead = NULL;
  }
  for (guint c = 0; c < panel->columns; c++) {
    float *d = rexnet_frame_buffer (frame, plan->layout.features[0])
        + ((gsize) (panel->block + c) * plan->batch + frame->image) * vl;

    for (guint i = 0; i < vl; i++)
      d[i] = sums[c * vl + i] / pixels;
  }
}

/* Adds what the features of one block contribute to this thread's sums. */
static void
add_block (const RexnetFrame * frame, guint block, float *sums)
{
  const RexnetPlan *plan = frame->plan;
  const RexnetPointwise *layer = &plan->classifier[0];
  guint vl = plan->kernels.vl, k = block * vl, end = MIN (k + vl, layer->k);
  const float *x = rexnet_frame_buffer (frame, plan->layout.features[0]) + k;

  for (guint i = 0; i < layer->n_panels; i++) {
    const RexnetPanel *panel = &layer->panels[i];
    float *y = sums + panel->block * vl;

    plan->kernels.matvec[panel->columns] (end - k, x,
        rexnet_slice_weights (layer, panel, k, end), y, y);
  }
}

void
rexnet_step_head (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetPlan *plan = frame->plan;
  const RexnetPointwise *head = &plan->head;
  guint end = head->first[thread + 1];
  gboolean classifies = plan->batch == 1;
  float *sums = rexnet_frame_partial (frame, thread);

  if (classifies)
    memset (sums, 0, plan->classifier[0].blocks * plan->kernels.vl
        * sizeof (float));
  if (head->paired)
    plan->kernels.cross (head_input (frame), plan->map_plane, head->k,
        plan->map_width * plan->map_height,
        rexnet_frame_crossed (frame, thread));
  for (guint i = head->first[thread]; i < end; i++) {
    const RexnetPanel *panel = &head->panels[i];

    head_panel (frame, panel, i + 1 < end ?
        rexnet_panel_weights (head, panel + 1) : NULL, thread);
    for (guint c = 0; classifies && c < panel->columns; c++)
      add_block (frame, panel->block + c, sums);
  }
}

/* @d: that of the blocks from @block to @end */
static void
copy_logits (const RexnetFrame * frame, guint block, guint end,
    const float *d, guint classes)
{
  guint vl = frame->plan->kernels.vl;

  for (guint c = 0; c < end - block; c++)
    for (guint i = 0; i < frame->batch; i++) {
      guint first = (block + c) * vl;

      memcpy (frame->logits + (gsize) i * classes + first,
          d + ((gsize) c * frame->plan->batch + i) * vl,
          MIN (vl, classes - first) * sizeof (float));
    }
}

void
rexnet_step_classifier (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetPlan *plan = frame->plan;
  const RexnetKernels *kernels = &plan->kernels;
  const RexnetPointwise *layer = &plan->classifier[step->index];
  guint vl = kernels->vl;
  gsize block = (gsize) plan->batch * vl;
  RexnetGemm gemm = {
    .a = rexnet_frame_buffer (frame, plan->layout.features[step->index]),
    .a_block = block,.k = layer->k,.d_block = block,.finish = layer->finish
  };

  for (guint i = layer->first[thread]; i < layer->first[thread + 1]; i++) {
    const RexnetPanel *panel = &layer->panels[i];

    gemm.b = rexnet_panel_weights (layer, panel);
    gemm.bias = layer->bias + panel->block * vl;
    gemm.d = rexnet_frame_buffer (frame,
        plan->layout.features[step->index + 1]) + panel->block * block;
    if (plan->batch == 1) {
      kernels->matvec[panel->columns] (gemm.k, gemm.a, gemm.b, gemm.bias,
          gemm.d);
      kernels->activate (gemm.d, panel->columns, &layer->finish, NULL);
    } else {
      rexnet_panel_gemm (panel, kernels) (&gemm, frame->batch);
    }
    if (step->index + 1 == plan->net->n_classifiers)
      copy_logits (frame, panel->block, panel->block + panel->columns, gemm.d,
          layer->conv->out);
  }
}

/* The first classifier's outputs from what each thread has of them. */
void
rexnet_step_add_up (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetPlan *plan = frame->plan;
  const RexnetPointwise *layer = &plan->classifier[0];
  guint vl = plan->kernels.vl;
  guint block = rexnet_share (layer->blocks, thread, plan->threads);
  guint end = rexnet_share (layer->blocks, thread + 1, plan->threads);
  float *d = rexnet_frame_buffer (frame, plan->layout.features[1]);
  const float *part[REXNET_MAX_THREADS];

  for (guint b = block; b < end; b++) {
    for (guint t = 0; t < plan->threads; t++)
      part[t] = rexnet_frame_partial (frame, t) + b * vl;
    plan->kernels.reduce (part, plan->threads, layer->bias + b * vl, NULL,
        d + b * vl, 1, &layer->finish);
  }
  if (plan->net->n_classifiers == 1)
    copy_logits (frame, block, end, d + block * vl, layer->conv->out);
}

void
rexnet_frame_read_features (const RexnetFrame * frame, float *features)
{
  const RexnetPlan *plan = frame->plan;
  const float *x = rexnet_frame_buffer (frame,
      plan->layout.features[plan->net->n_classifiers - 1]);
  guint n = rexnet_network_features (plan->net), vl = plan->kernels.vl;

  for (guint i = 0; i < frame->batch; i++)
    for (guint first = 0; first < n; first += vl)
      memcpy (features + (gsize) i * n + first,
          x + ((gsize) first / vl * plan->batch + i) * vl,
          MIN (vl, n - first) * sizeof (float));
}
