/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every raw format that GStreamer has gives what the same picture in RGB
 * gives. */
#include "common.h"

#include "rexnetframe.h"

#define WIDTH 150
#define HEIGHT 66

/* Formats that can't hold the picture's grey levels closely. */
static gboolean
is_coarse (GstVideoFormat format)
{
  switch (format) {
    case GST_VIDEO_FORMAT_RGB8P:
    case GST_VIDEO_FORMAT_RGB15:
    case GST_VIDEO_FORMAT_BGR15:
    case GST_VIDEO_FORMAT_RGB16:
    case GST_VIDEO_FORMAT_BGR16:
      return TRUE;
    default:
      return FALSE;
  }
}

/* Label -> score of the picture in the format of @caps. */
static GHashTable *
scores_in (const char *caps_string)
{
  GstHarness *h = gst_harness_new_parse ("rexnetclassify threads=1 top-k=10");
  GHashTable *scores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  GstCaps *caps = gst_caps_from_string (caps_string);
  GstVideoInfo info;
  GstBuffer *buffer;
  const GstStructure *r;

  fail_unless (gst_video_info_from_caps (&info, caps));
  gst_harness_set_src_caps (h, caps);
  buffer = gst_harness_push_and_pull (h, make_picture (&info));
  fail_unless (buffer != NULL, "%s", caps_string);
  r = result (buffer, 0);
  fail_unless_equals_int (n_labels (r), 10);
  for (guint i = 0; i < 10; i++) {
    double *value = g_new (double, 1);

    *value = score (r, i);
    g_hash_table_insert (scores, g_strdup (label (r, i)), value);
  }
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  return scores;
}

static double
difference (GHashTable * a, GHashTable * b)
{
  double most = 0, *value;
  GHashTableIter iter;
  char *name;

  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, (gpointer *) & name,
          (gpointer *) & value)) {
    double *other = g_hash_table_lookup (b, name);

    fail_unless (other != NULL);
    most = MAX (most, ABS (*value - *other));
  }
  return most;
}

/* An element that keeps the engine alive, for the others to share. */
static GstHarness *keeper;

static void
set_up (void)
{
  keeper = gst_harness_new_parse ("rexnetclassify threads=1");
}

static void
tear_down (void)
{
  gst_harness_teardown (keeper);
}

GST_START_TEST (test_every_format)
{
  g_autofree char *rgb = video_caps ("RGB", WIDTH, HEIGHT);
  g_autoptr (GHashTable) expected = scores_in (rgb);
  guint n_formats;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  fail_unless (n_formats > 90);
  for (guint i = 0; i < n_formats; i++) {
    const char *name = gst_video_format_to_string (formats[i]);
    g_autofree char *caps = video_caps (name, WIDTH, HEIGHT);
    g_autoptr (GHashTable) scores = scores_in (caps);
    double most = difference (expected, scores);

    GST_INFO ("%s: %.4f", name, most);
    fail_unless (most < (is_coarse (formats[i]) ? 0.15 : 0.02), "%s: %f", name,
        most);
  }
}

GST_END_TEST;

/* All of them are offered, those that are read in place first. */
GST_START_TEST (test_offered_formats)
{
  GstElement *element = gst_harness_find_element (keeper, "rexnetclassify");
  GstPadTemplate *template = gst_element_get_pad_template (element, "sink");
  g_autoptr (GstCaps) caps = NULL, offered = NULL;
  guint n_formats;

  gst_object_unref (element);
  offered = gst_pad_template_get_caps (template);
  gst_video_formats_raw (&n_formats);
  fail_unless_equals_int (gst_value_list_get_size (gst_structure_get_value
          (gst_caps_get_structure (offered, 0), "format")), n_formats);
  caps = gst_caps_fixate (gst_caps_copy (offered));
  fail_unless_equals_string (gst_structure_get_string (gst_caps_get_structure
          (caps, 0), "format"), "NV12");
}

GST_END_TEST;

/* A frame's range and matrix are heeded in formats read in place and in
 * converted ones: read wrongly, limited range alone moves scores by more. */
/* A source with a choice gets what is read in place; nothing is refused. */
GST_START_TEST (test_preferred_format)
{
  GstElement *element = gst_element_factory_make ("rexnetclassify", NULL);
  GstPad *pad = gst_element_get_static_pad (element, "sink");
  GstPadTemplate *template = gst_pad_get_pad_template (pad);
  GstCaps *any = gst_pad_template_get_caps (template);
  static const struct
  {
    const char *offered, *taken;
  } choices[] = {
    {"{ ABGR64_BE, AYUV, NV12, RGB }", "NV12"},
    {"{ Y444_16LE, v308, GRAY16_LE, GRAY8 }", "GRAY8"},
    {"{ AYUV, Y444 }", "AYUV"}, {"RGB16", "RGB16"},
  };
  GstCaps *all = gst_pad_query_caps (pad, NULL);

  fail_unless (gst_caps_is_equal (all, any));
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    g_autofree char *string = g_strdup_printf ("video/x-raw, format=%s, "
        "width=64, height=64, framerate=25/1", choices[i].offered);
    GstCaps *offered = gst_caps_from_string (string);
    GstCaps *caps = gst_pad_query_caps (pad, offered);

    fail_unless (gst_caps_is_equal (caps, offered));
    caps = gst_caps_fixate (caps);
    fail_unless_equals_string (gst_structure_get_string
        (gst_caps_get_structure (caps, 0), "format"), choices[i].taken);
    gst_caps_unref (caps);
    gst_caps_unref (offered);
  }
  gst_caps_unref (all);
  gst_caps_unref (any);
  gst_object_unref (template);
  gst_object_unref (pad);
  gst_object_unref (element);
}

GST_END_TEST;

GST_START_TEST (test_colorimetry)
{
  static const char *const formats[] = { "I420", "NV12", "YUY2", "AYUV",
    "P010_10LE", "Y444"
  };
  static const char *const colorimetries[] = { "bt601", "bt709", "bt2020",
    "smpte240m", "1:4:0:0", "1:3:0:0"
  };
  g_autofree char *rgb = video_caps ("RGB", WIDTH, HEIGHT);
  g_autoptr (GHashTable) expected = scores_in (rgb);

  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    for (guint c = 0; c < G_N_ELEMENTS (colorimetries); c++) {
      g_autofree char *caps = g_strdup_printf ("video/x-raw, format=%s, "
          "width=%d, height=%d, framerate=25/1, colorimetry=%s", formats[f],
          WIDTH, HEIGHT, colorimetries[c]);
      g_autoptr (GHashTable) scores = scores_in (caps);
      double most = difference (expected, scores);

      fail_unless (most < 0.05, "%s: %f", caps, most);
    }
}

GST_END_TEST;

/* Converted frames are read only where the crop needs them, whatever the
 * aspect ratio. */
GST_START_TEST (test_converted_region)
{
  static const int sizes[][2] = { {640, 64}, {64, 640}, {300, 299}, {33, 31},
  {2000, 30}, {5, 3}
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *rgb = video_caps ("RGB", sizes[i][0], sizes[i][1]);
    g_autofree char *gbr = video_caps ("GBR", sizes[i][0], sizes[i][1]);
    g_autoptr (GHashTable) expected = scores_in (rgb);
    g_autoptr (GHashTable) scores = scores_in (gbr);
    double most = difference (expected, scores);

    fail_unless (most < 1e-5, "%d x %d: %g", sizes[i][0], sizes[i][1], most);
  }
}

GST_END_TEST;

static GstBuffer *
make_noise (gsize size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  guint32 state = 1;
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < size; i++) {
    state = state * 1103515245 + 12345;
    map.data[i] = state >> 16;
  }
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

/* Compares what a RexnetFrame shows of the middle of a frame of noise with the
 * whole frame converted by GStreamer. */
static void
check_region (GstVideoFormat format, int width, int height)
{
  RexnetInput input = {.width = 32,.height = 32,.crop_pct = 1 };
  GstVideoInfo info, rgb;
  GstVideoFrame from, to;
  GstBuffer *noise, *pixels;
  GstVideoConverter *converter;
  RexnetFrame frame = { 0 };
  const RexnetImage *image;
  int side = MIN (width, height), left = (width - side) / 2;
  int top = (height - side) / 2;

  gst_video_info_set_format (&info, format, width, height);
  gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, width, height);
  noise = make_noise (info.size);
  pixels = gst_buffer_new_allocate (NULL, rgb.size, NULL);
  gst_video_frame_map (&from, &info, noise, GST_MAP_READ);
  gst_video_frame_map (&to, &rgb, pixels, GST_MAP_READWRITE);
  rgb.fps_n = info.fps_n;
  converter = gst_video_converter_new (&info, &rgb, gst_structure_new ("o",
          GST_VIDEO_CONVERTER_OPT_DITHER_METHOD, GST_TYPE_VIDEO_DITHER_METHOD,
          GST_VIDEO_DITHER_NONE, NULL));
  gst_video_converter_frame (converter, &from, &to);

  fail_unless (rexnet_frame_setup (&frame, &info, &input));
  /* Formats that are read or converted as a whole have no part to compare. */
  if (!frame.native && frame.region.w * frame.region.h < width * height) {
    image = rexnet_frame_map (&frame, noise, NULL);
    fail_unless (image != NULL && image->format == REXNET_FORMAT_RGB);
    for (int y = top; y < top + side; y++)
      for (int x = 3 * left; x < 3 * (left + side); x++) {
        guint8 *row = GST_VIDEO_FRAME_PLANE_DATA (&to, 0);
        int value = image->plane[0][y * image->stride[0] + x];
        int expected = row[y * GST_VIDEO_FRAME_PLANE_STRIDE (&to, 0) + x];

        if (ABS (value - expected) > 1)
          ck_abort_msg ("%s %d x %d: %d, not %d, at %d, %d", info.finfo->name,
              width, height, value, expected, x / 3, y);
      }
    rexnet_frame_unmap (&frame);
  }
  rexnet_frame_clear (&frame);
  gst_video_converter_free (converter);
  gst_video_frame_unmap (&from);
  gst_video_frame_unmap (&to);
  gst_buffer_unref (noise);
  gst_buffer_unref (pixels);
}

GST_START_TEST (test_region_pixels)
{
  static const int sizes[][2] = { {150, 66}, {66, 150}, {301, 44}, {34, 299} };
  guint n_formats;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint f = 0; f < n_formats; f++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
      check_region (formats[f], sizes[i][0], sizes[i][1]);
}

GST_END_TEST;

/* Interlaced video is taken as whole frames. */
GST_START_TEST (test_interlaced)
{
  static const char *const modes[] = { "interleaved", "mixed" };
  g_autofree char *rgb = video_caps ("RGB", WIDTH, HEIGHT);
  g_autoptr (GHashTable) expected = scores_in (rgb);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autofree char *caps = g_strdup_printf ("video/x-raw, format=GBR, width=%d"
        ", height=%d, framerate=25/1", WIDTH, HEIGHT);
    g_autofree char *interlaced = g_strdup_printf ("%s, interlace-mode=%s",
        caps, modes[i]);
    GstHarness *h = gst_harness_new_parse ("rexnetclassify threads=1");
    GstVideoInfo info;
    GstBuffer *buffer;
    double *best;

    gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GBR, WIDTH, HEIGHT);
    gst_harness_set_src_caps_str (h, interlaced);
    buffer = gst_harness_push_and_pull (h, make_picture (&info));
    best = g_hash_table_lookup (expected, label (result (buffer, 0), 0));
    fail_unless (best && ABS (*best - score (result (buffer, 0), 0)) < 1e-5);
    gst_buffer_unref (buffer);
    gst_harness_teardown (h);
  }
}

GST_END_TEST;

static Suite *
formats_suite (void)
{
  Suite *suite = suite_create ("formats");
  TCase *tc = tcase_create ("formats");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_checked_fixture (tc, set_up, tear_down);
  tcase_add_test (tc, test_every_format);
  tcase_add_test (tc, test_offered_formats);
  tcase_add_test (tc, test_preferred_format);
  tcase_add_test (tc, test_colorimetry);
  tcase_add_test (tc, test_converted_region);
  tcase_add_test (tc, test_region_pixels);
  tcase_add_test (tc, test_interlaced);
  return suite;
}

GST_CHECK_MAIN (formats);
