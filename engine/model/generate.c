/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models whose weights are pure functions of their keys. */
#include <math.h>
#include <string.h>

#include "channels.h"
#include "family.h"
#include "model.h"
#include "uniform.h"

#define N_BLOCKS 16
#define EXPANSION 6
#define FIRST_SE_BLOCK 3
#define SE_REDUCTION 12
#define LITE_HIDDEN 1024
#define MAX_CLASSES 65536

static void
fill (const RexnetTensor * tensor, const char *key, float *dst)
{
  const guint n = rexnet_tensor_count (tensor);
  const guint64 seed = rexnet_uniform_seed (key);

  if (tensor->n_dims == 4) {
    const guint fan_in = n / tensor->shape[0];
    const double bound = sqrt (6. / fan_in);
    for (guint i = 0; i < n; i++)
      dst[i] = (float) ((2 * rexnet_uniform (seed, i) - 1) * bound);
  } else if (g_str_has_suffix (key, "running_var")
      || g_str_has_suffix (key, ".weight")) {
    for (guint i = 0; i < n; i++)
      dst[i] = (float) (0.5 + rexnet_uniform (seed, i));
  } else {
    for (guint i = 0; i < n; i++)
      dst[i] = (float) (0.5 * (rexnet_uniform (seed, i) - 0.5));
  }
}

typedef struct
{
  RexnetStateDict *dict;
  GError **error;
  gboolean failed;
} Generator;

static void
add (Generator * g, RexnetTensor tensor, const char *key, const char *suffix)
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
add_vector (Generator * g, guint size, const char *key, const char *suffix)
{
  add (g, (RexnetTensor) { .n_dims = 1, .shape = { size } }, key, suffix);
}

static void
add_norm (Generator * g, guint channels, const char *key)
{
  add_vector (g, channels, key, "weight");
  add_vector (g, channels, key, "bias");
  add_vector (g, channels, key, "running_mean");
  add_vector (g, channels, key, "running_var");
}

static void
add_conv (Generator * g, guint out, guint in, guint kernel, const char *key)
{
  add (g, (RexnetTensor) { .n_dims = 4, .shape = { out, in, kernel, kernel } },
      key, "weight");
}

/* A convolution at index *@n of the sequence @parent and its batch norm. */
static void
add_conv_norm (Generator * g, guint out, guint in, guint kernel,
    const char *parent, guint * n)
{
  RexnetKey key;

  g_snprintf (key, sizeof key, "%s.%u", parent, (*n)++);
  add_conv (g, out, in, kernel, key);
  g_snprintf (key, sizeof key, "%s.%u", parent, (*n)++);
  add_norm (g, out, key);
}

static void
add_conv_bias (Generator * g, guint out, guint in, const char *key)
{
  add_conv (g, out, in, 1, key);
  add_vector (g, out, key, "bias");
}

static void
add_squeeze_excite (Generator * g, guint channels, const char *block, guint n)
{
  const guint squeezed = channels / SE_REDUCTION;
  RexnetKey key;

  g_snprintf (key, sizeof key, "%s.%u.fc.0", block, n);
  add_conv_bias (g, squeezed, channels, key);
  g_snprintf (key, sizeof key, "%s.%u.fc.1", block, n);
  add_norm (g, squeezed, key);
  g_snprintf (key, sizeof key, "%s.%u.fc.3", block, n);
  add_conv_bias (g, channels, squeezed, key);
}

static void
add_block (Generator * g, guint index, guint in, guint out, gboolean lite)
{
  const guint inner = index ? in * EXPANSION : in;
  RexnetKey block;
  guint n = 0;

  g_snprintf (block, sizeof block, "features.%u.out", 3 + index);
  if (index) {
    add_conv_norm (g, inner, in, 1, block, &n);
    n++;
  }
  add_conv_norm (g, inner, 1, 3, block, &n);
  if (!lite && index >= FIRST_SE_BLOCK)
    add_squeeze_excite (g, inner, block, n++);
  n++;
  add_conv_norm (g, out, inner, 1, block, &n);
}

static void
add_network (Generator * g, const RexnetChannels * c, gboolean lite,
    guint classes)
{
  guint in = c->stem, n = 0;

  add_conv_norm (g, c->stem, 3, 3, "features", &n);
  for (guint i = 0; i < N_BLOCKS; i++) {
    add_block (g, i, in, c->block[i], lite);
    in = c->block[i];
  }
  n = 3 + N_BLOCKS;
  add_conv_norm (g, c->head, in, 1, "features", &n);
  if (lite) {
    add_conv_bias (g, LITE_HIDDEN, c->head, "output.0");
    add_norm (g, LITE_HIDDEN, "output.1");
    add_conv_bias (g, classes, LITE_HIDDEN, "output.4");
  } else {
    add_conv_bias (g, classes, c->head, "output.1");
  }
}

RexnetModel *
rexnet_model_generate (RexnetVariant variant, double width, guint classes,
    GError ** error)
{
  g_autoptr (RexnetStateDict) dict = NULL;
  g_auto (RexnetSettings) settings;
  g_autofree char *number = NULL;
  RexnetChannels channels;

  rexnet_settings_init (&settings);
  if (variant != REXNET_VARIANT_REXNET
      && variant != REXNET_VARIANT_REXNET_LITE) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "weights can be generated for rexnet and rexnet-lite only");
    return NULL;
  }
  if (!(width >= 0.1 && width <= 10)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "the width multiplier is %g, but must be between 0.1 and 10", width);
    return NULL;
  }
  if (classes < 1 || classes > MAX_CLASSES) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "the number of classes is %u, but must be between 1 and %u", classes,
        MAX_CLASSES);
    return NULL;
  }
  number = rexnet_width_to_string (width);
  settings.name = g_strdup_printf ("%s-%s-generated",
      rexnet_variant_to_string (variant), number);
  settings.has_width = TRUE;
  settings.width = width;
  dict = rexnet_state_dict_new (settings.name);
  rexnet_channels (variant, width, N_BLOCKS, &channels);

  Generator g = { .dict = dict, .error = error };
  add_network (&g, &channels, variant == REXNET_VARIANT_REXNET_LITE, classes);
  if (g.failed)
    return NULL;
  return rexnet_model_new (dict, &settings, error);
}
