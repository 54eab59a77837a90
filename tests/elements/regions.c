/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetoverlay: results of regions stand in them. */
#include "drawn.h"

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

static Suite *
regions_suite (void)
{
  Suite *suite = suite_create ("regions");
  TCase *tc = tcase_create ("regions");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_regions);
  tcase_add_test (tc, test_strange_regions);
  tcase_add_test (tc, test_regions_attached);
  return suite;
}

GST_CHECK_MAIN (regions);
