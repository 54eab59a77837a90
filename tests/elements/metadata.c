/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RexnetClassification on its way through other elements. */
#include "common.h"

#define SOURCE "videotestsrc num-buffers=3 pattern=ball ! " \
    "video/x-raw,format=I420,width=64,height=48,framerate=25/1 ! "

typedef struct
{
  guint frames;                 /* that carry a result */
  guint bare;                   /* that do not */
} Count;

static void
count (GstElement * sink, GstBuffer * buffer, GstPad * pad, gpointer data)
{
  Count *count = data;

  if (n_results (buffer) == 1 && n_labels (result (buffer, 0)) == 5)
    count->frames++;
  else
    count->bare++;
}

static Count
run (const char *launch)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (launch, &error);
  GstElement *sink;
  GstMessage *message;
  GstBus *bus;
  Count n = { 0 };

  fail_unless (pipeline && !error, "%s", error ? error->message : "");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_object_set (sink, "signal-handoffs", TRUE, "sync", FALSE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (count), &n);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  bus = gst_element_get_bus (pipeline);
  message = gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS,
      "%s does not end", launch);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  return n;
}

/* What docs/metadata.md promises it survives; textoverlay is in a package of its
 * own and may be missing. */
static const char *const carriers[] = {
  "queue",
  "identity",
  "videoconvert ! video/x-raw,format=RGB",
  "videoscale ! video/x-raw,width=100,height=30",
  "videoconvert ! videoscale ! video/x-raw,format=NV12,width=20,height=20",
  "videorate ! video/x-raw,framerate=50/1",
  "videocrop left=8 top=4",
  "videoflip method=clockwise",
  "videobalance saturation=0.2",
  "textoverlay text=hello",
  "jpegenc",
  "jpegenc ! queue ! jpegdec",
  "vp8enc deadline=1",
  "vp8enc deadline=1 ! vp8dec",
  "tee ! queue",
  "rexnetoverlay",
};

GST_START_TEST (test_survives)
{
  g_autofree char *launch = g_strdup_printf (SOURCE "rexnetclassify threads=1 "
      "! %s ! fakesink name=sink", carriers[__i__]);
  Count n;

  if (g_str_has_prefix (carriers[__i__], "textoverlay")
      && !gst_registry_check_feature_version (gst_registry_get (),
          "textoverlay", 1, 0, 0))
    return;
  n = run (launch);
  fail_unless (n.frames >= 3 && n.bare == 0, "%s: %u of %u", carriers[__i__],
      n.frames, n.frames + n.bare);
}

GST_END_TEST;

GST_START_TEST (test_both_branches_of_a_tee)
{
  Count n = run (SOURCE "rexnetclassify threads=1 ! tee name=t ! queue ! "
      "videoconvert ! video/x-raw,format=RGB ! fakesink t. ! queue ! "
      "fakesink name=sink");

  fail_unless_equals_int (n.frames, 3);
}

GST_END_TEST;

/* A copy owns its result: what is done to it does not reach the original. */
GST_START_TEST (test_copies)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1", "GRAY8", 32, 32);
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (32 * 32, 0));
  GstBuffer *copy = gst_buffer_copy (buffer), *deep, *part;

  fail_unless_equals_int (n_results (copy), 1);
  fail_unless (gst_structure_is_equal (result (buffer, 0), result (copy, 0)));
  fail_unless (result (buffer, 0) != result (copy, 0));
  gst_structure_set ((GstStructure *) result (copy, 0), "model", G_TYPE_STRING,
      "other", NULL);
  fail_unless_equals_string (gst_structure_get_string (result (buffer, 0),
          "model"), "rexnet-0.5-fashion-mnist");

  deep = gst_buffer_copy_deep (buffer);
  fail_unless_equals_int (n_results (deep), 1);
  /* Some bytes of a frame are not what was classified. */
  part = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, 10, 20);
  fail_unless_equals_int (n_results (part), 0);
  gst_buffer_unref (part);
  gst_buffer_unref (deep);
  gst_buffer_unref (copy);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
metadata_suite (void)
{
  Suite *suite = suite_create ("metadata");
  TCase *tc = tcase_create ("metadata");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc, test_survives, 0, G_N_ELEMENTS (carriers));
  tcase_add_test (tc, test_both_branches_of_a_tee);
  tcase_add_test (tc, test_copies);
  return suite;
}

GST_CHECK_MAIN (metadata);
