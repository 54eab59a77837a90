/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rexnetjson
 * @title: rexnetjson
 * @short_description: turns classifications into lines of JSON
 * @see_also: rexnetclassify
 *
 * Takes video that rexnetclassify has labelled and puts out one line of JSON
 * for each frame, for a file or a socket; a frame without a result gets one
 * too, with no labels. docs/rexnetjson.md lists the fields.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=clip.webm ! decodebin ! rexnetclassify ! rexnetjson ! filesink location=out.jsonl
 * ]|
 *
 * Since: 0.1
 */
#include "gstrexnetjson.h"

#include <gst/video/video.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "rexnetmeta.h"
#include "rexnetsegment.h"

GST_DEBUG_CATEGORY_STATIC (rexnet_json_debug);
#define GST_CAT_DEFAULT rexnet_json_debug

struct _GstRexnetJson
{
  GstBaseTransform parent;

  gboolean features;            /* guarded by the object lock */
};

enum
{
  PROP_0,
  PROP_FEATURES,
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw(ANY)"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-ndjson"));

#define gst_rexnet_json_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE (GstRexnetJson, gst_rexnet_json,
    GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (rexnet_json_debug, "rexnetjson", 0,
        "ReXNet JSON lines"));
GST_ELEMENT_REGISTER_DEFINE (rexnetjson, "rexnetjson", GST_RANK_NONE,
    GST_TYPE_REXNET_JSON);

/* ---- lines ------------------------------------------------------------- */

static void
append_time (GString * line, GstClockTime time)
{
  if (GST_CLOCK_TIME_IS_VALID (time))
    g_string_append_printf (line, "%" G_GUINT64_FORMAT, time);
  else
    g_string_append (line, "null");
}

/* Quoted and escaped; null for NULL. */
static void
append_string (GString * line, const char *string)
{
  g_autofree char *valid = string ? g_utf8_make_valid (string, -1) : NULL;
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_VALUE);
  g_autofree char *json = NULL;

  if (valid)
    json_node_set_string (node, valid);
  json = valid ? json_to_string (node, FALSE) : g_strdup ("null");
  g_string_append (line, json);
}

static void
append_index (GString * line, const RexnetLabel * label)
{
  g_string_append_printf (line, "%d", label->index);
}

static void
append_label (GString * line, const RexnetLabel * label)
{
  append_string (line, label->label);
}

/* In millionths; a JsonGenerator would print all 17 digits. */
static void
append_score (GString * line, const RexnetLabel * label)
{
  char score[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (line,
      g_ascii_formatd (score, sizeof score, "%.6f", label->score));
}

static void
append_array (GString * line, const char *name, const RexnetResult * result,
    void (*append) (GString *, const RexnetLabel *))
{
  g_string_append_printf (line, ",\"%s\":[", name);
  for (guint i = 0; result && i < result->n; i++) {
    RexnetLabel label = rexnet_result_get (result, i);

    if (i > 0)
      g_string_append_c (line, ',');
    append (line, &label);
  }
  g_string_append_c (line, ']');
}

/* @features: (nullable): of a frame that has none */
static void
append_features (GString * line, GBytes * features)
{
  gsize size = 0;
  const guint8 *data = features ? g_bytes_get_data (features, &size) : NULL;
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (line, ",\"features\":[");
  for (gsize i = 0; i < size / sizeof (float); i++) {
    float value;

    memcpy (&value, data + i * sizeof value, sizeof value);
    if (i > 0)
      g_string_append_c (line, ',');
    g_string_append (line, isfinite (value) ?
        g_ascii_formatd (text, sizeof text, "%.9g", value) : "null");
  }
  g_string_append_c (line, ']');
}

/* @result: (nullable): of a frame that has none */
static void
append_line (GString * line, const GstSegment * segment, GstBuffer * buffer,
    const RexnetResult * result, gboolean features)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  g_string_append (line, "{\"pts\":");
  append_time (line, pts);
  g_string_append (line, ",\"stream_time\":");
  append_time (line, rexnet_segment_stream_time (segment, pts));
  g_string_append (line, ",\"duration\":");
  append_time (line, GST_BUFFER_DURATION (buffer));
  g_string_append_printf (line, ",\"region\":%d,\"model\":",
      result ? result->region : REXNET_REGION_FRAME);
  append_string (line, result ? result->model : NULL);
  g_string_append (line, ",\"device\":");
  append_string (line, result ? result->device : NULL);
  g_string_append (line, ",\"age\":");
  append_time (line, result ? result->age : GST_CLOCK_TIME_NONE);
  append_array (line, "indices", result, append_index);
  append_array (line, "labels", result, append_label);
  append_array (line, "scores", result, append_score);
  if (features)
    append_features (line, result ? result->features : NULL);
  g_string_append (line, "}\n");
}

/* One line for each result, or one that says there is none. */
static GString *
make_lines (const GstSegment * segment, GstBuffer * buffer, gboolean features)
{
  GString *lines = g_string_sized_new (512);
  gpointer state = NULL;
  RexnetResult result;

  while (rexnet_meta_next (buffer, &state, &result))
    append_line (lines, segment, buffer, &result, features);
  if (lines->len == 0)
    append_line (lines, segment, buffer, NULL, features);
  return lines;
}

/* ---- base transform ---------------------------------------------------- */

static GstFlowReturn
gst_rexnet_json_prepare_output_buffer (GstBaseTransform * trans,
    GstBuffer * in, GstBuffer ** out)
{
  GstRexnetJson *self = GST_REXNET_JSON (trans);
  gboolean features;
  GString *lines;
  gsize length;

  GST_OBJECT_LOCK (self);
  features = self->features;
  GST_OBJECT_UNLOCK (self);
  lines = make_lines (&trans->segment, in, features);
  length = lines->len;

  *out = gst_buffer_new_wrapped (g_string_free (lines, FALSE), length);
  gst_buffer_copy_into (*out, in, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  return GST_FLOW_OK;
}

/* All has been done when the buffer was prepared. */
static GstFlowReturn
gst_rexnet_json_transform (GstBaseTransform * trans, GstBuffer * in,
    GstBuffer * out)
{
  return GST_FLOW_OK;
}

static GstCaps *
gst_rexnet_json_transform_caps (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, GstCaps * filter)
{
  GstCaps *other = gst_static_pad_template_get_caps (
      direction == GST_PAD_SINK ? &src_template : &sink_template);
  GstCaps *result;

  if (!filter)
    return other;
  result = gst_caps_intersect_full (filter, other, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (other);
  return result;
}

/* Frames are never looked into: any memory and layout will do. */
static gboolean
gst_rexnet_json_propose_allocation (GstBaseTransform * trans,
    GstQuery * decide_query, GstQuery * query)
{
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return TRUE;
}

/* Lines have no unit size for a pool to be made of. */
static gboolean
gst_rexnet_json_decide_allocation (GstBaseTransform * trans, GstQuery * query)
{
  while (gst_query_get_n_allocation_pools (query) > 0)
    gst_query_remove_nth_allocation_pool (query, 0);
  return TRUE;
}

static void
gst_rexnet_json_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstRexnetJson *self = GST_REXNET_JSON (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_FEATURES)
    self->features = g_value_get_boolean (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rexnet_json_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstRexnetJson *self = GST_REXNET_JSON (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_FEATURES)
    g_value_set_boolean (value, self->features);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rexnet_json_class_init (GstRexnetJsonClass * class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GstElementClass *element_class = GST_ELEMENT_CLASS (class);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (class);

  object_class->set_property = gst_rexnet_json_set_property;
  object_class->get_property = gst_rexnet_json_get_property;
  g_object_class_install_property (object_class, PROP_FEATURES,
      g_param_spec_boolean ("features", "Features",
          "Write the feature vectors as well, which rexnetclassify attaches "
          "with features=true", FALSE, G_PARAM_READWRITE
          | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "ReXNet JSON lines", "Filter/Converter/Metadata",
      "Turns the labels of a classifier into one line of JSON a frame",
      "gst-rexnet");

  trans_class->transform_caps = gst_rexnet_json_transform_caps;
  trans_class->prepare_output_buffer = gst_rexnet_json_prepare_output_buffer;
  trans_class->transform = gst_rexnet_json_transform;
  trans_class->propose_allocation = gst_rexnet_json_propose_allocation;
  trans_class->decide_allocation = gst_rexnet_json_decide_allocation;
}

static void
gst_rexnet_json_init (GstRexnetJson * self)
{
}
