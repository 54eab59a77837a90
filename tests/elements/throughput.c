/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify with several frames in flight: what leaves is what leaves
 * with one frame at a time, in the same order. */
#include "inflight.h"

/* ---- results ----------------------------------------------------------- */

static void
check_equal (const GstStructure * a, const GstStructure * b)
{
  fail_unless_equals_int (n_labels (a), n_labels (b));
  for (guint i = 0; i < n_labels (a); i++) {
    fail_unless_equals_string (label (a, i), label (b, i));
    fail_unless (score (a, i) == score (b, i));
  }
  fail_unless_equals_uint64 (age (a), age (b));
}

/* Interval 5: more frames wait for results than there are threads. */
static const char *const settings[] = { "", "interval=5", "interval=100" };

GST_START_TEST (test_as_one_at_a_time)
{
  g_autofree char *one = g_strdup_printf ("rexnetclassify threads=1 %s",
      settings[__i__]);
  g_autofree char *several = g_strdup_printf (LAUNCH " %s", settings[__i__]);
  GstHarness *h, *many;
  guint n;

  h = rgb_harness (one);
  many = rgb_harness (several);
  fail_unless_equals_int (push_frames (many, 0, 60), GST_FLOW_OK);
  for (n = 0; n < 60; n++) {
    GstBuffer *a = gst_harness_push_and_pull (h, make_frame (SIZE, n));
    GstBuffer *b = gst_harness_pull (many);

    fail_unless_equals_uint64 (GST_BUFFER_PTS (b), n * FRAME);
    fail_unless_equals_int (n_results (b), 1);
    check_equal (result (a, 0), result (b, 0));
    gst_buffer_unref (a);
    gst_buffer_unref (b);
  }
  fail_unless_equals_uint64 (statistic (many, "frames"), 60);
  fail_unless_equals_uint64 (statistic (many, "inferred"),
      statistic (h, "inferred"));
  gst_harness_teardown (h);
  gst_harness_teardown (many);
}

GST_END_TEST;

static gpointer
push_one_more (gpointer harness)
{
  return GINT_TO_POINTER (push_frames (harness, 100, 101));
}

/* One frame for each thread enters while another is on its way out, and one
 * more where nothing is live. The next waits. */
GST_START_TEST (test_frames_in_flight)
{
  const gboolean live = __i__;
  const guint room = THREADS + !live;
  GstHarness *h = rgb_harness (LAUNCH);
  GThread *thread;
  Sink sink;

  watch (h, &sink);
  if (live)
    gst_harness_query_latency (h);
  hold_first_frame (h, &sink);
  fail_unless_equals_int (push_frames (h, 1, 1 + room), GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_buffers_received (h), 0);
  thread = g_thread_new ("push", push_one_more, h);
  g_usleep (20000);             /* time to enter too early */
  gst_pad_push_event (h->srcpad, gst_event_new_flush_start ());
  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
      GST_FLOW_FLUSHING);
  set_held (&sink, FALSE);
  gst_pad_push_event (h->srcpad, gst_event_new_flush_stop (TRUE));
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* A frame goes with the settings of when it came. */
GST_START_TEST (test_settings_of_each_frame)
{
  GstHarness *h = rgb_harness (LAUNCH);
  Sink sink;

  watch (h, &sink);
  hold_first_frame (h, &sink);
  for (guint n = 1; n <= THREADS; n++) {
    gst_harness_set (h, "rexnetclassify", "top-k", n, NULL);
    push_frames (h, n, n + 1);
  }
  set_held (&sink, FALSE);
  for (guint n = 0; n <= THREADS; n++) {
    GstBuffer *buffer = gst_harness_pull (h);

    fail_unless_equals_int (n_labels (result (buffer, 0)), n ? n : 5);
    gst_buffer_unref (buffer);
  }
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The memory passes through, be the buffer ours alone or someone else's too. */
GST_START_TEST (test_frames_not_copied)
{
  GstHarness *h = rgb_harness (LAUNCH);

  for (int shared = 0; shared < 2; shared++) {
    GstBuffer *in = make_frame (SIZE, shared), *extra = NULL, *out;
    GstMemory *memory = gst_buffer_peek_memory (in, 0);

    if (shared)
      extra = gst_buffer_ref (in);
    out = gst_harness_push_and_pull (h, in);
    fail_unless (gst_buffer_peek_memory (out, 0) == memory);
    fail_unless (shared ? out != in : out == in);
    fail_unless (result (out, 0) != NULL);
    if (shared) {
      fail_unless (result (extra, 0) == NULL);
      gst_buffer_unref (extra);
    }
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* ---- events and queries ------------------------------------------------ */

GST_START_TEST (test_events_keep_their_place)
{
  GstHarness *h = rgb_harness (LAUNCH);
  Sink sink;

  watch (h, &sink);
  push_frames (h, 0, 4);
  gst_harness_push_event (h, gst_event_new_tag (gst_tag_list_new
          (GST_TAG_TITLE, "a title", NULL)));
  push_frames (h, 4, 6);
  gst_harness_push_event (h, gst_event_new_gap (6 * FRAME, FRAME));
  push_frames (h, 7, 9);
  push_segment (h);
  push_frames (h, 9, 10);
  gst_harness_push_event (h, gst_event_new_custom
      (GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("mine")));
  push_frames (h, 10, 11);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless_equals_string (sink.log->str, "0 1 2 3 tag 4 5 gap 7 8 segment "
      "9 custom-downstream 10 eos ");
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Frames in flight are read and labelled by the caps they came with. */
GST_START_TEST (test_new_caps_in_flight)
{
  static const struct
  {
    const char *format;
    int width, height;
  } steps[] = {
    {"RGB", 64, 64}, {"NV12", 320, 240}, {"P010_10LE", 50, 30},
    {"GRAY8", 1, 1}, {"AYUV", 3, 3}, {"RGB", 64, 64}, {"I420", 333, 17},
  };
  GstHarness *h = gst_harness_new_parse (LAUNCH);
  GString *expected = g_string_new (NULL);
  guint n = 0;
  Sink sink;

  watch (h, &sink);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    gsize size = frame_size (steps[i].format, steps[i].width, steps[i].height);

    set_video_caps (h, steps[i].format, steps[i].width, steps[i].height);
    g_string_append (expected, i ? "caps segment " :
        "stream-start caps segment ");
    for (guint j = 0; j < 5; j++, n++) {
      fail_unless_equals_int (gst_harness_push (h, make_frame (size, n)),
          GST_FLOW_OK);
      g_string_append_printf (expected, "%u ", n);
    }
  }
  gst_harness_push_event (h, gst_event_new_eos ());
  g_string_append (expected, "eos ");
  fail_unless_equals_string (sink.log->str, expected->str);
  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = gst_harness_pull (h);

    fail_unless_equals_int (n_labels (result (buffer, 0)), 5);
    fail_unless_equals_uint64 (age (result (buffer, 0)), 0);
    gst_buffer_unref (buffer);
  }
  g_string_free (expected, TRUE);
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_queries)
{
  GstHarness *h = rgb_harness (LAUNCH);
  GstClockTime own = statistic (h, "latency");
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  guint size, min, max;
  gint64 position;

  gst_harness_set_upstream_latency (h, 40 * GST_MSECOND);
  fail_unless (own >= GST_MSECOND);
  fail_unless_equals_uint64 (gst_harness_query_latency (h),
      40 * GST_MSECOND + own);

  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (gst_query_get_n_allocation_pools (query) >= 1);
  gst_query_parse_nth_allocation_pool (query, 0, NULL, &size, &min, &max);
  fail_unless_equals_int (size, SIZE);
  fail_unless (min >= THREADS + 3, "%u", min);
  fail_unless (max == 0 || max >= min);
  gst_query_unref (query);
  gst_caps_unref (caps);

  push_frames (h, 0, 6);
  query = gst_query_new_drain ();
  gst_pad_peer_query (h->srcpad, query);
  fail_unless_equals_int (gst_harness_buffers_received (h), 6);
  gst_query_unref (query);
  fail_unless (gst_pad_peer_query_position (h->sinkpad, GST_FORMAT_TIME,
          &position));
  fail_unless_equals_int64 (position, 6 * FRAME);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Downstream's pool may grow, but not beyond what it can. */
GST_START_TEST (test_allocation_of_a_small_pool)
{
  static const guint most[] = { 0, 3, 20 };

  for (guint i = 0; i < G_N_ELEMENTS (most); i++) {
    GstHarness *h = gst_harness_new_parse (LAUNCH);
    GstBufferPool *pool = gst_buffer_pool_new ();
    GstQuery *query;
    GstCaps *caps;
    guint min, max;

    set_video_caps (h, "RGB", SIDE, SIDE);
    caps = gst_pad_get_current_caps (h->srcpad);
    query = gst_query_new_allocation (caps, TRUE);
    gst_query_add_allocation_pool (query, pool, SIZE, 2, most[i]);
    fail_unless (gst_pad_peer_query (h->srcpad, query));
    gst_query_parse_nth_allocation_pool (query, 0, NULL, NULL, &min, &max);
    fail_unless_equals_int (max, most[i]);
    fail_unless_equals_int (min, most[i] == 3 ? 3 : 2 + THREADS + 3);
    gst_query_unref (query);
    gst_caps_unref (caps);
    gst_object_unref (pool);
    gst_harness_teardown (h);
  }
}

GST_END_TEST;

/* Live and late: every frame comes out, few are classified. */
GST_START_TEST (test_late_frames_pass_unclassified)
{
  GstHarness *h = rgb_harness (LAUNCH);

  gst_harness_use_testclock (h);
  gst_harness_set_upstream_latency (h, 0);
  gst_harness_query_latency (h);
  push_frames (h, 0, 1);
  gst_harness_set_time (h, 10 * GST_SECOND);
  push_frames (h, 1, 10);
  for (guint n = 0; n < 10; n++) {
    GstBuffer *buffer = gst_harness_pull (h);

    fail_unless_equals_uint64 (age (result (buffer, 0)), n * FRAME);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (statistic (h, "skipped"), 9);

  /* Always late, but one in half a second is allowed, not one a thread. */
  push_frames (h, 10, 61);
  fail_unless (statistic (h, "skipped") >= 9 + 51 - 4);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
throughput_suite (void)
{
  Suite *suite = suite_create ("rexnetclassify scheduling=throughput");
  TCase *tc = tcase_create ("throughput");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc, test_as_one_at_a_time, 0, G_N_ELEMENTS (settings));
  tcase_add_loop_test (tc, test_frames_in_flight, FALSE, TRUE + 1);
  tcase_add_test (tc, test_settings_of_each_frame);
  tcase_add_test (tc, test_frames_not_copied);
  tcase_add_test (tc, test_events_keep_their_place);
  tcase_add_test (tc, test_new_caps_in_flight);
  tcase_add_test (tc, test_queries);
  tcase_add_test (tc, test_allocation_of_a_small_pool);
  tcase_add_test (tc, test_late_frames_pass_unclassified);
  return suite;
}

GST_CHECK_MAIN (throughput);
