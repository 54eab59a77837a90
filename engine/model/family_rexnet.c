/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The official ReXNet and ReXNet-lite: rexnetv1.py and rexnetv1_lite.py.
 *
 * features.0, .1: the stem and its batch norm; features.3 on: blocks, whose
 * layers stand in `out` one after another; behind them the head, its batch
 * norm, and `output`, the classifier.
 */
#include "family.h"

#define FIRST_BLOCK 3

static gboolean
matches (RexnetStateDict * dict)
{
  return rexnet_state_dict_has (dict, "features.%u.out.0.weight", FIRST_BLOCK);
}

/* The convolution out.@n of block @b and the batch norm behind it. */
static gboolean
take_layer (RexnetStateDict * dict, RexnetConv * conv, RexnetConvShape shape,
    guint b, guint n, GError ** error)
{
  RexnetKey key, norm;

  g_snprintf (key, sizeof key, "features.%u.out.%u", FIRST_BLOCK + b, n);
  g_snprintf (norm, sizeof norm, "features.%u.out.%u", FIRST_BLOCK + b, n + 1);
  return rexnet_take_conv (dict, conv, shape, key, norm, error);
}

static gboolean
take_squeeze_excite (RexnetStateDict * dict, RexnetBlock * block, guint b,
    guint n, GError ** error)
{
  const guint channels = block->depthwise.out;
  const guint f = FIRST_BLOCK + b;
  RexnetKey key, norm;

  block->se_first = TRUE;
  block->se_reduce.activation = REXNET_ACTIVATION_RELU;
  g_snprintf (key, sizeof key, "features.%u.out.%u.fc.0", f, n);
  g_snprintf (norm, sizeof norm, "features.%u.out.%u.fc.1", f, n);
  if (!rexnet_take_conv (dict, &block->se_reduce,
          (RexnetConvShape) { .in = channels, .kernel = 1 }, key, norm, error))
    return FALSE;

  block->se_expand.activation = REXNET_ACTIVATION_SIGMOID;
  g_snprintf (key, sizeof key, "features.%u.out.%u.fc.3", f, n);
  return rexnet_take_conv (dict, &block->se_expand, (RexnetConvShape) {
      .in = block->se_reduce.out, .out = channels, .kernel = 1 }, key, NULL,
      error);
}

/* Whether out.0 of a block is the 1 x 1 convolution that expands. */
static gboolean
expands (RexnetStateDict * dict, guint b)
{
  RexnetKey key;
  const RexnetTensor *first;

  g_snprintf (key, sizeof key, "features.%u.out.0.weight", FIRST_BLOCK + b);
  first = rexnet_state_dict_peek (dict, key);
  return first && first->n_dims == 4 && first->shape[2] == 1;
}

static gboolean
take_block (RexnetStateDict * dict, RexnetBlock * block, guint b, guint in,
    RexnetActivation activation, GError ** error)
{
  guint n = 0, inner = in;      /* n: index into out */

  if (expands (dict, b)) {
    block->expand.activation = activation;
    if (!take_layer (dict, &block->expand,
            (RexnetConvShape) { .in = in, .kernel = 1 }, b, n, error))
      return FALSE;
    inner = block->expand.out;
    n += 3;
  }
  block->depthwise.depthwise = TRUE;
  block->depthwise.activation = REXNET_ACTIVATION_RELU6;
  if (!take_layer (dict, &block->depthwise,
          (RexnetConvShape) { .in = inner, .out = inner }, b, n, error))
    return FALSE;
  n += 2;
  if (rexnet_state_dict_has (dict, "features.%u.out.%u.fc.0.weight",
          FIRST_BLOCK + b, n)) {
    if (!take_squeeze_excite (dict, block, b, n, error))
      return FALSE;
    n++;
  }
  n++;                          /* the activation */
  return take_layer (dict, &block->project,
      (RexnetConvShape) { .in = inner, .kernel = 1 }, b, n, error);
}

/* rexnet: a convolution at output.1; lite: convolutions at output.0 and .4. */
static gboolean
take_classifier (RexnetStateDict * dict, RexnetNetwork * net, gboolean lite,
    GError ** error)
{
  const guint in = net->head.out;

  net->n_classifiers = lite ? 2 : 1;
  if (!lite)
    return rexnet_take_conv (dict, &net->classifier[0],
        (RexnetConvShape) { .in = in, .kernel = 1 }, "output.1", NULL, error);

  net->classifier[0].activation = REXNET_ACTIVATION_RELU6;
  return rexnet_take_conv (dict, &net->classifier[0],
      (RexnetConvShape) { .in = in, .kernel = 1 }, "output.0", "output.1",
      error)
      && rexnet_take_conv (dict, &net->classifier[1],
      (RexnetConvShape) { .in = net->classifier[0].out, .kernel = 1 },
      "output.4", NULL, error);
}

static gboolean
build (RexnetStateDict * dict, RexnetNetwork * net, RexnetVariant * variant,
    GError ** error)
{
  const gboolean lite = rexnet_state_dict_has (dict, "output.0.weight");
  const RexnetActivation activation = lite ? REXNET_ACTIVATION_RELU6
      : REXNET_ACTIVATION_SILU;
  RexnetKey key, norm;
  guint in;

  *variant = lite ? REXNET_VARIANT_REXNET_LITE : REXNET_VARIANT_REXNET;
  net->stem.stride = 2;
  net->stem.activation = activation;
  if (!rexnet_take_conv (dict, &net->stem,
          (RexnetConvShape) { .in = 3, .kernel = 3 }, "features.0",
          "features.1", error))
    return FALSE;

  net->blocks = g_new0 (RexnetBlock, REXNET_MAX_BLOCKS);
  in = net->stem.out;
  for (guint b = 0; b < REXNET_MAX_BLOCKS && rexnet_state_dict_has (dict,
          "features.%u.out.0.weight", FIRST_BLOCK + b); b++) {
    if (!take_block (dict, &net->blocks[b], b, in, activation, error))
      return FALSE;
    in = net->blocks[b].project.out;
    net->n_blocks++;
  }
  if (!rexnet_take_strides (dict, net, error))
    return FALSE;

  g_snprintf (key, sizeof key, "features.%u", FIRST_BLOCK + net->n_blocks);
  g_snprintf (norm, sizeof norm, "features.%u", FIRST_BLOCK + net->n_blocks + 1);
  net->head.activation = activation;
  return rexnet_take_conv (dict, &net->head,
      (RexnetConvShape) { .in = in, .kernel = 1 }, key, norm, error)
      && take_classifier (dict, net, lite, error);
}

const RexnetFamily rexnet_family_rexnet = {
  .name = "official",
  .matches = matches,
  .build = build,
};
