/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines shared between elements. */
#include "common.h"

#include "rexnetshare.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

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

/* A model of five classes that has no labels in it. (transfer full) */
static char *
write_model (const char *folder, const char *name)
{
  g_autofree char *from = source_path ("tests/data/models/zip.pth");
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *content = NULL;
  gsize length;

  fail_unless (g_file_get_contents (from, &content, &length, NULL));
  fail_unless (g_file_set_contents (path, content, length, NULL));
  return path;
}

static void
write_labels (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, text, -1, NULL));
}

static void
set_age_of (const char *path, const GStatBuf * st)
{
  const struct timespec times[] = { st->st_atim, st->st_mtim };

  fail_unless_equals_int (utimensat (AT_FDCWD, path, times, 0), 0);
}

/* Another file under that name, just as long and as old. */
static void
replace (const char *path)
{
  g_autofree char *content = NULL;
  GStatBuf before, after;
  gsize length;

  fail_unless_equals_int (g_stat (path, &before), 0);
  fail_unless (g_file_get_contents (path, &content, &length, NULL));
  fail_unless (g_file_set_contents (path, content, length, NULL));
  set_age_of (path, &before);
  fail_unless_equals_int (g_stat (path, &after), 0);
  fail_unless (after.st_ino != before.st_ino);
}

/* The same file with as much in it and its old age, as `cp -p` leaves it. */
static void
overwrite (const char *path)
{
  g_autofree char *content = NULL;
  GStatBuf before, after;
  gsize length;

  fail_unless_equals_int (g_stat (path, &before), 0);
  fail_unless (g_file_get_contents (path, &content, &length, NULL));
  do {
    FILE *file = g_fopen (path, "r+b");

    fail_unless_equals_int (fwrite (content, length, 1, file), 1);
    fclose (file);
    set_age_of (path, &before);
    fail_unless_equals_int (g_stat (path, &after), 0);
  } while (after.st_ctim.tv_sec == before.st_ctim.tv_sec
      && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
  fail_unless (after.st_ino == before.st_ino);
}

/* Whether @request gets @engine, which someone has. */
static gboolean
is_shared (const RexnetRequest * request, RexnetEngine * engine)
{
  RexnetEngine *other = acquire (request);

  rexnet_share_release (other);
  return other == engine;
}

/* Another name for the same file is the same; another file by that name not. */
GST_START_TEST (test_files)
{
  char *folder = make_folder ();
  g_autofree char *path = write_model (folder, "m.pth");
  g_autofree char *roundabout = g_build_filename (folder, ".", "m.pth", NULL);
  RexnetRequest request = basic;
  RexnetEngine *first, *second, *third;

  request.model = path;
  first = acquire (&request);
  request.model = roundabout;
  fail_unless (is_shared (&request, first));
  replace (path);
  second = acquire (&request);
  fail_unless (second != first);
  fail_unless (is_shared (&request, second));
  overwrite (path);
  third = acquire (&request);
  fail_unless (third != first && third != second);
  rexnet_share_release (first);
  rexnet_share_release (second);
  rexnet_share_release (third);
  remove_folder (folder);
}

GST_END_TEST;

/* So it is with a file that is found by name, or by width. */
GST_START_TEST (test_found_files)
{
  char *folder = make_folder ();
  g_autofree char *path = write_model (folder, "rexnet_100.pth");
  RexnetRequest named = basic, wide = basic;
  RexnetEngine *engines[2];

  g_setenv ("REXNET_MODEL_PATH", folder, TRUE);
  named.model = "rexnet_100";
  wide.variant = REXNET_VARIANT_REXNET;
  wide.any_variant = FALSE;
  engines[0] = acquire (&named);
  engines[1] = acquire (&wide);
  fail_unless (is_shared (&named, engines[0]));
  fail_unless (is_shared (&wide, engines[1]));
  replace (path);
  fail_if (is_shared (&named, engines[0]));
  fail_if (is_shared (&wide, engines[1]));
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    rexnet_share_release (engines[i]);
  g_unsetenv ("REXNET_MODEL_PATH");
  remove_folder (folder);
}

GST_END_TEST;

/* And with the files beside the model. */
GST_START_TEST (test_files_beside)
{
  static const struct
  {
    const char *name, *text;
  } beside[] = {
    {"labels.txt", "a\nb\nc\nd\ne\n"},
    {"m.labels.txt", "f\ng\nh\ni\nj\n"},
    {"config.json", "{\"num_classes\": 5}"},
  };
  char *folder = make_folder ();
  g_autofree char *path = write_model (folder, "m.pth");
  RexnetRequest request = basic;
  RexnetEngine *engine;

  request.model = path;
  engine = acquire (&request);
  for (guint i = 0; i < G_N_ELEMENTS (beside); i++) {
    write_labels (folder, beside[i].name, beside[i].text);
    fail_if (is_shared (&request, engine), "%s", beside[i].name);
    rexnet_share_release (engine);
    engine = acquire (&request);
  }
  write_labels (folder, "other.labels.txt", "k\nl\nm\nn\no\n");
  fail_unless (is_shared (&request, engine));
  rexnet_share_release (engine);
  remove_folder (folder);
}

GST_END_TEST;

/* An element that starts takes what is there now; one that runs stays. */
GST_START_TEST (test_elements_and_new_labels)
{
  static const char *const texts[] = {
    "one\none\none\none\none\n", "two\ntwo\ntwo\ntwo\ntwo\n"
  };
  static const char *const expected[] = { "one", "two" };
  char *folder = make_folder ();
  g_autofree char *path = write_model (folder, "m.pth");
  g_autofree char *launch = g_strdup_printf ("rexnetclassify threads=1 "
      "model=%s", path);
  GstHarness *h[2];

  for (int i = 0; i < 2; i++) {
    write_labels (folder, "labels.txt", texts[i]);
    h[i] = video_harness (launch, "GRAY8", 32, 32);
  }
  for (int i = 0; i < 2; i++) {
    GstBuffer *buffer =
        gst_harness_push_and_pull (h[i], make_frame (32 * 32, 0));

    fail_unless_equals_string (label (result (buffer, 0), 0), expected[i]);
    gst_buffer_unref (buffer);
  }
  for (int i = 0; i < 2; i++)
    gst_harness_teardown (h[i]);
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
  tcase_add_test (tc, test_found_files);
  tcase_add_test (tc, test_files_beside);
  tcase_add_test (tc, test_elements_and_new_labels);
  tcase_add_test (tc, test_failure_leaves_nothing);
  tcase_add_test (tc, test_threads_come_and_go);
  tcase_add_test (tc, test_elements_share_and_stop);
  return suite;
}

GST_CHECK_MAIN (share);
