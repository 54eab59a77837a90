/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a model as safetensors that hold settings and labels too. */
#include <math.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "model.h"

#define HALF_MAX 65504.f

/* Rounds to nearest, ties to even. @value: finite, at most HALF_MAX */
static guint16
half_from_float (float value)
{
  const float magnitude = fabsf (value);
  const guint16 sign = signbit (value) ? 0x8000 : 0;
  int exponent;

  frexpf (magnitude, &exponent);
  exponent = MAX (exponent, -13);
  /* In units of the last of eleven bits, which may round up to a twelfth. */
  const guint units = (guint) rintf (ldexpf (magnitude, 11 - exponent));

  return sign | (units < 1024 ? units : ((exponent + 13) << 10) + units);
}

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

static void
append_numbers (GByteArray * file, const float *values, guint n, gboolean half)
{
  for (guint i = 0; i < n; i++) {
    if (half) {
      const guint16 word = GUINT16_TO_LE (half_from_float (values[i]));
      g_byte_array_append (file, (const guint8 *) &word, sizeof word);
    } else {
      guint32 word;
      memcpy (&word, &values[i], sizeof word);
      word = GUINT32_TO_LE (word);
      g_byte_array_append (file, (const guint8 *) &word, sizeof word);
    }
  }
}

static gboolean
append_tensor (const Writer * w, const RexnetNamedTensor * named,
    GByteArray * file, GError ** error)
{
  const guint n = rexnet_tensor_count (&named->tensor);
  const gboolean half = is_half (w, &named->tensor);
  g_autofree float *values = g_try_new (float, MAX (n, 1));

  if (!values)
    return rexnet_fail (error, REXNET_ERROR_MEMORY,
        "no memory for the %u numbers of %s", n, named->key);
  rexnet_tensor_read (&named->tensor, values);
  for (guint i = 0; half && i < n; i++)
    if (fabsf (values[i]) > HALF_MAX)
      return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
          "%s holds %g, more than a float16 can: save it as float32",
          named->key, values[i]);
  append_numbers (file, values, n, half);
  return TRUE;
}

/* Takes @builder. */
static char *
finish_json (JsonBuilder * builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);

  g_object_unref (builder);
  return json_to_string (root, FALSE);
}

static void
add_channels (JsonBuilder * b, const char *name, const float *values)
{
  json_builder_set_member_name (b, name);
  json_builder_begin_array (b);
  for (guint i = 0; i < 3; i++)
    json_builder_add_double_value (b, values[i]);
  json_builder_end_array (b);
}

static void
add_string (JsonBuilder * b, const char *name, const char *value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_string_value (b, value);
}

static void
add_number (JsonBuilder * b, const char *name, double value)
{
  json_builder_set_member_name (b, name);
  if (value == floor (value))
    json_builder_add_int_value (b, (gint64) value);
  else
    json_builder_add_double_value (b, value);
}

static char *
settings_of (RexnetModel * model)
{
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  const RexnetNetwork *net = rexnet_model_get_network (model);
  const RexnetInput *input = &info->input;
  JsonBuilder *b = json_builder_new ();

  json_builder_begin_object (b);
  add_string (b, "name", info->name);
  add_string (b, "variant", rexnet_variant_to_string (info->variant));
  add_number (b, "width", info->width);
  add_number (b, "classes", info->classes);
  add_number (b, "input_width", input->width);
  add_number (b, "input_height", input->height);
  add_string (b, "interpolation",
      input->interpolation == REXNET_INTERPOLATION_BICUBIC ? "bicubic"
      : "bilinear");
  add_number (b, "crop_pct", input->crop_pct);
  add_channels (b, "mean", input->mean);
  add_channels (b, "std", input->std);
  add_string (b, "padding", net->stem.same ? "same" : "symmetric");
  add_number (b, "bn_eps", net->stem.bn_eps);
  json_builder_end_object (b);
  return finish_json (b);
}

static char *
labels_of (RexnetModel * model)
{
  JsonBuilder *b = json_builder_new ();

  json_builder_begin_array (b);
  for (guint i = 0; i < rexnet_model_get_info (model)->classes; i++)
    json_builder_add_string_value (b, rexnet_model_get_label (model, i));
  json_builder_end_array (b);
  return finish_json (b);
}

static void
add_metadata (JsonBuilder * b, RexnetModel * model)
{
  g_autofree char *settings = settings_of (model);

  json_builder_set_member_name (b, "__metadata__");
  json_builder_begin_object (b);
  add_string (b, "format", "pt");
  add_string (b, "rexnet.version", "1");
  add_string (b, "rexnet.settings", settings);
  if (rexnet_model_get_label (model, 0)) {
    g_autofree char *labels = labels_of (model);
    add_string (b, "rexnet.labels", labels);
  }
  json_builder_end_object (b);
}

static void
add_tensor (JsonBuilder * b, const RexnetNamedTensor * named, gboolean half,
    guint64 * at)
{
  const RexnetTensor *tensor = &named->tensor;

  json_builder_set_member_name (b, named->key);
  json_builder_begin_object (b);
  add_string (b, "dtype", half ? "F16" : "F32");
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

/* Padded with spaces, so that the data starts at a multiple of eight. */
static void
append_header (const Writer * w, RexnetModel * model, GByteArray * file)
{
  JsonBuilder *b = json_builder_new ();
  g_autofree char *header = NULL;
  guint64 at = 0, length;

  json_builder_begin_object (b);
  add_metadata (b, model);
  for (guint i = 0; i < w->n; i++)
    add_tensor (b, &w->tensors[i], is_half (w, &w->tensors[i].tensor), &at);
  json_builder_end_object (b);
  header = finish_json (b);
  length = strlen (header);

  const guint64 padded = (length + 7) / 8 * 8;
  const guint64 word = GUINT64_TO_LE (padded);
  g_byte_array_append (file, (const guint8 *) &word, sizeof word);
  g_byte_array_append (file, (const guint8 *) header, length);
  g_byte_array_append (file, (const guint8 *) "       ", padded - length);
}

gboolean
rexnet_model_save (RexnetModel * model, const char *path, gboolean half,
    GError ** error)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GError) cause = NULL;
  Writer w = { .half = half };

  w.tensors = rexnet_model_get_tensors (model, &w.n);
  append_header (&w, model, file);
  for (guint i = 0; i < w.n; i++)
    if (!append_tensor (&w, &w.tensors[i], file, error))
      return FALSE;
  if (g_file_set_contents (path, (const char *) file->data, file->len, &cause))
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT, "%s",
      cause->message);
  return FALSE;
}
