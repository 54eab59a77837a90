/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a model file: an error or a model whose every number can be
 * read. Built for libFuzzer with -Dfuzz=true; the tests give it files.
 */
#include "fuzz.h"
#include "model/model.h"

static void
fold (const RexnetConv * conv, const char *name, gboolean pooled, gpointer data)
{
  const gsize count = rexnet_tensor_count (&conv->weight);
  g_autofree float *weight = g_new (float, count);
  g_autofree float *bias = g_new (float, conv->out);

  rexnet_conv_fold (conv, weight, bias);
  rexnet_tensor_read (&conv->weight, weight);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  /* a copy of the exact size, so that a sanitizer sees a read past its end */
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_load_bytes (bytes, "fuzz", &error);

  g_assert_true ((model == NULL) == (error != NULL));
  if (error)
    g_assert_true (error->domain == REXNET_ERROR);
  if (!model)
    return 0;
  rexnet_network_foreach (rexnet_model_get_network (model), fold, NULL);
  g_array_unref (rexnet_model_get_layers (model, 33, 4096));
  rexnet_model_unref (model);
  return 0;
}
