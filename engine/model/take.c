/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the families share: convolutions checked against their neighbours. */
#include <math.h>

#include "fail.h"
#include "family.h"

#define BN_EPS 1e-5

static gboolean
wrong_shape (RexnetStateDict * dict, const char *key,
    const RexnetTensor * tensor, const char *expected, GError ** error)
{
  g_autofree char *shape = rexnet_tensor_shape_to_string (tensor);

  return rexnet_fail (error, REXNET_ERROR_CORRUPT,
      "%s: %s is %s, expected %s", dict->source, key, shape, expected);
}

/* A linear layer's matrix is a 1 x 1 convolution. */
static void
make_four_dimensional (RexnetTensor * weight)
{
  if (weight->n_dims != 2)
    return;
  weight->n_dims = 4;
  weight->shape[2] = weight->shape[3] = 1;
  weight->stride[2] = weight->stride[3] = 1;
}

static gboolean
take_weight (RexnetStateDict * dict, RexnetConv * conv, RexnetConvShape want,
    const char *key, GError ** error)
{
  RexnetKey name;
  const RexnetTensor *found;
  RexnetTensor *w = &conv->weight;

  g_snprintf (name, sizeof name, "%s.weight", key);
  if (!(found = rexnet_state_dict_take (dict, name, error)))
    return FALSE;
  *w = *found;
  make_four_dimensional (w);

  const guint in = conv->depthwise ? 1 : want.in;
  const gboolean kernel_fits = w->n_dims == 4 && (want.kernel ?
      w->shape[2] == want.kernel : w->shape[2] == 3 || w->shape[2] == 5);
  if (!kernel_fits || w->shape[2] != w->shape[3] || w->shape[1] != in
      || (want.out && w->shape[0] != want.out)) {
    g_autoptr (GString) expected = g_string_new (NULL);
    if (want.out)
      g_string_append_printf (expected, "%u x ", want.out);
    else
      g_string_append (expected, "N x ");
    g_string_append_printf (expected, "%u", in);
    if (want.kernel)
      g_string_append_printf (expected, " x %u x %u", want.kernel, want.kernel);
    else
      g_string_append (expected, " x 3 x 3 or 5 x 5");
    return wrong_shape (dict, name, found, expected->str, error);
  }
  conv->in = want.in;
  conv->out = w->shape[0];
  conv->kernel = w->shape[2];
  return TRUE;
}

static gboolean
take_vector (RexnetStateDict * dict, RexnetTensor * vector, guint size,
    const char *key, const char *suffix, GError ** error)
{
  RexnetKey name;
  const RexnetTensor *found;

  g_snprintf (name, sizeof name, "%s.%s", key, suffix);
  if (!(found = rexnet_state_dict_take (dict, name, error)))
    return FALSE;
  if (found->n_dims != 1 || found->shape[0] != size) {
    g_autofree char *expected = g_strdup_printf ("%u", size);
    return wrong_shape (dict, name, found, expected, error);
  }
  *vector = *found;
  return TRUE;
}

static gboolean
check_variance (RexnetStateDict * dict, const RexnetConv * conv,
    const char *norm, GError ** error)
{
  g_autofree double *var = g_new (double, conv->out);

  rexnet_tensor_read_row (&conv->bn_var, 0, var);
  for (guint i = 0; i < conv->out; i++) {
    if (var[i] >= 0)
      continue;
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: %s.running_var has the variance %g in channel %u",
        dict->source, norm, var[i], i);
  }
  return TRUE;
}

gboolean
rexnet_take_conv (RexnetStateDict * dict, RexnetConv * conv,
    RexnetConvShape shape, const char *key, const char *norm, GError ** error)
{
  if (conv->stride == 0)
    conv->stride = 1;
  if (conv->bn_eps == 0)
    conv->bn_eps = BN_EPS;
  if (!take_weight (dict, conv, shape, key, error))
    return FALSE;
  if (rexnet_state_dict_has (dict, "%s.bias", key)
      && !take_vector (dict, &conv->bias, conv->out, key, "bias", error))
    return FALSE;
  if (!norm)
    return TRUE;
  return take_vector (dict, &conv->bn_weight, conv->out, norm, "weight", error)
      && take_vector (dict, &conv->bn_bias, conv->out, norm, "bias", error)
      && take_vector (dict, &conv->bn_mean, conv->out, norm, "running_mean",
      error)
      && take_vector (dict, &conv->bn_var, conv->out, norm, "running_var",
      error)
      && check_variance (dict, conv, norm, error);
}

RexnetBlockStyle
rexnet_block_style (RexnetActivation expand)
{
  return (RexnetBlockStyle) {
  expand, REXNET_ACTIVATION_RELU6, REXNET_ACTIVATION_RELU, TRUE};
}

static void
set_style (RexnetBlock * block, const RexnetBlockStyle * style)
{
  block->se_first = style->se_first;
  block->expand.activation = style->expand;
  block->depthwise.activation = style->depthwise;
  block->depthwise.depthwise = TRUE;
  block->se_reduce.activation = style->reduce;
  block->se_expand.activation = REXNET_ACTIVATION_SIGMOID;
  block->expand.bn_eps = block->depthwise.bn_eps = block->se_reduce.bn_eps =
      block->project.bn_eps = style->bn_eps;
}

gboolean
rexnet_take_block (RexnetStateDict * dict, RexnetBlock * block,
    const RexnetBlockKeys * keys, guint in, const RexnetBlockStyle * style,
    GError ** error)
{
  RexnetConvShape shape = {.in = in,.kernel = 1 };
  guint inner = in;

  set_style (block, style);
  if (*keys->expand) {
    if (!rexnet_take_conv (dict, &block->expand, shape, keys->expand,
            keys->expand_norm, error))
      return FALSE;
    inner = block->expand.out;
  }
  shape = (RexnetConvShape) { .in = inner, .out = inner };
  if (!rexnet_take_conv (dict, &block->depthwise, shape, keys->depthwise,
          keys->depthwise_norm, error))
    return FALSE;

  shape = (RexnetConvShape) { .in = inner, .kernel = 1 };
  if (*keys->reduce) {
    RexnetConvShape back = {.out = inner,.kernel = 1 };

    if (!rexnet_take_conv (dict, &block->se_reduce, shape, keys->reduce,
            *keys->reduce_norm ? keys->reduce_norm : NULL, error))
      return FALSE;
    back.in = block->se_reduce.out;
    if (!rexnet_take_conv (dict, &block->se_expand, back, keys->excite, NULL,
            error))
      return FALSE;
  }
  return rexnet_take_conv (dict, &block->project, shape, keys->project,
      keys->project_norm, error);
}

/* Stage lengths at depth 1.0 and the stride of each stage's first block. */
static const guint lengths[REXNET_N_STAGES] = { 1, 2, 2, 3, 3, 5 };
static const guint strides[REXNET_N_STAGES] = { 1, 2, 2, 2, 1, 2 };

gboolean
rexnet_stages (guint n_blocks, guint * stages)
{
  /* ceil (length * depth) changes at multiples of 1/30 only, and every stage
   * grows with depth, so a sum is reached by one set of lengths at most. */
  for (guint depth = 1;; depth++) {
    guint sum = 0;

    for (guint i = 0; i < REXNET_N_STAGES; i++)
      sum += stages[i] = (lengths[i] * depth + 29) / 30;
    if (sum >= n_blocks)
      return sum == n_blocks;
  }
}

gboolean
rexnet_take_strides (RexnetStateDict * dict, RexnetNetwork * net,
    GError ** error)
{
  guint stages[REXNET_N_STAGES], b = 0;

  if (!rexnet_stages (net->n_blocks, stages))
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: has %u blocks, which is no depth of ReXNet (16 at depth 1.0)",
        dict->source, net->n_blocks);
  for (guint stage = 0; stage < REXNET_N_STAGES; stage++) {
    for (guint i = 0; i < stages[stage]; i++, b++) {
      RexnetBlock *block = &net->blocks[b];
      const guint in = rexnet_conv_present (&block->expand) ?
          block->expand.in : block->depthwise.in;

      block->depthwise.stride = i == 0 ? strides[stage] : 1;
      if (block->depthwise.stride == 1 && in <= block->project.out)
        block->residual = in;
    }
  }
  return TRUE;
}
