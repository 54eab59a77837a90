/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstAnalytics, from GStreamer 1.24 on: written by rexnetclassify, read by
 * rexnetoverlay. */
#include "common.h"

#include <gst/analytics/analytics.h>

#define SIZE (32 * 32)

/* Finds the only classification on @buffer. */
static gboolean
find (GstBuffer * buffer, GstAnalyticsMtd * mtd)
{
  GstAnalyticsRelationMeta *meta =
      gst_buffer_get_analytics_relation_meta (buffer);
  gpointer state = NULL;
  GstAnalyticsMtd other;

  if (!meta || !gst_analytics_relation_meta_iterate (meta, &state,
          gst_analytics_cls_mtd_get_mtd_type (), mtd))
    return FALSE;
  fail_if (gst_analytics_relation_meta_iterate (meta, &state,
          gst_analytics_cls_mtd_get_mtd_type (), &other));
  return TRUE;
}

/* The best label alone by default: readers take all of them for true. */
GST_START_TEST (test_best_label)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1", "GRAY8", 32, 32);
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 0));
  GstAnalyticsMtd mtd;

  fail_unless (find (buffer, &mtd));
  fail_unless_equals_int (gst_analytics_cls_mtd_get_length (&mtd), 1);
  fail_unless_equals_string (g_quark_to_string (gst_analytics_cls_mtd_get_quark
          (&mtd, 0)), label (result (buffer, 0), 0));
  fail_unless (gst_analytics_cls_mtd_get_level (&mtd, 0) ==
      (float) score (result (buffer, 0), 0));
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_top_k)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1 analytics-top-k=3",
      "GRAY8", 32, 32);
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 0));
  GstAnalyticsMtd mtd;

  fail_unless (find (buffer, &mtd));
  fail_unless_equals_int (gst_analytics_cls_mtd_get_length (&mtd), 3);
  for (guint i = 0; i < 3; i++)
    fail_unless_equals_string (g_quark_to_string
        (gst_analytics_cls_mtd_get_quark (&mtd, i)),
        label (result (buffer, 0), i));
  gst_buffer_unref (buffer);

  gst_harness_set (h, "rexnetclassify", "analytics-top-k", 0, NULL);
  buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 1));
  fail_if (find (buffer, &mtd));
  gst_buffer_unref (buffer);

  /* No label is no classification. */
  gst_harness_set (h, "rexnetclassify", "analytics-top-k", 1, "threshold", 1.0,
      NULL);
  buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 2));
  fail_if (find (buffer, &mtd));
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The relation meta of an element upstream is added to. */
GST_START_TEST (test_adds_to_meta)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1", "GRAY8", 32, 32);
  GstBuffer *buffer = make_frame (SIZE, 0);
  GstAnalyticsRelationMeta *meta =
      gst_buffer_add_analytics_relation_meta (buffer);
  GstAnalyticsODMtd box;
  GstAnalyticsMtd mtd;

  fail_unless (gst_analytics_relation_meta_add_od_mtd (meta,
          g_quark_from_string ("thing"), 1, 1, 8, 8, 0.5, &box));
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_unless (find (buffer, &mtd));
  fail_unless_equals_int (gst_analytics_relation_get_length
      (gst_buffer_get_analytics_relation_meta (buffer)), 2);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static gboolean
overlay_draws (const char *launch, GstBuffer * buffer)
{
  GstHarness *h = video_harness (launch, "GRAY8", 320, 240);
  GstBuffer *before = gst_buffer_copy_deep (buffer);
  GstMapInfo map;
  gboolean changed;

  buffer = gst_harness_push_and_pull (h, buffer);
  gst_buffer_map (before, &map, GST_MAP_READ);
  changed = gst_buffer_memcmp (buffer, 0, map.data, map.size) != 0;
  gst_buffer_unmap (before, &map);
  gst_buffer_unref (before);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  return changed;
}

static GstBuffer *
classified_by_another (void)
{
  GstBuffer *buffer = make_frame (320 * 240, 0);
  gfloat levels[] = { 0.2, 0.7 };
  GQuark labels[] = { g_quark_from_string ("cat"), g_quark_from_string ("dog") };
  GstAnalyticsClsMtd mtd;

  fail_unless (gst_analytics_relation_meta_add_cls_mtd
      (gst_buffer_add_analytics_relation_meta (buffer), 2, levels, labels,
          &mtd));
  return buffer;
}

GST_START_TEST (test_overlay_reads)
{
  fail_unless (overlay_draws ("rexnetoverlay", classified_by_another ()));
  fail_if (overlay_draws ("rexnetoverlay analytics=false",
          classified_by_another ()));
  fail_if (overlay_draws ("rexnetoverlay", make_frame (320 * 240, 0)));
}

GST_END_TEST;

#if GST_CHECK_VERSION (1, 26, 0)
static void
check_tensor (const GstTensor * tensor, const GstStructure * result)
{
  const float *vector;
  GstMapInfo map;
  gsize n;

  vector = features (result, &n);
  fail_unless (n > 0);
  fail_unless_equals_string (g_quark_to_string (tensor->id), "rexnet-features");
  fail_unless_equals_int (tensor->data_type, GST_TENSOR_DATA_TYPE_FLOAT32);
  fail_unless_equals_int (tensor->num_dims, 2);
  fail_unless_equals_int (tensor->dims[0], 1);
  fail_unless_equals_int (tensor->dims[1], n);
  gst_buffer_map (tensor->data, &map, GST_MAP_READ);
  fail_unless_equals_int (map.size, n * sizeof *vector);
  fail_unless (map.data == (const guint8 *) vector);
  gst_buffer_unmap (tensor->data, &map);
}

/* One for each classifier, in their order, behind what was there. */
GST_START_TEST (test_tensors)
{
  g_autofree char *model = source_path ("tests/data/models/settings.safetensors");
  g_autofree char *launch = g_strdup_printf ("rexnetclassify threads=1 "
      "features=true ! rexnetclassify threads=1 features=true model=\"%s\"",
      model);
  GstHarness *h = video_harness (launch, "GRAY8", 32, 32);
  GstBuffer *buffer = make_frame (SIZE, 0);
  GstTensor **first = g_new (GstTensor *, 1);
  GstTensorMeta *meta;
  gsize one = 1;

  *first = gst_tensor_new_simple (g_quark_from_string ("other"),
      GST_TENSOR_DATA_TYPE_UINT8, gst_buffer_new_allocate (NULL, 1, NULL),
      GST_TENSOR_DIM_ORDER_ROW_MAJOR, 1, &one);
  gst_tensor_meta_set (gst_buffer_add_tensor_meta (buffer), 1, first);
  buffer = gst_harness_push_and_pull (h, buffer);

  meta = gst_buffer_get_tensor_meta (buffer);
  fail_unless_equals_int (meta->num_tensors, 3);
  fail_unless_equals_string (g_quark_to_string (gst_tensor_meta_get (meta,
              0)->id), "other");
  check_tensor (gst_tensor_meta_get (meta, 1), result (buffer, 0));
  check_tensor (gst_tensor_meta_get (meta, 2), result (buffer, 1));
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* No features, or no analytics. */
GST_START_TEST (test_no_tensor)
{
  static const char *const launches[] = { "rexnetclassify threads=1",
    "rexnetclassify threads=1 features=true analytics-top-k=0"
  };
  GstHarness *h = video_harness (launches[__i__], "GRAY8", 32, 32);
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 0));

  fail_unless (gst_buffer_get_tensor_meta (buffer) == NULL);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;
#endif

static Suite *
analytics_suite (void)
{
  Suite *suite = suite_create ("analytics");
  TCase *tc = tcase_create ("analytics");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_best_label);
  tcase_add_test (tc, test_top_k);
  tcase_add_test (tc, test_adds_to_meta);
  tcase_add_test (tc, test_overlay_reads);
#if GST_CHECK_VERSION (1, 26, 0)
  tcase_add_test (tc, test_tensors);
  tcase_add_loop_test (tc, test_no_tensor, 0, 2);
#endif
  return suite;
}

GST_CHECK_MAIN (analytics);
