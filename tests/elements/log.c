/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GST_DEBUG tells of frames that rexnetclassify does not classify. */
#include "inflight.h"

static GMutex lock;             /* of lines: frames may leave in a task */
static GPtrArray *lines;        /* of rexnetclassify, but for its base class */

static void
note (GstDebugCategory * category, GstDebugLevel level, const gchar * file,
    const gchar * function, gint line, GObject * object,
    GstDebugMessage * message, gpointer data)
{
  if (!g_str_equal (gst_debug_category_get_name (category), "rexnetclassify"))
    return;
  g_mutex_lock (&lock);
  g_ptr_array_add (lines, g_strdup (gst_debug_message_get (message)));
  g_mutex_unlock (&lock);
}

static void
setup (void)
{
  lines = g_ptr_array_new_with_free_func (g_free);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (note, NULL, NULL);
  gst_debug_set_threshold_for_name ("rexnetclassify", GST_LEVEL_LOG);
}

static void
teardown (void)
{
  gst_debug_unset_threshold_for_name ("rexnetclassify");
  gst_debug_remove_log_function (note);
  g_ptr_array_unref (lines);
}

/* Whether the log has a line that holds all of @parts. */
static gboolean
tells (const char *const *parts)
{
  gboolean found = FALSE;

  g_mutex_lock (&lock);
  for (guint i = 0; i < lines->len && !found; i++) {
    found = TRUE;
    for (const char *const *part = parts; *part && found; part++)
      found = strstr (lines->pdata[i], *part) != NULL;
  }
  g_mutex_unlock (&lock);
  return found;
}

/* Whether the log says that frame @n was not classified, and @why. */
static gboolean
tells_why (guint n, const char *why)
{
  g_autofree char *time = g_strdup_printf ("running time %" GST_TIME_FORMAT
      " not classified", GST_TIME_ARGS (n * FRAME));
  const char *parts[] = { time, why, NULL };

  return tells (parts);
}

static void
push (GstHarness * h, guint n)
{
  gst_buffer_unref (gst_harness_push_and_pull (h, make_frame (SIZE, n)));
}

GST_START_TEST (test_interval_and_gap)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 interval=3");
  GstBuffer *gap = make_frame (SIZE, 4);
  const char *parts[] = { "0:00:00.120000000: rexnet-classification", "labels",
    NULL
  };

  for (guint n = 0; n < 4; n++)
    push (h, n);
  GST_BUFFER_FLAG_SET (gap, GST_BUFFER_FLAG_GAP);
  gst_buffer_unref (gst_harness_push_and_pull (h, gap));
  for (guint n = 0; n < 4; n++)
    fail_unless_equals_int (tells_why (n, ": by the interval"), n % 3 != 0);
  fail_unless (tells_why (4, ": a gap"));
  fail_unless (tells (parts));
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_late)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1");

  gst_harness_use_testclock (h);
  gst_harness_set_upstream_latency (h, 0);
  gst_harness_query_latency (h);
  push (h, 0);
  gst_harness_push_upstream_event (h, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW,
          2.0, FRAME, 0));
  push (h, 1);
  fail_unless (tells_why (1, "at 0:00:00.000000000: late by the sink's QoS"));

  gst_harness_set_time (h, 10 * GST_SECOND);
  push (h, 2);
  fail_unless (tells_why (2, "at 0:00:10.000000000: late by the clock"));
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Frames that are in flight when a flush comes. */
GST_START_TEST (test_flushed)
{
  GstHarness *h = rgb_harness (LAUNCH);
  const char *parts[] = { "0:00:00.040000000 dropped in flight", NULL };
  Sink sink;

  watch (h, &sink);
  hold_first_frame (h, &sink);
  push_frames (h, 1, 2);
  gst_pad_push_event (h->srcpad, gst_event_new_flush_start ());
  set_held (&sink, FALSE);
  gst_pad_push_event (h->srcpad, gst_event_new_flush_stop (TRUE));
  fail_unless (tells (parts));
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* And those that come after one that nobody wanted. */
GST_START_TEST (test_refused)
{
  GstHarness *h = rgb_harness (LAUNCH);
  g_autofree char *time = NULL;
  const char *parts[] = { "dropp", NULL, NULL };
  Sink sink;
  guint n = 0;

  watch (h, &sink);
  sink.refused = 0;
  sink.flow = GST_FLOW_NOT_LINKED;
  while (push_frames (h, n, n + 1) == GST_FLOW_OK)
    n++;
  parts[1] = time = g_strdup_printf ("%" GST_TIME_FORMAT,
      GST_TIME_ARGS (n * FRAME));
  fail_unless (tells (parts));
  g_string_free (sink.log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
log_suite (void)
{
  Suite *suite = suite_create ("log");
  TCase *tc = tcase_create ("log");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_interval_and_gap);
  tcase_add_test (tc, test_late);
  tcase_add_test (tc, test_flushed);
  tcase_add_test (tc, test_refused);
  return suite;
}

GST_CHECK_MAIN (log);
