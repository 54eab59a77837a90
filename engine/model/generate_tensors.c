/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights that are pure functions of their keys: tests/golden/README.md. */
#include <math.h>
#include <stdio.h>

#include "generate.h"
#include "uniform.h"

/* What the scale of a batch norm is divided by. The residuals of a deep
 * EfficientNet would add up to ever larger numbers. */
static guint
damping (const char *key)
{
  guint stage, block;
  int end = 0;

  return sscanf (key, "blocks.%u.%u.bn3.weight%n", &stage, &block, &end) == 2
      && end ? block + 1 : 1;
}

static void
fill (const RexnetTensor * tensor, const char *key, float *dst)
{
  const guint n = rexnet_tensor_count (tensor);
  const guint64 seed = rexnet_uniform_seed (key);

  if (tensor->n_dims > 1) {
    const guint fan_in = n / tensor->shape[0];
    const double bound = sqrt (6. / fan_in);
    for (guint i = 0; i < n; i++)
      dst[i] = (float) ((2 * rexnet_uniform (seed, i) - 1) * bound);
  } else if (g_str_has_suffix (key, "running_var")
      || g_str_has_suffix (key, ".weight")) {
    const guint divisor = damping (key);
    for (guint i = 0; i < n; i++)
      dst[i] = (float) ((0.5 + rexnet_uniform (seed, i)) / divisor);
  } else {
    for (guint i = 0; i < n; i++)
      dst[i] = (float) (0.5 * (rexnet_uniform (seed, i) - 0.5));
  }
}

static void
add (RexnetGenerator * g, RexnetTensor tensor, const char *key,
    const char *suffix)
{
  g_autofree char *name = g_strdup_printf ("%s.%s", key, suffix);
  guint64 bytes = sizeof (float);
  float *data;

  if (g->failed)
    return;
  for (guint i = 0; i < tensor.n_dims; i++)
    bytes *= tensor.shape[i];
  if (bytes > G_MAXINT32 || !(data = g_try_malloc (bytes))) {
    g_set_error (g->error, REXNET_ERROR, REXNET_ERROR_MEMORY,
        "no memory for the %" G_GUINT64_FORMAT " bytes of %s", bytes, name);
    g->failed = TRUE;
    return;
  }
  rexnet_tensor_set_contiguous (&tensor);
  fill (&tensor, name, data);
  tensor.data = (guint8 *) data;
  g_ptr_array_add (g->dict->blobs, g_bytes_new_take (data, bytes));
  g->failed = !rexnet_state_dict_add (g->dict, name, &tensor, NULL, g->error);
}

static void
add_vector (RexnetGenerator * g, guint size, const char *key,
    const char *suffix)
{
  add (g, (RexnetTensor) { .n_dims = 1, .shape = { size } }, key, suffix);
}

void
rexnet_generate_conv (RexnetGenerator * g, guint out, guint in, guint kernel,
    const char *key)
{
  add (g, (RexnetTensor) { .n_dims = 4, .shape = { out, in, kernel, kernel } },
      key, "weight");
}

void
rexnet_generate_conv_bias (RexnetGenerator * g, guint out, guint in,
    const char *key)
{
  rexnet_generate_conv (g, out, in, 1, key);
  add_vector (g, out, key, "bias");
}

void
rexnet_generate_linear (RexnetGenerator * g, guint out, guint in,
    const char *key)
{
  add (g, (RexnetTensor) { .n_dims = 2, .shape = { out, in } }, key, "weight");
  add_vector (g, out, key, "bias");
}

void
rexnet_generate_norm (RexnetGenerator * g, guint channels, const char *key)
{
  add_vector (g, channels, key, "weight");
  add_vector (g, channels, key, "bias");
  add_vector (g, channels, key, "running_mean");
  add_vector (g, channels, key, "running_var");
}
