/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify: results, and how properties change them. */
#include "rgb.h"

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
  tcase_add_test (tc, test_interval_and_age);
  tcase_add_test (tc, test_age_without_timestamps);
  tcase_add_test (tc, test_top_k_and_threshold_while_playing);
  tcase_add_test (tc, test_stats);
  tcase_add_test (tc, test_two_classifiers_in_a_row);
  return suite;
}

GST_CHECK_MAIN (classify);
