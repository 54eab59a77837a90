/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify: what it says when it can't start, and where it looks for
 * models. */
#include "common.h"

#include <glib/gstdio.h>

/* Starts an element with these properties, which must fail with @code and a
 * message that has all of @words (ended by NULL) in it. */
static void
check_error (GstElement * element, GstResourceError code, ...)
{
  GError *error = start_error (element);
  const char *word;
  va_list words;

  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR, code), "%s %d: %s",
      g_quark_to_string (error->domain), error->code, error->message);
  va_start (words, code);
  while ((word = va_arg (words, const char *)))
    fail_unless (strstr (error->message, word) != NULL, "no \"%s\" in: %s",
        word, error->message);
  va_end (words);
  g_error_free (error);
  gst_object_unref (element);
}

static GstElement *
make (const char *property, ...)
{
  GstElement *element = gst_element_factory_make ("rexnetclassify", NULL);
  va_list args;

  va_start (args, property);
  g_object_set_valist (G_OBJECT (element), property, args);
  va_end (args);
  return element;
}

static char *
write_file (const char *folder, const char *name, const char *content)
{
  char *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, content, -1, NULL));
  return path;
}

static char *
link_model (const char *folder, const char *name)
{
  g_autofree char *model = model_path ();
  char *path = g_build_filename (folder, name, NULL);

  fail_unless_equals_int (symlink (model, path), 0);
  return path;
}

GST_START_TEST (test_missing_model)
{
  check_error (make ("model", "/nowhere/model.safetensors", NULL),
      GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/model.safetensors", NULL);
}

GST_END_TEST;

GST_START_TEST (test_model_that_is_none)
{
  char *folder = make_folder ();
  g_autofree char *text = write_file (folder, "a.pth", "hello, world\n");
  g_autofree char *empty = write_file (folder, "b.safetensors", "");

  check_error (make ("model", text, NULL), GST_RESOURCE_ERROR_READ, text, NULL);
  check_error (make ("model", empty, NULL), GST_RESOURCE_ERROR_READ, empty,
      NULL);
  remove_folder (folder);
}

GST_END_TEST;

GST_START_TEST (test_width_not_found)
{
  char *folder = make_folder ();

  g_setenv ("REXNET_MODEL_PATH", folder, TRUE);
  check_error (make ("width", 1.3, NULL), GST_RESOURCE_ERROR_NOT_FOUND,
      folder, "rexnet/models", "1.3", NULL);
  remove_folder (folder);
}

GST_END_TEST;

GST_START_TEST (test_variant_not_found)
{
  char *folder = make_folder ();
  GstElement *element = make (NULL, NULL);

  g_setenv ("REXNET_MODEL_PATH", folder, TRUE);
  gst_util_set_object_arg (G_OBJECT (element), "variant", "rexnet-lite");
  check_error (element, GST_RESOURCE_ERROR_NOT_FOUND, folder, "rexnet-lite",
      NULL);
  remove_folder (folder);
}

GST_END_TEST;

GST_START_TEST (test_width_found)
{
  char *folder = make_folder ();
  char *path = link_model (folder, "rexnet-0.5-test.safetensors");
  GstElement *element = make ("width", 0.5, NULL);

  g_setenv ("REXNET_MODEL_PATH", folder, TRUE);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  g_free (path);
  remove_folder (folder);
}

GST_END_TEST;

GST_START_TEST (test_model_by_name)
{
  char *folder = make_folder ();
  char *path = link_model (folder, "rexnet_050.safetensors");
  GstElement *element = make ("model", "rexnet_050", NULL);

  g_setenv ("REXNET_MODEL_PATH", folder, TRUE);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  check_error (make ("model", "rexnet_060", NULL),
      GST_RESOURCE_ERROR_NOT_FOUND, folder, "rexnet pull rexnet_060", NULL);
  g_free (path);
  remove_folder (folder);
}

GST_END_TEST;

/* A file whose name promises another width, and a request that contradicts
 * the file. */
GST_START_TEST (test_mismatch)
{
  char *folder = make_folder ();
  g_autofree char *path = link_model (folder, "rexnet-1.0.safetensors");
  GstElement *element;

  g_setenv ("REXNET_MODEL_PATH", folder, TRUE);
  check_error (make ("width", 1.0, NULL), GST_RESOURCE_ERROR_SETTINGS, path,
      "width 0.5", "width 1", NULL);
  check_error (make ("model", path, "width", 2.0, NULL),
      GST_RESOURCE_ERROR_SETTINGS, path, "width 0.5", "width 2", NULL);
  element = make ("model", path, NULL);
  gst_util_set_object_arg (G_OBJECT (element), "variant", "rexnet-lite");
  check_error (element, GST_RESOURCE_ERROR_SETTINGS, path, "rexnet of width",
      "rexnet-lite was asked for", NULL);
  remove_folder (folder);
}

GST_END_TEST;

GST_START_TEST (test_labels)
{
  char *folder = make_folder ();
  g_autofree char *empty = write_file (folder, "empty.txt", "");
  g_autofree char *few = write_file (folder, "few.txt", "one\ntwo\nthree\n");
  g_autofree char *good = write_file (folder, "good.txt",
      "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  GstHarness *h = gst_harness_new ("rexnetclassify");
  GstBuffer *buffer;

  check_error (make ("labels", "/nowhere/labels.txt", NULL),
      GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/labels.txt", NULL);
  check_error (make ("labels", empty, NULL), GST_RESOURCE_ERROR_READ, empty,
      "empty", NULL);
  check_error (make ("labels", few, NULL), GST_RESOURCE_ERROR_SETTINGS, few,
      "3", "10", NULL);

  gst_element_set_state (h->element, GST_STATE_NULL);
  g_object_set (h->element, "labels", good, "top-k", 10, NULL);
  gst_harness_play (h);
  set_video_caps (h, "GRAY8", 32, 32);
  buffer = gst_harness_push_and_pull (h, make_frame (32 * 32, 0));
  for (guint i = 0; i < 10; i++)
    fail_unless_equals_int (strlen (label (result (buffer, 0), i)), 1);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  remove_folder (folder);
}

GST_END_TEST;

GST_START_TEST (test_device)
{
  GError *error = start_error (make ("device", "abacus", NULL));

  fail_unless (error->domain == GST_RESOURCE_ERROR);
  fail_unless (strstr (error->message, "abacus") != NULL);
  fail_unless (strstr (error->message, "cpu") != NULL);
  g_error_free (error);
}

GST_END_TEST;

/* After a failure the same element starts when the cause is gone. */
GST_START_TEST (test_recovery)
{
  GstElement *element = make ("model", "/nowhere", NULL);

  g_error_free (start_error (element));
  g_object_set (element, "model", NULL, NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

GST_END_TEST;

static Suite *
errors_suite (void)
{
  Suite *suite = suite_create ("rexnetclassify errors");
  TCase *tc = tcase_create ("errors");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_missing_model);
  tcase_add_test (tc, test_model_that_is_none);
  tcase_add_test (tc, test_width_not_found);
  tcase_add_test (tc, test_variant_not_found);
  tcase_add_test (tc, test_width_found);
  tcase_add_test (tc, test_model_by_name);
  tcase_add_test (tc, test_mismatch);
  tcase_add_test (tc, test_labels);
  tcase_add_test (tc, test_device);
  tcase_add_test (tc, test_recovery);
  return suite;
}

GST_CHECK_MAIN (errors);
