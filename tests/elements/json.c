/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnetjson: one valid line a frame. */
#include "common.h"

#include <json-glib/json-glib.h>
#include <math.h>

#define SIZE (32 * 32)

/* Parses the only line in @buffer. (transfer full) */
static JsonParser *
parse (GstBuffer * buffer)
{
  JsonParser *parser = json_parser_new ();
  GError *error = NULL;
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  fail_unless (map.size > 2 && map.data[map.size - 1] == '\n');
  fail_unless (memchr (map.data, '\n', map.size) == map.data + map.size - 1);
  fail_unless (json_parser_load_from_data (parser, (char *) map.data, map.size,
          &error), "%.*s: %s", (int) map.size, map.data,
      error ? error->message : "");
  gst_buffer_unmap (buffer, &map);
  fail_unless (JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)));
  return parser;
}

static JsonObject *
record (JsonParser * parser)
{
  return json_node_get_object (json_parser_get_root (parser));
}

/* The fields that docs/rexnetjson.md lists, all of them and no others. */
static void
check_fields (JsonObject * object)
{
  static const char *const fields[] = { "pts", "stream_time", "duration",
    "region", "model", "device", "age", "indices", "labels", "scores"
  };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fail_unless (json_object_has_member (object, fields[i]), "no %s",
        fields[i]);
  fail_unless_equals_int (json_object_get_size (object),
      G_N_ELEMENTS (fields));
}

GST_START_TEST (test_line)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1 top-k=3 "
      "interval=2 ! rexnetjson", "GRAY8", 32, 32);

  for (guint n = 0; n < 4; n++) {
    GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, n));
    JsonParser *parser = parse (buffer);
    JsonObject *o = record (parser);
    JsonArray *scores = json_object_get_array_member (o, "scores");

    check_fields (o);
    fail_unless_equals_int64 (json_object_get_int_member (o, "pts"), n * FRAME);
    fail_unless_equals_int64 (json_object_get_int_member (o, "stream_time"),
        n * FRAME);
    fail_unless_equals_int64 (json_object_get_int_member (o, "duration"),
        FRAME);
    fail_unless_equals_int64 (json_object_get_int_member (o, "region"), -1);
    fail_unless_equals_int64 (json_object_get_int_member (o, "age"),
        n % 2 * FRAME);
    fail_unless_equals_string (json_object_get_string_member (o, "device"),
        "cpu");
    fail_unless_equals_int (json_array_get_length (scores), 3);
    fail_unless_equals_int (json_array_get_length
        (json_object_get_array_member (o, "labels")), 3);
    fail_unless_equals_int (json_array_get_length
        (json_object_get_array_member (o, "indices")), 3);
    fail_unless (json_array_get_double_element (scores, 0) >=
        json_array_get_double_element (scores, 1));
    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), n * FRAME);
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer), FRAME);
    g_object_unref (parser);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* A frame without a result is a record all the same. */
GST_START_TEST (test_no_result)
{
  GstHarness *h = video_harness ("rexnetjson", "GRAY8", 32, 32);
  GstBuffer *buffer = make_frame (SIZE, 0);
  JsonParser *parser;
  JsonObject *o;

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  buffer = gst_harness_push_and_pull (h, buffer);
  parser = parse (buffer);
  o = record (parser);
  check_fields (o);
  fail_unless (json_object_get_null_member (o, "pts"));
  fail_unless (json_object_get_null_member (o, "stream_time"));
  fail_unless (json_object_get_null_member (o, "duration"));
  fail_unless (json_object_get_null_member (o, "model"));
  fail_unless (json_object_get_null_member (o, "device"));
  fail_unless (json_object_get_null_member (o, "age"));
  fail_unless_equals_int (json_array_get_length (json_object_get_array_member
          (o, "labels")), 0);
  g_object_unref (parser);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Nine digits tell every float apart. */
GST_START_TEST (test_features)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1 features=true ! "
      "rexnetjson features=true", "GRAY8", 32, 32);
  GstHarness *other = video_harness ("rexnetclassify threads=1 features=true",
      "GRAY8", 32, 32);
  GstBuffer *frame = gst_harness_push_and_pull (other, make_frame (SIZE, 0));
  GstBuffer *line = gst_harness_push_and_pull (h, make_frame (SIZE, 0));
  JsonParser *parser = parse (line);
  JsonArray *array = json_object_get_array_member (record (parser),
      "features");
  gsize n;
  const float *vector = features (result (frame, 0), &n);

  fail_unless_equals_int (json_array_get_length (array), n);
  for (gsize i = 0; i < n; i++)
    fail_unless ((float) json_array_get_double_element (array, i) == vector[i]);
  g_object_unref (parser);
  gst_buffer_unref (frame);
  gst_buffer_unref (line);
  gst_harness_teardown (other);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Only where both elements are asked for them. */
GST_START_TEST (test_features_of_one_side)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1 features=true ! "
      "rexnetjson", "GRAY8", 32, 32);
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 0));
  JsonParser *parser = parse (buffer);

  check_fields (record (parser));
  g_object_unref (parser);
  gst_buffer_unref (buffer);

  gst_harness_set (h, "rexnetclassify", "features", FALSE, NULL);
  gst_harness_set (h, "rexnetjson", "features", TRUE, NULL);
  buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 1));
  parser = parse (buffer);
  fail_unless_equals_int (json_array_get_length (json_object_get_array_member
          (record (parser), "features")), 0);
  g_object_unref (parser);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_stream_time)
{
  GstHarness *h = video_harness ("rexnetjson", "GRAY8", 32, 32);
  GstSegment segment;
  GstBuffer *buffer;
  JsonParser *parser;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 2 * FRAME;
  segment.time = 10 * GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 5));
  parser = parse (buffer);
  fail_unless_equals_int64 (json_object_get_int_member (record (parser),
          "stream_time"), 10 * GST_SECOND + 3 * FRAME);
  g_object_unref (parser);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static void
append (GValue * array, const char *text, double number)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, text ? G_TYPE_STRING : G_TYPE_DOUBLE);
  if (text)
    g_value_set_string (&value, text);
  else
    g_value_set_double (&value, number);
  gst_value_array_append_and_take_value (array, &value);
}

/* A frame whose result has one label with one score. */
static GstBuffer *
labelled (const char *text, double number)
{
  GstBuffer *buffer = make_frame (SIZE, 0);
  GstStructure *s = gst_custom_meta_get_structure (gst_buffer_add_custom_meta
      (buffer, "RexnetClassification"));
  GValue labels = G_VALUE_INIT, scores = G_VALUE_INIT, indices = G_VALUE_INIT;
  GValue seven = G_VALUE_INIT;

  gst_value_array_init (&labels, 1);
  gst_value_array_init (&scores, 1);
  gst_value_array_init (&indices, 1);
  append (&labels, text, 0);
  append (&scores, NULL, number);
  g_value_init (&seven, G_TYPE_INT);
  g_value_set_int (&seven, 7);
  gst_value_array_append_and_take_value (&indices, &seven);
  gst_structure_set (s, "model", G_TYPE_STRING, "m", "device", G_TYPE_STRING,
      "d", "age", G_TYPE_UINT64, G_GUINT64_CONSTANT (3), "region-id",
      G_TYPE_INT, 2, NULL);
  gst_structure_take_value (s, "labels", &labels);
  gst_structure_take_value (s, "scores", &scores);
  gst_structure_take_value (s, "indices", &indices);
  return buffer;
}

/* JSON has no NaN; the end of a vector that was cut off is left out. */
GST_START_TEST (test_strange_features)
{
  const float numbers[] = { 1.5f, NAN, -INFINITY, 2.f };
  GstHarness *h = video_harness ("rexnetjson features=true", "GRAY8", 32, 32);
  g_autoptr (GBytes) bytes = g_bytes_new (numbers, sizeof numbers - 1);

  for (gboolean text = FALSE; text <= TRUE; text++) {
    GstBuffer *buffer = labelled ("a", 1);
    GstStructure *s = gst_custom_meta_get_structure
        (gst_buffer_get_custom_meta (buffer, "RexnetClassification"));
    JsonParser *parser;
    JsonArray *array;

    if (text)
      gst_structure_set (s, "features", G_TYPE_STRING, "1.5", NULL);
    else
      gst_structure_set (s, "features", G_TYPE_BYTES, bytes, NULL);
    buffer = gst_harness_push_and_pull (h, buffer);
    parser = parse (buffer);
    array = json_object_get_array_member (record (parser), "features");
    fail_unless_equals_int (json_array_get_length (array), text ? 0 : 3);
    if (!text) {
      fail_unless (json_array_get_double_element (array, 0) == 1.5);
      fail_unless (json_array_get_null_element (array, 1));
      fail_unless (json_array_get_null_element (array, 2));
    }
    g_object_unref (parser);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_strange_labels)
{
  static const char *const texts[] = { "", "say \"hi\"", "a\\b", "two\nlines",
    "tab\tand \x01 control", "\xc3\xa9t\xc3\xa9", "snow\xe2\x98\x83"
  };
  GstHarness *h = video_harness ("rexnetjson", "GRAY8", 32, 32);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    GstBuffer *buffer = gst_harness_push_and_pull (h, labelled (texts[i], 1));
    JsonParser *parser = parse (buffer);

    fail_unless_equals_string (json_array_get_string_element
        (json_object_get_array_member (record (parser), "labels"), 0),
        texts[i]);
    g_object_unref (parser);
    gst_buffer_unref (buffer);
  }
  /* Not UTF-8: still a line that parses. */
  {
    GstBuffer *buffer = gst_harness_push_and_pull (h, labelled ("\xff!", 1));

    g_object_unref (parse (buffer));
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_text_of_line)
{
  GstHarness *h = video_harness ("rexnetjson", "GRAY8", 32, 32);
  GstBuffer *buffer = gst_harness_push_and_pull (h, labelled ("cat", 2. / 3));
  static const char expected[] = "{\"pts\":0,\"stream_time\":0,"
      "\"duration\":40000000,\"region\":2,\"model\":\"m\",\"device\":\"d\","
      "\"age\":3,\"indices\":[7],\"labels\":[\"cat\"],\"scores\":[0.666667]}\n";

  fail_unless_equals_int (gst_buffer_get_size (buffer), strlen (expected));
  fail_unless_equals_int (gst_buffer_memcmp (buffer, 0, expected,
          strlen (expected)), 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Two results on a frame are two lines. */
GST_START_TEST (test_two_results)
{
  GstHarness *h = video_harness ("rexnetclassify threads=1 ! "
      "rexnetclassify threads=1 top-k=2 ! rexnetjson", "GRAY8", 32, 32);
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, 0));
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, -1, (gpointer *) & text, &size);
  text = g_realloc (text, size + 1);
  text[size] = '\0';
  lines = g_strsplit (text, "\n", -1);
  fail_unless_equals_int (g_strv_length (lines), 3);
  fail_unless_equals_string (lines[2], "");
  for (int i = 0; i < 2; i++) {
    JsonNode *node = json_from_string (lines[i], NULL);

    fail_unless (node != NULL);
    check_fields (json_node_get_object (node));
    json_node_unref (node);
  }
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_caps_gaps_eos)
{
  GstHarness *h = video_harness ("rexnetjson", "GRAY8", 32, 32);
  g_autoptr (GstCaps) caps = NULL;
  gboolean gap = FALSE, eos = FALSE;
  GstEvent *event;

  gst_buffer_unref (gst_harness_push_and_pull (h, make_frame (SIZE, 0)));
  gst_harness_push_event (h, gst_event_new_gap (FRAME, FRAME));
  set_video_caps (h, "RGB", 64, 64);
  gst_buffer_unref (gst_harness_push_and_pull (h, make_frame (64 * 64 * 3, 2)));
  gst_harness_set_src_caps_str (h, "video/x-raw(memory:GLMemory),format=RGBA,"
      "width=8,height=8,framerate=25/1");
  gst_buffer_unref (gst_harness_push_and_pull (h, make_frame (8, 3)));
  caps = gst_pad_get_current_caps (h->sinkpad);
  fail_unless (gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "application/x-ndjson"));
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  while ((event = gst_harness_try_pull_event (h))) {
    gap |= GST_EVENT_TYPE (event) == GST_EVENT_GAP;
    eos |= GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  fail_unless (gap && eos);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
json_suite (void)
{
  Suite *suite = suite_create ("rexnetjson");
  TCase *tc = tcase_create ("json");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_line);
  tcase_add_test (tc, test_no_result);
  tcase_add_test (tc, test_features);
  tcase_add_test (tc, test_features_of_one_side);
  tcase_add_test (tc, test_stream_time);
  tcase_add_test (tc, test_strange_features);
  tcase_add_test (tc, test_strange_labels);
  tcase_add_test (tc, test_text_of_line);
  tcase_add_test (tc, test_two_results);
  tcase_add_test (tc, test_caps_gaps_eos);
  return suite;
}

GST_CHECK_MAIN (json);
