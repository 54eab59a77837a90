/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints how alike each frame of a video is to the one before: the cosine of
 * the angle between their feature vectors.
 *
 * usage: read-features FILE
 * build: cc read-features.c $(pkg-config --cflags --libs gstreamer-1.0) -lm
 */
#include <gst/gst.h>
#include <math.h>

/* @n: its length. Returns: (nullable): valid as long as @result */
static const float *
get_features (const GstStructure * result, gsize * n)
{
  const GValue *value = gst_structure_get_value (result, "features");
  gconstpointer data = NULL;
  gsize size = 0;

  if (value && G_VALUE_HOLDS (value, G_TYPE_BYTES))
    data = g_bytes_get_data (g_value_get_boxed (value), &size);
  *n = size / sizeof (float);
  return data;
}

static double
cosine (const float *a, const float *b, gsize n)
{
  double dot = 0, aa = 0, bb = 0;

  for (gsize i = 0; i < n; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / sqrt (aa * bb);
}

/* @data: the structure of the frame before, which keeps its vector */
static GstPadProbeReturn
on_frame (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstCustomMeta *meta =
      gst_buffer_get_custom_meta (buffer, "RexnetClassification");
  GstStructure **before = data;
  const float *now, *then = NULL;
  gsize n, n_then = 0;

  if (!meta)
    return GST_PAD_PROBE_OK;
  now = get_features (gst_custom_meta_get_structure (meta), &n);
  if (*before)
    then = get_features (*before, &n_then);
  if (now && then && n == n_then)
    g_print ("%" GST_TIME_FORMAT " %.4f\n",
        GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), cosine (now, then, n));
  g_clear_pointer (before, gst_structure_free);
  *before = gst_structure_copy (gst_custom_meta_get_structure (meta));
  return GST_PAD_PROBE_OK;
}

int
main (int argc, char **argv)
{
  GstElement *pipeline, *source, *classifier;
  GstStructure *before = NULL;
  GstMessage *message;
  GstPad *pad;
  GstBus *bus;
  gboolean failed;

  gst_init (&argc, &argv);
  if (argc != 2) {
    g_printerr ("usage: %s FILE\n", argv[0]);
    return 2;
  }
  pipeline = gst_parse_launch ("filesrc name=source ! decodebin ! "
      "rexnetclassify name=classifier features=true ! fakesink", NULL);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_object_set (source, "location", argv[1], NULL);
  classifier = gst_bin_get_by_name (GST_BIN (pipeline), "classifier");
  pad = gst_element_get_static_pad (classifier, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, &before, NULL);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  bus = gst_element_get_bus (pipeline);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  failed = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
  if (failed) {
    GError *error;

    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s\n", error->message);
    g_error_free (error);
  }

  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_clear_pointer (&before, gst_structure_free);
  gst_message_unref (message);
  gst_object_unref (bus);
  gst_object_unref (pad);
  gst_object_unref (classifier);
  gst_object_unref (source);
  gst_object_unref (pipeline);
  return failed;
}
