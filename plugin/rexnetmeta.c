/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetmeta.h"

static gboolean
copy_field (GQuark field, const GValue * value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

void
rexnet_meta_add (GstBuffer * buffer, const GstStructure * structure)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, REXNET_META_NAME);

  gst_structure_foreach (structure, copy_field,
      gst_custom_meta_get_structure (meta));
}

/* Copies and video transforms alike keep the result: it speaks of the picture
 * that was classified. GStreamer's own default is broken in 1.20.0 to 1.20.3. */
static gboolean
transform (GstBuffer * to, GstCustomMeta * meta, GstBuffer * from, GQuark type,
    gpointer data, gpointer user_data)
{
  if (GST_META_TRANSFORM_IS_COPY (type)
      && ((GstMetaTransformCopy *) data)->region)
    return FALSE;
  rexnet_meta_add (to, gst_custom_meta_get_structure (meta));
  return TRUE;
}

void
rexnet_meta_register (void)
{
  static gsize once;
  static const gchar *tags[] = { NULL };

  if (g_once_init_enter (&once)) {
    if (!gst_meta_get_info (REXNET_META_NAME))
      gst_meta_register_custom (REXNET_META_NAME, tags, transform, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

char *
rexnet_result_name (RexnetModel * model, guint index)
{
  const char *label = rexnet_model_get_label (model, index);

  return label ? g_strdup (label) : g_strdup_printf ("class %u", index);
}

static void
append_label (GValue * labels, RexnetModel * model, guint index)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRING);
  g_value_take_string (&value, rexnet_result_name (model, index));
  gst_value_array_append_and_take_value (labels, &value);
}

void
rexnet_result_to_structure (GstStructure * s, RexnetModel * model,
    const char *device, int region, GstClockTime age,
    const RexnetScore * best, guint n)
{
  GValue indices = G_VALUE_INIT, labels = G_VALUE_INIT, scores = G_VALUE_INIT;

  gst_value_array_init (&indices, n);
  gst_value_array_init (&labels, n);
  gst_value_array_init (&scores, n);
  for (guint i = 0; i < n; i++) {
    GValue index = G_VALUE_INIT, score = G_VALUE_INIT;

    g_value_init (&index, G_TYPE_INT);
    g_value_set_int (&index, best[i].index);
    gst_value_array_append_and_take_value (&indices, &index);
    append_label (&labels, model, best[i].index);
    g_value_init (&score, G_TYPE_DOUBLE);
    g_value_set_double (&score, best[i].score);
    gst_value_array_append_and_take_value (&scores, &score);
  }
  gst_structure_set (s,
      "model", G_TYPE_STRING, rexnet_model_get_info (model)->name,
      "region-id", G_TYPE_INT, region,
      "age", G_TYPE_UINT64, age,
      "device", G_TYPE_STRING, device, NULL);
  gst_structure_take_value (s, "indices", &indices);
  gst_structure_take_value (s, "labels", &labels);
  gst_structure_take_value (s, "scores", &scores);
}

static const GValue *
get_array (const GstStructure * s, const char *field, guint * n)
{
  const GValue *value = gst_structure_get_value (s, field);

  *n = value && GST_VALUE_HOLDS_ARRAY (value) ?
      MIN (*n, gst_value_array_get_size (value)) : 0;
  return value;
}

static const char *
get_string (const GstStructure * s, const char *field)
{
  const char *string = gst_structure_get_string (s, field);

  return string ? string : "";
}

static GBytes *
get_bytes (const GstStructure * s, const char *field)
{
  const GValue *value = gst_structure_get_value (s, field);

  return value && G_VALUE_HOLDS (value, G_TYPE_BYTES) ?
      g_value_get_boxed (value) : NULL;
}

void
rexnet_result_from_structure (RexnetResult * result, const GstStructure * s)
{
  *result = (RexnetResult) {
    .model = get_string (s, "model"), .device = get_string (s, "device"),
    .features = get_bytes (s, "features"),
    .region = REXNET_REGION_FRAME, .n = G_MAXUINT,
  };
  gst_structure_get_int (s, "region-id", &result->region);
  gst_structure_get_uint64 (s, "age", &result->age);
  result->indices = get_array (s, "indices", &result->n);
  result->labels = get_array (s, "labels", &result->n);
  result->scores = get_array (s, "scores", &result->n);
}

gboolean
rexnet_meta_next (GstBuffer * buffer, gpointer * state, RexnetResult * result)
{
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, state))) {
    GstCustomMeta *custom = (GstCustomMeta *) meta;

    if (!gst_meta_info_is_custom (meta->info)
        || !gst_custom_meta_has_name (custom, REXNET_META_NAME))
      continue;
    rexnet_result_from_structure (result,
        gst_custom_meta_get_structure (custom));
    return TRUE;
  }
  return FALSE;
}

RexnetLabel
rexnet_result_get (const RexnetResult * result, guint i)
{
  const GValue *index = gst_value_array_get_value (result->indices, i);
  const GValue *label = gst_value_array_get_value (result->labels, i);
  const GValue *score = gst_value_array_get_value (result->scores, i);
  const char *text = G_VALUE_HOLDS_STRING (label) ?
      g_value_get_string (label) : NULL;

  return (RexnetLabel) {
    .index = G_VALUE_HOLDS_INT (index) ? g_value_get_int (index) : 0,
    .label = text ? text : "",
    .score = G_VALUE_HOLDS_DOUBLE (score) ? g_value_get_double (score) : 0,
  };
}
