/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify where time is short: latency, QoS, late frames. No test
 * depends on how fast this machine is: the clock is the test's own. */
#include "common.h"

#include "rexnetpacer.h"
#include "rexnettimes.h"

#define SIDE 32
#define SIZE (SIDE * SIDE)

static GstHarness *
gray_harness (const char *launch)
{
  return video_harness (launch, "GRAY8", SIDE, SIDE);
}

static guint64
age_of (GstHarness * h, guint n)
{
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, n));
  guint64 value;

  fail_unless (buffer != NULL);
  value = age (result (buffer, 0));
  gst_buffer_unref (buffer);
  return value;
}

GST_START_TEST (test_latency_query)
{
  GstHarness *h = gray_harness ("rexnetclassify threads=1");
  GstClockTime own, latency;

  gst_harness_set_upstream_latency (h, 40 * GST_MSECOND);
  own = statistic (h, "latency");
  fail_unless (own >= GST_MSECOND);
  latency = gst_harness_query_latency (h);
  fail_unless_equals_uint64 (latency, 40 * GST_MSECOND + own);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Live and late: every frame comes out, few are classified. */
GST_START_TEST (test_late_frames_pass_unclassified)
{
  GstHarness *h = gray_harness ("rexnetclassify threads=1");

  gst_harness_use_testclock (h);
  gst_harness_set_upstream_latency (h, 0);
  gst_harness_query_latency (h);
  fail_unless_equals_uint64 (age_of (h, 0), 0);

  /* The clock runs ahead of the stream by ten seconds. */
  gst_harness_set_time (h, 10 * GST_SECOND);
  for (guint n = 1; n < 10; n++)
    fail_unless_equals_uint64 (age_of (h, n), n * FRAME);
  fail_unless_equals_uint64 (statistic (h, "frames"), 10);
  fail_unless_equals_uint64 (statistic (h, "inferred"), 1);
  fail_unless_equals_uint64 (statistic (h, "skipped"), 9);

  /* Caught up again. */
  fail_unless_equals_uint64 (age_of (h, 11 * 25), 0);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* A live stream that never catches up still gets a result now and then. */
GST_START_TEST (test_always_late)
{
  GstHarness *h = gray_harness ("rexnetclassify threads=1");
  guint n_new = 0;

  gst_harness_use_testclock (h);
  gst_harness_query_latency (h);
  gst_harness_set_time (h, GST_SECOND * 100);
  for (guint n = 0; n <= 100; n++)
    n_new += age_of (h, n) == 0;
  fail_unless (n_new >= 2 && n_new <= 9, "%u of 101", n_new);
  fail_unless_equals_uint64 (statistic (h, "frames"), 101);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The same from a file: nothing is late there without a sink that says so. */
GST_START_TEST (test_not_live)
{
  GstHarness *h = gray_harness ("rexnetclassify threads=1");

  gst_harness_use_testclock (h);
  gst_harness_set_time (h, 10 * GST_SECOND);
  for (guint n = 0; n < 5; n++)
    fail_unless_equals_uint64 (age_of (h, n), 0);
  fail_unless_equals_uint64 (statistic (h, "skipped"), 0);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* A sink that drops is helped by skipping inferences, not frames; even with
 * the base class's own QoS turned on. */
GST_START_TEST (test_qos)
{
  GstHarness *h = gray_harness ("rexnetclassify threads=1 qos=true");
  GstEvent *event;
  gboolean seen = FALSE;

  fail_unless_equals_uint64 (age_of (h, 0), 0);
  gst_harness_push_upstream_event (h, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW,
          2.0, 5 * FRAME, FRAME));
  for (guint n = 1; n <= 10; n++)
    fail_unless_equals_uint64 (age_of (h, n), n * FRAME);
  fail_unless_equals_uint64 (age_of (h, 11), 0);
  fail_unless_equals_uint64 (statistic (h, "skipped"), 10);
  fail_unless_equals_uint64 (statistic (h, "frames"), 12);

  while ((event = gst_harness_try_pull_upstream_event (h))) {
    seen |= GST_EVENT_TYPE (event) == GST_EVENT_QOS;
    gst_event_unref (event);
  }
  fail_unless (seen);

  /* A flush makes a fresh start. */
  gst_harness_push_upstream_event (h, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW,
          2.0, GST_SECOND, 12 * FRAME));
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  {
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (h, gst_event_new_segment (&segment));
  }
  for (guint n = 13; n < 16; n++)
    fail_unless_equals_uint64 (age_of (h, n), 0);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* ---- the pacer by itself ---- */

static GstClockTime
announced (RexnetPacer * pacer, GstClockTime upstream, GstClockTime * max)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min;

  gst_query_set_latency (query, TRUE, upstream, *max);
  rexnet_pacer_answer (pacer, query);
  gst_query_parse_latency (query, NULL, &min, max);
  gst_query_unref (query);
  return min;
}

GST_START_TEST (test_announced_latency_grows)
{
  RexnetPacer pacer;
  GstClockTime max = GST_SECOND;
  guint changes = 0;

  rexnet_pacer_start (&pacer, 2100);
  fail_unless_equals_uint64 (announced (&pacer, 7 * GST_MSECOND, &max),
      10 * GST_MSECOND);
  fail_unless_equals_uint64 (max, GST_SECOND + 3 * GST_MSECOND);
  max = GST_CLOCK_TIME_NONE;
  announced (&pacer, 0, &max);
  fail_unless_equals_uint64 (max, GST_CLOCK_TIME_NONE);

  for (guint n = 0; n < 64; n++)
    changes += rexnet_pacer_done (&pacer, n * 40000, n * 40000 + 9500);
  fail_unless_equals_int (changes, 1);
  fail_unless_equals_uint64 (announced (&pacer, 0, &max), 10 * GST_MSECOND);

  /* Faster again: what was announced stays. */
  for (guint n = 0; n < 256; n++)
    fail_if (rexnet_pacer_done (&pacer, 10000000 + n * 40000,
            10000000 + n * 40000 + 100));
  fail_unless_equals_uint64 (announced (&pacer, 0, &max), 10 * GST_MSECOND);
}

GST_END_TEST;

/* Side by side: a result that is there early waits for the one before it. */
GST_START_TEST (test_results_in_order)
{
  RexnetPacer pacer;

  rexnet_pacer_start (&pacer, 1000);
  rexnet_pacer_done (&pacer, 0, 8000);
  rexnet_pacer_done (&pacer, 1000, 3000);
  rexnet_pacer_done (&pacer, 7000, 9000);
  fail_unless_equals_int64 (pacer.times.us[0], 8000);
  fail_unless_equals_int64 (pacer.times.us[1], 7000);
  fail_unless_equals_int64 (pacer.times.us[2], 2000);
}

GST_END_TEST;

GST_START_TEST (test_late_by_prediction)
{
  RexnetPacer pacer;
  GstClockTime max = GST_CLOCK_TIME_NONE;

  rexnet_pacer_start (&pacer, 30000);
  announced (&pacer, 0, &max);
  rexnet_pacer_begin (&pacer, 0);
  rexnet_pacer_done (&pacer, 0, 30000);

  /* There are 30 ms announced and 40 of tolerance, 30 of which are needed. */
  fail_if (rexnet_pacer_why_late (&pacer, 400 * GST_MSECOND,
          400 * GST_MSECOND + 39 * GST_MSECOND));
  fail_unless (rexnet_pacer_why_late (&pacer, 400 * GST_MSECOND,
          400 * GST_MSECOND + 41 * GST_MSECOND));
  /* The pipeline has more room. */
  rexnet_pacer_event (&pacer, gst_event_new_latency (200 * GST_MSECOND));
  fail_if (rexnet_pacer_why_late (&pacer, 400 * GST_MSECOND,
          400 * GST_MSECOND + 169 * GST_MSECOND));
  fail_unless (rexnet_pacer_why_late (&pacer, 400 * GST_MSECOND,
          400 * GST_MSECOND + 171 * GST_MSECOND));
  fail_if (rexnet_pacer_why_late (&pacer, GST_CLOCK_TIME_NONE, GST_SECOND));
  fail_if (rexnet_pacer_why_late (&pacer, 400 * GST_MSECOND,
          GST_CLOCK_TIME_NONE));
}

GST_END_TEST;

GST_START_TEST (test_quantiles)
{
  RexnetTimes times = { 0 };

  fail_unless_equals_int64 (rexnet_times_quantile (&times, 0.5), 0);
  fail_unless (rexnet_times_mean (&times) == 0);
  for (int i = 100; i >= 1; i--)
    rexnet_times_add (&times, i);
  fail_unless_equals_int64 (rexnet_times_quantile (&times, 0), 1);
  fail_unless_equals_int64 (rexnet_times_quantile (&times, 0.5), 50);
  fail_unless_equals_int64 (rexnet_times_quantile (&times, 0.95), 95);
  fail_unless_equals_int64 (rexnet_times_quantile (&times, 1), 100);
  fail_unless (rexnet_times_mean (&times) == 50.5);
  /* Old ones are forgotten. */
  for (int i = 0; i < REXNET_TIMES; i++)
    rexnet_times_add (&times, 7);
  fail_unless_equals_int64 (rexnet_times_quantile (&times, 0), 7);
  fail_unless_equals_int64 (rexnet_times_quantile (&times, 1), 7);
}

GST_END_TEST;

static Suite *
live_suite (void)
{
  Suite *suite = suite_create ("rexnetclassify live");
  TCase *tc = tcase_create ("live");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_latency_query);
  tcase_add_test (tc, test_late_frames_pass_unclassified);
  tcase_add_test (tc, test_always_late);
  tcase_add_test (tc, test_not_live);
  tcase_add_test (tc, test_qos);
  tcase_add_test (tc, test_announced_latency_grows);
  tcase_add_test (tc, test_results_in_order);
  tcase_add_test (tc, test_late_by_prediction);
  tcase_add_test (tc, test_quantiles);
  return suite;
}

GST_CHECK_MAIN (live);
