/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fail.h"
#include "json.h"
#include "settings.h"

#define MIN_PIXELS 32
#define MAX_PIXELS 4096
#define MAX_CLASSES (1 << 24)

static const RexnetInput default_input = {
  .width = 224,
  .height = 224,
  .interpolation = REXNET_INTERPOLATION_BICUBIC,
  .crop_pct = 0.875,
  .mean = { 0.485f, 0.456f, 0.406f },
  .std = { 0.229f, 0.224f, 0.225f },
};

void
rexnet_settings_init (RexnetSettings * settings)
{
  *settings = (RexnetSettings) { .input = default_input };
}

void
rexnet_settings_clear (RexnetSettings * settings)
{
  g_clear_pointer (&settings->name, g_free);
  g_clear_pointer (&settings->labels, g_strfreev);
  g_clear_pointer (&settings->labels_from, g_free);
}

static gboolean
get_channels (JsonObject * object, const char *member, double low, double high,
    float *values, const char *where, GError ** error)
{
  double numbers[3] = { values[0], values[1], values[2] };

  if (!rexnet_json_get_numbers (object, member, 3, low, high, numbers, where,
          error))
    return FALSE;
  for (guint i = 0; i < 3; i++)
    values[i] = (float) numbers[i];
  return TRUE;
}

/* The members that our settings and timm's have in common. */
static gboolean
parse_filter (RexnetInput * input, JsonObject * object, const char *where,
    GError ** error)
{
  const char *interpolation = NULL;

  if (!rexnet_json_get_string (object, "interpolation", &interpolation, where,
          error)
      || !rexnet_json_get_number (object, "crop_pct", 0.05, 1,
          &input->crop_pct, where, error)
      || !get_channels (object, "mean", -10, 10, input->mean, where, error)
      || !get_channels (object, "std", 1e-3, 100, input->std, where, error))
    return FALSE;

  if (!interpolation || strcmp (interpolation, "bicubic") == 0) {
    input->interpolation = REXNET_INTERPOLATION_BICUBIC;
  } else if (strcmp (interpolation, "bilinear") == 0) {
    input->interpolation = REXNET_INTERPOLATION_BILINEAR;
  } else {
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: the interpolation \"%s\" is neither bicubic nor bilinear", where,
        interpolation);
  }
  return TRUE;
}

static gboolean
parse_identity (RexnetSettings * s, JsonObject * object, const char *where,
    GError ** error)
{
  const char *name = NULL, *variant = NULL;

  if (!rexnet_json_get_string (object, "name", &name, where, error)
      || !rexnet_json_get_string (object, "variant", &variant, where, error)
      || !rexnet_json_get_number (object, "width", 1e-3, 1e3, &s->width, where,
          error)
      || !rexnet_json_get_guint (object, "classes", 1, MAX_CLASSES,
          &s->classes, where, error))
    return FALSE;
  s->has_width = s->width != 0;
  if (name && *name) {
    g_free (s->name);
    s->name = g_strdup (name);
  }
  if (variant) {
    if (!rexnet_variant_from_string (variant, &s->variant, error)) {
      g_prefix_error (error, "%s: ", where);
      return FALSE;
    }
    s->has_variant = TRUE;
  }
  return TRUE;
}

/* The pruned B1 to B3 are TensorFlow's too, without the prefix. */
gboolean
rexnet_name_is_tensorflow (const char *name)
{
  return g_str_has_prefix (name, "tf_")
      || (g_str_has_prefix (name, "efficientnet_b") && strstr (name, "_pruned"));
}

void
rexnet_settings_set_tensorflow (RexnetSettings * settings)
{
  settings->bn_eps = 1e-3;
  settings->has_padding = settings->same = TRUE;
}

static gboolean
parse_padding (RexnetSettings * s, JsonObject * object, const char *where,
    GError ** error)
{
  const char *padding = NULL;

  if (!rexnet_json_get_string (object, "padding", &padding, where, error))
    return FALSE;
  s->has_padding = padding != NULL;
  s->same = g_strcmp0 (padding, "same") == 0;
  return !padding || s->same || strcmp (padding, "symmetric") == 0
      || rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: the padding \"%s\" is neither symmetric nor same", where, padding);
}

gboolean
rexnet_settings_parse (RexnetSettings * s, const char *text, const char *where,
    GError ** error)
{
  g_autoptr (JsonNode) root = rexnet_json_parse_typed (text, strlen (text),
      JSON_NODE_OBJECT, where, error);
  JsonObject *object;

  if (!root)
    return FALSE;
  object = json_node_get_object (root);
  return parse_identity (s, object, where, error)
      && rexnet_json_get_guint (object, "input_width", MIN_PIXELS, MAX_PIXELS,
      &s->input.width, where, error)
      && rexnet_json_get_guint (object, "input_height", MIN_PIXELS, MAX_PIXELS,
      &s->input.height, where, error)
      && rexnet_json_get_number (object, "bn_eps", 1e-9, 1, &s->bn_eps, where,
      error)
      && parse_padding (s, object, where, error)
      && parse_filter (&s->input, object, where, error);
}

gboolean
rexnet_settings_parse_labels (RexnetSettings * s, const char *text,
    const char *where, GError ** error)
{
  g_autoptr (JsonNode) root = rexnet_json_parse_typed (text, strlen (text),
      JSON_NODE_ARRAY, where, error);

  if (!root)
    return FALSE;
  s->labels = rexnet_json_array_get_strings (json_node_get_array (root));
  if (!s->labels)
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: must be an array of strings", where);
  return s->labels != NULL;
}

static JsonNode *
get_typed (JsonObject * object, const char *member, JsonNodeType type)
{
  JsonNode *node = object ? json_object_get_member (object, member) : NULL;

  return node && json_node_get_node_type (node) == type ? node : NULL;
}

/* label_descriptions, when there, say in words what label_names encode. */
static void
take_timm_labels (RexnetSettings * s, JsonObject * config)
{
  JsonNode *names = get_typed (config, "label_names", JSON_NODE_ARRAY);
  JsonNode *texts = get_typed (config, "label_descriptions", JSON_NODE_OBJECT);

  if (!names || s->labels)
    return;
  s->labels = rexnet_json_array_get_strings (json_node_get_array (names));
  for (char **label = s->labels; texts && label && *label; label++) {
    JsonNode *text = get_typed (json_node_get_object (texts), *label,
        JSON_NODE_VALUE);

    if (text && json_node_get_value_type (text) == G_TYPE_STRING) {
      g_free (*label);
      *label = g_strdup (json_node_get_string (text));
    }
  }
}

gboolean
rexnet_settings_parse_timm (RexnetSettings * s, const char *text,
    gsize length, const char *where, GError ** error)
{
  g_autoptr (JsonNode) root = rexnet_json_parse_typed (text, length,
      JSON_NODE_OBJECT, where, error);
  double size[3] = { 3, s->input.height, s->input.width };
  const char *architecture = NULL;
  JsonObject *config, *pretrained;
  JsonNode *node;

  if (!root)
    return FALSE;
  config = json_node_get_object (root);
  node = get_typed (config, "pretrained_cfg", JSON_NODE_OBJECT);
  pretrained = node ? json_node_get_object (node) : config;
  take_timm_labels (s, config);
  if (!rexnet_json_get_string (config, "architecture", &architecture, where,
          error))
    return FALSE;
  if (architecture && rexnet_name_is_tensorflow (architecture))
    rexnet_settings_set_tensorflow (s);
  if (!rexnet_json_get_numbers (pretrained, "input_size", 3, 3, MAX_PIXELS,
          size, where, error)
      || !rexnet_json_get_guint (config, "num_classes", 1, MAX_CLASSES,
          &s->classes, where, error)
      || !parse_filter (&s->input, pretrained, where, error))
    return FALSE;
  if (size[1] < MIN_PIXELS || size[2] < MIN_PIXELS)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: the input is %g x %g pixels, but must be at least %d x %d", where,
        size[2], size[1], MIN_PIXELS, MIN_PIXELS);
  s->input.height = size[1];
  s->input.width = size[2];
  return TRUE;
}
