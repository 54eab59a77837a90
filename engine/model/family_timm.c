/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * timm's rexnet and rexnetr (timm/models/rexnet.py), with the default output
 * stride of 32.
 */
#include "family.h"

static gboolean
matches (RexnetStateDict * dict)
{
  return rexnet_state_dict_has (dict, "features.0.conv_dw.conv.weight");
}

/* The layer @name of block @b. */
static void
set_key (RexnetKey key, guint b, const char *name)
{
  g_snprintf (key, sizeof (RexnetKey), "features.%u.%s", b, name);
}

static RexnetBlockKeys
block_keys (RexnetStateDict * dict, guint b)
{
  RexnetBlockKeys keys = { 0 };

  if (rexnet_state_dict_has (dict, "features.%u.conv_exp.conv.weight", b)) {
    set_key (keys.expand, b, "conv_exp.conv");
    set_key (keys.expand_norm, b, "conv_exp.bn");
  }
  set_key (keys.depthwise, b, "conv_dw.conv");
  set_key (keys.depthwise_norm, b, "conv_dw.bn");
  if (rexnet_state_dict_has (dict, "features.%u.se.fc1.weight", b)) {
    set_key (keys.reduce, b, "se.fc1");
    set_key (keys.reduce_norm, b, "se.bn");
    set_key (keys.excite, b, "se.fc2");
  }
  set_key (keys.project, b, "conv_pwl.conv");
  set_key (keys.project_norm, b, "conv_pwl.bn");
  return keys;
}

/* rexnetr rounds every width to a multiple of 8. */
static RexnetVariant
variant_of (const RexnetNetwork * net)
{
  gboolean rounded = net->stem.out % 8 == 0 && net->head.out % 8 == 0;

  for (guint b = 0; b < net->n_blocks; b++)
    rounded = rounded && net->blocks[b].project.out % 8 == 0;
  return rounded ? REXNET_VARIANT_REXNETR : REXNET_VARIANT_REXNET;
}

static gboolean
build (RexnetStateDict * dict, RexnetNetwork * net, RexnetVariant * variant,
    GError ** error)
{
  const RexnetBlockStyle style = rexnet_block_style (REXNET_ACTIVATION_SILU);
  RexnetKey key, norm;
  guint in;

  net->stem.stride = 2;
  net->stem.activation = REXNET_ACTIVATION_SILU;
  if (!rexnet_take_conv (dict, &net->stem,
          (RexnetConvShape) { .in = 3, .kernel = 3 }, "stem.conv", "stem.bn",
          error))
    return FALSE;

  net->blocks = g_new0 (RexnetBlock, REXNET_MAX_BLOCKS);
  in = net->stem.out;
  for (guint b = 0; b < REXNET_MAX_BLOCKS && rexnet_state_dict_has (dict,
          "features.%u.conv_dw.conv.weight", b); b++) {
    const RexnetBlockKeys keys = block_keys (dict, b);

    if (!rexnet_take_block (dict, &net->blocks[b], &keys, in, &style,
            error))
      return FALSE;
    in = net->blocks[b].project.out;
    net->n_blocks++;
  }
  if (!rexnet_take_strides (dict, net, error))
    return FALSE;

  net->head.activation = REXNET_ACTIVATION_SILU;
  g_snprintf (key, sizeof key, "features.%u.conv", net->n_blocks);
  g_snprintf (norm, sizeof norm, "features.%u.bn", net->n_blocks);
  if (!rexnet_take_conv (dict, &net->head,
          (RexnetConvShape) { .in = in, .kernel = 1 }, key, norm, error))
    return FALSE;
  *variant = variant_of (net);
  net->n_classifiers = 1;
  return rexnet_take_conv (dict, &net->classifier[0],
      (RexnetConvShape) { .in = net->head.out, .kernel = 1 }, "head.fc", NULL,
      error);
}

const RexnetFamily rexnet_family_timm = {
  .name = "timm",
  .matches = matches,
  .build = build,
};
