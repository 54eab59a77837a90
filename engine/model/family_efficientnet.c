/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EfficientNet and EfficientNet-Lite (Tan and Le, arXiv 1905.11946) under the
 * keys of timm (timm/models/efficientnet.py) and of efficientnet-pytorch.
 *
 * timm numbers blocks within their stage (blocks.2.0.conv_pw), and the layers
 * of a block without expansion have names of their own; efficientnet-pytorch
 * numbers them through (_blocks.3._expand_conv), so that stages show in the
 * kernels and channels alone. Lite has no squeeze-excite and ReLU6 for SiLU.
 * efficientnet-pytorch pads as TensorFlow does.
 */
#include "efficientnet.h"
#include "fail.h"
#include "family.h"

#define N_STAGES REXNET_EFFICIENTNET_STAGES

/* What stands before and behind the blocks. */
typedef struct
{
  const char *stem, *stem_norm, *head, *head_norm, *classifier;
} EndKeys;

static const EndKeys timm_ends = {
  "conv_stem", "bn1", "conv_head", "bn2", "classifier"
};

static const EndKeys flat_ends = {
  "_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc"
};

static gboolean
is_flat (RexnetStateDict * dict)
{
  return rexnet_state_dict_has (dict, "_blocks.0._depthwise_conv.weight");
}

static gboolean
matches (RexnetStateDict * dict)
{
  return is_flat (dict)
      || (rexnet_state_dict_has (dict, "conv_stem.weight")
      && rexnet_state_dict_has (dict, "blocks.0.0.conv_dw.weight"));
}

/* Lite models are those without a squeeze-excite in the first block. */
static gboolean
is_lite (RexnetStateDict * dict)
{
  return !rexnet_state_dict_has (dict, "blocks.0.0.se.conv_reduce.weight")
      && !rexnet_state_dict_has (dict, "_blocks.0._se_reduce.weight");
}

/* The layer @name of the block that @block names. */
static void
set_key (RexnetKey key, const char *block, const char *name)
{
  g_snprintf (key, sizeof (RexnetKey), "%s.%s", block, name);
}

static RexnetBlockKeys
timm_keys (RexnetStateDict * dict, const char *block)
{
  const gboolean expands =
      rexnet_state_dict_has (dict, "%s.conv_pwl.weight", block);
  RexnetBlockKeys keys = { 0 };

  if (expands) {
    set_key (keys.expand, block, "conv_pw");
    set_key (keys.expand_norm, block, "bn1");
  }
  set_key (keys.depthwise, block, "conv_dw");
  set_key (keys.depthwise_norm, block, expands ? "bn2" : "bn1");
  if (rexnet_state_dict_has (dict, "%s.se.conv_reduce.weight", block)) {
    set_key (keys.reduce, block, "se.conv_reduce");
    set_key (keys.excite, block, "se.conv_expand");
  }
  set_key (keys.project, block, expands ? "conv_pwl" : "conv_pw");
  set_key (keys.project_norm, block, expands ? "bn3" : "bn2");
  return keys;
}

static RexnetBlockKeys
flat_keys (RexnetStateDict * dict, const char *block)
{
  RexnetBlockKeys keys = { 0 };

  if (rexnet_state_dict_has (dict, "%s._expand_conv.weight", block)) {
    set_key (keys.expand, block, "_expand_conv");
    set_key (keys.expand_norm, block, "_bn0");
  }
  set_key (keys.depthwise, block, "_depthwise_conv");
  set_key (keys.depthwise_norm, block, "_bn1");
  if (rexnet_state_dict_has (dict, "%s._se_reduce.weight", block)) {
    set_key (keys.reduce, block, "_se_reduce");
    set_key (keys.excite, block, "_se_expand");
  }
  set_key (keys.project, block, "_project_conv");
  set_key (keys.project_norm, block, "_bn2");
  return keys;
}

typedef struct
{
  RexnetStateDict *dict;
  RexnetNetwork *net;
  RexnetBlockStyle style;
  guint channels;               /* of the map so far */
  guint stage[REXNET_MAX_BLOCKS];       /* of each block */
} Builder;

static gboolean
take_block (Builder * b, const RexnetBlockKeys * keys, GError ** error)
{
  RexnetBlock *block = &b->net->blocks[b->net->n_blocks];

  if (!rexnet_take_block (b->dict, block, keys, b->channels, &b->style, error))
    return FALSE;
  b->channels = block->project.out;
  b->net->n_blocks++;
  return TRUE;
}

static gboolean
take_timm_blocks (Builder * b, GError ** error)
{
  for (guint stage = 0; stage <= N_STAGES; stage++) {
    for (guint i = 0; b->net->n_blocks < REXNET_MAX_BLOCKS; i++) {
      g_autofree char *name = g_strdup_printf ("blocks.%u.%u", stage, i);
      RexnetBlockKeys keys;

      if (!rexnet_state_dict_has (b->dict, "%s.conv_dw.weight", name))
        break;
      keys = timm_keys (b->dict, name);
      b->stage[b->net->n_blocks] = stage;
      if (!take_block (b, &keys, error))
        return FALSE;
    }
  }
  return TRUE;
}

/* Another kernel or number of channels starts another stage. */
static guint
next_stage (const Builder * b, guint stage)
{
  const guint n = b->net->n_blocks;
  const RexnetBlock *last = &b->net->blocks[n - 1], *before = last - 1;

  return stage + (n > 1
      && (last->depthwise.kernel != before->depthwise.kernel
          || last->project.out != before->project.out));
}

static gboolean
take_flat_blocks (Builder * b, GError ** error)
{
  guint stage = 0;

  while (b->net->n_blocks < REXNET_MAX_BLOCKS) {
    g_autofree char *name = g_strdup_printf ("_blocks.%u", b->net->n_blocks);
    RexnetBlockKeys keys;

    if (!rexnet_state_dict_has (b->dict, "%s._depthwise_conv.weight", name))
      break;
    keys = flat_keys (b->dict, name);
    if (!take_block (b, &keys, error))
      return FALSE;
    stage = next_stage (b, stage);
    b->stage[b->net->n_blocks - 1] = stage;
  }
  return TRUE;
}

/* Other networks of timm have the same keys, but other stages. */
static gboolean
set_strides (Builder * b, GError ** error)
{
  const RexnetNetwork *net = b->net;
  guint stages = 0;

  for (guint i = 0; i < net->n_blocks; i++) {
    RexnetBlock *block = &net->blocks[i];
    const guint stage = b->stage[i];
    const gboolean first = i == 0 || stage != b->stage[i - 1];
    const guint in = rexnet_conv_present (&block->expand) ?
        block->expand.in : block->depthwise.in;

    stages += first;
    if (stage >= N_STAGES || stage != stages - 1
        || block->depthwise.kernel != rexnet_efficientnet_stages[stage].kernel)
      return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
          "%s: has the keys of an EfficientNet, but block %u has a %u x %u "
          "depthwise kernel in stage %u, where none of B0 to B7 and Lite 0 to "
          "4 has it", b->dict->source, i, block->depthwise.kernel,
          block->depthwise.kernel, stage);
    block->depthwise.stride =
        first ? rexnet_efficientnet_stages[stage].stride : 1;
    block->depthwise.same = net->stem.same;
    if (block->depthwise.stride == 1 && in == block->project.out)
      block->residual = in;
  }
  return stages == N_STAGES || rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: has the keys of an EfficientNet, but %u stages of blocks; B0 to B7 "
      "and Lite 0 to 4 have %d", b->dict->source, stages, N_STAGES);
}

static gboolean
build (RexnetStateDict * dict, RexnetNetwork * net, RexnetVariant * variant,
    GError ** error)
{
  const gboolean lite = is_lite (dict), flat = is_flat (dict);
  const RexnetActivation activation = lite ? REXNET_ACTIVATION_RELU6
      : REXNET_ACTIVATION_SILU;
  const EndKeys *ends = flat ? &flat_ends : &timm_ends;
  const double eps = flat ? 1e-3 : 1e-5;
  RexnetConvShape shape = {.in = 3,.kernel = 3 };
  Builder b = {
    .dict = dict,.net = net,
    .style = {activation, activation, activation, FALSE, eps}
  };

  *variant = lite ? REXNET_VARIANT_EFFICIENTNET_LITE
      : REXNET_VARIANT_EFFICIENTNET;
  net->stem = (RexnetConv) {
  .stride = 2,.same = flat,.activation = activation,.bn_eps = eps};
  if (!rexnet_take_conv (dict, &net->stem, shape, ends->stem, ends->stem_norm,
          error))
    return FALSE;
  b.channels = net->stem.out;
  net->blocks = g_new0 (RexnetBlock, REXNET_MAX_BLOCKS);
  if (!(flat ? take_flat_blocks (&b, error) : take_timm_blocks (&b, error))
      || !set_strides (&b, error))
    return FALSE;

  net->head = (RexnetConv) {.activation = activation,.bn_eps = eps};
  shape = (RexnetConvShape) {.in = b.channels,.kernel = 1 };
  if (!rexnet_take_conv (dict, &net->head, shape, ends->head, ends->head_norm,
          error))
    return FALSE;
  net->n_classifiers = 1;
  shape.in = net->head.out;
  return rexnet_take_conv (dict, &net->classifier[0], shape, ends->classifier,
      NULL, error);
}

static guint
count_blocks (RexnetStateDict * dict)
{
  guint n = 0;

  for (guint stage = 0; stage < N_STAGES; stage++)
    for (guint i = 0; rexnet_state_dict_has (dict,
            "blocks.%u.%u.conv_dw.weight", stage, i); i++)
      n++;
  while (rexnet_state_dict_has (dict, "_blocks.%u._depthwise_conv.weight", n))
    n++;
  return n;
}

/* A network of other widths or depths than the published ones gets B0's. */
static void
defaults (RexnetStateDict * dict, RexnetInput * input)
{
  const gboolean lite = is_lite (dict), flat = is_flat (dict);
  const RexnetTensor *head = rexnet_state_dict_peek (dict,
      flat ? "_conv_head.weight" : "conv_head.weight");
  const guint channels = head && head->n_dims == 4 ? head->shape[1] : 0;
  const RexnetEfficientnet *published = rexnet_efficientnet_of_shape (lite,
      count_blocks (dict), channels);

  if (published) {
    input->width = input->height = published->size;
    input->crop_pct = published->crop_pct;
  }
  for (guint c = 0; lite && flat && c < 3; c++) {
    input->mean[c] = 127 / 255.f;
    input->std[c] = 128 / 255.f;
  }
}

const RexnetFamily rexnet_family_efficientnet = {
  .name = "EfficientNet",
  .matches = matches,
  .defaults = defaults,
  .build = build,
};
