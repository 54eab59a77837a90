/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include "cpuinfo.h"

/* A layer of matrix products, cut up for @shares and @slices. */
static RexnetCut
product_cut (const RexnetPlan * plan, guint shares, guint slices)
{
  return (RexnetCut) {
  .columns = plan->tile.columns,.paired = plan->tile.paired,.halves = TRUE,
        .shares = shares,.slices = slices};
}

/* And one of products with a single vector. */
static RexnetCut
vector_cut (guint shares, guint slices)
{
  return (RexnetCut) {
  .columns = REXNET_MATVEC_COLUMNS,.shares = shares,.slices = slices};
}

/* ---- blocks ------------------------------------------------------------------- */

static guint
block_inputs (const RexnetBlock * net)
{
  return rexnet_conv_present (&net->expand) ? net->expand.in :
      net->depthwise.in;
}

static gboolean
check_block (const RexnetBlock * net, guint i, GError ** error)
{
  const char *what = NULL;

  if (i == 0 && rexnet_conv_present (&net->expand))
    what = "an expansion behind the stem";
  else if (i == 0 && net->residual != 0)
    what = "a residual from the stem, whose output is never whole in memory";
  else if (net->residual != 0 && (net->depthwise.stride != 1
          || net->residual != block_inputs (net)
          || net->residual > net->project.out))
    what = "a residual that does not fit its input and output";
  else if (net->project.activation == REXNET_ACTIVATION_SIGMOID)
    what = "a sigmoid, which is not 0 at 0, behind its projection";
  if (!what)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_UNSUPPORTED,
      "block %u has %s, which the CPU backend cannot run", i, what);
  return FALSE;
}

static guint32 *
border_offsets (const RexnetBlockPlan * block, guint vl)
{
  guint pad = block->net->depthwise.kernel / 2;
  guint32 *offset = g_new (guint32, block->in_width * block->in_height);

  for (guint y = 0, i = 0; y < block->in_height; y++)
    for (guint x = 0; x < block->in_width; x++, i++)
      offset[i] = ((y + pad) * (block->in_width + 2 * pad) + x + pad) * vl;
  return offset;
}

/*
 * Blocks of channels that lie a multiple of 4 kB apart share the sets of L1,
 * and a load that follows a store to the same place within 4 kB waits for it:
 * maps of 56 x 56 and 112 x 112 get a little more room.
 */
static gsize
plane_floats (const RexnetPlan * plan, guint pixels)
{
  const guint page = 1024, apart = 144;
  gsize floats = (gsize) pixels * plan->kernels.vl;

  return floats % page < apart ? floats + apart : floats;
}

static void
shape_block (RexnetPlan * plan, guint i, guint in_width, guint in_height)
{
  RexnetBlockPlan *block = &plan->blocks[i];
  const RexnetBlock *net = &plan->net->blocks[i];
  const RexnetConv *conv = &net->depthwise;

  block->net = net;
  block->in_width = in_width;
  block->in_height = in_height;
  block->width = rexnet_conv_out_size (conv, in_width);
  block->height = rexnet_conv_out_size (conv, in_height);
  block->in_plane = plane_floats (plan, in_width * in_height);
  block->plane = plane_floats (plan, block->width * block->height);
  block->gated = rexnet_conv_present (&net->se_reduce);
  block->source = rexnet_conv_present (&net->expand) ? REXNET_SOURCE_EXPAND :
      i == 0 ? REXNET_SOURCE_STEM : REXNET_SOURCE_MAP;
  block->band = MIN (REXNET_DEPTHWISE_ROWS, block->height);
  block->depth = (block->band - 1) * conv->stride + conv->kernel;
  block->by_rows = rexnet_choose_rows (plan, block);
  block->split_k = !block->by_rows && plan->threads <= REXNET_MAX_SPLIT_K;
  block->strip = rexnet_choose_strip (plan, block);
  block->sparse = rexnet_choose_sparse (plan, net);
  block->chunk = rexnet_choose_chunk (plan, block);
  if (!block->by_rows)
    block->offset = border_offsets (block, plan->kernels.vl);
}

static void
layout_block (RexnetPlan * plan, RexnetBlockPlan * block, RexnetArena * arena)
{
  const RexnetBlock *net = block->net;
  guint vl = plan->kernels.vl;
  guint shares = block->by_rows ? 1 : plan->threads;
  const RexnetCut expand = product_cut (plan, shares, 1);
  const RexnetCut squeeze = vector_cut (1, shares);
  const RexnetCut excite = vector_cut (shares, 1);
  RexnetCut project = product_cut (plan, 1,
      block->split_k ? plan->threads : 1);

  if (block->source == REXNET_SOURCE_EXPAND)
    rexnet_pointwise_layout (&block->expand, &net->expand, vl, &expand, arena);
  rexnet_depthwise_layout (&block->depthwise, &net->depthwise, &plan->kernels,
      rexnet_cpu_info ()->adders, arena);
  block->scaled = rexnet_finish (REXNET_ACTIVATION_NONE);
  if (block->gated) {
    rexnet_pointwise_layout (&block->squeeze, &net->se_reduce, vl, &squeeze,
        arena);
    rexnet_pointwise_layout (&block->excite, &net->se_expand, vl, &excite,
        arena);
    if (net->se_first) {
      block->scaled = block->depthwise.finish;
      block->depthwise.finish = rexnet_finish (REXNET_ACTIVATION_NONE);
    }
  }
  if (block->sparse > 0) {
    project.columns = REXNET_MAX_SPARSE;
    project.sparse = TRUE;
    project.paired = project.halves = FALSE;
  }
  rexnet_pointwise_layout (&block->project, &net->project, vl, &project,
      arena);
}

/* ---- weights ------------------------------------------------------------------- */

static void
layout_classifier (RexnetPlan * plan, guint i, RexnetArena * arena)
{
  RexnetCut cut = vector_cut (plan->threads, 1);

  if (plan->batch > 1) {
    cut = product_cut (plan, plan->threads, 1);
    cut.paired = FALSE;
  } else if (i == 0) {
    /* As the head makes features. */
    cut.shares = 1;
    cut.slices = plan->head.blocks;
  }
  rexnet_pointwise_layout (&plan->classifier[i], &plan->net->classifier[i],
      plan->kernels.vl, &cut, arena);
}

static void
layout_weights (RexnetPlan * plan, RexnetArena * arena)
{
  const RexnetNetwork *net = plan->net;
  const RexnetCut stem = {
    .columns = REXNET_STEM_COLUMNS,.shares = 1,.slices = 1
  };
  const RexnetCut head = product_cut (plan, plan->threads, 1);

  rexnet_pointwise_layout (&plan->stem, &net->stem, plan->kernels.vl, &stem,
      arena);
  for (guint i = 0; i < net->n_blocks; i++)
    layout_block (plan, &plan->blocks[i], arena);
  rexnet_pointwise_layout (&plan->head, &net->head, plan->kernels.vl, &head,
      arena);
  for (guint i = 0; i < net->n_classifiers; i++)
    layout_classifier (plan, i, arena);
}

/* The @i-th layer to pack; FALSE behind the last. */
static gboolean
nth_layer (RexnetPlan * plan, guint i, RexnetPointwise ** pointwise,
    RexnetDepthwiseWeights ** depthwise)
{
  guint ends = 2 + plan->net->n_classifiers;
  RexnetBlockPlan *block;

  *pointwise = NULL;
  *depthwise = NULL;
  if (i < ends) {
    *pointwise = i < plan->net->n_classifiers ? &plan->classifier[i] :
        i == ends - 2 ? &plan->head : &plan->stem;
    return TRUE;
  }
  i -= ends;
  if (i >= 5 * plan->net->n_blocks)
    return FALSE;
  /* The last blocks are the largest. */
  block = &plan->blocks[plan->net->n_blocks - 1 - i / 5];
  switch (i % 5) {
    case 0:
      *pointwise = &block->expand;
      break;
    case 1:
      *pointwise = &block->project;
      break;
    case 2:
      *pointwise = &block->squeeze;
      break;
    case 3:
      *pointwise = &block->excite;
      break;
    default:
      *depthwise = &block->depthwise;
      break;
  }
  return TRUE;
}

/* Weights of so many bytes are let go of as soon as they are packed, lest a
 * model lie in memory twice; smaller ones are not worth the call. */
#define RELEASE_BYTES (256 * 1024)

void
rexnet_plan_pack (RexnetPlan * plan, guint thread, guint threads)
{
  RexnetPointwise *pointwise;
  RexnetDepthwiseWeights *depthwise;

  for (guint i = thread; nth_layer (plan, i, &pointwise, &depthwise);
      i += threads) {
    if (depthwise)
      rexnet_depthwise_pack (depthwise, plan->kernels.vl);
    else if (pointwise->conv) {
      rexnet_pointwise_pack (pointwise, &plan->kernels);
      if (sizeof (float) * pointwise->k * pointwise->conv->out >= RELEASE_BYTES)
        rexnet_network_release_pages (plan->net);
    }
  }
}

/* ---- memory ----------------------------------------------------------------------- */

/* Whole cache lines, so that no two threads write to one. */
static gsize
take (RexnetLayout * layout, gsize floats)
{
  gsize at = layout->size;

  layout->size += (floats + 15) / 16 * 16;
  return at;
}

/* The distance between the buffers of two threads. */
static gsize
apart (gsize floats)
{
  return (floats + 15) / 16 * 16 + REXNET_APART;
}

static gsize
block_private (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  gsize first = block->by_rows ? rexnet_rows_private (plan, block) :
      rexnet_panels_private (plan, block);

  return MAX (first, rexnet_project_private (plan, block));
}

/* The pixels that a thread crosses at a time. */
static gsize
block_crossed (const RexnetBlockPlan * block)
{
  gsize first = block->by_rows ? rexnet_rows_crossed (block) :
      (gsize) block->in_width * block->in_height;

  return MAX (first, block->chunk);
}

/* The most floats of each kind of buffer that any block needs. */
typedef struct
{
  gsize map[2], depthwise, zero, squeezed, crossed, partial, private;
} Needs;

static Needs
add_up_needs (const RexnetPlan * plan)
{
  Needs needs = {
    .private = rexnet_head_private (plan),
    .crossed = (gsize) plan->map_width * plan->map_height
  };
  guint vl = plan->kernels.vl;

  for (guint i = 0; i < plan->net->n_blocks; i++) {
    const RexnetBlockPlan *block = &plan->blocks[i];
    gsize out = block->plane * block->project.blocks;

    needs.map[i & 1] = MAX (needs.map[i & 1], out);
    if (block->gated || !block->by_rows)
      needs.depthwise = MAX (needs.depthwise,
          block->plane * block->depthwise.blocks
          + (block->split_k ? (plan->threads - 1) * REXNET_APART : 0));
    if (block->split_k && plan->threads > 1)
      needs.partial = MAX (needs.partial, out);
    needs.zero = MAX (needs.zero, (gsize) (block->in_width + 8) * vl);
    needs.squeezed = MAX (needs.squeezed, (gsize) block->squeeze.blocks * vl);
    needs.crossed = MAX (needs.crossed, block_crossed (block));
    needs.private = MAX (needs.private, block_private (plan, block));
  }
  if (plan->batch == 1)
    needs.partial = MAX (needs.partial, (gsize) plan->classifier[0].blocks * vl);
  return needs;
}

static void
plan_memory (RexnetPlan * plan)
{
  RexnetLayout *layout = &plan->layout;
  Needs needs = add_up_needs (plan);
  guint vl = plan->kernels.vl;

  for (guint i = 0; i < plan->net->n_blocks; i++) {
    plan->blocks[i].in = (i + 1) & 1;
    plan->blocks[i].out = i & 1;
  }
  layout->map[0] = take (layout, needs.map[0]);
  layout->map[1] = take (layout, needs.map[1]);
  for (guint i = 0; i < plan->net->n_blocks; i++) {
    plan->blocks[i].in = layout->map[(i + 1) & 1];
    plan->blocks[i].out = layout->map[i & 1];
  }
  layout->depthwise = take (layout, needs.depthwise);
  layout->zero = take (layout, needs.zero);
  layout->features[0] = take (layout,
      (gsize) plan->head.blocks * vl * plan->batch);
  for (guint i = 0; i < plan->net->n_classifiers; i++)
    layout->features[i + 1] = take (layout,
        (gsize) plan->classifier[i].blocks * vl * plan->batch);
  layout->squeezed_stride = (needs.squeezed + 15) / 16 * 16;
  layout->squeezed = take (layout, layout->squeezed_stride * plan->threads);
  layout->crossed_stride = apart (needs.crossed);
  layout->crossed = take (layout, layout->crossed_stride * plan->threads);
  layout->partial_stride = apart (needs.partial);
  layout->partial = take (layout, layout->partial_stride * plan->threads);
  layout->private_stride = apart (needs.private);
  layout->private = take (layout, layout->private_stride * plan->threads);
}

/* ---- plans ------------------------------------------------------------------------- */

static gboolean
shape_network (RexnetPlan * plan, GError ** error)
{
  const RexnetNetwork *net = plan->net;
  guint width = rexnet_conv_out_size (&net->stem, plan->width);
  guint height = rexnet_conv_out_size (&net->stem, plan->height);

  plan->blocks = g_new0 (RexnetBlockPlan, net->n_blocks);
  for (guint i = 0; i < net->n_blocks; i++) {
    if (!check_block (&net->blocks[i], i, error))
      return FALSE;
    shape_block (plan, i, width, height);
    width = plan->blocks[i].width;
    height = plan->blocks[i].height;
  }
  plan->map_width = width;
  plan->map_height = height;
  plan->map_plane = plane_floats (plan, width * height);
  return TRUE;
}

static gboolean
map_weights (RexnetPlan * plan, GError ** error)
{
  RexnetArena arena = { NULL, 0 };

  layout_weights (plan, &arena);
  plan->weight_bytes = arena.used;
  plan->weights = rexnet_memory_map (arena.used, error);
  if (!plan->weights)
    return FALSE;
  arena = (RexnetArena) { plan->weights, 0 };
  layout_weights (plan, &arena);
  return TRUE;
}

RexnetPlan *
rexnet_plan_new (const RexnetNetwork * net, RexnetIsa isa, guint threads,
    guint batch, guint width, guint height, GError ** error)
{
  RexnetPlan *plan = g_new0 (RexnetPlan, 1);

  plan->net = net;
  plan->threads = threads;
  plan->batch = batch;
  plan->width = width;
  plan->height = height;
  rexnet_kernels_init (&plan->kernels, isa);
  plan->tile = rexnet_tile_choose (&plan->kernels);
  if (!shape_network (plan, error) || !map_weights (plan, error)) {
    rexnet_plan_free (plan);
    return NULL;
  }
  rexnet_plan_add_steps (plan);
  plan_memory (plan);
  return plan;
}

void
rexnet_plan_free (RexnetPlan * plan)
{
  if (!plan)
    return;
  for (guint i = 0; plan->blocks && i < plan->net->n_blocks; i++) {
    RexnetBlockPlan *block = &plan->blocks[i];

    rexnet_pointwise_clear (&block->expand);
    rexnet_pointwise_clear (&block->squeeze);
    rexnet_pointwise_clear (&block->excite);
    rexnet_pointwise_clear (&block->project);
    g_free (block->offset);
  }
  rexnet_pointwise_clear (&plan->stem);
  rexnet_pointwise_clear (&plan->head);
  for (guint i = 0; i < REXNET_MAX_CLASSIFIERS; i++)
    rexnet_pointwise_clear (&plan->classifier[i]);
  if (plan->steps)
    g_array_unref (plan->steps);
  rexnet_memory_unmap (plan->weights, plan->weight_bytes);
  g_free (plan->blocks);
  g_free (plan);
}
