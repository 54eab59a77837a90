/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a model as safetensors that hold settings and labels too. */
#include <string.h>

#include "fail.h"
#include "file_writer.h"
#include "half.h"
#include "metadata.h"
#include "model.h"

typedef struct
{
  const RexnetNamedTensor *tensors;
  guint n;
  gboolean half;
} Writer;

/* What has one dimension is small, and batch norm divides by it. */
static gboolean
is_half (const Writer * w, const RexnetTensor * tensor)
{
  return w->half && tensor->n_dims > 1;
}

static gboolean
write_tensor (const Writer * w, const RexnetNamedTensor * named,
    RexnetFileWriter * file, GError ** error)
{
  const gsize n = rexnet_tensor_count (&named->tensor);
  const gboolean half = is_half (w, &named->tensor);
  g_autofree float *values = g_try_new (float, MAX (n, 1));

  if (!values)
    return rexnet_fail (error, REXNET_ERROR_MEMORY,
        "no memory for the %" G_GSIZE_FORMAT " numbers of %s", n, named->key);
  rexnet_tensor_read (&named->tensor, values);
  if (half && !rexnet_half_to_le (values, n, named->key, error))
    return FALSE;
  if (!half)
    rexnet_float_to_le (values, n);
  rexnet_file_writer_write (file, values, n * (half ? 2 : sizeof (float)));
  return TRUE;
}

static void
add_metadata (const char *key, const char *value, gpointer builder)
{
  rexnet_metadata_set_string (builder, key, value);
}

static void
add_tensor (JsonBuilder * b, const RexnetNamedTensor * named, gboolean half,
    guint64 * at)
{
  const RexnetTensor *tensor = &named->tensor;

  json_builder_set_member_name (b, named->key);
  json_builder_begin_object (b);
  rexnet_metadata_set_string (b, "dtype", half ? "F16" : "F32");
  json_builder_set_member_name (b, "shape");
  json_builder_begin_array (b);
  for (guint i = 0; i < tensor->n_dims; i++)
    json_builder_add_int_value (b, tensor->shape[i]);
  json_builder_end_array (b);
  json_builder_set_member_name (b, "data_offsets");
  json_builder_begin_array (b);
  json_builder_add_int_value (b, *at);
  *at += (guint64) rexnet_tensor_count (tensor) * (half ? 2 : 4);
  json_builder_add_int_value (b, *at);
  json_builder_end_array (b);
  json_builder_end_object (b);
}

static char *
header_of (const Writer * w, RexnetModel * model)
{
  JsonBuilder *b = json_builder_new ();
  guint64 at = 0;

  json_builder_begin_object (b);
  json_builder_set_member_name (b, "__metadata__");
  json_builder_begin_object (b);
  rexnet_metadata_set_string (b, "format", "pt");
  rexnet_metadata_foreach (model, add_metadata, b);
  json_builder_end_object (b);
  for (guint i = 0; i < w->n; i++)
    add_tensor (b, &w->tensors[i], is_half (w, &w->tensors[i].tensor), &at);
  json_builder_end_object (b);
  return rexnet_metadata_finish (b);
}

/* Padded with spaces, so that the data starts at a multiple of eight. */
static void
write_header (const Writer * w, RexnetModel * model, RexnetFileWriter * file)
{
  g_autofree char *header = header_of (w, model);
  const guint64 length = strlen (header), padded = (length + 7) / 8 * 8;
  const guint64 word = GUINT64_TO_LE (padded);

  rexnet_file_writer_write (file, &word, sizeof word);
  rexnet_file_writer_write (file, header, length);
  rexnet_file_writer_write (file, "       ", padded - length);
}

gboolean
rexnet_model_save (RexnetModel * model, const char *path, gboolean half,
    GError ** error)
{
  g_autoptr (RexnetFileWriter) file = rexnet_file_writer_open (path, error);
  Writer w = { .half = half };

  if (!file)
    return FALSE;
  w.tensors = rexnet_model_get_tensors (model, &w.n);
  write_header (&w, model, file);
  for (guint i = 0; i < w.n; i++) {
    if (!write_tensor (&w, &w.tensors[i], file, error))
      return FALSE;
    rexnet_model_release_pages (model);
  }
  return rexnet_file_writer_finish (g_steal_pointer (&file), error);
}
