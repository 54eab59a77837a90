/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layers of each family, in the order of its published code. */
#include "channels.h"
#include "efficientnet.h"
#include "family.h"
#include "generate.h"

#define N_BLOCKS 16             /* of a ReXNet */
#define EXPANSION 6
#define FIRST_SE_BLOCK 3
#define SE_REDUCTION 12
#define LITE_HIDDEN 1024
#define EFFICIENTNET_SE_REDUCTION 4     /* of a block's input */

static guint
inner_channels (guint in, gboolean expands)
{
  return expands ? in * EXPANSION : in;
}

/* ---- rexnetv1.py, rexnetv1_lite.py -------------------------------------- */

/* A convolution at index *@n of the sequence @parent and its batch norm. */
static void
add_official_conv (RexnetGenerator * g, guint out, guint in, guint kernel,
    const char *parent, guint * n)
{
  RexnetKey key;

  g_snprintf (key, sizeof key, "%s.%u", parent, (*n)++);
  rexnet_generate_conv (g, out, in, kernel, key);
  g_snprintf (key, sizeof key, "%s.%u", parent, (*n)++);
  rexnet_generate_norm (g, out, key);
}

static void
add_official_gate (RexnetGenerator * g, guint channels, const char *block,
    guint n)
{
  const guint squeezed = channels / SE_REDUCTION;
  RexnetKey key;

  g_snprintf (key, sizeof key, "%s.%u.fc.0", block, n);
  rexnet_generate_conv_bias (g, squeezed, channels, key);
  g_snprintf (key, sizeof key, "%s.%u.fc.1", block, n);
  rexnet_generate_norm (g, squeezed, key);
  g_snprintf (key, sizeof key, "%s.%u.fc.3", block, n);
  rexnet_generate_conv_bias (g, channels, squeezed, key);
}

static void
add_official_block (RexnetGenerator * g, guint index, guint in, guint out,
    gboolean lite)
{
  const guint inner = inner_channels (in, index > 0);
  RexnetKey block;
  guint n = 0;

  g_snprintf (block, sizeof block, "features.%u.out", 3 + index);
  if (index) {
    add_official_conv (g, inner, in, 1, block, &n);
    n++;
  }
  add_official_conv (g, inner, 1, 3, block, &n);
  if (!lite && index >= FIRST_SE_BLOCK)
    add_official_gate (g, inner, block, n++);
  n++;
  add_official_conv (g, out, inner, 1, block, &n);
}

static void
add_official (RexnetGenerator * g, const RexnetRecipe * recipe)
{
  const gboolean lite = recipe->variant == REXNET_VARIANT_REXNET_LITE;
  RexnetChannels c;
  guint n = 0;

  rexnet_channels (recipe->variant, recipe->width, N_BLOCKS, &c);
  add_official_conv (g, c.stem, 3, 3, "features", &n);
  for (guint i = 0; i < N_BLOCKS; i++)
    add_official_block (g, i, i ? c.block[i - 1] : c.stem, c.block[i], lite);
  n = 3 + N_BLOCKS;
  add_official_conv (g, c.head, c.block[N_BLOCKS - 1], 1, "features", &n);
  if (lite) {
    rexnet_generate_conv_bias (g, LITE_HIDDEN, c.head, "output.0");
    rexnet_generate_norm (g, LITE_HIDDEN, "output.1");
    rexnet_generate_conv_bias (g, recipe->classes, LITE_HIDDEN, "output.4");
  } else {
    rexnet_generate_conv_bias (g, recipe->classes, c.head, "output.1");
  }
}

/* ---- timm's ------------------------------------------------------------- */

/* A convolution @name and its batch norm @norm in @block. */
static void
add_named (RexnetGenerator * g, guint out, guint in, guint kernel,
    const char *block, const char *name, const char *norm)
{
  RexnetKey key;

  g_snprintf (key, sizeof key, "%s%s", block, name);
  rexnet_generate_conv (g, out, in, kernel, key);
  g_snprintf (key, sizeof key, "%s%s", block, norm);
  rexnet_generate_norm (g, out, key);
}

/* ---- timm's rexnetr ----------------------------------------------------- */

/* @name: of timm's ConvNormAct, which holds a convolution and a batch norm. */
static void
add_conv_norm (RexnetGenerator * g, guint out, guint in, guint kernel,
    const char *parent, const char *name)
{
  RexnetKey key;

  g_snprintf (key, sizeof key, "%s%s", parent, name);
  add_named (g, out, in, kernel, key, ".conv", ".bn");
}

static void
add_rexnetr_gate (RexnetGenerator * g, guint channels, guint squeezed,
    const char *block)
{
  RexnetKey key;

  g_snprintf (key, sizeof key, "%sse.fc1", block);
  rexnet_generate_conv_bias (g, squeezed, channels, key);
  g_snprintf (key, sizeof key, "%sse.bn", block);
  rexnet_generate_norm (g, squeezed, key);
  g_snprintf (key, sizeof key, "%sse.fc2", block);
  rexnet_generate_conv_bias (g, channels, squeezed, key);
}

static void
add_rexnetr (RexnetGenerator * g, const RexnetRecipe * recipe)
{
  RexnetKey key;
  RexnetChannels c;
  guint in;

  rexnet_channels (recipe->variant, recipe->width, N_BLOCKS, &c);
  add_conv_norm (g, c.stem, 3, 3, "", "stem");
  in = c.stem;
  for (guint i = 0; i < N_BLOCKS; i++) {
    const guint inner = inner_channels (in, i > 0);

    g_snprintf (key, sizeof key, "features.%u.", i);
    if (i)
      add_conv_norm (g, inner, in, 1, key, "conv_exp");
    add_conv_norm (g, inner, 1, 3, key, "conv_dw");
    if (i >= FIRST_SE_BLOCK)
      add_rexnetr_gate (g, inner, rexnet_channels_round (recipe->variant,
              recipe->width, inner / SE_REDUCTION), key);
    add_conv_norm (g, c.block[i], inner, 1, key, "conv_pwl");
    in = c.block[i];
  }
  g_snprintf (key, sizeof key, "features.%u", N_BLOCKS);
  add_conv_norm (g, c.head, in, 1, "", key);
  rexnet_generate_linear (g, recipe->classes, c.head, "head.fc");
}

/* ---- timm's efficientnet and efficientnet_lite -------------------------- */

/* @expands: not in the first stage, whose layers have names of their own */
static void
add_efficientnet_block (RexnetGenerator * g, const char *block, guint in,
    guint out, guint kernel, gboolean expands, gboolean gated)
{
  const guint inner = inner_channels (in, expands);
  const guint squeezed = in / EFFICIENTNET_SE_REDUCTION;
  RexnetKey key;

  if (expands)
    add_named (g, inner, in, 1, block, "conv_pw", "bn1");
  add_named (g, inner, 1, kernel, block, "conv_dw", expands ? "bn2" : "bn1");
  if (gated) {
    g_snprintf (key, sizeof key, "%sse.conv_reduce", block);
    rexnet_generate_conv_bias (g, squeezed, inner, key);
    g_snprintf (key, sizeof key, "%sse.conv_expand", block);
    rexnet_generate_conv_bias (g, inner, squeezed, key);
  }
  add_named (g, out, inner, 1, block, expands ? "conv_pwl" : "conv_pw",
      expands ? "bn3" : "bn2");
}

static void
add_efficientnet (RexnetGenerator * g, const RexnetRecipe * recipe)
{
  const gboolean lite = recipe->variant == REXNET_VARIANT_EFFICIENTNET_LITE;
  guint lengths[REXNET_EFFICIENTNET_STAGES], n_blocks = 0, n = 0, in;
  RexnetChannels c;
  RexnetKey key;

  for (guint i = 0; i < REXNET_EFFICIENTNET_STAGES; i++)
    n_blocks += lengths[i] =
        rexnet_efficientnet_length (i, lite, recipe->depth);
  rexnet_channels (recipe->variant, recipe->width, n_blocks, &c);
  add_named (g, c.stem, 3, 3, "", "conv_stem", "bn1");
  in = c.stem;
  for (guint stage = 0; stage < REXNET_EFFICIENTNET_STAGES; stage++)
    for (guint i = 0; i < lengths[stage]; i++, n++) {
      g_snprintf (key, sizeof key, "blocks.%u.%u.", stage, i);
      add_efficientnet_block (g, key, in, c.block[n],
          rexnet_efficientnet_stages[stage].kernel, stage > 0, !lite);
      in = c.block[n];
    }
  add_named (g, c.head, in, 1, "", "conv_head", "bn2");
  rexnet_generate_linear (g, recipe->classes, c.head, "classifier");
}

void
rexnet_generate_network (RexnetGenerator * g, const RexnetRecipe * recipe)
{
  switch (recipe->variant) {
    case REXNET_VARIANT_REXNET:
    case REXNET_VARIANT_REXNET_LITE:
      add_official (g, recipe);
      break;
    case REXNET_VARIANT_REXNETR:
      add_rexnetr (g, recipe);
      break;
    case REXNET_VARIANT_EFFICIENTNET:
    case REXNET_VARIANT_EFFICIENTNET_LITE:
      add_efficientnet (g, recipe);
      break;
  }
}
