/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers.h"

#define MACS_PER_BYTE 16
#define CACHE_SPEED 4           /* of memory's */

/* Input rows that output rows [@top, @top + @rows) read. */
static guint
input_rows (const RexnetConv * conv, guint height, guint top, guint rows)
{
  const int pad = rexnet_conv_padding (conv, height);
  const int first = (int) (top * conv->stride) - pad;
  const int last = (int) ((top + rows - 1) * conv->stride + conv->kernel) - pad;

  return MIN (last, (int) height) - MAX (first, 0);
}

static gsize
strip_bytes (const RexnetClGraph * g, guint width, guint rows)
{
  return (gsize) g->tiles.pw_t * g->tiles.cb * sizeof (float) * width * rows;
}

/* The most input rows that a strip of @rows reads, wherever it begins. */
static guint
most_input_rows (const RexnetConv * conv, guint height, guint rows)
{
  return MIN ((rows - 1) * conv->stride + conv->kernel, height);
}

static gboolean
pays (const RexnetClGraph * g, const RexnetBlock * block, guint width,
    guint height, guint strip, gboolean half)
{
  const RexnetConv *expand = &block->expand, *filter = &block->depthwise;
  const guint out_height = rexnet_conv_out_size (filter, height);
  const guint tiles = rexnet_cl_div_up (rexnet_cl_graph_blocks (g,
          expand->out), g->tiles.pw_t);
  const guint64 saved = 2 * rexnet_cl_graph_map_size (g, expand->out,
      width * height, half);
  const guint64 input = rexnet_cl_graph_map_size (g, expand->in,
      width * height, FALSE);
  guint rows = 0;

  for (guint top = 0; top < out_height; top += strip)
    rows += input_rows (filter, height, top, MIN (strip, out_height - top));
  return saved >= (guint64) tiles * input / CACHE_SPEED
      + (guint64) (rows - height) * width * expand->in * expand->out
      / MACS_PER_BYTE;
}

guint
rexnet_cl_fused_strip (const RexnetClGraph * g, const RexnetBlock * block,
    guint width, guint height, gboolean half)
{
  const RexnetClTiles *t = &g->tiles;
  const RexnetConv *conv = &block->depthwise;
  const guint out_height = rexnet_conv_out_size (conv, height);
  const guint units = MAX (g->device->info.compute_units, 1);
  const gsize sums = (gsize) t->fu_x * t->cb * sizeof (float);
  const gsize room = MIN (t->fu_kb * 1024,
      g->device->info.local_memory - MIN (sums, g->device->info.local_memory));
  guint tiles, strips, strip = out_height;

  if (t->fu_x == 0 || !rexnet_conv_present (&block->expand))
    return 0;
  tiles = g->batch * rexnet_cl_div_up (rexnet_cl_graph_blocks (g,
          block->expand.out), t->pw_t);
  while (strip > 0 && strip_bytes (g, width, most_input_rows (conv, height,
              strip)) > room)
    strip--;
  if (strip == 0)
    return 0;
  /* The mean needs all rows. */
  if (rexnet_conv_present (&block->se_reduce)) {
    if (strip < out_height || tiles < units)
      return 0;
  } else {
    strips = MAX (rexnet_cl_div_up (out_height, strip),
        rexnet_cl_div_up (2 * units, tiles));
    strip = rexnet_cl_div_up (out_height, MIN (strips, out_height));
  }
  return pays (g, block, width, height, strip, half) ? strip : 0;
}

static RexnetClStep
fused_step (RexnetClGraph * g, const char *name, const RexnetBlock * block,
    RexnetClMap x, RexnetClMap y, guint strip)
{
  const RexnetClTiles *t = &g->tiles;
  const RexnetConv *conv = &block->depthwise;
  RexnetClStep step = {
    .global = {(gsize) rexnet_cl_div_up (y.height, strip) * t->fu_x,
        rexnet_cl_div_up (rexnet_cl_graph_blocks (g, conv->out), t->pw_t), 1},
    .local = {t->fu_x, 1, 1},
    .macs = (guint64) block->expand.in * block->expand.out * x.width * x.height
        + (guint64) conv->kernel * conv->kernel * conv->out * y.width
        * y.height,
    .bytes = rexnet_cl_graph_map_bytes (g, x) + rexnet_cl_graph_map_bytes (g,
        y),
  };

  g_strlcpy (step.name, name, sizeof step.name);
  g_snprintf (step.detail, sizeof step.detail,
      "strips of %u rows x %u channels in local memory, %u items", strip,
      t->pw_t * t->cb, t->fu_x);
  return step;
}

RexnetClMap
rexnet_cl_add_expand_depthwise (RexnetClGraph * g, const char *name,
    const RexnetBlock * block, RexnetActivation act, RexnetClMap x, cl_mem to,
    cl_mem mean, guint strip, gboolean half)
{
  const RexnetClTiles *t = &g->tiles;
  const RexnetConv *conv = &block->depthwise;
  RexnetClMap y = { to, conv->out, rexnet_conv_out_size (conv, x.width),
    rexnet_conv_out_size (conv, x.height), half
  };
  RexnetClWeights w = rexnet_cl_graph_weights (g, &block->expand, t->pw_t,
      t->pw_t * t->pw_y, half);
  RexnetClWeights dw = rexnet_cl_graph_weights (g, conv, 0, 1, FALSE);
  RexnetClStep step = fused_step (g, name, block, x, y, strip);
  cl_int in = block->expand.in, blocks = rexnet_cl_graph_blocks (g, conv->out);
  cl_int width = x.width, height = x.height;
  cl_int out_width = y.width, out_height = y.height;
  cl_int pad_x = rexnet_conv_padding (conv, x.width);
  cl_int pad_y = rexnet_conv_padding (conv, x.height);
  cl_int activation = block->expand.activation, dw_activation = act;
  cl_int rows = strip, want_mean = mean != NULL;
  cl_mem means = mean ? mean : to;      /* not used without one */
  char kernel[32];
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (dw.weight), REXNET_CL_ARG (dw.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (means),
    {strip_bytes (g, x.width, most_input_rows (conv, x.height, strip)), NULL},
    REXNET_CL_ARG (in), REXNET_CL_ARG (blocks), REXNET_CL_ARG (width),
    REXNET_CL_ARG (height), REXNET_CL_ARG (out_width),
    REXNET_CL_ARG (out_height), REXNET_CL_ARG (pad_x), REXNET_CL_ARG (pad_y),
    REXNET_CL_ARG (activation), REXNET_CL_ARG (dw_activation),
    REXNET_CL_ARG (rows), REXNET_CL_ARG (want_mean),
  };

  step.bytes += w.bytes + dw.bytes;
  g_snprintf (kernel, sizeof kernel, "expand_depthwise_%ux%u_s%u",
      conv->kernel, conv->kernel, conv->stride);
  rexnet_cl_graph_add (g, kernel, half, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}
