/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every element of the plugin through all states, and what each must have. */
#include "common.h"

typedef void (*Check) (GstElementFactory * factory);

static void
for_each_element (Check check)
{
  GList *features = gst_registry_get_feature_list_by_plugin
      (gst_registry_get (), "rexnet");
  guint n = 0;

  for (GList * l = features; l; l = l->next, n++)
    check (GST_ELEMENT_FACTORY (l->data));
  fail_unless_equals_int (n, 3);
  gst_plugin_feature_list_free (features);
}

static void
to_state (GstElement * element, GstState state)
{
  fail_unless (gst_element_set_state (element, state) !=
      GST_STATE_CHANGE_FAILURE, "%s to %s", GST_OBJECT_NAME (element),
      gst_element_state_get_name (state));
}

static void
cycle (GstElementFactory * factory)
{
  GstElement *element = gst_element_factory_create (factory, NULL);

  for (int i = 0; i < 2; i++) {
    to_state (element, GST_STATE_READY);
    to_state (element, GST_STATE_PAUSED);
    to_state (element, GST_STATE_PLAYING);
    to_state (element, GST_STATE_PAUSED);
    to_state (element, GST_STATE_READY);
    to_state (element, GST_STATE_PAUSED);
    to_state (element, GST_STATE_NULL);
    to_state (element, GST_STATE_PLAYING);
    to_state (element, GST_STATE_NULL);
  }
  gst_object_unref (element);
}

GST_START_TEST (test_states)
{
  for_each_element (cycle);
}

GST_END_TEST;

static void
check_metadata (GstElementFactory * factory)
{
  const char *klass = gst_element_factory_get_metadata (factory, "klass");

  /* An autoplugger takes whatever has this word in it. */
  fail_unless (strstr (klass, "ensordecoder") == NULL);
  fail_unless (g_str_has_prefix (klass, "Filter/"));
  fail_unless (*gst_element_factory_get_metadata (factory, "long-name"));
  fail_unless (*gst_element_factory_get_metadata (factory, "description"));
  fail_unless_equals_int (gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE
          (factory)), GST_RANK_NONE);
}

GST_START_TEST (test_metadata)
{
  for_each_element (check_metadata);
}

GST_END_TEST;

/* Reads every property, and writes back what was read. */
static void
check_properties (GstElementFactory * factory)
{
  GstElement *element = gst_element_factory_create (factory, NULL);
  guint n;
  g_autofree GParamSpec **specs = g_object_class_list_properties
      (G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    if (specs[i]->owner_type != G_OBJECT_TYPE (element))
      continue;
    fail_unless (*g_param_spec_get_blurb (specs[i]) != '\0');
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (G_OBJECT (element), specs[i]->name, &value);
    if (specs[i]->flags & G_PARAM_WRITABLE) {
      fail_unless (g_param_value_defaults (specs[i], &value), "%s",
          specs[i]->name);
      g_object_set_property (G_OBJECT (element), specs[i]->name, &value);
      fail_unless (specs[i]->flags & (GST_PARAM_MUTABLE_READY |
              GST_PARAM_MUTABLE_PLAYING), "%s", specs[i]->name);
    }
    g_value_unset (&value);
  }
  gst_object_unref (element);
}

GST_START_TEST (test_properties)
{
  for_each_element (check_properties);
}

GST_END_TEST;

/* The whole chain, torn down in mid-stream. */
GST_START_TEST (test_stop_in_mid_stream)
{
  for (int i = 0; i < 3; i++) {
    GstElement *pipeline = gst_parse_launch ("videotestsrc ! video/x-raw,"
        "width=64,height=64 ! rexnetclassify threads=1 ! tee name=t ! queue ! "
        "rexnetoverlay ! fakesink async=false t. ! queue ! rexnetjson ! "
        "fakesink name=sink", NULL);
    GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
    GstSample *sample;

    fail_unless_equals_int (gst_element_set_state (pipeline,
            GST_STATE_PLAYING), GST_STATE_CHANGE_ASYNC);
    fail_unless_equals_int (gst_element_get_state (pipeline, NULL, NULL,
            30 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
    g_object_get (sink, "last-sample", &sample, NULL);
    fail_unless (sample != NULL);
    gst_sample_unref (sample);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (sink);
    gst_object_unref (pipeline);
  }
}

GST_END_TEST;

static Suite *
states_suite (void)
{
  Suite *suite = suite_create ("states");
  TCase *tc = tcase_create ("states");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_states);
  tcase_add_test (tc, test_metadata);
  tcase_add_test (tc, test_properties);
  tcase_add_test (tc, test_stop_in_mid_stream);
  return suite;
}

GST_CHECK_MAIN (states);
