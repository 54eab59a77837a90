/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify with several frames in flight that fail, are flushed, or lose
 * the element under them: none comes out wrong, and nothing ever gets stuck. */
#include "inflight.h"

/* ---- flows and errors -------------------------------------------------- */

GST_START_TEST (test_flows_reach_upstream)
{
  static const GstFlowReturn flows[] = { GST_FLOW_EOS, GST_FLOW_NOT_LINKED,
    GST_FLOW_ERROR, GST_FLOW_FLUSHING
  };

  for (guint i = 0; i < G_N_ELEMENTS (flows); i++) {
    GstHarness *h = rgb_harness (LAUNCH);
    Sink sink;

    watch (h, &sink);
    sink.refused = 4;
    sink.flow = flows[i];
    fail_unless_equals_int (push_frames (h, 0, 100), flows[i]);
    fail_unless (g_str_has_suffix (sink.log->str, " 3 4 "));
    g_string_free (sink.log, TRUE);
    gst_harness_teardown (h);
  }
}

GST_END_TEST;

static guint
count_errors (GstBus * bus, GQuark domain, int code)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR))) {
    GError *error;

    gst_message_parse_error (message, &error, NULL);
    fail_unless (g_error_matches (error, domain, code), "%s", error->message);
    g_error_free (error);
    gst_message_unref (message);
    n++;
  }
  return n;
}

/* When no frame is left to return a flow for, the bus is told. */
GST_START_TEST (test_flow_at_the_end)
{
  GstHarness *h = rgb_harness (LAUNCH);
  GstBus *bus = gst_bus_new ();
  Sink sink;

  gst_element_set_bus (h->element, bus);
  watch (h, &sink);
  sink.refused = 2;
  sink.flow = GST_FLOW_ERROR;
  set_held (&sink, TRUE);
  fail_unless_equals_int (push_frames (h, 0, 3), GST_FLOW_OK);
  set_held (&sink, FALSE);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless (g_str_has_suffix (sink.log->str, "0 1 2 eos "));
  fail_unless_equals_int (count_errors (bus, GST_STREAM_ERROR,
          GST_STREAM_ERROR_FAILED), 1);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The end of one segment is not that of the next. */
GST_START_TEST (test_eos_then_segment)
{
  GstHarness *h = rgb_harness (LAUNCH);
  Sink sink;

  watch (h, &sink);
  sink.refused = 2;
  sink.flow = GST_FLOW_EOS;
  set_held (&sink, TRUE);
  push_frames (h, 0, 3);
  set_held (&sink, FALSE);
  push_segment (h);
  fail_unless_equals_int (push_frames (h, 3, 10), GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless_equals_int (gst_harness_buffers_received (h), 9);
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The frames before a bad one come out. */
GST_START_TEST (test_bad_frame)
{
  GstHarness *h = rgb_harness (LAUNCH);
  GstBus *bus = gst_bus_new ();
  GstFlowReturn flow;

  gst_element_set_bus (h->element, bus);
  push_frames (h, 0, 5);
  flow = gst_harness_push (h, make_frame (SIZE - 1, 5));
  if (flow == GST_FLOW_OK)
    flow = push_frames (h, 6, 100);
  fail_unless_equals_int (flow, GST_FLOW_ERROR);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless_equals_int (gst_harness_buffers_received (h), 5);
  fail_unless_equals_int (count_errors (bus, GST_STREAM_ERROR,
          GST_STREAM_ERROR_FORMAT), 1);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* ---- flushes, states, pools -------------------------------------------- */

/* A source: no frame is pushed between a flush and the segment after it. */
static GMutex source_lock;

static gpointer
push_until_told (gpointer harness)
{
  GstFlowReturn flow = GST_FLOW_OK;

  /* Flushing is no reason to stop here; the end is. */
  for (guint n = 0; flow != GST_FLOW_EOS; n++) {
    g_mutex_lock (&source_lock);
    flow = gst_harness_push (harness, make_frame (SIZE, n));
    g_mutex_unlock (&source_lock);
  }
  return NULL;
}

GST_START_TEST (test_flush_storm)
{
  GstHarness *h = rgb_harness (LAUNCH);
  guint32 seed = g_random_int ();
  GRand *rand = g_rand_new_with_seed (seed);
  GstBuffer *buffer;
  GThread *thread;

  g_print ("seed %u\n", seed);
  gst_harness_set_drop_buffers (h, TRUE);
  thread = g_thread_new ("push", push_until_told, h);
  for (guint i = 0; i < 100; i++) {
    gst_pad_push_event (h->srcpad, gst_event_new_flush_start ());
    if (i % 3 == 0)
      g_usleep (g_rand_int_range (rand, 0, 1000));
    g_mutex_lock (&source_lock);
    gst_pad_push_event (h->srcpad, gst_event_new_flush_stop (TRUE));
    push_segment (h);
    g_mutex_unlock (&source_lock);
    g_usleep (g_rand_int_range (rand, 0, 4000));
  }
  gst_harness_push_event (h, gst_event_new_eos ());
  g_thread_join (thread);

  gst_harness_set_drop_buffers (h, FALSE);
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  push_segment (h);
  buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 1000));
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 1000 * FRAME);
  fail_unless_equals_uint64 (age (result (buffer, 0)), 0);
  gst_buffer_unref (buffer);
  g_rand_free (rand);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* What was in flight at a flush never comes out. */
GST_START_TEST (test_flush_drops)
{
  GstHarness *h = rgb_harness (LAUNCH);
  Sink sink;

  watch (h, &sink);
  hold_first_frame (h, &sink);
  push_frames (h, 1, 1 + THREADS);
  gst_harness_push_event (h, gst_event_new_flush_start ());
  set_held (&sink, FALSE);
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  push_segment (h);
  push_frames (h, 10, 12);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless (g_str_has_suffix (sink.log->str, "flush-stop segment 10 11 eos "),
      "%s", sink.log->str);
  for (guint n = 1; n <= THREADS; n++) {
    g_autofree char *frame = g_strdup_printf (" %u ", n);

    fail_unless (strstr (sink.log->str, frame) == NULL, "%s", sink.log->str);
  }
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

static GstElement *
launch (const char *description)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);

  fail_unless (error == NULL, "%s", error ? error->message : "");
  return pipeline;
}

/* Seeks while frames are in flight and while the sink waits for one. */
GST_START_TEST (test_seek_storm)
{
  GstElement *pipeline = launch ("videotestsrc ! video/x-raw,width=64,"
      "height=64,framerate=500/1 ! " LAUNCH " ! fakesink sync=true");

  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int (gst_element_get_state (pipeline, NULL, NULL,
          30 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < 60; i++) {
    GstClockTime to = (i * 37 % 60) * GST_SECOND;
    gint64 position;

    if (i % 10 == 5)
      gst_element_set_state (pipeline, i % 20 == 5 ? GST_STATE_PLAYING :
          GST_STATE_PAUSED);
    fail_unless (gst_element_seek_simple (pipeline, GST_FORMAT_TIME,
            GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, to));
    if (i % 4)
      continue;
    fail_unless_equals_int (gst_element_get_state (pipeline, NULL, NULL,
            30 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
    fail_unless (gst_element_query_position (pipeline, GST_FORMAT_TIME,
            &position));
    fail_unless (position >= (gint64) to && position < (gint64) (to + 20 * GST_SECOND));
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* Down from every state at every time, two streams on one engine. */
GST_START_TEST (test_state_storm)
{
  static const GstState states[] = { GST_STATE_PLAYING, GST_STATE_PAUSED,
    GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_NULL, GST_STATE_PAUSED,
    GST_STATE_NULL, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PAUSED,
  };
  GstElement *pipeline = launch ("videotestsrc ! video/x-raw,width=64,"
      "height=64 ! tee name=t ! queue ! " LAUNCH " ! fakesink sync=true "
      "t. ! queue ! " LAUNCH " interval=2 ! rexnetoverlay ! fakesink");

  for (guint i = 0; i < 60; i++) {
    fail_unless (gst_element_set_state (pipeline,
            states[i % G_N_ELEMENTS (states)]) != GST_STATE_CHANGE_FAILURE);
    g_usleep (i % 7 * 700);
    if (i % 10 == 9)
      fail_unless_equals_int (gst_element_get_state (pipeline, NULL, NULL,
              30 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* A pad that is taken down and up again by itself, a frame in its way. */
static GstPadProbeReturn
block (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_blocked_pad)
{
  GstHarness *h = rgb_harness (LAUNCH);
  GstElement *element = gst_harness_find_element (h, "rexnetclassify");
  GstPad *pad = gst_element_get_static_pad (element, "src");
  gulong probe = gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK
      | GST_PAD_PROBE_TYPE_BUFFER, block, NULL, NULL);
  GstBuffer *buffer;

  push_frames (h, 0, THREADS);
  fail_unless (gst_pad_set_active (pad, FALSE));
  fail_unless_equals_int (push_frames (h, 10, 11), GST_FLOW_FLUSHING);
  gst_pad_remove_probe (pad, probe);
  fail_unless (gst_pad_set_active (pad, TRUE));
  gst_harness_push_event (h, gst_event_new_stream_start ("again"));
  set_video_caps (h, "RGB", SIDE, SIDE);
  push_segment (h);
  buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 20));
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 20 * FRAME);
  gst_buffer_unref (buffer);
  gst_object_unref (element);
  gst_object_unref (pad);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Upstream has @most buffers in all, and waits for one to come back. */
static void
check_pool (guint most)
{
  GstHarness *h = rgb_harness (LAUNCH);
  GstBufferPool *pool = gst_buffer_pool_new ();
  GstStructure *config = gst_buffer_pool_get_config (pool);

  gst_harness_set_drop_buffers (h, TRUE);
  gst_buffer_pool_config_set_params (config, NULL, SIZE, most, most);
  fail_unless (gst_buffer_pool_set_config (pool, config));
  gst_buffer_pool_set_active (pool, TRUE);
  for (guint n = 0; n < 40; n++) {
    GstBuffer *buffer;

    fail_unless_equals_int (gst_buffer_pool_acquire_buffer (pool, &buffer,
            NULL), GST_FLOW_OK);
    gst_buffer_memset (buffer, 0, n * 5, SIZE);
    GST_BUFFER_PTS (buffer) = n * FRAME;
    fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  }
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless_equals_int (gst_harness_buffers_received (h), 40);
  fail_unless_equals_uint64 (statistic (h, "inferred"), 40);
  gst_harness_teardown (h);
  gst_buffer_pool_set_active (pool, FALSE);
  gst_object_unref (pool);
}

GST_START_TEST (test_small_pools)
{
  check_pool (1);
  check_pool (2);
  check_pool (THREADS + 3);
}

GST_END_TEST;

static gpointer
run_stream (gpointer results)
{
  GstHarness *h = rgb_harness (LAUNCH);

  gst_harness_set_drop_buffers (h, FALSE);
  for (guint n = 0; n < 40; n++)
    fail_unless_equals_int (gst_harness_push (h, make_frame (SIZE, n)),
        GST_FLOW_OK);
  for (guint n = 0; n < 40; n++) {
    GstBuffer *buffer = gst_harness_pull (h);
    double best = score (result (buffer, 0), 0);

    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), n * FRAME);
    g_array_append_val (results, best);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
  return NULL;
}

GST_START_TEST (test_streams_share)
{
  GThread *threads[3];
  GArray *results[3];

  for (int i = 0; i < 3; i++) {
    results[i] = g_array_new (FALSE, FALSE, sizeof (double));
    threads[i] = g_thread_new ("stream", run_stream, results[i]);
  }
  for (int i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  for (int i = 0; i < 3; i++) {
    fail_unless (memcmp (results[i]->data, results[0]->data,
            40 * sizeof (double)) == 0);
    if (i)
      g_array_unref (results[i]);
  }
  g_array_unref (results[0]);
}

GST_END_TEST;

static Suite *
storms_suite (void)
{
  Suite *suite = suite_create ("rexnetclassify scheduling=throughput, disturbed");
  TCase *tc = tcase_create ("storms");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_flows_reach_upstream);
  tcase_add_test (tc, test_flow_at_the_end);
  tcase_add_test (tc, test_eos_then_segment);
  tcase_add_test (tc, test_bad_frame);
  tcase_add_test (tc, test_flush_storm);
  tcase_add_test (tc, test_flush_drops);
  tcase_add_test (tc, test_seek_storm);
  tcase_add_test (tc, test_state_storm);
  tcase_add_test (tc, test_blocked_pad);
  tcase_add_test (tc, test_small_pools);
  tcase_add_test (tc, test_streams_share);
  return suite;
}

GST_CHECK_MAIN (storms);
