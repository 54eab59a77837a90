/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetoverlay where downstream composes overlays, or says so. */
#include "drawn.h"

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

static const struct
{
  const char *in, *out;
} foreign[] = {
  {"video/x-raw(memory:GLMemory),format=RGBA,width=320,height=240,"
        "framerate=25/1", "video/x-raw(memory:GLMemory," META ")"},
  {"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=XR24:0x123456789abcdef,"
        "width=320,height=240,framerate=25/1",
      "video/x-raw(memory:DMABuf," META ")"},
};

/* Frames in a memory that can't be mapped here are fine where downstream
 * composes, and refused where it does not. */
GST_START_TEST (test_foreign_memory)
{
  const char *in = foreign[__i__].in;
  GstHarness *h = composing_harness (in, foreign[__i__].out);
  GstBuffer *buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240 * 4,
          0, trousers));

  fail_unless (gst_buffer_get_video_overlay_composition_meta (buffer) != NULL);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);

  h = gst_harness_new ("rexnetoverlay");
  gst_harness_set_sink_caps_str (h, __i__ ? "video/x-raw(memory:DMABuf)"
      : "video/x-raw(memory:GLMemory)");
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

/* A sink that composes takes the place of one that does not. */
GST_START_TEST (test_new_downstream)
{
  GstHarness *h = gst_harness_new ("rexnetoverlay");

  gst_harness_set_sink_caps_str (h, "video/x-raw(memory:SystemMemory," META
      ")");
  gst_harness_set_src_caps_str (h, "video/x-raw,format=GRAY8,width=320,"
      "height=240,framerate=25/1");
  for (guint n = 0; n < 3; n++) {
    GstBuffer *buffer = gst_harness_push_and_pull (h, grey_frame (320 * 240, n,
            trousers));
    GstVideoOverlayCompositionMeta *meta =
        gst_buffer_get_video_overlay_composition_meta (buffer);

    fail_unless_equals_int (meta != NULL, n == 2);
    fail_unless_equals_int (drawn_on (buffer, 320, 240).right >= 0, n < 2);
    gst_buffer_unref (buffer);
    if (n == 1) {
      gst_harness_add_propose_allocation_meta (h,
          GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
      gst_harness_push_upstream_event (h, gst_event_new_reconfigure ());
    }
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
compose_suite (void)
{
  Suite *suite = suite_create ("compose");
  TCase *tc = tcase_create ("compose");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_attaches);
  tcase_add_test (tc, test_adds_to_composition);
  tcase_add_loop_test (tc, test_foreign_memory, 0, G_N_ELEMENTS (foreign));
  tcase_add_test (tc, test_blends_when_allocation_refuses);
  tcase_add_test (tc, test_new_downstream);
  return suite;
}

GST_CHECK_MAIN (compose);
