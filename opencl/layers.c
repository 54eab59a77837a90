/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers.h"

RexnetClMap
rexnet_cl_add_stem (RexnetClGraph * g, const RexnetConv * conv,
    const RexnetClPorts * ports, guint width, guint height, cl_mem to)
{
  const RexnetClTiles *t = &g->tiles;
  RexnetClMap y = { to, conv->out, rexnet_conv_out_size (conv, width),
    rexnet_conv_out_size (conv, height)
  };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv, t->st_t, t->st_t,
      FALSE);
  cl_int pitch = ports->pitch, rows = ports->rows;
  cl_int first = (1 - (cl_int) rexnet_conv_padding (conv, height)) * pitch
      + 1 - (cl_int) rexnet_conv_padding (conv, width);
  cl_int blocks = rexnet_cl_graph_blocks (g, conv->out);
  cl_int out_width = y.width, out_height = y.height;
  cl_int activation = conv->activation;
  RexnetClStep step = {
    .global = {rexnet_cl_round_up (rexnet_cl_div_up (y.width, t->st_r),
            t->st_x), rexnet_cl_round_up (y.height, t->st_y),
        rexnet_cl_div_up (blocks, t->st_t)},
    .local = {t->st_x, t->st_y, 1},
    .name = "stem",
    .macs = (guint64) 27 * conv->out * y.width * y.height,
    .bytes = (guint64) 3 * width * height * sizeof (float) + w.bytes
        + rexnet_cl_graph_map_bytes (g, y),
  };
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (ports->input[0]), REXNET_CL_ARG (w.weight),
    REXNET_CL_ARG (w.bias), REXNET_CL_ARG (y.memory), REXNET_CL_ARG (pitch),
    REXNET_CL_ARG (rows), REXNET_CL_ARG (first), REXNET_CL_ARG (blocks),
    REXNET_CL_ARG (out_width), REXNET_CL_ARG (out_height),
    REXNET_CL_ARG (activation),
  };

  g_snprintf (step.detail, sizeof step.detail, "%u pixels x %u channels",
      t->st_r, t->st_t * t->cb);
  rexnet_cl_graph_add (g, "stem", FALSE, step, arguments,
      G_N_ELEMENTS (arguments));
  /* A kernel each, as what a command buffer recorded may follow its kernel's
   * later arguments. */
  for (guint i = 1; i < REXNET_CL_SLOTS; i++) {
    arguments[0].value = &ports->input[i];
    g->other_stems[i - 1] = rexnet_cl_graph_make_kernel (g, "stem", FALSE,
        arguments, G_N_ELEMENTS (arguments));
  }
  return y;
}

/* By kernels/subgroup.cl or by kernels/pointwise.cl. */
static RexnetClWeights
pointwise_weights (RexnetClGraph * g, const RexnetConv * conv, gboolean half)
{
  const RexnetClTiles *t = &g->tiles;
  const guint lanes = t->sg_x * t->sg_t / t->cb;

  return t->sg_x ? rexnet_cl_graph_weights (g, conv, lanes, lanes, half)
      : rexnet_cl_graph_weights (g, conv, t->pw_t, t->pw_t * t->pw_y, half);
}

static void
add_pointwise (RexnetClGraph * g, const char *function, gboolean half,
    RexnetClStep step, const RexnetClArgument * arguments, guint n)
{
  char name[32];

  g_snprintf (name, sizeof name, "%s%s", function, g->tiles.sg_x ? "_subgroup"
      : "");
  rexnet_cl_graph_add (g, name, half, step, arguments, n);
}

static RexnetClStep
pointwise_step (RexnetClGraph * g, const char *name, const RexnetConv * conv,
    RexnetClMap x, RexnetClWeights w)
{
  const RexnetClTiles *t = &g->tiles;
  guint pixels = x.width * x.height;
  guint blocks = rexnet_cl_graph_blocks (g, conv->out);
  RexnetClStep step = {
    .global = {rexnet_cl_round_up (rexnet_cl_div_up (pixels, t->pw_p), t->pw_x),
        rexnet_cl_round_up (rexnet_cl_div_up (blocks, t->pw_t), t->pw_y), 1},
    .local = {t->pw_x, t->pw_y, 1},
    .macs = (guint64) conv->in * conv->out * pixels,
    .bytes = rexnet_cl_graph_map_bytes (g, x) + w.bytes,
  };

  g_strlcpy (step.name, name, sizeof step.name);
  if (t->sg_x) {
    step.global[0] = rexnet_cl_round_up (pixels, t->sg_x);
    step.global[1] = rexnet_cl_div_up (conv->out, t->sg_x * t->sg_t);
    step.local[0] = t->sg_x;
    step.local[1] = 1;
    g_snprintf (step.detail, sizeof step.detail,
        "%u pixels x %u channels a sub-group", t->sg_x, t->sg_x * t->sg_t);
  } else {
    g_snprintf (step.detail, sizeof step.detail,
        "%u pixels x %u channels an item, %u x %u items", t->pw_p,
        t->pw_t * t->cb, t->pw_x, t->pw_y);
  }
  return step;
}

RexnetClMap
rexnet_cl_add_expand (RexnetClGraph * g, const char *name,
    const RexnetConv * conv, RexnetClMap x, cl_mem to, gboolean half)
{
  RexnetClMap y = { to, conv->out, x.width, x.height, half };
  RexnetClWeights w = pointwise_weights (g, conv, half);
  RexnetClStep step = pointwise_step (g, name, conv, x, w);
  cl_int in = conv->in, blocks = rexnet_cl_graph_blocks (g, conv->out);
  cl_int pixels = x.width * x.height, activation = conv->activation;
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (in), REXNET_CL_ARG (blocks),
    REXNET_CL_ARG (pixels), REXNET_CL_ARG (activation),
  };

  step.bytes += rexnet_cl_graph_map_bytes (g, y);
  add_pointwise (g, "expand", half, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}

RexnetClMap
rexnet_cl_add_project (RexnetClGraph * g, const char *name,
    const RexnetBlock * block, RexnetClMap x, cl_mem to, cl_mem gate,
    const RexnetClMap * residual, gboolean half)
{
  const RexnetConv *conv = &block->project;
  RexnetClMap y = { to, conv->out, x.width, x.height, FALSE };
  RexnetClWeights w = pointwise_weights (g, conv, half);
  RexnetClStep step = pointwise_step (g, name, conv, x, w);
  cl_int in = conv->in, blocks = rexnet_cl_graph_blocks (g, conv->out);
  cl_int pixels = x.width * x.height, activation = conv->activation;
  cl_int added_channels = block->residual;
  cl_int added_blocks = rexnet_cl_graph_blocks (g, residual->channels);
  cl_int gate_activation = block->se_first ? block->depthwise.activation
      : REXNET_ACTIVATION_NONE;
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (in), REXNET_CL_ARG (blocks),
    REXNET_CL_ARG (pixels), REXNET_CL_ARG (activation),
    REXNET_CL_ARG (residual->memory), REXNET_CL_ARG (added_channels),
    REXNET_CL_ARG (added_blocks), REXNET_CL_ARG (gate),
    REXNET_CL_ARG (gate_activation),
  };

  step.bytes += rexnet_cl_graph_map_bytes (g, y) + rexnet_cl_graph_map_size (g,
      block->residual, pixels, FALSE);
  if (gate)
    add_pointwise (g, "project_gated", half, step, arguments, 13);
  else
    add_pointwise (g, "project", half, step, arguments, 11);
  return y;
}

RexnetClMap
rexnet_cl_add_head (RexnetClGraph * g, const RexnetConv * conv,
    RexnetClMap x, cl_mem to)
{
  RexnetClMap y = { to, conv->out, 1, 1 };
  RexnetClWeights w = pointwise_weights (g, conv, g->half);
  RexnetClStep step = pointwise_step (g, "head", conv, x, w);
  cl_int in = conv->in, blocks = rexnet_cl_graph_blocks (g, conv->out);
  cl_int pixels = x.width * x.height, activation = conv->activation;
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (in), REXNET_CL_ARG (blocks),
    REXNET_CL_ARG (pixels), REXNET_CL_ARG (activation),
  };

  step.global[0] = step.local[0];
  step.bytes += conv->out * sizeof (float);
  add_pointwise (g, "head", g->half, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}

/* Groups of a plane: enough of them to fill the device. */
static guint
depthwise_slices (RexnetClGraph * g, guint blocks, guint items)
{
  guint wanted = 4 * MAX (g->device->info.compute_units, 1);
  guint most = rexnet_cl_div_up (items, 4 * g->tiles.dw_x);

  return CLAMP (rexnet_cl_div_up (wanted, blocks), 1, MAX (most, 1));
}

RexnetClMap
rexnet_cl_add_depthwise (RexnetClGraph * g, const char *name,
    const RexnetConv * conv, RexnetActivation act, RexnetClMap x, cl_mem to,
    cl_mem mean, gboolean half)
{
  const RexnetClTiles *t = &g->tiles;
  RexnetClMap y = { to, conv->out, rexnet_conv_out_size (conv, x.width),
    rexnet_conv_out_size (conv, x.height), half
  };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv, 0, 1, FALSE);
  guint blocks = rexnet_cl_graph_blocks (g, conv->out);
  guint items = rexnet_cl_div_up (y.width, t->dw_r) * y.height;
  guint slices = mean ? 1 : depthwise_slices (g, blocks, items);
  cl_int width = x.width, height = x.height;
  cl_int out_width = y.width, out_height = y.height;
  cl_int pad_x = rexnet_conv_padding (conv, x.width);
  cl_int pad_y = rexnet_conv_padding (conv, x.height);
  cl_int activation = act, want_mean = mean != NULL;
  cl_mem means = mean ? mean : to;    /* not used without one */
  char kernel[32];
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (means), REXNET_CL_ARG (width),
    REXNET_CL_ARG (height), REXNET_CL_ARG (out_width),
    REXNET_CL_ARG (out_height), REXNET_CL_ARG (pad_x), REXNET_CL_ARG (pad_y),
    REXNET_CL_ARG (activation), REXNET_CL_ARG (want_mean),
  };
  RexnetClStep step = {
    .global = {(gsize) slices * t->dw_x, blocks, 1},
    .local = {t->dw_x, 1, 1},
    .macs = (guint64) conv->kernel * conv->kernel * conv->out * y.width
        * y.height,
    .bytes = rexnet_cl_graph_map_bytes (g, x) + w.bytes
        + rexnet_cl_graph_map_bytes (g, y),
  };

  g_strlcpy (step.name, name, sizeof step.name);
  g_snprintf (step.detail, sizeof step.detail,
      "%u pixels x %u channels an item, %u items, %u slices", t->dw_r, t->cb,
      t->dw_x, slices);
  g_snprintf (kernel, sizeof kernel, "depthwise_%ux%u_s%u%s", conv->kernel,
      conv->kernel, conv->stride, x.half == half ? "" : "_first");
  rexnet_cl_graph_add (g, kernel, half, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}

RexnetClMap
rexnet_cl_add_dense (RexnetClGraph * g, const char *name,
    const RexnetConv * conv, RexnetClMap x, cl_mem to, gboolean half)
{
  const RexnetClTiles *t = &g->tiles;
  RexnetClMap y = { to, conv->out, 1, 1 };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv, 0, 1, half);
  cl_int in = conv->in, in_stride = rexnet_cl_round_up (conv->in, t->cb);
  cl_int activation = conv->activation;
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (in), REXNET_CL_ARG (in_stride),
    REXNET_CL_ARG (activation),
  };
  RexnetClStep step = {
    .global = {t->fc_x, rexnet_cl_graph_blocks (g, conv->out), 1},
    .local = {t->fc_x, 1, 1},
    .macs = (guint64) conv->in * conv->out,
    .bytes = w.bytes + (conv->in + conv->out) * sizeof (float),
  };

  g_strlcpy (step.name, name, sizeof step.name);
  g_snprintf (step.detail, sizeof step.detail, "%u channels, %u items", t->cb,
      t->fc_x);
  rexnet_cl_graph_add (g, "dense", half, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}

void
rexnet_cl_add_softmax (RexnetClGraph * g, const RexnetClPorts * ports,
    guint classes)
{
  const guint items = g->tiles.fc_x;
  cl_int n = classes, stride = ports->stride;
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (ports->output), REXNET_CL_ARG (n), REXNET_CL_ARG (stride),
  };
  RexnetClStep step = {
    .global = {items, 1, 1},
    .local = {items, 1, 1},
    .name = "softmax",
    .bytes = 2 * classes * sizeof (float),
  };

  g_snprintf (step.detail, sizeof step.detail, "%u items", items);
  rexnet_cl_graph_add (g, "softmax", FALSE, step, arguments,
      G_N_ELEMENTS (arguments));
}

