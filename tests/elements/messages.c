/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rexnetclassify posts on the bus: results, and changes of the label. */
#include "rgb.h"

GST_START_TEST (test_messages)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 interval=2 "
      "post-messages=true");
  GstElement *element = gst_harness_find_element (h, "rexnetclassify");
  GstBus *bus = gst_bus_new ();
  guint n_messages = 0;
  GstMessage *message;

  gst_element_set_bus (element, bus);
  for (guint n = 0; n < 5; n++)
    gst_buffer_unref (classify (h, n));
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *s = gst_message_get_structure (message);
    static const char *const times[] = { "timestamp", "stream-time",
      "running-time"
    };
    guint64 time;

    fail_unless (gst_structure_has_name (s, "rexnet-classification"));
    for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
      fail_unless (gst_structure_get_uint64 (s, times[i], &time));
      fail_unless_equals_uint64 (time, 2 * n_messages * FRAME);
    }
    fail_unless (gst_structure_get_uint64 (s, "duration", &time));
    fail_unless_equals_uint64 (time, FRAME);
    fail_unless_equals_int (n_labels (s), 5);
    fail_unless_equals_uint64 (age (s), 0);
    n_messages++;
    gst_message_unref (message);
  }
  fail_unless_equals_int (n_messages, 3);

  g_object_set (element, "post-messages", FALSE, NULL);
  gst_buffer_unref (classify (h, 6));
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* A reader of properties in the message handler must not meet a lock. */
static GstBusSyncReply
read_properties (GstBus * bus, GstMessage * message, gpointer count)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
    GstStructure *stats;
    guint top_k;

    g_object_get (GST_MESSAGE_SRC (message), "stats", &stats, "top-k", &top_k,
        NULL);
    g_object_set (GST_MESSAGE_SRC (message), "top-k", top_k, NULL);
    gst_structure_free (stats);
    ++*(guint *) count;
  }
  return GST_BUS_PASS;
}

GST_START_TEST (test_messages_hold_no_lock)
{
  GstHarness *h = rgb_harness ("rexnetclassify threads=1 post-messages=true");
  GstElement *element = gst_harness_find_element (h, "rexnetclassify");
  GstBus *bus = gst_bus_new ();
  guint count = 0;

  gst_bus_set_sync_handler (bus, read_properties, &count, NULL);
  gst_element_set_bus (element, bus);
  gst_buffer_unref (classify (h, 0));
  fail_unless_equals_int (count, 1);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* ---- changes ----------------------------------------------------------- */

typedef struct
{
  GstHarness *h;
  GstElement *element;
  GstBus *bus;
  guint n;                      /* frames so far */
} Stream;

static void
start (Stream * self, const char *launch)
{
  *self = (Stream) { rgb_harness (launch) };
  self->element = gst_harness_find_element (self->h, "rexnetclassify");
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->element, self->bus);
}

static void
stop (Stream * self)
{
  gst_element_set_bus (self->element, NULL);
  gst_object_unref (self->element);
  gst_object_unref (self->bus);
  gst_harness_teardown (self->h);
}

/* Trousers for each 'T' of @pictures; the like of a bag for others. */
static void
show (Stream * self, const char *pictures)
{
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, SIDE, SIDE);
  for (; *pictures; pictures++) {
    GstBuffer *buffer = *pictures == 'T' ? make_picture (&info)
        : make_frame (SIZE, 0);

    GST_BUFFER_PTS (buffer) = self->n++ * FRAME;
    gst_buffer_unref (gst_harness_push_and_pull (self->h, buffer));
  }
}

static char
initial (const char *label)
{
  return label ? *label : '-';
}

static guint
frame_of (const GstStructure * s, const char *field)
{
  guint64 time;

  fail_unless (gst_structure_get_uint64 (s, field, &time), "%s", field);
  fail_unless_equals_uint64 (time % FRAME, 0);
  return time / FRAME;
}

/* The changes since the last call, each as "previous>label since-frame". */
static void
check_changes (Stream * self, const char *expected)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (self->bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *s = gst_message_get_structure (message);
    const char *label = gst_structure_get_string (s, "label");
    int index, previous;
    double score;

    fail_unless (gst_structure_has_name (s, "rexnet-label-changed"));
    fail_unless (gst_structure_get (s, "index", G_TYPE_INT, &index,
            "previous-index", G_TYPE_INT, &previous, "score", G_TYPE_DOUBLE,
            &score, NULL));
    fail_unless (index != previous);
    fail_unless_equals_int (index == -1, label == NULL);
    fail_unless_equals_int (score > 0, label != NULL);
    fail_unless_equals_int (frame_of (s, "timestamp"), frame_of (s,
            "stream-time"));
    g_string_append_printf (seen, "%c>%c %u-%u ",
        initial (gst_structure_get_string (s, "previous-label")),
        initial (label), frame_of (s, "since"), frame_of (s, "running-time"));
    gst_message_unref (message);
  }
  fail_unless_equals_string (seen->str, expected);
}

GST_START_TEST (test_changes)
{
  Stream stream;

  start (&stream, "rexnetclassify threads=1 change-after=3");
  show (&stream, "TT");
  check_changes (&stream, "");
  show (&stream, "T");
  check_changes (&stream, "->T 0-2 ");
  show (&stream, "TbbTbbTTb");
  check_changes (&stream, "");
  show (&stream, "bbbb");
  check_changes (&stream, "T>B 11-13 ");
  show (&stream, "TTTT");
  check_changes (&stream, "B>T 16-18 ");
  stop (&stream);
}

GST_END_TEST;

/* No label reaches the threshold. */
GST_START_TEST (test_change_to_none)
{
  Stream stream;

  start (&stream, "rexnetclassify threads=1 change-after=2 threshold=1");
  show (&stream, "TTT");
  check_changes (&stream, "");
  g_object_set (stream.element, "threshold", 0.0, NULL);
  show (&stream, "TT");
  check_changes (&stream, "->T 3-4 ");
  g_object_set (stream.element, "threshold", 1.0, NULL);
  show (&stream, "TT");
  check_changes (&stream, "T>- 5-6 ");
  stop (&stream);
}

GST_END_TEST;

/* Results count, and those of another place in the stream don't. */
GST_START_TEST (test_changes_count_results)
{
  GstSegment segment;
  Stream stream;

  start (&stream, "rexnetclassify threads=1 change-after=2 interval=3");
  show (&stream, "TTTTTT");
  check_changes (&stream, "->T 0-3 ");
  show (&stream, "b");
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (stream.h, gst_event_new_segment (&segment));
  show (&stream, "bTT");
  check_changes (&stream, "");
  show (&stream, "b");
  check_changes (&stream, "T>B 7-10 ");
  stop (&stream);
}

GST_END_TEST;

/* It can be switched on and off while playing, and begins anew with a start. */
GST_START_TEST (test_changes_on_and_off)
{
  Stream stream;

  start (&stream, "rexnetclassify threads=1");
  show (&stream, "TTbb");
  check_changes (&stream, "");
  g_object_set (stream.element, "change-after", 1, NULL);
  show (&stream, "bT");
  check_changes (&stream, "->B 4-4 B>T 5-5 ");
  g_object_set (stream.element, "change-after", 0, NULL);
  show (&stream, "bb");
  g_object_set (stream.element, "change-after", 1, NULL);
  show (&stream, "T");
  check_changes (&stream, "");
  gst_element_set_state (stream.element, GST_STATE_READY);
  gst_harness_play (stream.h);
  gst_harness_push_event (stream.h, gst_event_new_stream_start ("again"));
  set_video_caps (stream.h, "RGB", SIDE, SIDE);
  show (&stream, "T");
  check_changes (&stream, "->T 9-9 ");
  stop (&stream);
}

GST_END_TEST;

static Suite *
messages_suite (void)
{
  Suite *suite = suite_create ("messages");
  TCase *tc = tcase_create ("messages");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_messages);
  tcase_add_test (tc, test_messages_hold_no_lock);
  tcase_add_test (tc, test_changes);
  tcase_add_test (tc, test_change_to_none);
  tcase_add_test (tc, test_changes_count_results);
  tcase_add_test (tc, test_changes_on_and_off);
  return suite;
}

GST_CHECK_MAIN (messages);
