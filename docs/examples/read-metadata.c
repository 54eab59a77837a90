/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints what rexnetclassify says of each frame of a video.
 *
 * usage: read-metadata FILE
 * build: cc read-metadata.c $(pkg-config --cflags --libs gstreamer-1.0)
 */
#include <gst/gst.h>

static void
print_result (GstClockTime pts, const GstStructure * result)
{
  const GValue *labels = gst_structure_get_value (result, "labels");
  const GValue *scores = gst_structure_get_value (result, "scores");
  guint64 age = 0;

  gst_structure_get_uint64 (result, "age", &age);
  g_print ("%" GST_TIME_FORMAT " %s", GST_TIME_ARGS (pts),
      age > 0 ? "(old)" : "");
  for (guint i = 0; i < gst_value_array_get_size (labels); i++)
    g_print (" %s=%.3f",
        g_value_get_string (gst_value_array_get_value (labels, i)),
        g_value_get_double (gst_value_array_get_value (scores, i)));
  g_print ("\n");
}

/* One frame may carry several results: of several regions or classifiers. */
static GstPadProbeReturn
on_frame (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    GstCustomMeta *custom = (GstCustomMeta *) meta;

    if (gst_meta_info_is_custom (meta->info)
        && gst_custom_meta_has_name (custom, "RexnetClassification"))
      print_result (GST_BUFFER_PTS (buffer),
          gst_custom_meta_get_structure (custom));
  }
  return GST_PAD_PROBE_OK;
}

int
main (int argc, char **argv)
{
  GstElement *pipeline, *source, *classifier;
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
      "rexnetclassify name=classifier ! fakesink", NULL);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_object_set (source, "location", argv[1], NULL);
  classifier = gst_bin_get_by_name (GST_BIN (pipeline), "classifier");
  pad = gst_element_get_static_pad (classifier, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, NULL, NULL);

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
  gst_message_unref (message);
  gst_object_unref (bus);
  gst_object_unref (pad);
  gst_object_unref (classifier);
  gst_object_unref (source);
  gst_object_unref (pipeline);
  return failed;
}
