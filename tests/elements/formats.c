/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every raw format that GStreamer has gives what the same picture in RGB
 * gives. */
#include "common.h"

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
  GstHarness *h = gst_harness_new_parse ("rexnetclassify top-k=10");
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
  keeper = gst_harness_new ("rexnetclassify");
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

/* A frame's range and matrix are heeded in formats read in place and in
 * converted ones: read wrongly, limited range alone moves scores by more. */
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
    GstHarness *h = gst_harness_new ("rexnetclassify");
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
  tcase_add_test (tc, test_colorimetry);
  tcase_add_test (tc, test_converted_region);
  tcase_add_test (tc, test_interlaced);
  return suite;
}

GST_CHECK_MAIN (formats);
