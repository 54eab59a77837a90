/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetclassify on an OpenCL device: the labels are the CPU's, and a device
 * that fails costs no frame. Uses a libOpenCL that fails on command; without
 * an OpenCL device the tests are skipped. */
#include "common.h"

#include <rexnet/rexnet.h>

#define SIDE 64
#define N 6

typedef struct
{
  guint warnings;
  guint begun, going, ended;    /* progress messages */
} Messages;

static GstBusSyncReply
count (GstBus * bus, GstMessage * message, gpointer data)
{
  Messages *n = data;
  GstProgressType type;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    n->warnings++;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS) {
    gst_message_parse_progress (message, &type, NULL, NULL);
    n->begun += type == GST_PROGRESS_TYPE_START;
    n->going += type == GST_PROGRESS_TYPE_CONTINUE;
    n->ended += type == GST_PROGRESS_TYPE_COMPLETE;
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Classifies N frames. @scores: of the best label of each; @on_cpu: which
 * frames say that the CPU did it. */
static Messages
run (const char *device, const char *cache, const char *scheduling,
    double *scores, gboolean * on_cpu)
{
  GstHarness *h = gst_harness_new ("rexnetclassify");
  GstBus *bus = gst_bus_new ();
  Messages n = { 0 };
  char *active;

  gst_bus_set_sync_handler (bus, count, &n, NULL);
  gst_element_set_state (h->element, GST_STATE_NULL);
  gst_element_set_bus (h->element, bus);
  g_object_set (h->element, "device", device, "cache-dir", cache, "threads", 1,
      NULL);
  gst_util_set_object_arg (G_OBJECT (h->element), "scheduling", scheduling);
  gst_harness_play (h);
  set_video_caps (h, "GRAY8", SIDE, SIDE);
  for (guint i = 0; i < N; i++)
    fail_unless_equals_int (gst_harness_push (h, make_frame (SIDE * SIDE, i)),
        GST_FLOW_OK);
  for (guint i = 0; i < N; i++) {
    GstBuffer *buffer = gst_harness_pull (h);

    fail_unless (buffer != NULL);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), i * FRAME);
    fail_unless_equals_uint64 (age (result (buffer, 0)), 0);
    scores[i] = score (result (buffer, 0), 0);
    on_cpu[i] = g_str_equal (gst_structure_get_string (result (buffer, 0),
            "device"), "cpu");
    gst_buffer_unref (buffer);
  }
  g_object_get (h->element, "active-device", &active, NULL);
  fail_unless_equals_int (g_str_equal (active, "cpu"), on_cpu[N - 1]);
  g_free (active);
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
  gst_object_unref (bus);
  return n;
}

static void
check_scores (const double *scores, const gboolean * on_cpu)
{
  double expected[N];
  gboolean cpu[N];

  run ("cpu", NULL, "latency", expected, cpu);
  for (guint i = 0; i < N; i++) {
    fail_unless (cpu[i]);
    /* A frame that says so has the CPU's very numbers. */
    fail_if (on_cpu[i] && scores[i] != expected[i]);
    fail_unless (ABS (scores[i] - expected[i]) < 1e-3, "frame %u: %f, not %f",
        i, scores[i], expected[i]);
  }
}

/* A cold start tells how far it is; a warm one has nothing to tell. */
GST_START_TEST (test_device)
{
  char *cache = make_folder ();
  double scores[N];
  gboolean on_cpu[N];
  Messages n = run ("opencl", cache, "latency", scores, on_cpu);

  check_scores (scores, on_cpu);
  for (guint i = 0; i < N; i++)
    fail_if (on_cpu[i]);
  fail_unless_equals_int (n.warnings, 0);
  fail_unless_equals_int (n.begun, 1);
  fail_unless_equals_int (n.ended, 1);

  n = run ("opencl", cache, "throughput", scores, on_cpu);
  fail_unless_equals_int (n.begun, 0);
  check_scores (scores, on_cpu);
  for (guint i = 0; i < N; i++)
    fail_if (on_cpu[i]);
  remove_folder (cache);
}

GST_END_TEST;

static const struct
{
  const char *plan, *scheduling;
} failures[] = {
  {"alloc:1", "latency"}, {"compile", "latency"}, {"enqueue:1", "latency"},
  {"lost:5", "latency"}, {"enqueue:1", "throughput"}, {"lost:5", "throughput"},
};

GST_START_TEST (test_failing_device)
{
  const char *plan = failures[__i__].plan;
  const char *scheduling = failures[__i__].scheduling;
  double scores[N];
  gboolean on_cpu[N];
  Messages n;

  g_setenv ("FAILING_CL", plan, TRUE);
  n = run ("opencl", g_str_equal (plan, "compile") ? "" : NULL, scheduling,
      scores, on_cpu);
  g_unsetenv ("FAILING_CL");
  fail_unless_equals_int (n.warnings, 1);
  fail_unless_equals_int (n.begun, n.ended);
  fail_unless (on_cpu[N - 1], "%s", plan);
  /* Of two side by side the second may be the first to end. */
  for (guint i = 2; i < N; i++)
    fail_if (on_cpu[i - 2] && !on_cpu[i]);
  if (g_str_equal (plan, "lost:5"))
    fail_if (on_cpu[0]);
  check_scores (scores, on_cpu);
}

GST_END_TEST;

static Suite *
opencl_suite (void)
{
  Suite *suite = suite_create ("rexnetclassify on OpenCL");
  TCase *tc = tcase_create ("opencl");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_test (tc, test_device);
  tcase_add_loop_test (tc, test_failing_device, 0,
      G_N_ELEMENTS (failures));
  return suite;
}

static gboolean
have_device (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();

  return devices->len > 1;
}

int
main (int argc, char **argv)
{
  /* In a process of its own: a driver's threads do not survive a fork. */
  if (argc == 2 && g_str_equal (argv[1], "--have-device"))
    return have_device () ? 0 : 77;
  g_autofree char *command = g_strdup_printf ("\"%s\" --have-device", argv[0]);
  int status;

  if (!g_spawn_command_line_sync (command, NULL, NULL, &status, NULL)
      || status != 0) {
    g_print ("no OpenCL device\n");
    return 77;
  }
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (opencl_suite (), "opencl", __FILE__);
}
