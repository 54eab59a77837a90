/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "metadata.h"
#include "model.h"

char *
rexnet_metadata_finish (JsonBuilder * builder)
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

void
rexnet_metadata_set_string (JsonBuilder * b, const char *name,
    const char *value)
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
  rexnet_metadata_set_string (b, "name", info->name);
  rexnet_metadata_set_string (b, "variant",
      rexnet_variant_to_string (info->variant));
  add_number (b, "width", info->width);
  add_number (b, "classes", info->classes);
  add_number (b, "input_width", input->width);
  add_number (b, "input_height", input->height);
  rexnet_metadata_set_string (b, "interpolation",
      input->interpolation == REXNET_INTERPOLATION_BICUBIC ? "bicubic"
      : "bilinear");
  add_number (b, "crop_pct", input->crop_pct);
  add_channels (b, "mean", input->mean);
  add_channels (b, "std", input->std);
  rexnet_metadata_set_string (b, "padding",
      net->stem.same ? "same" : "symmetric");
  add_number (b, "bn_eps", net->stem.bn_eps);
  json_builder_end_object (b);
  return rexnet_metadata_finish (b);
}

static char *
labels_of (RexnetModel * model)
{
  JsonBuilder *b = json_builder_new ();

  json_builder_begin_array (b);
  for (guint i = 0; i < rexnet_model_get_info (model)->classes; i++)
    json_builder_add_string_value (b, rexnet_model_get_label (model, i));
  json_builder_end_array (b);
  return rexnet_metadata_finish (b);
}

void
rexnet_metadata_foreach (RexnetModel * model, RexnetMetadataFunc func,
    gpointer data)
{
  g_autofree char *settings = settings_of (model);

  func ("rexnet.version", "1", data);
  func ("rexnet.settings", settings, data);
  if (rexnet_model_get_label (model, 0)) {
    g_autofree char *labels = labels_of (model);
    func ("rexnet.labels", labels, data);
  }
}
