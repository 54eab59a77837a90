/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network as an ONNX graph: batch norms folded, padding written out. */
#include <string.h>

#include "fail.h"
#include "metadata.h"
#include "model.h"
#include "onnx_graph.h"

typedef struct
{
  const RexnetNetwork *net;
  RexnetOnnx *onnx;
  gboolean half;
  gboolean has_six;
  guint width, height;          /* of the map so far, pixels */
} Exporter;

/* A value's name. */
typedef char Name[96];

static void
set_name (Name name, const char *layer, const char *part)
{
  g_snprintf (name, sizeof (Name), "%s/%s", layer, part);
}

/* The constants of a ReLU6. */
static gboolean
add_six (Exporter * e, GError ** error)
{
  if (e->has_six)
    return TRUE;
  e->has_six = TRUE;
  return rexnet_onnx_add_floats (e->onnx, "zero", 0, NULL, g_new0 (float, 1),
      FALSE, error)
      && rexnet_onnx_add_floats (e->onnx, "six", 0, NULL,
      g_memdup2 (&(float) { 6 }, sizeof (float)), FALSE, error);
}

/* Behind @value, which becomes the activation's output. */
static gboolean
add_activation (Exporter * e, RexnetActivation activation, Name value,
    GError ** error)
{
  Name input, sigmoid;

  g_strlcpy (input, value, sizeof input);
  switch (activation) {
    case REXNET_ACTIVATION_NONE:
      return TRUE;
    case REXNET_ACTIVATION_RELU:
      set_name (value, input, "relu");
      rexnet_onnx_add_node (e->onnx, "Relu", value, input, NULL);
      return TRUE;
    case REXNET_ACTIVATION_RELU6:
      set_name (value, input, "relu6");
      if (!add_six (e, error))
        return FALSE;
      rexnet_onnx_add_node (e->onnx, "Clip", value, input, "zero", "six",
          NULL);
      return TRUE;
    case REXNET_ACTIVATION_SIGMOID:
      set_name (value, input, "sigmoid");
      rexnet_onnx_add_node (e->onnx, "Sigmoid", value, input, NULL);
      return TRUE;
    case REXNET_ACTIVATION_SILU:
      set_name (sigmoid, input, "sigmoid");
      set_name (value, input, "silu");
      rexnet_onnx_add_node (e->onnx, "Sigmoid", sigmoid, input, NULL);
      rexnet_onnx_add_node (e->onnx, "Mul", value, input, sigmoid, NULL);
      return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

/* LAYER/weight of @n_dims dimensions and LAYER/bias. */
static gboolean
add_weights (Exporter * e, const RexnetConv * conv, const char *layer,
    guint n_dims, GError ** error)
{
  const guint n = rexnet_tensor_count (&conv->weight);
  const gint64 dims[] = {
    conv->out, conv->depthwise ? 1 : conv->in, conv->kernel, conv->kernel
  };
  g_autofree float *weight = g_try_new (float, n);
  g_autofree float *bias = g_new (float, conv->out);
  Name name;

  if (!weight)
    return rexnet_fail (error, REXNET_ERROR_MEMORY,
        "no memory for the %u weights of %s", n, layer);
  rexnet_conv_fold (conv, weight, bias);
  rexnet_network_release_pages (e->net);
  set_name (name, layer, "weight");
  if (!rexnet_onnx_add_floats (e->onnx, name, n_dims, dims,
          g_steal_pointer (&weight), e->half, error))
    return FALSE;
  set_name (name, layer, "bias");
  return rexnet_onnx_add_floats (e->onnx, name, 1, dims,
      g_steal_pointer (&bias), FALSE, error);
}

/* Zeros behind the last of @size pixels. */
static gint64
padding_behind (const RexnetConv * conv, guint size)
{
  const gint64 out = rexnet_conv_out_size (conv, size);

  if (!conv->same)
    return conv->kernel / 2;
  return MAX ((out - 1) * conv->stride + conv->kernel
      - rexnet_conv_padding (conv, size) - size, 0);
}

static void
set_convolution (RexnetOnnxNode * node, const RexnetConv * conv, guint width,
    guint height)
{
  const gint64 kernel[] = { conv->kernel, conv->kernel };
  const gint64 strides[] = { conv->stride, conv->stride };
  const gint64 pads[] = {
    rexnet_conv_padding (conv, height), rexnet_conv_padding (conv, width),
    padding_behind (conv, height), padding_behind (conv, width)
  };

  rexnet_onnx_node_set_ints (node, "kernel_shape", 2, kernel);
  rexnet_onnx_node_set_ints (node, "strides", 2, strides);
  rexnet_onnx_node_set_ints (node, "pads", 4, pads);
  rexnet_onnx_node_set_int (node, "group", conv->depthwise ? conv->in : 1);
}

/* The convolution alone. @value becomes its output. @pooled: on 1 x 1 maps */
static gboolean
add_bare_conv (Exporter * e, const RexnetConv * conv, const char *layer,
    gboolean pooled, Name value, GError ** error)
{
  RexnetOnnxNode *node;
  Name weight, bias;

  if (!add_weights (e, conv, layer, 4, error))
    return FALSE;
  set_name (weight, layer, "weight");
  set_name (bias, layer, "bias");
  node = rexnet_onnx_add_node (e->onnx, "Conv", layer, value, weight, bias,
      NULL);
  set_convolution (node, conv, pooled ? 1 : e->width, pooled ? 1 : e->height);
  if (!pooled) {
    e->width = rexnet_conv_out_size (conv, e->width);
    e->height = rexnet_conv_out_size (conv, e->height);
  }
  g_strlcpy (value, layer, sizeof (Name));
  return TRUE;
}

static gboolean
add_conv (Exporter * e, const RexnetConv * conv, const char *layer,
    gboolean pooled, Name value, GError ** error)
{
  return add_bare_conv (e, conv, layer, pooled, value, error)
      && add_activation (e, conv->activation, value, error);
}

/* Multiplies @value by its gate. */
static gboolean
add_squeeze_excite (Exporter * e, const RexnetBlock * block,
    const char *name, Name value, GError ** error)
{
  Name gate, layer;

  set_name (gate, name, "mean");
  rexnet_onnx_add_node (e->onnx, "GlobalAveragePool", gate, value, NULL);
  set_name (layer, name, "squeeze");
  if (!add_conv (e, &block->se_reduce, layer, TRUE, gate, error))
    return FALSE;
  set_name (layer, name, "excite");
  if (!add_conv (e, &block->se_expand, layer, TRUE, gate, error))
    return FALSE;
  set_name (layer, name, "gate");
  rexnet_onnx_add_node (e->onnx, "Mul", layer, value, gate, NULL);
  g_strlcpy (value, layer, sizeof (Name));
  return TRUE;
}

/* A Slice of @value's channels from @first to before @end. */
static void
add_slice (Exporter * e, const char *name, const char *value, gint64 first,
    gint64 end)
{
  const gint64 axis = 1;
  Name start, stop, axes;

  set_name (start, name, "start");
  set_name (stop, name, "end");
  set_name (axes, name, "axis");
  rexnet_onnx_add_int64s (e->onnx, start, 1, &first);
  rexnet_onnx_add_int64s (e->onnx, stop, 1, &end);
  rexnet_onnx_add_int64s (e->onnx, axes, 1, &axis);
  rexnet_onnx_add_node (e->onnx, "Slice", name, value, start, stop, axes, NULL);
}

/* Adds @input to the first channels of @value; runtimes know concatenation
 * better than a scattered addition. */
static void
add_residual (Exporter * e, const RexnetBlock * block, const char *name,
    const char *input, Name value)
{
  Name sum, head, tail, joined;

  set_name (sum, name, "residual");
  if (block->residual == block->project.out) {
    rexnet_onnx_add_node (e->onnx, "Add", sum, value, input, NULL);
    g_strlcpy (value, sum, sizeof (Name));
    return;
  }
  set_name (head, name, "first");
  set_name (tail, name, "rest");
  set_name (joined, name, "joined");
  add_slice (e, head, value, 0, block->residual);
  add_slice (e, tail, value, block->residual, block->project.out);
  rexnet_onnx_add_node (e->onnx, "Add", sum, head, input, NULL);
  rexnet_onnx_node_set_int (rexnet_onnx_add_node (e->onnx, "Concat", joined,
          sum, tail, NULL), "axis", 1);
  g_strlcpy (value, joined, sizeof (Name));
}

static gboolean
add_depthwise (Exporter * e, const RexnetBlock * block, const char *name,
    Name value, GError ** error)
{
  const RexnetConv *conv = &block->depthwise;
  const gboolean gated = rexnet_conv_present (&block->se_reduce);
  Name layer;

  set_name (layer, name, "depthwise");
  return add_bare_conv (e, conv, layer, FALSE, value, error)
      && (!gated || !block->se_first
      || add_squeeze_excite (e, block, name, value, error))
      && add_activation (e, conv->activation, value, error)
      && (!gated || block->se_first
      || add_squeeze_excite (e, block, name, value, error));
}

static gboolean
add_block (Exporter * e, guint index, Name value, GError ** error)
{
  const RexnetBlock *block = &e->net->blocks[index];
  Name name, layer, input;

  g_snprintf (name, sizeof name, "block%u", index + 1);
  g_strlcpy (input, value, sizeof input);
  set_name (layer, name, "expand");
  if (rexnet_conv_present (&block->expand)
      && !add_conv (e, &block->expand, layer, FALSE, value, error))
    return FALSE;
  set_name (layer, name, "project");
  if (!add_depthwise (e, block, name, value, error)
      || !add_conv (e, &block->project, layer, FALSE, value, error))
    return FALSE;
  if (block->residual)
    add_residual (e, block, name, input, value);
  return TRUE;
}

/* On vectors; the last one's output is the network's. */
static gboolean
add_classifiers (Exporter * e, Name value, GError ** error)
{
  const RexnetNetwork *net = e->net;

  for (guint i = 0; i < net->n_classifiers; i++) {
    const gboolean last = i + 1 == net->n_classifiers;
    Name layer, weight, bias;

    g_snprintf (layer, sizeof layer, "classifier%u", i + 1);
    set_name (weight, layer, "weight");
    set_name (bias, layer, "bias");
    if (!add_weights (e, &net->classifier[i], layer, 2, error))
      return FALSE;
    rexnet_onnx_node_set_int (rexnet_onnx_add_node (e->onnx, "Gemm",
            last ? "logits" : layer, value, weight, bias, NULL), "transB", 1);
    g_strlcpy (value, layer, sizeof (Name));
    if (!last && !add_activation (e, net->classifier[i].activation, value,
            error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_network (Exporter * e, GError ** error)
{
  Name value = "input";

  if (!add_conv (e, &e->net->stem, "stem", FALSE, value, error))
    return FALSE;
  for (guint i = 0; i < e->net->n_blocks; i++)
    if (!add_block (e, i, value, error))
      return FALSE;
  if (!add_conv (e, &e->net->head, "head", FALSE, value, error))
    return FALSE;
  rexnet_onnx_add_node (e->onnx, "GlobalAveragePool", "pool", value, NULL);
  rexnet_onnx_add_node (e->onnx, "Flatten", "features", "pool", NULL);
  g_strlcpy (value, "features", sizeof (Name));
  return add_classifiers (e, value, error);
}

static void
add_metadata (const char *key, const char *value, gpointer onnx)
{
  rexnet_onnx_add_metadata (onnx, key, value);
}

gboolean
rexnet_model_save_onnx (RexnetModel * model, const char *path, gboolean half,
    GError ** error)
{
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  const RexnetInput *input = &info->input;
  const gint64 image[] = { 3, input->height, input->width };
  const gint64 classes = info->classes;
  g_autoptr (RexnetOnnx) onnx = rexnet_onnx_new (info->name);
  Exporter e = {
    .net = rexnet_model_get_network (model),
    .onnx = onnx,
    .half = half,
    .width = input->width,
    .height = input->height,
  };

  rexnet_onnx_add_input (onnx, "input", 3, image);
  rexnet_onnx_add_output (onnx, "logits", 1, &classes);
  rexnet_metadata_foreach (model, add_metadata, onnx);
  return add_network (&e, error) && rexnet_onnx_write (onnx, path, error);
}
