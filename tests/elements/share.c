/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines shared between elements. */
#include "common.h"

#include "rexnetshare.h"

#include <glib/gstdio.h>
#include <utime.h>

static const RexnetRequest basic = {
  .any_variant = TRUE, .device = "cpu", .threads = 1,
};

static RexnetEngine *
acquire (const RexnetRequest * request)
{
  GError *error = NULL;
  RexnetEngine *engine = rexnet_share_acquire (request, NULL, NULL, &error);

  fail_unless (engine != NULL, "%s", error ? error->message : "");
  return engine;
}

GST_START_TEST (test_same_request_same_engine)
{
  RexnetEngine *first = acquire (&basic), *second = acquire (&basic), *third;
  float scores[10];
  guint8 pixel[3] = { 0 };
  RexnetImage image = {.format = REXNET_FORMAT_RGB,.width = 1,.height = 1,
    .plane = {pixel},.stride = {3}
  };

  fail_unless (first == second);
  rexnet_share_release (first);
  fail_unless (rexnet_engine_classify (second, &image, 1, scores, NULL));
  third = acquire (&basic);
  fail_unless (third == second);
  rexnet_share_release (second);
  rexnet_share_release (third);
}

GST_END_TEST;

/* Each field of a request counts. */
GST_START_TEST (test_other_request_other_engine)
{
  g_autofree char *model = model_path ();
  RexnetRequest requests[8] = { basic, basic, basic, basic, basic, basic,
    basic, basic
  };
  RexnetEngine *engines[G_N_ELEMENTS (requests)];

  requests[1].threads = 2;
  requests[2].scheduling = REXNET_SCHEDULING_THROUGHPUT;
  requests[3].model = model;
  requests[4].model = model;
  requests[4].width = 0.5;
  requests[5].device = "auto";
  requests[6].precision = REXNET_PRECISION_F32;
  requests[7].cache_dir = "";
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
    engines[i] = acquire (&requests[i]);
    for (guint j = 0; j < i; j++)
      fail_unless (engines[i] != engines[j], "%u is %u", i, j);
  }
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    rexnet_share_release (engines[i]);
}

GST_END_TEST;

/* Another name for the same file is the same; another file by that name not. */
GST_START_TEST (test_files)
{
  char *folder = make_folder ();
  g_autofree char *model = model_path ();
  g_autofree char *path = g_build_filename (folder, "m.safetensors", NULL);
  g_autofree char *roundabout = g_build_filename (folder, ".", "m.safetensors",
      NULL);
  RexnetRequest request = basic;
  RexnetEngine *first, *second, *third;
  g_autofree char *content = NULL;
  struct utimbuf times = { 1000, 1000 };
  gsize length;

  g_file_get_contents (model, &content, &length, NULL);
  fail_unless (g_file_set_contents (path, content, length, NULL));
  request.model = path;
  first = acquire (&request);
  request.model = roundabout;
  second = acquire (&request);
  fail_unless (first == second);
  fail_unless (g_file_set_contents (path, content, length, NULL));
  g_utime (path, &times);
  third = acquire (&request);
  fail_unless (third != first);
  rexnet_share_release (first);
  rexnet_share_release (second);
  rexnet_share_release (third);
  remove_folder (folder);
}

GST_END_TEST;

GST_START_TEST (test_failure_leaves_nothing)
{
  RexnetRequest request = basic;
  GError *error = NULL;

  request.model = "/nowhere";
  for (int i = 0; i < 2; i++) {
    fail_unless (rexnet_share_acquire (&request, NULL, NULL, &error) == NULL);
    fail_unless (error != NULL);
    g_clear_error (&error);
  }
}

GST_END_TEST;

static gpointer
come_and_go (gpointer data)
{
  RexnetRequest request = basic;

  for (guint i = 0; i < 12; i++) {
    RexnetEngine *engine;

    request.threads = 1 + i % 2;
    engine = acquire (&request);
    fail_unless_equals_int (rexnet_engine_get_info (engine)->batch, 1);
    rexnet_share_release (engine);
  }
  return NULL;
}

GST_START_TEST (test_threads_come_and_go)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("share", come_and_go, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

GST_END_TEST;

static gpointer
run_harness (gpointer scores)
{
  for (int cycle = 0; cycle < 3; cycle++) {
    GstHarness *h = video_harness ("rexnetclassify threads=1", "GRAY8", 32, 32);

    for (guint n = 0; n < 10; n++) {
      GstBuffer *buffer =
          gst_harness_push_and_pull (h, make_frame (32 * 32, n));
      float best = score (result (buffer, 0), 0);

      g_array_append_val (scores, best);
      gst_buffer_unref (buffer);
    }
    gst_harness_teardown (h);
  }
  return NULL;
}

/* Elements in several threads on one engine, some stopping while others run. */
GST_START_TEST (test_elements_share_and_stop)
{
  GThread *threads[3];
  GArray *scores[3];

  for (int i = 0; i < 3; i++) {
    scores[i] = g_array_new (FALSE, FALSE, sizeof (float));
    threads[i] = g_thread_new ("element", run_harness, scores[i]);
  }
  for (int i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  for (int i = 0; i < 3; i++) {
    fail_unless_equals_int (scores[i]->len, 30);
    for (guint n = 0; n < 30; n++)
      fail_unless (g_array_index (scores[i], float, n) ==
          g_array_index (scores[0], float, n % 10));
  }
  for (int i = 0; i < 3; i++)
    g_array_unref (scores[i]);
}

GST_END_TEST;

static Suite *
share_suite (void)
{
  Suite *suite = suite_create ("shared engines");
  TCase *tc = tcase_create ("share");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_same_request_same_engine);
  tcase_add_test (tc, test_other_request_other_engine);
  tcase_add_test (tc, test_files);
  tcase_add_test (tc, test_failure_leaves_nothing);
  tcase_add_test (tc, test_threads_come_and_go);
  tcase_add_test (tc, test_elements_share_and_stop);
  return suite;
}

GST_CHECK_MAIN (share);
