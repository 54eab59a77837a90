/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify: results, frames left alone, the stream around them. */
#include "common.h"

#define SIDE 48
#define SIZE (SIDE * SIDE * 3)

static GstHarness *
rgb_harness (const char *launch)
{
  return video_harness (launch, "RGB", SIDE, SIDE);
}

static GstBuffer *
classify (GstHarness * h, guint n)
{
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, n));

  fail_unless (buffer != NULL);
  return buffer;
}

/* The age of the result on frame @n. */
static guint64
age_of (GstHarness * h, guint n)
{
  GstBuffer *buffer = classify (h, n);
  guint64 value = age (result (buffer, 0));

  gst_buffer_unref (buffer);
  return value;
}

GST_START_TEST (test_result)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 top-k=4");
  GstBuffer *buffer = classify (h, 0);
  const GstStructure *r = result (buffer, 0);
  double sum = 0;
  int region;

  fail_unless_equals_int (n_results (buffer), 1);
  fail_unless_equals_int (n_labels (r), 4);
  for (guint i = 0; i < 4; i++) {
    const GValue *indices = gst_structure_get_value (r, "indices");

    fail_unless (G_VALUE_HOLDS_INT (gst_value_array_get_value (indices, i)));
    fail_unless (*label (r, i) != '\0');
    fail_unless (i == 0 || score (r, i) <= score (r, i - 1));
    sum += score (r, i);
  }
  fail_unless (sum > 0 && sum <= 1.000001);
  fail_unless_equals_int (gst_value_array_get_size (gst_structure_get_value (r,
              "indices")), 4);
  fail_unless_equals_int (gst_value_array_get_size (gst_structure_get_value (r,
              "scores")), 4);
  fail_unless_equals_uint64 (age (r), 0);
  fail_unless (gst_structure_get_int (r, "region-id", &region));
  fail_unless_equals_int (region, -1);
  fail_unless_equals_string (gst_structure_get_string (r, "device"), "cpu");
  fail_unless_equals_string (gst_structure_get_string (r, "model"),
      "rexnet-0.5-fashion-mnist");
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_right_label)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1", "RGB", 64, 64);
  GstVideoInfo info;
  GstBuffer *buffer;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 64, 64);
  buffer = gst_harness_push_and_pull (h, make_picture (&info));
  fail_unless_equals_string (label (result (buffer, 0), 0), "Trouser");
  fail_unless (score (result (buffer, 0), 0) > 0.5);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Upstream may use what downstream can do: the frame passes through. */
GST_START_TEST (test_allocation_is_downstreams)
{
  GstHarness *h = gst_harness_new_parse ("rexnetclassify threads=1");
  GstCaps *caps;
  GstQuery *query;

  gst_harness_add_propose_allocation_meta (h, GST_VIDEO_META_API_TYPE, NULL);
  set_video_caps (h, "RGB", SIDE, SIDE);
  caps = gst_pad_get_current_caps (h->srcpad);
  query = gst_query_new_allocation (caps, FALSE);
  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE,
          NULL));
  gst_query_unref (query);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The same memory, bytes, times and flags come out, be the buffer ours alone
 * or someone else's too. */
GST_START_TEST (test_frame_untouched)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1");

  for (int shared = 0; shared < 2; shared++) {
    GstBuffer *in = make_frame (SIZE, 3), *copy = gst_buffer_copy_deep (in);
    GstMemory *memory = gst_buffer_peek_memory (in, 0);
    GstBuffer *out, *extra = NULL;
    GstMapInfo map;

    GST_BUFFER_DTS (in) = 5;
    GST_BUFFER_OFFSET (in) = 77;
    GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_MARKER);
    if (shared)
      extra = gst_buffer_ref (in);
    out = gst_harness_push_and_pull (h, in);
    fail_unless (gst_buffer_peek_memory (out, 0) == memory);
    fail_unless_equals_int (gst_buffer_n_memory (out), 1);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (out), 3 * FRAME);
    fail_unless_equals_uint64 (GST_BUFFER_DTS (out), 5);
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (out), FRAME);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (out), 77);
    fail_unless (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_DISCONT));
    fail_unless (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_MARKER));
    fail_unless (result (out, 0) != NULL);
    gst_buffer_map (copy, &map, GST_MAP_READ);
    fail_unless_equals_int (gst_buffer_memcmp (out, 0, map.data, map.size), 0);
    gst_buffer_unmap (copy, &map);
    if (shared) {
      fail_unless (result (extra, 0) == NULL);
      gst_buffer_unref (extra);
    }
    gst_buffer_unref (out);
    gst_buffer_unref (copy);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_interval_and_age)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 interval=3");

  for (guint n = 0; n < 9; n++)
    fail_unless_equals_uint64 (age_of (h, n), n % 3 * FRAME);
  fail_unless_equals_uint64 (statistic (h, "frames"), 9);
  fail_unless_equals_uint64 (statistic (h, "inferred"), 3);
  fail_unless_equals_uint64 (statistic (h, "skipped"), 0);

  /* While playing: each frame from now on. */
  gst_harness_set (h, "rexnetclassify", "interval", 1, NULL);
  for (guint n = 9; n < 12; n++)
    fail_unless_equals_uint64 (age_of (h, n), 0);
  fail_unless_equals_uint64 (statistic (h, "inferred"), 6);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Without times in the stream the age is that of the clock on the wall. */
GST_START_TEST (test_age_without_timestamps)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 interval=2");

  for (guint n = 0; n < 4; n++) {
    GstBuffer *buffer = make_frame (SIZE, n);

    GST_BUFFER_PTS (buffer) = GST_BUFFER_DURATION (buffer) =
        GST_CLOCK_TIME_NONE;
    buffer = gst_harness_push_and_pull (h, buffer);
    fail_unless_equals_int (age (result (buffer, 0)) > 0, n % 2);
    fail_if (GST_BUFFER_PTS_IS_VALID (buffer));
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* They apply to results that are attached again, too. */
GST_START_TEST (test_top_k_and_threshold_while_playing)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 interval=100 "
      "top-k=100");
  GstBuffer *buffer = classify (h, 0);
  double third = score (result (buffer, 0), 2);

  fail_unless_equals_int (n_labels (result (buffer, 0)), 10);
  gst_buffer_unref (buffer);

  gst_harness_set (h, "rexnetclassify", "top-k", 2, NULL);
  buffer = classify (h, 1);
  fail_unless_equals_int (n_labels (result (buffer, 0)), 2);
  gst_buffer_unref (buffer);

  gst_harness_set (h, "rexnetclassify", "top-k", 100, "threshold",
      third * 0.999, NULL);
  buffer = classify (h, 2);
  fail_unless_equals_int (n_labels (result (buffer, 0)), 3);
  gst_buffer_unref (buffer);

  gst_harness_set (h, "rexnetclassify", "threshold", 1.0, NULL);
  buffer = classify (h, 3);
  fail_unless_equals_int (n_results (buffer), 1);
  fail_unless_equals_int (n_labels (result (buffer, 0)), 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

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

/* Pushes @buffer, which must be refused with one error on the bus. */
static void
check_refused (GstHarness * h, GstBuffer * buffer, const char *words)
{
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error = NULL;

  gst_element_set_bus (h->element, bus);
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_ERROR);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_STREAM_ERROR,
          GST_STREAM_ERROR_FORMAT));
  fail_unless (strstr (error->message, words) != NULL, "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
}

GST_START_TEST (test_short_buffer)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1");

  check_refused (h, make_frame (SIZE - 1, 0), "48 x 48 RGB");
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Rows with gaps between them and a picture that starts late in its memory
 * give the scores of the same picture packed. */
GST_START_TEST (test_strides_of_video_meta)
{
  static const char *const formats[] = { "GRAY8", "AYUV" };

  for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstHarness *h = video_harness ("rexnetclassify threads=1", formats[f],
        SIDE, SIDE);
    gsize size = frame_size (formats[f], SIDE, SIDE), row = size / SIDE;
    gsize offset[GST_VIDEO_MAX_PLANES] = { 100 };
    gint stride[GST_VIDEO_MAX_PLANES] = { row + 24 };
    GstBuffer *packed = make_frame (size, 0), *spread;
    GstMapInfo from, to;

    spread = gst_buffer_new_allocate (NULL, 100 + SIDE * stride[0], NULL);
    gst_buffer_map (packed, &from, GST_MAP_READ);
    gst_buffer_map (spread, &to, GST_MAP_WRITE);
    memset (to.data, 0x55, to.size);
    for (int y = 0; y < SIDE; y++)
      memcpy (to.data + 100 + y * stride[0], from.data + y * row, row);
    gst_buffer_unmap (packed, &from);
    gst_buffer_unmap (spread, &to);
    gst_buffer_add_video_meta_full (spread, GST_VIDEO_FRAME_FLAG_NONE,
        gst_video_format_from_string (formats[f]), SIDE, SIDE, 1, offset,
        stride);

    packed = gst_harness_push_and_pull (h, packed);
    spread = gst_harness_push_and_pull (h, spread);
    for (guint i = 0; i < 5; i++)
      fail_unless (score (result (packed, 0), i) ==
          score (result (spread, 0), i));
    gst_buffer_unref (packed);
    gst_buffer_unref (spread);
    gst_harness_teardown (h);
  }
}

GST_END_TEST;

GST_START_TEST (test_lying_video_meta)
{
  static const struct
  {
    int side;
    gint stride;
  } lies[] = { {SIDE * 2, SIDE * 6}, {SIDE, SIDE * 3 + 1}, {SIDE, 1 << 24} };

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++) {
    GstHarness *h = rgb_harness ("rexnetclassify threads=1");
    GstBuffer *buffer = make_frame (SIZE, 0);
    gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
    gint stride[GST_VIDEO_MAX_PLANES] = { lies[i].stride };

    gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_FORMAT_RGB, lies[i].side, lies[i].side, 1, offset, stride);
    check_refused (h, buffer, "48 x 48");
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

GST_START_TEST (test_stats)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1");
  GstElement *element = gst_harness_find_element (h, "rexnetclassify");
  double mean, p50, p95, inference, preprocess;
  GstStructure *stats;

  for (guint n = 0; n < 20; n++)
    gst_buffer_unref (classify (h, n));
  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get (stats, "mean-ms", G_TYPE_DOUBLE, &mean,
          "p50-ms", G_TYPE_DOUBLE, &p50, "p95-ms", G_TYPE_DOUBLE, &p95,
          "inference-ms", G_TYPE_DOUBLE, &inference,
          "preprocess-ms", G_TYPE_DOUBLE, &preprocess, NULL));
  fail_unless (p50 > 0 && p95 >= p50 && mean > 0);
  fail_unless (inference > 0 && inference <= mean);
  fail_unless (preprocess > 0 && preprocess < inference);
  gst_structure_free (stats);
  gst_object_unref (element);
  fail_unless_equals_uint64 (statistic (h, "inferred"), 20);
  fail_unless_equals_uint64 (statistic (h, "errors"), 0);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_two_classifiers_in_a_row)
{
  g_autofree char *path = model_path ();
  g_autofree char *launch = g_strdup_printf ("rexnetclassify threads=1 "
      "top-k=2 ! rexnetclassify threads=1 model=\"%s\" top-k=3", path);
  GstHarness *h = rgb_harness (launch);
  GstBuffer *buffer = classify (h, 0);

  fail_unless_equals_int (n_results (buffer), 2);
  fail_unless_equals_int (n_labels (result (buffer, 0)), 2);
  fail_unless_equals_int (n_labels (result (buffer, 1)), 3);
  fail_unless_equals_string (label (result (buffer, 0), 0),
      label (result (buffer, 1), 0));
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
classify_suite (void)
{
  Suite *suite = suite_create ("rexnetclassify");
  TCase *tc = tcase_create ("classify");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_result);
  tcase_add_test (tc, test_right_label);
  tcase_add_test (tc, test_allocation_is_downstreams);
  tcase_add_test (tc, test_frame_untouched);
  tcase_add_test (tc, test_interval_and_age);
  tcase_add_test (tc, test_age_without_timestamps);
  tcase_add_test (tc, test_top_k_and_threshold_while_playing);
  tcase_add_test (tc, test_stream_resets);
  tcase_add_test (tc, test_seek_event_passes);
  tcase_add_test (tc, test_gaps);
  tcase_add_test (tc, test_eos);
  tcase_add_test (tc, test_renegotiation);
  tcase_add_test (tc, test_impossible_sizes_not_negotiated);
  tcase_add_test (tc, test_short_buffer);
  tcase_add_test (tc, test_strides_of_video_meta);
  tcase_add_test (tc, test_lying_video_meta);
  tcase_add_test (tc, test_state_cycles);
  tcase_add_test (tc, test_stats);
  tcase_add_test (tc, test_two_classifiers_in_a_row);
  return suite;
}

GST_CHECK_MAIN (classify);
