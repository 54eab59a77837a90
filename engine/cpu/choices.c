/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a block is cut up; see plan.h. */
#include "cpuinfo.h"
#include "plan.h"
#include "zeros.h"

/* A strip of the ring narrower than this repeats too much of its halo. */
#define MIN_STRIP 28

/* The widest strip whose ring stays in half the L2. */
guint
rexnet_choose_strip (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  gsize room = rexnet_cpu_info ()->l2 / 2 / sizeof (float);
  guint n = 1;

  while ((block->width + n - 1) / n > MIN_STRIP
      && rexnet_rows_ring (plan, block, (block->width + n - 1) / n) > room)
    n++;
  return (block->width + n - 1) / n;
}

/*
 * Panels once a panel's bordered map is about as large as L1. Maps too large
 * for that go by panels too when there are so many threads that rows of
 * expansion around each thread's own would cost half as much again.
 */
gboolean
rexnet_choose_rows (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  const RexnetCpuInfo *cpu = rexnet_cpu_info ();
  const RexnetConv *conv = &block->net->depthwise;
  guint pad = conv->kernel / 2;
  gsize bytes = (gsize) (block->in_width + 2 * pad)
      * (block->in_height + 2 * pad) * 2 * plan->kernels.vl * sizeof (float);
  double own = (double) block->in_height / plan->threads;

  if (block->source == REXNET_SOURCE_STEM)
    return TRUE;
  if (bytes <= cpu->l1 + cpu->l1 / 2)
    return FALSE;
  return plan->threads == 1 || own + conv->kernel - conv->stride <= 1.5 * own
      || bytes > cpu->l2 / 2;
}

/* From this share of zeros on, passing over them is faster than products of
 * everything, paired or not. */
#define ZEROS_FOR_PAIRED 0.4
#define ZEROS_FOR_PLAIN 0.2

/* Whether a projection passes over the zeros that a ReLU leaves behind the
 * depthwise; a gate keeps them. */
static gboolean
passes_over_zeros (const RexnetPlan * plan, const RexnetBlock * net,
    guint vectors)
{
  gint asked = rexnet_cpu_info ()->sparse;

  if (asked == 0 || vectors < REXNET_MIN_SPARSE
      || rexnet_finish (net->depthwise.activation).low != 0.f
      || net->project.activation != REXNET_ACTIVATION_NONE)
    return FALSE;
  return asked == 1 || rexnet_zeros_expected (&net->depthwise)
      >= (plan->tile.paired ? ZEROS_FOR_PAIRED : ZEROS_FOR_PLAIN);
}

guint
rexnet_sparse_chunk (guint vl, guint columns)
{
  gsize row = columns * vl * sizeof (float);

  return CLAMP (rexnet_cpu_info ()->l1 / 4 * 3 / row, vl,
      REXNET_SPARSE_INPUTS) / vl;
}

guint
rexnet_choose_sparse (const RexnetPlan * plan, const RexnetBlock * net)
{
  guint vl = plan->kernels.vl;
  guint vectors = (net->project.out + vl - 1) / vl;
  guint panels = (vectors + REXNET_MAX_SPARSE - 1) / REXNET_MAX_SPARSE;

  return passes_over_zeros (plan, net, vectors) ?
      rexnet_sparse_chunk (vl, (vectors + panels - 1) / panels) : 0;
}

#define LEAST_PIXELS 64         /* of a chunk */

/*
 * As many pixels as let a thread's inputs of a projection, or the sums of a
 * sparse one, take a third of L2, so that weights are read once for all of them.
 * A map of 7 x 7 is never cut up: its weights come from L3 or memory, which costs
 * more than inputs that leave L2.
 */
guint
rexnet_choose_chunk (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  guint pixels = block->width * block->height;
  guint channels = block->sparse > 0 ? REXNET_MAX_SPARSE * plan->kernels.vl :
      block->net->depthwise.out;
  guint tile = rexnet_tile_rows (&plan->kernels, plan->tile);
  gsize room = rexnet_cpu_info ()->l2 / 3 / sizeof (float);

  if (block->split_k && block->sparse == 0)
    channels = (channels + plan->threads - 1) / plan->threads;
  return CLAMP (room / channels / tile * tile, MIN (LEAST_PIXELS, pixels),
      pixels);
}
