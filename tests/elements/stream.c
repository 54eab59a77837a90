/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify in a stream that flushes, changes its caps, and ends. */
#include "rgb.h"

/* What was seen before a flush, a segment or new caps is not what is seen
 * after it. */
GST_START_TEST (test_stream_resets)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 interval=100");
  GstSegment segment;
  GstBuffer *buffer;

  fail_unless_equals_uint64 (age_of (h, 0), 0);
  fail_unless (age_of (h, 1) > 0);

  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  fail_unless_equals_uint64 (age_of (h, 2), 0);
  fail_unless (age_of (h, 3) > 0);

  segment.start = segment.position = segment.time = 4 * FRAME;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  fail_unless_equals_uint64 (age_of (h, 4), 0);
  fail_unless (age_of (h, 5) > 0);

  set_video_caps (h, "GRAY8", 20, 30);
  buffer = gst_harness_push_and_pull (h,
      make_frame (frame_size ("GRAY8", 20, 30), 6));
  fail_unless_equals_uint64 (age (result (buffer, 0)), 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_seek_event_passes)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1");
  GstEvent *event;

  gst_buffer_unref (classify (h, 0));
  while ((event = gst_harness_try_pull_upstream_event (h)))
    gst_event_unref (event);
  gst_harness_push_upstream_event (h, gst_event_new_seek (1, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, GST_SECOND,
          GST_SEEK_TYPE_NONE, 0));
  event = gst_harness_pull_upstream_event (h);
  fail_unless_equals_int (GST_EVENT_TYPE (event), GST_EVENT_SEEK);
  gst_event_unref (event);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_gaps)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1");
  GstBuffer *buffer = make_frame (SIZE, 0);
  GstEvent *event;
  gboolean seen = FALSE;

  /* Nothing to say of a gap before the first frame. */
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_unless_equals_int (n_results (buffer), 0);
  gst_buffer_unref (buffer);

  fail_unless_equals_uint64 (age_of (h, 1), 0);
  gst_harness_push_event (h, gst_event_new_gap (2 * FRAME, FRAME));
  buffer = make_frame (SIZE, 3);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_unless_equals_uint64 (age (result (buffer, 0)), 2 * FRAME);
  gst_buffer_unref (buffer);
  fail_unless_equals_uint64 (age_of (h, 4), 0);

  while ((event = gst_harness_try_pull_event (h))) {
    seen |= GST_EVENT_TYPE (event) == GST_EVENT_GAP;
    gst_event_unref (event);
  }
  fail_unless (seen);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_eos)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1");

  gst_buffer_unref (classify (h, 0));
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  fail_unless_equals_int (gst_harness_push (h, make_frame (SIZE, 1)),
      GST_FLOW_EOS);
  fail_unless_equals_int (gst_harness_buffers_in_queue (h), 0);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_renegotiation)
{
  static const struct
  {
    const char *format;
    int width, height;
  } steps[] = {
    {"RGB", 64, 64}, {"I420", 33, 17}, {"NV12", 320, 240}, {"GRAY8", 1, 1},
    {"P010_10LE", 50, 30}, {"YUY2", 7, 90}, {"BGRx", 1, 200}, {"AYUV", 3, 3},
    {"GRAY8", 32768, 2}, {"UYVY", 2, 2000}, {"RGB", 64, 64},
  };
  GstHarness *h = gst_harness_new_parse ("rexnetclassify threads=1");

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    gsize size = frame_size (steps[i].format, steps[i].width, steps[i].height);
    GstBuffer *buffer;

    set_video_caps (h, steps[i].format, steps[i].width, steps[i].height);
    buffer = gst_harness_push_and_pull (h, make_frame (size, i));
    fail_unless (buffer != NULL);
    fail_unless_equals_int (gst_buffer_get_size (buffer), size);
    fail_unless_equals_int (n_labels (result (buffer, 0)), 5);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (statistic (h, "inferred"), G_N_ELEMENTS (steps));
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_impossible_sizes_not_negotiated)
{
  static const int sizes[][2] = { {32769, 16}, {16, 32769}, {0, 16} };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    GstHarness *h = gst_harness_new_parse ("rexnetclassify threads=1");

    set_video_caps (h, "GRAY8", sizes[i][0], sizes[i][1]);
    fail_unless_equals_int (gst_harness_push (h, make_frame (64, 0)),
        GST_FLOW_NOT_NEGOTIATED);
    gst_harness_teardown (h);
  }
}

GST_END_TEST;

GST_START_TEST (test_state_cycles)
{
  GstHarness *h = gst_harness_new ("rexnetclassify");

  for (int i = 0; i < 4; i++) {
    char *device;

    g_object_get (h->element, "active-device", &device, NULL);
    fail_unless_equals_string (device, "cpu");
    g_free (device);
    set_video_caps (h, "RGB", SIDE, SIDE);
    fail_unless_equals_uint64 (age_of (h, 0), 0);
    fail_unless_equals_uint64 (statistic (h, "frames"), 1);
    gst_element_set_state (h->element, i % 2 ? GST_STATE_READY :
        GST_STATE_NULL);
    g_object_get (h->element, "active-device", &device, NULL);
    fail_unless (device == NULL);
    gst_harness_play (h);
    gst_harness_push_event (h, gst_event_new_stream_start ("again"));
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

static const char *const chains[] = {
  "rexnetclassify threads=1 interval=2 post-messages=true change-after=1",
  "rexnetclassify threads=2 scheduling=throughput post-messages=true",
  "rexnetclassify threads=1 ! rexnetoverlay",
  "rexnetclassify threads=1 ! rexnetjson",
};

/* As from appsrc, which counts bytes unless told otherwise. */
GST_START_TEST (test_bytes_segment)
{
  GstHarness *h = rgb_harness (chains[__i__]);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  for (guint n = 0; n < 3; n++) {
    GstBuffer *buffer = classify (h, n);

    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), n * FRAME);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (statistic (h, "inferred"), __i__ == 0 ? 2 : 3);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
stream_suite (void)
{
  Suite *suite = suite_create ("stream");
  TCase *tc = tcase_create ("stream");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_stream_resets);
  tcase_add_test (tc, test_seek_event_passes);
  tcase_add_test (tc, test_gaps);
  tcase_add_test (tc, test_eos);
  tcase_add_test (tc, test_renegotiation);
  tcase_add_test (tc, test_impossible_sizes_not_negotiated);
  tcase_add_test (tc, test_state_cycles);
  tcase_add_loop_test (tc, test_bytes_segment, 0, G_N_ELEMENTS (chains));
  return suite;
}

GST_CHECK_MAIN (stream);
