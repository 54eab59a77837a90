/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feature vectors in the metadata. */
#include "common.h"

#include <rexnet/rexnet.h>

#define SIDE 32
#define SIZE (SIDE * SIDE)
#define LENGTH 640              /* of the built-in model's vector */
#define OTHER "tests/data/models/settings.safetensors"
#define OTHER_LENGTH 24

static GstHarness *
harness (const char *launch)
{
  return video_harness (launch, "GRAY8", SIDE, SIDE);
}

/* Frame @n behind @h. (transfer full) */
static GstBuffer *
push (GstHarness * h, guint n)
{
  return gst_harness_push_and_pull (h, make_frame (SIZE, n));
}

static guint
length (GstBuffer * buffer, guint n)
{
  gsize length;

  features (result (buffer, n), &length);
  return length;
}

static void
fail_unless_equal (const float *a, const float *b, gsize n)
{
  fail_unless (memcmp (a, b, n * sizeof *a) == 0);
}

/* What the library says of the frame in @buffer. (transfer full) */
static float *
compute (GstBuffer * buffer)
{
  RexnetModel *model = rexnet_model_load_default (NULL);
  RexnetEngineOptions options = {.device = "cpu",.threads = 1 };
  RexnetEngine *engine = rexnet_engine_new (model, &options, NULL);
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  float *vector = g_new (float, info->features);
  g_autofree float *scores = g_new (float, info->classes);
  GstMapInfo map;

  fail_unless_equals_int (info->features, LENGTH);
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  RexnetImage image = {
    .format = REXNET_FORMAT_GRAY8,.width = SIDE,.height = SIDE,
    .plane = {map.data},.stride = {SIDE},.full_range = TRUE,
  };
  fail_unless (rexnet_engine_classify_features (engine, &image, 1, scores,
          vector, NULL));
  gst_buffer_unmap (buffer, &map);
  rexnet_engine_free (engine);
  rexnet_model_unref (model);
  return vector;
}

GST_START_TEST (test_absent_by_default)
{
  GstHarness *h = harness ("rexnetclassify threads=1");
  GstBuffer *buffer = push (h, 0);

  fail_if (gst_structure_has_field (result (buffer, 0), "features"));
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static const char *const ways[] = { "threads=1",
  "threads=2 scheduling=throughput"
};

GST_START_TEST (test_equal_to_the_engines)
{
  g_autofree char *launch = g_strdup_printf ("rexnetclassify features=true "
      "%s", ways[__i__]);
  GstHarness *h = harness (launch);

  for (guint i = 0; i < 6; i++)
    gst_harness_push (h, make_frame (SIZE, i));
  for (guint i = 0; i < 6; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    g_autofree float *expected = compute (buffer);
    gsize n;
    const float *vector = features (result (buffer, 0), &n);

    fail_unless_equals_int (n, LENGTH);
    fail_unless_equal (vector, expected, n);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Frames between carry the vector that belongs to the labels they carry. */
GST_START_TEST (test_interval)
{
  GstHarness *h = harness ("rexnetclassify threads=1 features=true interval=2");
  GstBuffer *first = push (h, 0), *second = push (h, 1), *third = push (h, 2);
  const float *vector[3];
  gsize n;

  vector[0] = features (result (first, 0), &n);
  vector[1] = features (result (second, 0), &n);
  vector[2] = features (result (third, 0), &n);
  fail_unless_equals_uint64 (age (result (second, 0)), FRAME);
  fail_unless (vector[0] == vector[1]);
  fail_if (memcmp (vector[1], vector[2], sizeof (float) * n) == 0);
  gst_buffer_unref (first);
  gst_buffer_unref (second);
  gst_buffer_unref (third);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Switched on, the next inference is the first that has them. */
GST_START_TEST (test_switched_while_playing)
{
  static const struct
  {
    gboolean on;
    guint length;
  } frames[] = {
    {FALSE, 0}, {TRUE, 0}, {TRUE, LENGTH}, {FALSE, 0}, {TRUE, LENGTH}
  };
  GstHarness *h = harness ("rexnetclassify threads=1 interval=2");

  for (guint i = 0; i < G_N_ELEMENTS (frames); i++) {
    GstBuffer *buffer;

    gst_harness_set (h, "rexnetclassify", "features", frames[i].on, NULL);
    buffer = push (h, i);
    fail_unless_equals_int (length (buffer, 0), frames[i].length);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_several_classifiers)
{
  g_autofree char *model = source_path (OTHER);
  g_autofree char *launch = g_strdup_printf ("rexnetclassify threads=1 "
      "features=true ! rexnetclassify threads=1 ! rexnetclassify threads=1 "
      "features=true model=\"%s\"", model);
  GstHarness *h = harness (launch);
  GstBuffer *buffer = push (h, 0);

  fail_unless_equals_int (n_results (buffer), 3);
  fail_unless_equals_int (length (buffer, 0), LENGTH);
  fail_unless_equals_int (length (buffer, 1), 0);
  fail_unless_equals_int (length (buffer, 2), OTHER_LENGTH);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_another_model)
{
  g_autofree char *model = source_path (OTHER);
  GstHarness *h = harness ("rexnetclassify threads=1 features=true");
  GstElement *element = gst_harness_find_element (h, "rexnetclassify");
  GstBuffer *buffer = push (h, 0);

  fail_unless_equals_int (length (buffer, 0), LENGTH);
  gst_buffer_unref (buffer);
  gst_element_set_state (element, GST_STATE_READY);
  g_object_set (element, "model", model, NULL);
  gst_element_set_state (element, GST_STATE_PLAYING);
  gst_harness_push_event (h, gst_event_new_stream_start ("another"));
  set_video_caps (h, "GRAY8", SIDE, SIDE);
  buffer = push (h, 1);
  fail_unless_equals_int (length (buffer, 0), OTHER_LENGTH);
  gst_buffer_unref (buffer);
  gst_object_unref (element);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Copies share the numbers. */
GST_START_TEST (test_copies)
{
  GstHarness *h = harness ("rexnetclassify threads=1 features=true");
  GstBuffer *buffer = push (h, 0), *copy = gst_buffer_copy_deep (buffer);
  g_autofree float *before = NULL;
  gsize n;
  const float *vector = features (result (copy, 0), &n);

  fail_unless_equals_int (n, LENGTH);
  fail_unless (vector == features (result (buffer, 0), &n));
  before = g_memdup2 (vector, n * sizeof *vector);
  gst_buffer_unref (buffer);
  gst_buffer_unref (push (h, 1));
  fail_unless_equal (vector, before, n);
  gst_buffer_unref (copy);
  gst_harness_teardown (h);
}

GST_END_TEST;

static const char *const carriers[] = {
  "queue",
  "videoconvert ! capsfilter caps=video/x-raw,format=I420",
  "videoscale ! capsfilter caps=video/x-raw,width=20",
  "tee ! queue",
  "jpegenc ! jpegdec",
  "rexnetoverlay",
};

GST_START_TEST (test_survives)
{
  g_autofree char *launch = g_strdup_printf ("rexnetclassify threads=1 "
      "features=true ! %s", carriers[__i__]);
  GstHarness *h = harness (launch);
  GstBuffer *frame = make_frame (SIZE, 0);
  g_autofree float *expected = compute (frame);
  GstBuffer *buffer = gst_harness_push_and_pull (h, frame);
  gsize n;
  const float *vector = features (result (buffer, 0), &n);

  fail_unless_equals_int (n, LENGTH);
  fail_unless_equal (vector, expected, n);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_message)
{
  GstHarness *h = harness ("rexnetclassify threads=1 features=true "
      "post-messages=true");
  GstElement *element = gst_harness_find_element (h, "rexnetclassify");
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  gsize n;

  gst_element_set_bus (element, bus);
  gst_buffer_unref (push (h, 0));
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);
  features (gst_message_get_structure (message), &n);
  fail_unless_equals_int (n, LENGTH);
  gst_message_unref (message);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
features_suite (void)
{
  Suite *suite = suite_create ("features");
  TCase *tc = tcase_create ("features");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_absent_by_default);
  tcase_add_loop_test (tc, test_equal_to_the_engines, 0, G_N_ELEMENTS (ways));
  tcase_add_test (tc, test_interval);
  tcase_add_test (tc, test_switched_while_playing);
  tcase_add_test (tc, test_several_classifiers);
  tcase_add_test (tc, test_another_model);
  tcase_add_test (tc, test_copies);
  tcase_add_loop_test (tc, test_survives, 0, G_N_ELEMENTS (carriers));
  tcase_add_test (tc, test_message);
  return suite;
}

GST_CHECK_MAIN (features);
