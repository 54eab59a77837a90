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

/* Item @n of the block's `out`. */
static void
set_key (RexnetKey key, guint b, guint n)
{
  g_snprintf (key, sizeof (RexnetKey), "features.%u.out.%u", FIRST_BLOCK + b,
      n);
}

/* Layers stand behind one another: convolution, batch norm, activation. */
static RexnetBlockKeys
block_keys (RexnetStateDict * dict, guint b)
{
  RexnetBlockKeys keys = { 0 };
  guint n = 0;

  if (expands (dict, b)) {
    set_key (keys.expand, b, n++);
    set_key (keys.expand_norm, b, n++);
    n++;
  }
  set_key (keys.depthwise, b, n++);
  set_key (keys.depthwise_norm, b, n++);
  if (rexnet_state_dict_has (dict, "features.%u.out.%u.fc.0.weight",
          FIRST_BLOCK + b, n)) {
    RexnetKey gate;

    set_key (gate, b, n++);
    g_snprintf (keys.reduce, sizeof keys.reduce, "%s.fc.0", gate);
    g_snprintf (keys.reduce_norm, sizeof keys.reduce_norm, "%s.fc.1", gate);
    g_snprintf (keys.excite, sizeof keys.excite, "%s.fc.3", gate);
  }
  n++;
  set_key (keys.project, b, n++);
  set_key (keys.project_norm, b, n++);
  return keys;
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
  const RexnetBlockStyle style = rexnet_block_style (activation);
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
    const RexnetBlockKeys keys = block_keys (dict, b);

    if (!rexnet_take_block (dict, &net->blocks[b], &keys, in, &style,
            error))
      return FALSE;
    in = net->blocks[b].project.out;
    net->n_blocks++;
  }
  if (!rexnet_take_strides (dict, net, error))
    return FALSE;

  g_snprintf (key, sizeof key, "features.%u", FIRST_BLOCK + net->n_blocks);
  g_snprintf (norm, sizeof norm, "features.%u",
      FIRST_BLOCK + net->n_blocks + 1);
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
