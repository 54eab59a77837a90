/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph.h"

/*
 * Maps live in four buffers: the input and the output of a block take turns
 * in two, the expanded map and the depthwise's output have one each. Vectors
 * (means, squeezed, gates, features) take turns in three.
 */
typedef struct
{
  RexnetClGraph *graph;
  guint batch;
  gsize map_bytes[4], vector_bytes;
  cl_mem maps[4], vectors[3];
} Builder;

enum
{ EXPANDED = 2, FILTERED = 3 };

/*
 * At precision f16 weights are half from this block on. The blocks before it
 * hold few, and what is lost there the later ones amplify most.
 */
#define FIRST_HALF_BLOCK 4

static gsize
round_up (gsize value, gsize multiple)
{
  return (value + multiple - 1) / multiple * multiple;
}

static guint
div_up (guint value, guint divisor)
{
  return (value + divisor - 1) / divisor;
}

static void
need_map (Builder * b, guint role, guint channels, guint pixels)
{
  gsize size = rexnet_cl_graph_map_size (b->graph, channels, pixels,
      role == EXPANDED || role == FILTERED);

  b->map_bytes[role] = MAX (b->map_bytes[role], size * b->batch);
}

static void
need_vector (Builder * b, guint channels)
{
  gsize size = round_up (channels, b->graph->tiles.cb) * sizeof (float);

  b->vector_bytes = MAX (b->vector_bytes, size * b->batch);
}

/* Adds up what the network needs and makes the buffers. */
static void
make_buffers (Builder * b, const RexnetNetwork * net, guint width, guint height)
{
  const RexnetClTiles *t = &b->graph->tiles;
  const gsize tail = (gsize) t->pw_x * t->pw_p * t->cb * sizeof (float);
  guint w = rexnet_conv_out_size (&net->stem, width);
  guint h = rexnet_conv_out_size (&net->stem, height);

  need_map (b, 0, net->stem.out, w * h);
  for (guint i = 0; i < net->n_blocks; i++) {
    const RexnetBlock *block = &net->blocks[i];

    if (rexnet_conv_present (&block->expand))
      need_map (b, EXPANDED, block->expand.out, w * h);
    w = rexnet_conv_out_size (&block->depthwise, w);
    h = rexnet_conv_out_size (&block->depthwise, h);
    need_map (b, FILTERED, block->depthwise.out, w * h);
    need_map (b, (i + 1) % 2, block->project.out, w * h);
    need_vector (b, block->depthwise.out);
  }
  need_vector (b, net->head.out);
  for (guint i = 0; i < net->n_classifiers; i++)
    need_vector (b, net->classifier[i].out);
  for (guint i = 0; i < G_N_ELEMENTS (b->maps); i++)
    b->maps[i] = rexnet_cl_graph_buffer (b->graph, b->map_bytes[i] + tail);
  for (guint i = 0; i < G_N_ELEMENTS (b->vectors); i++)
    b->vectors[i] = rexnet_cl_graph_buffer (b->graph, b->vector_bytes);
}

static guint64
map_bytes (Builder * b, RexnetClMap map)
{
  return rexnet_cl_graph_map_size (b->graph, map.channels,
      map.width * map.height, map.inner);
}

static RexnetClMap
add_stem (Builder * b, const RexnetConv * conv, const RexnetClPorts * ports,
    guint width, guint height)
{
  RexnetClGraph *g = b->graph;
  const RexnetClTiles *t = &g->tiles;
  RexnetClMap y = { b->maps[0], conv->out, rexnet_conv_out_size (conv, width),
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
    .global = {round_up (div_up (y.width, t->st_r), t->st_x),
        round_up (y.height, t->st_y), div_up (blocks, t->st_t)},
    .local = {t->st_x, t->st_y, 1},
    .name = "stem",
    .macs = (guint64) 27 * conv->out * y.width * y.height,
    .bytes = (guint64) 3 * width * height * sizeof (float) + w.bytes
        + map_bytes (b, y),
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

static RexnetClStep
pointwise_step (Builder * b, const char *name, const RexnetConv * conv,
    RexnetClMap x, RexnetClWeights w)
{
  const RexnetClTiles *t = &b->graph->tiles;
  guint pixels = x.width * x.height;
  guint blocks = rexnet_cl_graph_blocks (b->graph, conv->out);
  RexnetClStep step = {
    .global = {round_up (div_up (pixels, t->pw_p), t->pw_x),
        round_up (div_up (blocks, t->pw_t), t->pw_y), 1},
    .local = {t->pw_x, t->pw_y, 1},
    .macs = (guint64) conv->in * conv->out * pixels,
    .bytes = map_bytes (b, x) + w.bytes,
  };

  g_strlcpy (step.name, name, sizeof step.name);
  g_snprintf (step.detail, sizeof step.detail,
      "%u pixels x %u channels an item, %u x %u items", t->pw_p,
      t->pw_t * t->cb, t->pw_x, t->pw_y);
  return step;
}

static RexnetClMap
add_expand (Builder * b, const char *name, const RexnetConv * conv,
    RexnetClMap x, gboolean half)
{
  RexnetClGraph *g = b->graph;
  RexnetClMap y = { b->maps[EXPANDED], conv->out, x.width, x.height, TRUE };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv,
      g->tiles.pw_t, g->tiles.pw_t * g->tiles.pw_y, half);
  RexnetClStep step = pointwise_step (b, name, conv, x, w);
  cl_int in = conv->in, blocks = rexnet_cl_graph_blocks (g, conv->out);
  cl_int pixels = x.width * x.height, activation = conv->activation;
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (in), REXNET_CL_ARG (blocks),
    REXNET_CL_ARG (pixels), REXNET_CL_ARG (activation),
  };

  step.bytes += map_bytes (b, y);
  rexnet_cl_graph_add (g, "expand", half, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}

/* @gate: (nullable); @residual: the block's input */
static RexnetClMap
add_project (Builder * b, const char *name, const RexnetBlock * block,
    RexnetClMap x, cl_mem to, cl_mem gate, const RexnetClMap * residual,
    gboolean half)
{
  RexnetClGraph *g = b->graph;
  const RexnetConv *conv = &block->project;
  RexnetClMap y = { to, conv->out, x.width, x.height, FALSE };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv,
      g->tiles.pw_t, g->tiles.pw_t * g->tiles.pw_y, half);
  RexnetClStep step = pointwise_step (b, name, conv, x, w);
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

  step.bytes += map_bytes (b, y) + rexnet_cl_graph_map_size (g,
      block->residual, pixels, FALSE);
  if (gate)
    rexnet_cl_graph_add (g, "project_gated", half, step, arguments, 13);
  else
    rexnet_cl_graph_add (g, "project", half, step, arguments, 11);
  return y;
}

/* The mean over pixels of the convolution's output, as a vector. */
static RexnetClMap
add_head (Builder * b, const RexnetConv * conv, RexnetClMap x, cl_mem to)
{
  RexnetClGraph *g = b->graph;
  RexnetClMap y = { to, conv->out, 1, 1 };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv,
      g->tiles.pw_t, g->tiles.pw_t * g->tiles.pw_y, g->half);
  RexnetClStep step = pointwise_step (b, "head", conv, x, w);
  cl_int in = conv->in, blocks = rexnet_cl_graph_blocks (g, conv->out);
  cl_int pixels = x.width * x.height, activation = conv->activation;
  RexnetClArgument arguments[] = {
    REXNET_CL_ARG (x.memory), REXNET_CL_ARG (w.weight), REXNET_CL_ARG (w.bias),
    REXNET_CL_ARG (y.memory), REXNET_CL_ARG (in), REXNET_CL_ARG (blocks),
    REXNET_CL_ARG (pixels), REXNET_CL_ARG (activation),
  };

  step.global[0] = step.local[0];
  step.bytes += conv->out * sizeof (float);
  rexnet_cl_graph_add (g, "head", g->half, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}

/* Groups of a plane: enough of them to fill the device. */
static guint
depthwise_slices (Builder * b, guint blocks, guint items)
{
  guint wanted = 4 * MAX (b->graph->device->info.compute_units, 1);
  guint most = div_up (items, 4 * b->graph->tiles.dw_x);

  return CLAMP (div_up (wanted, blocks), 1, MAX (most, 1));
}

/* @mean: (nullable): receives the mean over pixels of the output */
static RexnetClMap
add_depthwise (Builder * b, const char *name, const RexnetConv * conv,
    RexnetActivation act, RexnetClMap x, cl_mem to, cl_mem mean)
{
  RexnetClGraph *g = b->graph;
  const RexnetClTiles *t = &g->tiles;
  RexnetClMap y = { to, conv->out, rexnet_conv_out_size (conv, x.width),
    rexnet_conv_out_size (conv, x.height), TRUE
  };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv, 0, 1, FALSE);
  guint blocks = rexnet_cl_graph_blocks (g, conv->out);
  guint items = div_up (y.width, t->dw_r) * y.height;
  guint slices = mean ? 1 : depthwise_slices (b, blocks, items);
  cl_int width = x.width, height = x.height;
  cl_int out_width = y.width, out_height = y.height;
  cl_int pad_x = rexnet_conv_padding (conv, x.width);
  cl_int pad_y = rexnet_conv_padding (conv, x.height);
  cl_int activation = act, want_mean = mean != NULL;
  cl_mem means = mean ? mean : b->vectors[0];
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
    .bytes = map_bytes (b, x) + w.bytes + map_bytes (b, y),
  };

  g_strlcpy (step.name, name, sizeof step.name);
  g_snprintf (step.detail, sizeof step.detail,
      "%u pixels x %u channels an item, %u items, %u slices", t->dw_r, t->cb,
      t->dw_x, slices);
  g_snprintf (kernel, sizeof kernel, "depthwise_%ux%u_s%u%s", conv->kernel,
      conv->kernel, conv->stride, x.inner ? "" : "_first");
  rexnet_cl_graph_add (g, kernel, FALSE, step, arguments,
      G_N_ELEMENTS (arguments));
  return y;
}

static RexnetClMap
add_dense (Builder * b, const char *name, const RexnetConv * conv,
    RexnetClMap x, cl_mem to, gboolean half)
{
  RexnetClGraph *g = b->graph;
  const RexnetClTiles *t = &g->tiles;
  RexnetClMap y = { to, conv->out, 1, 1 };
  RexnetClWeights w = rexnet_cl_graph_weights (g, conv, 0, 1, half);
  cl_int in = conv->in, in_stride = round_up (conv->in, t->cb);
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

static RexnetClMap
add_block (Builder * b, const RexnetBlock * block, guint index, RexnetClMap x)
{
  char name[5][48];
  static const char *const parts[] =
      { "expand", "depthwise", "squeeze", "excite", "project" };
  const gboolean se = rexnet_conv_present (&block->se_reduce);
  const gboolean half = b->graph->half && index >= FIRST_HALF_BLOCK;
  const RexnetActivation act = block->depthwise.activation;
  cl_mem mean = se ? b->vectors[0] : NULL, gate = se ? b->vectors[2] : NULL;
  RexnetClMap map = x;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_snprintf (name[i], sizeof name[i], "block %u %s", index + 1, parts[i]);
  if (rexnet_conv_present (&block->expand))
    map = add_expand (b, name[0], &block->expand, x, half);
  map = add_depthwise (b, name[1], &block->depthwise,
      se && block->se_first ? REXNET_ACTIVATION_NONE : act, map,
      b->maps[FILTERED], mean);
  if (se) {
    RexnetClMap pooled = { mean, map.channels, 1, 1, FALSE };

    pooled = add_dense (b, name[2], &block->se_reduce, pooled, b->vectors[1],
        half);
    add_dense (b, name[3], &block->se_expand, pooled, gate, half);
  }
  return add_project (b, name[4], block, map, b->maps[(index + 1) % 2], gate,
      &x, half);
}

static void
make_input (Builder * b, RexnetClPorts * ports, guint width, guint height)
{
  RexnetClGraph *g = b->graph;
  const guint run = 2 * g->tiles.st_r;
  const float zero = 0.f;
  gsize size;

  ports->pitch = round_up (width + 1, run) + 2;
  ports->rows = height + 3;
  size = (gsize) g->batch * 3 * ports->rows * ports->pitch * sizeof (float);
  for (guint i = 0; i < REXNET_CL_SLOTS; i++) {
    ports->input[i] = rexnet_cl_graph_buffer (g, size);
    if (!g->error)
      rexnet_cl_check (cl.clEnqueueFillBuffer (g->queue, ports->input[i],
              &zero, sizeof zero, 0, size, 0, NULL, NULL), &g->error,
          "clear the input");
  }
}

static void
add_softmax (Builder * b, const RexnetClPorts * ports, guint classes)
{
  RexnetClGraph *g = b->graph;
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

RexnetClPorts
rexnet_cl_network_build (RexnetClGraph * self, const RexnetNetwork * net,
    guint width, guint height)
{
  Builder b = {.graph = self,.batch = self->batch };
  RexnetClPorts ports = { 0 };
  RexnetClMap map;

  make_buffers (&b, net, width, height);
  make_input (&b, &ports, width, height);
  map = add_stem (&b, &net->stem, &ports, width, height);
  for (guint i = 0; i < net->n_blocks; i++)
    map = add_block (&b, &net->blocks[i], i, map);
  map = add_head (&b, &net->head, map, b.vectors[0]);
  for (guint i = 0; i < net->n_classifiers; i++) {
    ports.features = map.memory;
    ports.features_stride = round_up (map.channels, self->tiles.cb);
    map = add_dense (&b, i + 1 == net->n_classifiers ? "classifier" : "neck",
        &net->classifier[i], map, b.vectors[(i + 1) % 2], self->half);
  }
  ports.output = map.memory;
  ports.stride = round_up (map.channels, self->tiles.cb);
  add_softmax (&b, &ports, map.channels);
  return ports;
}
