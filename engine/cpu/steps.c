/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The phases of a plan in their order, and what they say of themselves. */
#include <stdarg.h>
#include <string.h>

#include "plan.h"
#include "zeros.h"

static guint64
pixels_of (const RexnetBlockPlan * block)
{
  return (guint64) block->width * block->height;
}

static guint64
weights_of (const RexnetConv * conv)
{
  return (guint64) conv->out * (conv->depthwise ? 1 : conv->in) * conv->kernel
      * conv->kernel;
}

/* Multiply-adds of a pixel with the lanes that lie past the last channel. */
static guint64
lanes_of (const RexnetPointwise * layer)
{
  return (guint64) layer->k * layer->row;
}

static guint64
first_half_lanes (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  guint64 in = (guint64) block->in_width * block->in_height;
  const RexnetConv *conv = &block->net->depthwise;
  guint64 lanes = pixels_of (block) * block->depthwise.blocks
      * plan->kernels.vl * conv->kernel * conv->kernel;

  if (block->source == REXNET_SOURCE_EXPAND)
    lanes += in * lanes_of (&block->expand);
  if (block->source == REXNET_SOURCE_STEM)
    lanes += in * lanes_of (&plan->stem);
  return lanes + (block->gated ? lanes_of (&block->squeeze) : 0);
}

static guint64
second_half_lanes (const RexnetBlockPlan * block)
{
  return pixels_of (block) * lanes_of (&block->project)
      + (block->gated ? lanes_of (&block->excite) : 0);
}

static guint64
first_half_macs (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  guint64 in = (guint64) block->in_width * block->in_height;
  guint64 macs = pixels_of (block) * weights_of (&block->net->depthwise);

  if (block->source == REXNET_SOURCE_EXPAND)
    macs += in * weights_of (&block->net->expand);
  if (block->source == REXNET_SOURCE_STEM)
    macs += in * weights_of (&plan->net->stem);
  if (block->gated)
    macs += weights_of (&block->net->se_reduce);
  return macs;
}

static guint64
second_half_macs (const RexnetBlockPlan * block)
{
  return pixels_of (block) * weights_of (&block->net->project)
      + (block->gated ? weights_of (&block->net->se_expand) : 0);
}

static void
add_step (RexnetPlan * plan, RexnetStep step, const char *detail, ...)
    G_GNUC_PRINTF (3, 4);

static void
add_step (RexnetPlan * plan, RexnetStep step, const char *detail, ...)
{
  va_list args;

  va_start (args, detail);
  g_vsnprintf (step.phase.detail, sizeof step.phase.detail, detail, args);
  va_end (args);
  g_array_append_val (plan->steps, step);
}

/* Adds to the last step's detail. */
static void append (RexnetPlan * plan, const char *detail, ...)
    G_GNUC_PRINTF (2, 3);

static void
append (RexnetPlan * plan, const char *detail, ...)
{
  RexnetPhase *phase = &g_array_index (plan->steps, RexnetStep,
      plan->steps->len - 1).phase;
  gsize used = strlen (phase->detail);
  va_list args;

  va_start (args, detail);
  g_vsnprintf (phase->detail + used, sizeof phase->detail - used, detail, args);
  va_end (args);
}

/* How much of the last step's work is padding. */
static void
append_padding (RexnetPlan * plan, guint64 lanes)
{
  guint64 macs = g_array_index (plan->steps, RexnetStep,
      plan->steps->len - 1).phase.macs;

  if (lanes > macs)
    append (plan, "; %.1f %% padding", 100. * lanes / macs - 100.);
}

/* How it projects, where that passes over zeros. */
static void
append_sparse (RexnetPlan * plan, const RexnetBlockPlan * block)
{
  if (block->sparse > 0)
    append (plan, "; projection 1 x %u sparse, %.0f %% zeros expected",
        block->project.panels[0].columns,
        100. * rexnet_zeros_expected (&block->net->depthwise));
}

/* "tile 14 x 2": pixels by vectors. */
static const char *
tile_name (const RexnetPlan * plan, char *text, gsize size)
{
  g_snprintf (text, size, "tile %u x %u%s", rexnet_tile_rows (&plan->kernels,
          plan->tile), plan->tile.columns, plan->tile.paired ? " paired" : "");
  return text;
}

static void
add_first_half (RexnetPlan * plan, guint i)
{
  static const char *const source[] = { "expand + ", "", "stem + " };
  const RexnetBlockPlan *block = &plan->blocks[i];
  gboolean whole = !block->gated && (block->by_rows || block->split_k);
  RexnetStep step = {
    .run = block->by_rows ? rexnet_step_rows : rexnet_step_panels,
    .block = block,
    .phase.macs = first_half_macs (plan, block)
        + (whole ? second_half_macs (block) : 0)
  };
  char tile[24];

  g_snprintf (step.phase.name, sizeof step.phase.name,
      "block %u %sdepthwise%s%s", i, source[block->source],
      block->gated ? " + squeeze" : "", whole ? " + project" : "");
  tile_name (plan, tile, sizeof tile);
  if (block->by_rows)
    add_step (plan, step, "%s; rows over %u threads, bands of %u, strips "
        "of %u, ring %u kB", tile, plan->threads, block->band, block->strip,
        (guint) (rexnet_rows_ring (plan, block, block->strip) * sizeof (float)
            >> 10));
  else
    add_step (plan, step, "%s; %u panels over %u threads%s", tile,
        block->source == REXNET_SOURCE_EXPAND ? block->expand.n_panels :
        block->depthwise.blocks, plan->threads,
        whole && plan->threads > 1 ? ", sums split" : "");
  append_padding (plan, first_half_lanes (plan, block)
      + (whole ? second_half_lanes (block) : 0));
  if (whole)
    append_sparse (plan, block);
}

static void
add_second_half (RexnetPlan * plan, guint i)
{
  const RexnetBlockPlan *block = &plan->blocks[i];
  RexnetStep step = {
    .run = rexnet_step_project,.block = block,
    .phase.macs = second_half_macs (block)
  };
  char tile[24];

  g_snprintf (step.phase.name, sizeof step.phase.name, "block %u %sproject", i,
      block->gated ? "excite + " : "");
  add_step (plan, step, "%s%s%s over %u threads, %u pixels at a time",
      block->sparse > 0 ? "" : tile_name (plan, tile, sizeof tile),
      block->sparse > 0 ? "" : "; ",
      block->split_k ? "inputs" : block->by_rows ? "rows" : "pixels",
      plan->threads, MIN (block->chunk, block->width * block->height));
  append_padding (plan, second_half_lanes (block));
  append_sparse (plan, block);
}

static void
add_block (RexnetPlan * plan, guint i)
{
  const RexnetBlockPlan *block = &plan->blocks[i];
  RexnetStep reduce = {.run = rexnet_step_reduce,.block = block };

  add_first_half (plan, i);
  if (block->gated || !(block->by_rows || block->split_k))
    add_second_half (plan, i);
  if (!block->split_k || plan->threads == 1)
    return;
  g_snprintf (reduce.phase.name, sizeof reduce.phase.name, "block %u reduce",
      i);
  add_step (plan, reduce, "%u parts", MIN (plan->threads,
          block->depthwise.blocks));
}

void
rexnet_plan_add_steps (RexnetPlan * plan)
{
  const RexnetNetwork *net = plan->net;
  RexnetStep head = {
    .run = rexnet_step_head,.phase.name = "head + mean",
    .phase.macs = (guint64) plan->map_width * plan->map_height
        * weights_of (&net->head)
  };
  char tile[24];

  plan->steps = g_array_new (FALSE, TRUE, sizeof (RexnetStep));
  for (guint i = 0; i < net->n_blocks; i++)
    add_block (plan, i);
  if (plan->batch == 1) {
    g_strlcat (head.phase.name, " + classifier 0", sizeof head.phase.name);
    head.phase.macs += weights_of (&net->classifier[0]);
  }
  add_step (plan, head, "%s; %u panels over %u threads",
      tile_name (plan, tile, sizeof tile), plan->head.n_panels, plan->threads);
  if (plan->batch == 1)
    add_step (plan, (RexnetStep) {.run = rexnet_step_add_up,
            .phase.name = "classifier 0 reduce"}, "%u parts", plan->threads);
  for (guint i = plan->batch == 1; i < net->n_classifiers; i++) {
    RexnetStep step = {
      .run = rexnet_step_classifier,.index = i,.once = TRUE,
      .phase.macs = weights_of (&net->classifier[i])
    };

    g_snprintf (step.phase.name, sizeof step.phase.name, "classifier %u", i);
    add_step (plan, step, "%u panels over %u threads%s",
        plan->classifier[i].n_panels, plan->threads,
        plan->batch > 1 ? ", all images together" : "");
  }
}
