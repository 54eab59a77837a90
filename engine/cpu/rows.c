/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first half of a block by rows; see plan.h. */
#include <string.h>

#include "plan.h"

#define STEM_LINES 4            /* three that a row reads; a power of two */
#define LINES_AHEAD 4           /* of the image, which comes from L3 */

/* One pass of a thread down its rows, over a strip of columns. */
typedef struct
{
  const RexnetFrame *frame;
  const RexnetBlockPlan *block;
  guint vl, thread;
  float *ring, *band, *lines;   /* private memory */
  float *pool;                  /* NULL: not gated */

  guint x, columns;             /* of the output */
  int left;                     /* input column of the ring's column 0 */
  guint from, to;               /* input columns inside the map */
  int produced;                 /* input rows made so far end here */
  int copied;                   /* lines of the image copied so far end here */
} Strip;

/* Vectors of a row of the ring for @strip output columns. */
static guint
row_vectors (const RexnetBlockPlan * block, guint strip)
{
  return (strip - 1) * block->net->depthwise.stride
      + block->net->depthwise.kernel;
}

static guint
ring_width (const RexnetBlockPlan * block)
{
  return row_vectors (block, block->strip);
}

/* Floats of a line of the image: what the stem reads for a row of the ring. */
static guint
line_width (const RexnetBlockPlan * block)
{
  return 2 * ring_width (block) + 1;
}

static gsize
band_floats (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  return block->gated ? 0 : (gsize) block->depthwise.blocks * block->band
      * block->strip * plan->kernels.vl;
}

gsize
rexnet_rows_ring (const RexnetPlan * plan, const RexnetBlockPlan * block,
    guint strip)
{
  guint vl = plan->kernels.vl;
  gsize blocks = (block->net->depthwise.out + vl - 1) / vl;

  return blocks * block->depth * row_vectors (block, strip) * vl;
}

guint
rexnet_rows_crossed (const RexnetBlockPlan * block)
{
  return MAX (block->depth * block->in_width, block->band * block->width);
}

static gsize
ring_floats (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  return rexnet_rows_ring (plan, block, block->strip);
}

gsize
rexnet_rows_private (const RexnetPlan * plan, const RexnetBlockPlan * block)
{
  return ring_floats (plan, block) + band_floats (plan, block)
      + (gsize) block->depthwise.blocks * plan->kernels.vl
      + (block->source == REXNET_SOURCE_STEM ?
      (gsize) 3 * STEM_LINES * line_width (block) : 0);
}

static float *
ring_row (const Strip * s, guint channel_block, guint row)
{
  return s->ring + ((gsize) channel_block * s->block->depth
      + row % s->block->depth) * ring_width (s->block) * s->vl;
}

/* ---- producing ------------------------------------------------------------------ */

static float *
image_line (const Strip * s, guint plane, int y)
{
  return s->lines + (plane * STEM_LINES + (y & (STEM_LINES - 1)))
      * (gsize) line_width (s->block);
}

/* Copies what the stem's output columns @from to @to read of a line of each
 * plane, zeros around the image included. */
static void
copy_line (const Strip * s, int y)
{
  const RexnetPlan *plan = s->frame->plan;
  int pad = rexnet_conv_padding (&plan->net->stem, plan->width);
  int first = 2 * (int) s->from - pad, end = 2 * (int) s->to + 1 - pad;
  int a = MAX (first, 0), b = MIN (end, (int) plan->width);

  for (guint c = 0; c < 3; c++) {
    const float *src = s->frame->input
        + ((gsize) c * plan->height + y) * plan->width;
    float *line = image_line (s, c, y);

    if (a > first)
      line[0] = 0.f;
    memcpy (line + (a - first), src + a, (b - a) * sizeof (float));
    if (y + LINES_AHEAD < (int) plan->height)
      rexnet_fetch (src + LINES_AHEAD * plan->width + a, b - a);
    for (int x = b; x < end; x++)
      line[x - first] = 0.f;
  }
}

static void
produce_stem_row (Strip * s, guint row)
{
  const RexnetPlan *plan = s->frame->plan;
  const RexnetPointwise *stem = &plan->stem;
  int top = 2 * (int) row
      - (int) rexnet_conv_padding (&plan->net->stem, plan->height);
  RexnetStem kernel = {
    .d_block = (gsize) s->block->depth * ring_width (s->block) * s->vl,
    .finish = stem->finish
  };

  for (int y = MAX (MAX (s->copied, top), 0);
      y < MIN (top + 3, (int) plan->height); y++)
    copy_line (s, y);
  s->copied = top + 3;
  for (guint i = 0; i < 9; i++) {
    int y = top + (int) i % 3;

    kernel.row[i] = y < 0 || y >= (int) plan->height ?
        rexnet_frame_buffer (s->frame, plan->layout.zero) :
        image_line (s, i / 3, y);
  }
  for (guint i = 0; i < stem->n_panels; i++) {
    const RexnetPanel *panel = &stem->panels[i];

    kernel.b = rexnet_panel_weights (stem, panel);
    kernel.bias = stem->bias + panel->block * s->vl;
    kernel.d = ring_row (s, panel->block, row)
        + ((int) s->from - s->left) * (gsize) s->vl;
    plan->kernels.stem[panel->columns] (&kernel, s->to - s->from);
  }
}

static void
produce_expansion (Strip * s, guint row, guint end)
{
  const RexnetBlockPlan *block = s->block;
  const RexnetPointwise *expand = &block->expand;
  const RexnetKernels *kernels = &s->frame->plan->kernels;
  const float *in = rexnet_frame_buffer (s->frame, block->in)
      + s->from * (gsize) s->vl;
  const gsize in_row = (gsize) block->in_width * s->vl;
  const guint pixels = s->to - s->from;
  float *crossed = rexnet_frame_crossed (s->frame, s->thread);
  RexnetGemm gemm = {
    .a_block = block->in_plane,
    .k = expand->k,
    .d_block = (gsize) block->depth * ring_width (block) * s->vl,
    .unscale = expand->unscale,.finish = expand->finish
  };

  for (guint y = row; expand->paired && y < end; y++)
    kernels->cross (in + y * in_row, block->in_plane, expand->k, pixels,
        crossed + (y - row) * pixels);
  for (guint i = 0; i < expand->n_panels; i++) {
    const RexnetPanel *panel = &expand->panels[i];
    RexnetGemmFunc product = rexnet_panel_gemm (panel, kernels);

    gemm.b = rexnet_panel_weights (expand, panel);
    gemm.bias = expand->bias + panel->block * s->vl;
    for (guint y = row; y < end; y++) {
      gemm.a = in + y * in_row;
      gemm.crossed = crossed + (y - row) * pixels;
      gemm.d = ring_row (s, panel->block, y)
          + ((int) s->from - s->left) * (gsize) s->vl;
      product (&gemm, pixels);
    }
  }
}

static void
copy_map (Strip * s, guint row, guint end)
{
  const RexnetBlockPlan *block = s->block;
  const float *in = rexnet_frame_buffer (s->frame, block->in);

  for (guint b = 0; b < block->depthwise.blocks; b++)
    for (guint y = row; y < end; y++)
      memcpy (ring_row (s, b, y) + ((int) s->from - s->left) * (gsize) s->vl,
          in + b * block->in_plane
          + ((gsize) y * block->in_width + s->from) * s->vl, (s->to - s->from) * (gsize) s->vl * sizeof (float));
}

/* The columns of the ring that lie outside the map. */
static void
clear_border (Strip * s, guint row)
{
  const RexnetBlockPlan *block = s->block;
  gsize before = (int) s->from - s->left;
  gsize inside = before + (s->to - s->from);
  gsize width = (s->columns - 1) * block->net->depthwise.stride
      + block->net->depthwise.kernel;

  if (before == 0 && inside >= width)
    return;
  for (guint b = 0; b < block->depthwise.blocks; b++) {
    float *d = ring_row (s, b, row);

    memset (d, 0, before * s->vl * sizeof (float));
    if (inside < width)
      memset (d + inside * s->vl, 0, (width - inside) * s->vl * sizeof (float));
  }
}

/* Makes the rows of the ring that end at input row @end. */
static void
produce (Strip * s, int end)
{
  guint row = MAX (s->produced, 0);

  end = MIN (end, (int) s->block->in_height);
  if ((int) row >= end)
    return;
  for (guint y = row; y < (guint) end; y++) {
    clear_border (s, y);
    if (s->block->source == REXNET_SOURCE_STEM)
      produce_stem_row (s, y);
  }
  if (s->block->source == REXNET_SOURCE_EXPAND)
    produce_expansion (s, row, end);
  else if (s->block->source == REXNET_SOURCE_MAP)
    copy_map (s, row, end);
  s->produced = end;
}

/* ---- convolving ------------------------------------------------------------------- */

/* Where block @b's output rows from @y on go. */
static float *
convolved (const Strip * s, guint b, guint y, gsize * row)
{
  const RexnetBlockPlan *block = s->block;

  if (s->band) {
    *row = (gsize) s->columns * s->vl;
    return s->band + (gsize) b * block->band * *row;
  }
  *row = (gsize) block->width * s->vl;
  return rexnet_frame_depthwise (s->frame, block, 0)
      + b * block->plane + y * *row + (gsize) s->x * s->vl;
}

static void
convolve (const Strip * s, guint y, guint rows)
{
  const RexnetBlockPlan *block = s->block;
  const RexnetConv *conv = &block->net->depthwise;
  const RexnetFinish *finish = &block->depthwise.finish;
  const gboolean smooth = finish->smooth != REXNET_ACTIVATION_NONE;
  const gsize ring_block = (gsize) block->depth * ring_width (block) * s->vl;
  RexnetDepthwise d = {.low = finish->low,.high = finish->high };
  int top = (int) (y * conv->stride)
      - (int) rexnet_conv_padding (conv, block->in_height);
  guint inputs = (rows - 1) * conv->stride + conv->kernel;
  gsize step[REXNET_DEPTHWISE_INPUTS];

  for (guint i = 0; i < inputs; i++) {
    gboolean inside = top + (int) i >= 0
        && top + (int) i < (int) block->in_height;

    d.row[i] = inside ? ring_row (s, 0, top + i) :
        rexnet_frame_buffer (s->frame, s->frame->plan->layout.zero);
    step[i] = inside ? ring_block : 0;
  }
  for (guint b = 0; b < block->depthwise.blocks; b++) {
    float *pool = s->pool ? s->pool + b * s->vl : NULL;

    d.weights = block->depthwise.weights
        + (gsize) b * block->depthwise.vectors * s->vl;
    d.bias = block->depthwise.bias + b * s->vl;
    d.d = convolved (s, b, y, &d.d_row);
    d.pool = smooth ? NULL : pool;
    block->depthwise.func (&d, s->columns, rows);
    for (guint i = 0; smooth && i < rows; i++)
      s->frame->plan->kernels.activate (d.d + i * d.d_row, s->columns, finish,
          pool);
    for (guint i = 0; i < inputs; i++)
      d.row[i] += step[i];
  }
}

static void
project_band (const Strip * s, guint y, guint rows)
{
  const RexnetBlockPlan *block = s->block;
  gboolean whole = s->columns == block->width;
  RexnetProjection p = {
    .a = s->band,.a_block = (gsize) block->band * s->columns * s->vl,
    .end = block->depthwise.blocks,.pixel = (gsize) y * block->width + s->x,
    .pixels = s->columns
  };

  if (whole)
    p.pixels *= rows;
  for (guint i = 0; i < (whole ? 1 : rows); i++) {
    rexnet_project (s->frame, block, &p, s->thread);
    p.a += (gsize) s->columns * s->vl;
    p.pixel += block->width;
  }
}

static void
run_strip (Strip * s, guint y, guint end)
{
  const RexnetConv *conv = &s->block->net->depthwise;
  int pad_x = rexnet_conv_padding (conv, s->block->in_width);
  int pad_y = rexnet_conv_padding (conv, s->block->in_height);
  int right;

  s->left = (int) (s->x * conv->stride) - pad_x;
  right = (int) ((s->x + s->columns - 1) * conv->stride) - pad_x
      + (int) conv->kernel;
  s->from = MAX (s->left, 0);
  s->to = MIN (right, (int) s->block->in_width);
  s->produced = (int) (y * conv->stride) - pad_y;
  s->copied = 0;
  while (y < end) {
    guint rows = MIN (s->block->band, end - y);

    produce (s, (int) ((y + rows - 1) * conv->stride) - pad_y
        + (int) conv->kernel);
    convolve (s, y, rows);
    if (s->band)
      project_band (s, y, rows);
    y += rows;
  }
}

void
rexnet_step_rows (const RexnetFrame * frame, const RexnetStep * step,
    guint thread)
{
  const RexnetBlockPlan *block = step->block;
  const RexnetPlan *plan = frame->plan;
  float *memory = rexnet_frame_private (frame, thread);
  guint y = rexnet_share (block->height, thread, plan->threads);
  guint end = rexnet_share (block->height, thread + 1, plan->threads);
  float *pool = memory + ring_floats (plan, block) + band_floats (plan, block);
  gsize pooled = (gsize) block->depthwise.blocks * plan->kernels.vl;
  Strip strip = {
    .frame = frame,.block = block,.vl = plan->kernels.vl,.thread = thread,
    .ring = memory,.lines = pool + pooled,
    .band = block->gated ? NULL : memory + ring_floats (plan, block),
    .pool = block->gated ? pool : NULL
  };

  memset (pool, 0, pooled * sizeof (float));
  if (y < end)
    for (guint n = (block->width + block->strip - 1) / block->strip; n > 0; n--) {
      strip.columns = (block->width - strip.x + n - 1) / n;
      run_strip (&strip, y, end);
      strip.x += strip.columns;
    }
  if (block->gated)
    rexnet_squeeze (frame, block, pool, 0, block->depthwise.blocks, thread);
}
