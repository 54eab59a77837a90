/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind the blocks: the head and the classifiers. */
#include <string.h>

#include "plan.h"

#define HEAD_CHUNK 64           /* pixels of a panel kept in L1 */

gsize
rexnet_head_private (const RexnetPlan * plan)
{
  return (gsize) (HEAD_CHUNK + 1) * REXNET_MAX_COLUMNS * plan->kernels.vl;
}

/* The mean of each of a panel's channels. */
static void
head_panel (const RexnetFrame * frame, const RexnetPanel * panel,
    const float *prefetch, float *memory)
{
  const RexnetPlan *plan = frame->plan;
  const RexnetKernels *kernels = &plan->kernels;
  guint vl = kernels->vl, pixels = plan->map_width * plan->map_height;
  float *sums = memory + HEAD_CHUNK * REXNET_MAX_COLUMNS * vl;
  RexnetGemm gemm = {
    .a = rexnet_frame_buffer (frame,
        plan->layout.map[(plan->net->n_blocks + 1) & 1]),
    .a_block = plan->map_plane,.k = plan->head.k,.b = panel->weights,
    .bias = plan->head.bias + panel->block * vl,
    .d = memory,.d_block = HEAD_CHUNK * vl,.finish = plan->head.finish,
    .prefetch = prefetch
  };

  memset (sums, 0, panel->columns * vl * sizeof (float));
  for (guint i = 0; i < pixels; i += HEAD_CHUNK) {
    guint n = MIN (pixels - i, HEAD_CHUNK);

    rexnet_panel_gemm (panel, kernels) (&gemm, n);
    for (guint c = 0; c < panel->columns; c++)
      kernels->sum (memory + c * HEAD_CHUNK * vl, n, sums + c * vl);
    gemm.a += (gsize) n * vl;
    gemm.prefetch = NULL;
  }
  for (guint c = 0; c < panel->columns; c++) {
    float *d = rexnet_frame_buffer (frame, plan->layout.features[0])
        + ((gsize) (panel->block + c) * plan->batch + frame->image) * vl;

    for (guint i = 0; i < vl; i++)
      d[i] = sums[c * vl + i] / pixels;
  }
}

void
rexnet_step_head (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetPointwise *head = &frame->plan->head;
  guint end = head->first[thread + 1];

  for (guint i = head->first[thread]; i < end; i++)
    head_panel (frame, &head->panels[i],
        i + 1 < end ? head->panels[i + 1].weights : NULL,
        rexnet_frame_private (frame, thread));
}

static void
copy_logits (const RexnetFrame * frame, const RexnetPanel * panel,
    const float *d, guint classes)
{
  guint vl = frame->plan->kernels.vl;

  for (guint c = 0; c < panel->columns; c++)
    for (guint i = 0; i < frame->batch; i++) {
      guint first = (panel->block + c) * vl;

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

    gemm.b = panel->weights;
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
      copy_logits (frame, panel, gemm.d, layer->conv->out);
  }
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
