/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify with several frames in flight: what leaves is what leaves
 * with one frame at a time, in the same order, and nothing ever gets stuck. */
#include "common.h"

#define SIDE 48
#define SIZE (SIDE * SIDE * 3)
#define THREADS 3
#define LAUNCH "rexnetclassify scheduling=throughput threads=3"

/* What arrives behind the element, in order: frame 7 is "7", a caps event
 * "caps", ... and what happens to frames there. */
typedef struct
{
  GMutex lock;
  GCond changed;
  GString *log;
  gboolean held;                /* frames wait */
  guint holding;
  guint refused;                /* this frame gets flow */
  GstFlowReturn flow;
} Sink;

static GstPadProbeReturn
see (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Sink *sink = data;

  g_mutex_lock (&sink->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    guint n = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)) / FRAME;

    sink->holding++;
    g_cond_broadcast (&sink->changed);
    while (sink->held)
      g_cond_wait (&sink->changed, &sink->lock);
    sink->holding--;
    g_string_append_printf (sink->log, "%u ", n);
    if (sink->flow != GST_FLOW_OK && n == sink->refused) {
      GST_PAD_PROBE_INFO_FLOW_RETURN (info) = sink->flow;
      gst_buffer_unref (GST_PAD_PROBE_INFO_BUFFER (info));
      g_mutex_unlock (&sink->lock);
      return GST_PAD_PROBE_HANDLED;
    }
  } else {
    g_string_append_printf (sink->log, "%s ",
        GST_EVENT_TYPE_NAME (GST_PAD_PROBE_INFO_EVENT (info)));
  }
  g_mutex_unlock (&sink->lock);
  return GST_PAD_PROBE_OK;
}

static void
watch (GstHarness * h, Sink * sink)
{
  *sink = (Sink) { .log = g_string_new (NULL) };
  gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      see, sink, NULL);
}

static void
set_held (Sink * sink, gboolean held)
{
  g_mutex_lock (&sink->lock);
  sink->held = held;
  g_cond_broadcast (&sink->changed);
  g_mutex_unlock (&sink->lock);
}

/* Until a frame is held. */
static void
wait_for_frame (Sink * sink)
{
  g_mutex_lock (&sink->lock);
  while (!sink->holding)
    g_cond_wait (&sink->changed, &sink->lock);
  g_mutex_unlock (&sink->lock);
}

static GstHarness *
rgb_harness (const char *launch)
{
  return video_harness (launch, "RGB", SIDE, SIDE);
}

static void
push_segment (GstHarness * h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
}

/* Pushes frames @from to @to - 1. Returns: the first flow that is not OK */
static GstFlowReturn
push_frames (GstHarness * h, guint from, guint to)
{
  for (guint n = from; n < to; n++) {
    GstFlowReturn flow = gst_harness_push (h, make_frame (SIZE, n));

    if (flow != GST_FLOW_OK)
      return flow;
  }
  return GST_FLOW_OK;
}

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
  set_held (&sink, TRUE);
  push_frames (h, 0, 1);
  wait_for_frame (&sink);
  fail_unless_equals_int (push_frames (h, 1, 1 + room), GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_buffers_received (h), 0);
  thread = g_thread_new ("push", push_one_more, h);
  g_usleep (20000);             /* time to enter too early */
  gst_pad_push_event (h->srcpad, gst_event_new_flush_start ());
  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
      GST_FLOW_FLUSHING);
  set_held (&sink, FALSE);
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
  set_held (&sink, TRUE);
  push_frames (h, 0, 1);
  wait_for_frame (&sink);
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
  set_held (&sink, TRUE);
  push_frames (h, 0, 1);
  wait_for_frame (&sink);
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

GST_CHECK_MAIN (throughput);
