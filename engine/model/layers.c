/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network as rows for people. */
#include "model.h"
#include "tensor.h"

static guint64
count (const RexnetTensor * tensor)
{
  return tensor->data ? rexnet_tensor_count (tensor) : 0;
}

guint64
rexnet_conv_parameters (const RexnetConv * conv)
{
  return count (&conv->weight) + count (&conv->bias)
      + count (&conv->bn_weight) + count (&conv->bn_bias);
}

typedef struct
{
  RexnetConvFunc func;
  gpointer data;
} Walk;

static void
visit (const Walk * walk, const RexnetConv * conv, gboolean pooled,
    const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static void
visit (const Walk * walk, const RexnetConv * conv, gboolean pooled,
    const char *format, ...)
{
  char name[48];
  va_list args;

  if (!rexnet_conv_present (conv))
    return;
  va_start (args, format);
  g_vsnprintf (name, sizeof name, format, args);
  va_end (args);
  walk->func (conv, name, pooled, walk->data);
}

void
rexnet_network_foreach (const RexnetNetwork * net, RexnetConvFunc func,
    gpointer data)
{
  const Walk walk = { func, data };

  visit (&walk, &net->stem, FALSE, "stem");
  for (guint i = 0; i < net->n_blocks; i++) {
    const RexnetBlock *block = &net->blocks[i];

    visit (&walk, &block->expand, FALSE, "block %u expand", i + 1);
    visit (&walk, &block->depthwise, FALSE, "block %u depthwise", i + 1);
    visit (&walk, &block->se_reduce, TRUE, "block %u squeeze", i + 1);
    visit (&walk, &block->se_expand, TRUE, "block %u excite", i + 1);
    visit (&walk, &block->project, FALSE, "block %u project", i + 1);
  }
  visit (&walk, &net->head, FALSE, "head");
  for (guint i = 0; i < net->n_classifiers; i++)
    visit (&walk, &net->classifier[i], TRUE, "classifier %u", i + 1);
}

typedef struct
{
  GArray *layers;
  guint width, height;          /* of the feature map so far */
} Listing;

static void
append_layer (const RexnetConv * conv, const char *name, gboolean pooled,
    gpointer data)
{
  Listing *listing = data;
  RexnetLayer layer = {
    .in = conv->in,
    .out = conv->out,
    .kernel = conv->kernel,
    .stride = conv->stride,
    .width = 1,
    .height = 1,
    .parameters = rexnet_conv_parameters (conv),
  };

  g_strlcpy (layer.name, name, sizeof layer.name);
  if (!pooled) {
    layer.width = listing->width =
        rexnet_conv_out_size (conv, listing->width);
    layer.height = listing->height =
        rexnet_conv_out_size (conv, listing->height);
  }
  layer.macs = count (&conv->weight) * layer.width * layer.height;
  g_array_append_val (listing->layers, layer);
}

GArray *
rexnet_model_get_layers (RexnetModel * model, guint width, guint height)
{
  const RexnetInput *input = &rexnet_model_get_info (model)->input;
  Listing listing = {
    .layers = g_array_new (FALSE, FALSE, sizeof (RexnetLayer)),
    .width = width ? width : input->width,
    .height = height ? height : input->height,
  };

  rexnet_network_foreach (rexnet_model_get_network (model), append_layer,
      &listing);
  return listing.layers;
}
