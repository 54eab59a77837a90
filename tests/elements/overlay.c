/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetoverlay: what is drawn where. */
#include "drawn.h"

#include <gst/controller/controller.h>

/* Big enough to read, small enough to see the picture: on all sizes letters
 * as bright as they can be, on a dark box. */
GST_START_TEST (test_readable)
{
  static const int sizes[][2] = {
    {320, 240}, {426, 240}, {640, 480}, {1280, 720}, {1920, 1080},
    {3840, 2160}, {240, 426}, {1080, 1920},
  };
  static const char *const five[] = { "Trouser", "Pullover", "Ankle boot",
    "Coat", "Sandal", NULL
  };
  int width = sizes[__i__][0], height = sizes[__i__][1];
  Drawn d = draw ("rexnetoverlay", width, height, five);
  int box_width = d.right - d.left + 1, box_height = d.bottom - d.top + 1;

  fail_unless (d.brightest > 220, "%d", d.brightest);
  fail_unless (d.darkest < 70, "%d", d.darkest);
  /* Five rows: 16 pixels each at the least, a third of the area at most. */
  fail_unless (box_height >= 5 * 16, "%d", box_height);
  fail_unless (box_height >= MIN (height, width) / 5, "%d", box_height);
  fail_unless (box_height * box_width < width * height / 3);
  fail_unless (d.left > 0 && d.top > 0);
  fail_unless (d.right < width - 1 && d.bottom < height - 1);
}

GST_END_TEST;

GST_START_TEST (test_positions)
{
  static const char *const nicks[] = { "top-left", "top", "top-right", "left",
    "center", "right", "bottom-left", "bottom", "bottom-right"
  };
  const int side = 400;

  for (int i = 0; i < 9; i++) {
    g_autofree char *launch = g_strdup_printf ("rexnetoverlay position=%s",
        nicks[i]);
    Drawn d = draw (launch, side, side, trousers);
    int x = d.left + d.right - side, y = d.top + d.bottom - side;

    fail_unless (ABS (x) < 8 ? i % 3 == 1 : i % 3 == (x < 0 ? 0 : 2), "%s",
        nicks[i]);
    fail_unless (ABS (y) < 8 ? i / 3 == 1 : i / 3 == (y < 0 ? 0 : 2), "%s",
        nicks[i]);
  }
}

GST_END_TEST;

GST_START_TEST (test_properties_show)
{
  Drawn plain = draw ("rexnetoverlay", 640, 480, trousers);
  Drawn one = draw ("rexnetoverlay max-labels=1", 640, 480, trousers);
  Drawn none = draw ("rexnetoverlay max-labels=0", 640, 480, trousers);
  Drawn big = draw ("rexnetoverlay font=\"Sans 40\"", 640, 480, trousers);
  Drawn bare = draw ("rexnetoverlay show-scores=false", 640, 480, trousers);
  Drawn dark = draw ("rexnetoverlay color=0xff000000 bar-color=0xff000000",
      640, 480, trousers);
  Drawn open = draw ("rexnetoverlay background-color=0", 640, 480, trousers);

  fail_unless (one.bottom < plain.bottom);
  fail_unless (none.right < none.left);
  fail_unless (big.bottom > plain.bottom && big.right > plain.right);
  fail_unless (bare.bottom < plain.bottom);
  fail_unless (dark.brightest < 140 && dark.darkest < plain.darkest);
  fail_unless (open.left > plain.left && open.brightest > 220);
}

GST_END_TEST;

GST_START_TEST (test_nothing_to_draw)
{
  static const char *const nothing[] = { NULL };
  Drawn d = draw ("rexnetoverlay", 320, 240, NULL);

  fail_unless (d.right < d.left);
  d = draw ("rexnetoverlay", 320, 240, nothing);
  fail_unless (d.right < d.left);
}

GST_END_TEST;

/* No room, strange labels, wrong fields: never more than nothing drawn. */
GST_START_TEST (test_small_frames_and_strange_labels)
{
  static const int sizes[][2] = { {1, 1}, {4, 4}, {16, 16}, {50, 40},
  {100, 30}, {30, 100}, {64, 64}, {2000, 20}
  };
  g_autofree char *endless = g_strnfill (5000, 'W');
  const char *labels[] = { endless, "", "\xff\xfe\xfd", "two\nlines",
    "<b>not markup</b> & such", "\xe2\x80\xae\xd7\xa9\xd7\x9c", NULL
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    Drawn d = draw ("rexnetoverlay", sizes[i][0], sizes[i][1],
        (const char *const *) labels);

    fail_unless (d.right < sizes[i][0] && d.bottom < sizes[i][1]);
  }
  fail_unless (draw ("rexnetoverlay", 640, 480,
          (const char *const *) labels).right > 0);
}

GST_END_TEST;

GST_START_TEST (test_malformed_meta)
{
  GstHarness *h = video_harness ("rexnetoverlay ! rexnetjson", "GRAY8", 320,
      240);
  GstBuffer *buffer = grey_frame (320 * 240, 0, NULL);
  GstStructure *s = gst_custom_meta_get_structure (gst_buffer_add_custom_meta
      (buffer, "RexnetClassification"));

  gst_structure_set (s, "model", G_TYPE_INT, 3, "labels", G_TYPE_STRING, "x",
      NULL);
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_unless (buffer != NULL);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_every_format_blends)
{
  guint n_formats;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < n_formats; i++) {
    const char *name = gst_video_format_to_string (formats[i]);
    gsize size = frame_size (name, 128, 96);
    GstHarness *h = video_harness ("rexnetoverlay", name, 128, 96);
    GstBuffer *in = grey_frame (size, 0, trousers);
    GstBuffer *before = gst_buffer_copy_deep (in), *out;
    GstMapInfo map;

    out = gst_harness_push_and_pull (h, in);
    fail_unless (out != NULL, "%s", name);
    gst_buffer_map (before, &map, GST_MAP_READ);
    fail_unless (gst_buffer_memcmp (out, 0, map.data, map.size) != 0, "%s",
        name);
    gst_buffer_unmap (before, &map);
    gst_buffer_unref (before);
    gst_buffer_unref (out);
    gst_harness_teardown (h);
  }
}

GST_END_TEST;

/* Someone else's reference to a frame sees the frame as it was. */
GST_START_TEST (test_shared_frame)
{
  GstHarness *h = video_harness ("rexnetoverlay", "GRAY8", 320, 240);
  GstBuffer *in = grey_frame (320 * 240, 0, trousers);
  GstBuffer *ours = gst_buffer_ref (in), *out;
  Drawn d;

  out = gst_harness_push_and_pull (h, in);
  d = drawn_on (ours, 320, 240);
  fail_unless (d.right < d.left);
  d = drawn_on (out, 320, 240);
  fail_unless (d.right > d.left);
  gst_buffer_unref (ours);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_changes_while_playing)
{
  GstHarness *h = video_harness ("rexnetoverlay", "GRAY8", 320, 240);
  GstBuffer *buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240, 0,
          trousers));
  Drawn before = drawn_on (buffer, 320, 240), after;

  gst_buffer_unref (buffer);
  gst_harness_set (h, "rexnetoverlay", "position", 8, NULL);
  buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240, 1, trousers));
  after = drawn_on (buffer, 320, 240);
  fail_unless (after.left > before.left && after.top > before.top);
  gst_buffer_unref (buffer);

  set_video_caps (h, "GRAY8", 640, 480);
  buffer = gst_harness_push_and_pull (h, grey_frame (640 * 480, 2, trousers));
  after = drawn_on (buffer, 640, 480);
  fail_unless (after.right > 400 && after.bottom > 300);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Results of two models are told apart by their names. */
GST_START_TEST (test_two_results)
{
  GstHarness *h = video_harness ("rexnetoverlay", "GRAY8", 320, 240);
  GstBuffer *buffer = grey_frame (320 * 240, 0, trousers);
  Drawn one = draw ("rexnetoverlay", 320, 240, trousers), two;

  add_result (buffer, "another", trousers);
  buffer = gst_harness_push_and_pull (h, buffer);
  two = drawn_on (buffer, 320, 240);
  fail_unless (two.bottom > 2 * one.bottom);
  /* The best label of each stands out, below the name too. */
  fail_unless (two.brightest >= one.brightest - 5, "%d", two.brightest);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_short_buffer)
{
  GstHarness *h = video_harness ("rexnetoverlay", "GRAY8", 320, 240);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;

  gst_element_set_bus (h->element, bus);
  fail_unless_equals_int (gst_harness_push (h, grey_frame (320 * 239, 0,
              trousers)), GST_FLOW_ERROR);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_unref (message);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Values that follow the stream: no label at its start, all a second on. */
GST_START_TEST (test_controlled)
{
  GstHarness *h = video_harness ("rexnetoverlay", "GRAY8", 320, 240);
  GstControlSource *source = gst_interpolation_control_source_new ();
  GstTimedValueControlSource *values = GST_TIMED_VALUE_CONTROL_SOURCE (source);
  GstElement *element = gst_harness_find_element (h, "rexnetoverlay");

  gst_timed_value_control_source_set (values, 0, 0);
  gst_timed_value_control_source_set (values, GST_SECOND, 5);
  gst_object_add_control_binding (GST_OBJECT (element),
      gst_direct_control_binding_new_absolute (GST_OBJECT (element),
          "max-labels", source));
  for (guint n = 0; n <= 25; n += 25) {
    GstBuffer *buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240, n,
            trousers));

    fail_unless_equals_int (drawn_on (buffer, 320, 240).right >= 0, n > 0);
    gst_buffer_unref (buffer);
  }
  gst_object_unref (source);
  gst_object_unref (element);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The frame is cut before it comes, for all that downstream could do it. */
GST_START_TEST (test_crop)
{
  GstHarness *h = gst_harness_new_parse ("videocrop left=160 ! rexnetoverlay");
  GstBuffer *buffer;

  gst_harness_add_propose_allocation_meta (h, GST_VIDEO_META_API_TYPE, NULL);
  gst_harness_add_propose_allocation_meta (h, GST_VIDEO_CROP_META_API_TYPE,
      NULL);
  set_video_caps (h, "GRAY8", 480, 240);
  buffer = gst_harness_push_and_pull (h, grey_frame (480 * 240, 0, trousers));
  fail_unless (gst_buffer_get_video_crop_meta (buffer) == NULL);
  fail_unless_equals_int (gst_buffer_get_size (buffer), 320 * 240);
  fail_unless (drawn_on (buffer, 320, 240).right > 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
overlay_suite (void)
{
  Suite *suite = suite_create ("rexnetoverlay");
  TCase *tc = tcase_create ("overlay");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc, test_readable, 0, 8);
  tcase_add_test (tc, test_positions);
  tcase_add_test (tc, test_properties_show);
  tcase_add_test (tc, test_nothing_to_draw);
  tcase_add_test (tc, test_small_frames_and_strange_labels);
  tcase_add_test (tc, test_malformed_meta);
  tcase_add_test (tc, test_every_format_blends);
  tcase_add_test (tc, test_shared_frame);
  tcase_add_test (tc, test_changes_while_playing);
  tcase_add_test (tc, test_two_results);
  tcase_add_test (tc, test_short_buffer);
  tcase_add_test (tc, test_controlled);
  tcase_add_test (tc, test_crop);
  return suite;
}

GST_CHECK_MAIN (overlay);
