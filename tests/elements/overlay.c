/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetoverlay: what is drawn where, and how it reaches the frame. */
#include "common.h"

/* A result with these labels, and scores that halve from 0.8 on. */
static void
add_region_result (GstBuffer * buffer, const char *model, int region,
    const char *const *labels)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer,
      "RexnetClassification");
  GstStructure *s = gst_custom_meta_get_structure (meta);
  GValue arrays[3] = { G_VALUE_INIT, G_VALUE_INIT, G_VALUE_INIT };
  double score = 0.8;

  for (int i = 0; i < 3; i++)
    gst_value_array_init (&arrays[i], 0);
  for (guint i = 0; labels[i]; i++, score /= 2) {
    GValue index = G_VALUE_INIT, label = G_VALUE_INIT, value = G_VALUE_INIT;

    g_value_init (&index, G_TYPE_INT);
    g_value_set_int (&index, i);
    g_value_init (&label, G_TYPE_STRING);
    g_value_set_string (&label, labels[i]);
    g_value_init (&value, G_TYPE_DOUBLE);
    g_value_set_double (&value, score);
    gst_value_array_append_and_take_value (&arrays[0], &index);
    gst_value_array_append_and_take_value (&arrays[1], &label);
    gst_value_array_append_and_take_value (&arrays[2], &value);
  }
  gst_structure_set (s, "model", G_TYPE_STRING, model, "region-id", G_TYPE_INT,
      region, "age", G_TYPE_UINT64, G_GUINT64_CONSTANT (0), "device",
      G_TYPE_STRING, "cpu", NULL);
  gst_structure_take_value (s, "indices", &arrays[0]);
  gst_structure_take_value (s, "labels", &arrays[1]);
  gst_structure_take_value (s, "scores", &arrays[2]);
}

static void
add_result (GstBuffer * buffer, const char *model, const char *const *labels)
{
  add_region_result (buffer, model, -1, labels);
}

static const char *const trousers[] = { "Trouser", "Dress", NULL };

/* A grey frame, so that both letters and box differ from it. */
static GstBuffer *
grey_frame (gsize size, guint n, const char *const *labels)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 128, size);
  GST_BUFFER_PTS (buffer) = n * FRAME;
  GST_BUFFER_DURATION (buffer) = FRAME;
  if (labels)
    add_result (buffer, "test", labels);
  return buffer;
}

typedef struct
{
  int left, top, right, bottom; /* of what changed; right < left: nothing */
  int darkest, brightest;
} Drawn;

/* What was drawn on a GRAY8 frame that was grey_frame(). */
static Drawn
drawn_on (GstBuffer * buffer, int width, int height)
{
  Drawn d = { width, height, -1, -1, 255, 0 };
  GstVideoFrame frame;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, width, height);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  for (int y = 0; y < height; y++) {
    const guint8 *row = GST_VIDEO_FRAME_PLANE_DATA (&frame, 0);

    row += y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);
    for (int x = 0; x < width; x++) {
      if (row[x] == 128)
        continue;
      d.left = MIN (d.left, x);
      d.right = MAX (d.right, x);
      d.top = MIN (d.top, y);
      d.bottom = MAX (d.bottom, y);
      d.darkest = MIN (d.darkest, row[x]);
      d.brightest = MAX (d.brightest, row[x]);
    }
  }
  gst_video_frame_unmap (&frame);
  return d;
}

static Drawn
draw (const char *launch, int width, int height, const char *const *labels)
{
  GstHarness *h = video_harness (launch, "GRAY8", width, height);
  GstBuffer *buffer = gst_harness_push_and_pull (h,
      grey_frame (frame_size ("GRAY8", width, height), 0, labels));
  Drawn d;

  fail_unless (buffer != NULL);
  d = drawn_on (buffer, width, height);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  return d;
}

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

/* ---- composition meta ---- */

#define META "meta:GstVideoOverlayComposition"

static GstHarness *
composing_harness (const char *in, const char *out)
{
  GstHarness *h = gst_harness_new ("rexnetoverlay");

  gst_harness_add_propose_allocation_meta (h,
      GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
  gst_harness_set_sink_caps_str (h, out);
  gst_harness_set_src_caps_str (h, in);
  return h;
}

/* Attached, the frame itself untouched, one picture for the same labels. */
GST_START_TEST (test_attaches)
{
  static const char *const other[] = { "Bag", NULL };
  GstHarness *h = composing_harness ("video/x-raw,format=GRAY8,width=320,"
      "height=240,framerate=25/1", "video/x-raw(memory:SystemMemory," META ")");
  GstVideoOverlayComposition *picture = NULL;

  for (guint n = 0; n < 3; n++) {
    GstBuffer *buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240, n,
            n < 2 ? trousers : other));
    GstVideoOverlayCompositionMeta *meta =
        gst_buffer_get_video_overlay_composition_meta (buffer);
    Drawn d = drawn_on (buffer, 320, 240);

    fail_unless (d.right < d.left);
    fail_unless (meta != NULL);
    fail_unless_equals_int (gst_video_overlay_composition_n_rectangles
        (meta->overlay), 1);
    if (!picture)
      picture = gst_video_overlay_composition_ref (meta->overlay);
    fail_unless ((meta->overlay == picture) == (n < 2));
    gst_buffer_unref (buffer);
  }
  gst_video_overlay_composition_unref (picture);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* An overlay that is there already stays. */
GST_START_TEST (test_adds_to_composition)
{
  GstHarness *h = composing_harness ("video/x-raw(memory:SystemMemory," META
      "),format=GRAY8,width=320,height=240,framerate=25/1",
      "video/x-raw(memory:SystemMemory," META ")");
  GstBuffer *dot = gst_buffer_new_allocate (NULL, 4, NULL), *buffer;
  GstVideoOverlayRectangle *rectangle;
  GstVideoOverlayComposition *theirs;

  gst_buffer_add_video_meta (dot, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, 1, 1);
  rectangle = gst_video_overlay_rectangle_new_raw (dot, 0, 0, 1, 1,
      GST_VIDEO_OVERLAY_FORMAT_FLAG_NONE);
  theirs = gst_video_overlay_composition_new (rectangle);
  buffer = grey_frame (320 * 240, 0, trousers);
  gst_buffer_add_video_overlay_composition_meta (buffer, theirs);
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_unless_equals_int (gst_video_overlay_composition_n_rectangles
      (gst_buffer_get_video_overlay_composition_meta (buffer)->overlay), 2);
  fail_unless_equals_int (gst_video_overlay_composition_n_rectangles (theirs),
      1);
  gst_video_overlay_composition_unref (theirs);
  gst_video_overlay_rectangle_unref (rectangle);
  gst_buffer_unref (dot);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Frames in a memory that can't be mapped here are fine where downstream
 * composes, and refused where it does not. */
GST_START_TEST (test_foreign_memory)
{
  const char *in = "video/x-raw(memory:GLMemory),format=RGBA,width=320,"
      "height=240,framerate=25/1";
  GstHarness *h = composing_harness (in, "video/x-raw(memory:GLMemory," META
      ")");
  GstBuffer *buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240 * 4,
          0, trousers));

  fail_unless (gst_buffer_get_video_overlay_composition_meta (buffer) != NULL);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);

  h = gst_harness_new ("rexnetoverlay");
  gst_harness_set_sink_caps_str (h, "video/x-raw(memory:GLMemory)");
  gst_harness_set_src_caps_str (h, in);
  fail_unless_equals_int (gst_harness_push (h, grey_frame (320 * 240 * 4, 0,
              trousers)), GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Caps that allow the meta with a downstream that does not take it. */
GST_START_TEST (test_blends_when_allocation_refuses)
{
  GstHarness *h = gst_harness_new ("rexnetoverlay");
  GstBuffer *buffer;
  Drawn d;

  gst_harness_set_sink_caps_str (h, "video/x-raw(memory:SystemMemory," META
      ")");
  gst_harness_set_src_caps_str (h, "video/x-raw,format=GRAY8,width=320,"
      "height=240,framerate=25/1");
  buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240, 0, trousers));
  fail_unless (gst_buffer_get_video_overlay_composition_meta (buffer) == NULL);
  d = drawn_on (buffer, 320, 240);
  fail_unless (d.right > d.left);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* ---- streams ---- */

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

static Drawn
draw_region (const char *launch, int id, int x, int y, int width, int height)
{
  GstHarness *h = video_harness (launch, "GRAY8", 640, 480);
  GstBuffer *buffer = grey_frame (640 * 480, 0, NULL);
  GstVideoRegionOfInterestMeta *roi;
  Drawn d;

  roi = gst_buffer_add_video_region_of_interest_meta (buffer, "thing", x, y,
      width, height);
  roi->id = 7;
  add_region_result (buffer, "test", id, trousers);
  buffer = gst_harness_push_and_pull (h, buffer);
  d = drawn_on (buffer, 640, 480);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  return d;
}

/* The result of a region stands in it. */
GST_START_TEST (test_regions)
{
  Drawn d = draw_region ("rexnetoverlay", 7, 300, 200, 300, 200);

  fail_unless (d.left >= 300 && d.top >= 200, "%d, %d", d.left, d.top);
  fail_unless (d.right < 600 && d.bottom < 400, "%d, %d", d.right, d.bottom);
  fail_unless (d.left < 320 && d.top < 220);
  d = draw_region ("rexnetoverlay position=bottom-right", 7, 100, 100, 300,
      200);
  fail_unless (d.right > 380 && d.right < 400 && d.bottom > 280
      && d.bottom < 300);
  /* A result of a region that is not there has no place. */
  d = draw_region ("rexnetoverlay", 8, 300, 200, 300, 200);
  fail_unless (d.right < d.left);
}

GST_END_TEST;

/* Wherever a region claims to be, the box is whole and in the frame. */
GST_START_TEST (test_strange_regions)
{
  static const guint at[] = { 0, 639, 640, 100000, G_MAXINT, G_MAXUINT };
  static const char *const launch[] = { "rexnetoverlay",
    "rexnetoverlay position=center", "rexnetoverlay position=bottom-right"
  };
  Drawn plain = draw ("rexnetoverlay", 640, 480, trousers);

  for (guint i = 0; i < G_N_ELEMENTS (at); i++)
    for (guint j = 0; j < G_N_ELEMENTS (launch); j++) {
      Drawn d = draw_region (launch[j], 7, at[i], at[i], at[(i + j) % 6], 1);

      fail_unless_equals_int (d.right - d.left, plain.right - plain.left);
      fail_unless_equals_int (d.bottom - d.top, plain.bottom - plain.top);
      fail_unless (d.left > 0 && d.top > 0 && d.right < 639 && d.bottom < 479);
    }
}

GST_END_TEST;

/* The frame's result and those of two regions: three pictures, attached. */
GST_START_TEST (test_regions_attached)
{
  GstHarness *h = gst_harness_new_parse ("rexnetoverlay");
  GstVideoOverlayCompositionMeta *meta;
  GstBuffer *buffer = grey_frame (640 * 480, 0, trousers);

  gst_harness_add_propose_allocation_meta (h,
      GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
  set_video_caps (h, "GRAY8", 640, 480);
  for (int i = 0; i < 2; i++) {
    gst_buffer_add_video_region_of_interest_meta (buffer, "thing", 100 * i,
        100 * i, 50, 50)->id = i;
    add_region_result (buffer, "test", i, trousers);
  }
  buffer = gst_harness_push_and_pull (h, buffer);
  meta = gst_buffer_get_video_overlay_composition_meta (buffer);
  fail_unless (meta != NULL);
  fail_unless_equals_int (gst_video_overlay_composition_n_rectangles
      (meta->overlay), 3);
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
  tcase_add_test (tc, test_attaches);
  tcase_add_test (tc, test_adds_to_composition);
  tcase_add_test (tc, test_foreign_memory);
  tcase_add_test (tc, test_blends_when_allocation_refuses);
  tcase_add_test (tc, test_changes_while_playing);
  tcase_add_test (tc, test_two_results);
  tcase_add_test (tc, test_regions);
  tcase_add_test (tc, test_strange_regions);
  tcase_add_test (tc, test_regions_attached);
  tcase_add_test (tc, test_short_buffer);
  return suite;
}

GST_CHECK_MAIN (overlay);
