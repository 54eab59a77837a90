/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify and the memory of frames: left alone, and read as it is. */
#include "rgb.h"

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

/* The frame is cut before it comes, for all that downstream could do it. */
GST_START_TEST (test_crop)
{
  GstHarness *h = gst_harness_new_parse ("videocrop left=16 ! "
      "rexnetclassify threads=1");
  GstBuffer *buffer;

  gst_harness_add_propose_allocation_meta (h, GST_VIDEO_META_API_TYPE, NULL);
  gst_harness_add_propose_allocation_meta (h, GST_VIDEO_CROP_META_API_TYPE,
      NULL);
  set_video_caps (h, "RGB", SIDE, SIDE);
  buffer = classify (h, 0);
  fail_unless (gst_buffer_get_video_crop_meta (buffer) == NULL);
  fail_unless_equals_int (gst_buffer_get_size (buffer), (SIDE - 16) * SIDE * 3);
  fail_unless_equals_int (n_results (buffer), 1);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
frames_suite (void)
{
  Suite *suite = suite_create ("frames");
  TCase *tc = tcase_create ("frames");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_frame_untouched);
  tcase_add_test (tc, test_allocation_is_downstreams);
  tcase_add_test (tc, test_short_buffer);
  tcase_add_test (tc, test_strides_of_video_meta);
  tcase_add_test (tc, test_lying_video_meta);
  tcase_add_test (tc, test_crop);
  return suite;
}

GST_CHECK_MAIN (frames);
