/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet classify: labels for picture files. */
#include <stdio.h>

#include "images.h"
#include "tool.h"

static const GOptionEntry entries[] = {
  {"top-k", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Show the K best labels; 5 if not given", "K"},
  {"threshold", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_threshold,
      "Leave out labels with a score below T, from 0 to 1", "T"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "Print a line of JSON for each image", NULL},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

static void
print_json (RexnetModel * model, const char *file, const RexnetScore * best,
    guint n)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *name = g_filename_display_name (file);

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "file", name);
  json_builder_set_member_name (builder, "labels");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++) {
    json_builder_begin_object (builder);
    tool_json_set_int (builder, "index", best[i].index);
    tool_json_set_string (builder, "label",
        rexnet_model_get_label (model, best[i].index));
    tool_json_set_double (builder, "score", best[i].score);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static void
print_text (RexnetModel * model, const char *file, const RexnetScore * best,
    guint n)
{
  g_autofree char *name = g_filename_display_name (file);

  puts (name);
  for (guint i = 0; i < n; i++) {
    const char *label = rexnet_model_get_label (model, best[i].index);

    if (label)
      printf ("  %.4f  %s\n", best[i].score, label);
    else
      printf ("  %.4f  class %u\n", best[i].score, best[i].index);
  }
}

/* @scores, @best: scratch for each class. */
static gboolean
classify_file (RexnetEngine * engine, const char *file, float *scores,
    RexnetScore * best, GError ** error)
{
  RexnetModel *model = rexnet_engine_get_model (engine);
  guint classes = rexnet_model_get_info (model)->classes, n;
  g_autoptr (GdkPixbuf) pixbuf = image_load (file, error);
  RexnetImage image;

  if (!pixbuf)
    return FALSE;
  image = image_view (pixbuf);
  if (!rexnet_engine_classify (engine, &image, 1, scores, error))
    return FALSE;
  n = rexnet_top_k (scores, classes, MIN (tool_options.top_k, classes),
      tool_options.threshold, best);
  if (tool_options.json)
    print_json (model, file, best, n);
  else
    print_text (model, file, best, n);
  return TRUE;
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autofree float *scores = NULL;
  g_autofree RexnetScore *best = NULL;
  int status = TOOL_OK;
  guint classes;

  if (!tool_options.files)
    return tool_usage_error ("no image given");
  model = tool_load_model (TOOL_MODEL_FIND);
  engine = model ? tool_new_engine (model) : NULL;
  if (!engine)
    return TOOL_FAILED;

  classes = rexnet_model_get_info (model)->classes;
  scores = g_new (float, classes);
  best = g_new (RexnetScore, classes);
  for (char **file = tool_options.files; *file; file++) {
    g_autoptr (GError) error = NULL;

    if (!classify_file (engine, *file, scores, best, &error)) {
      tool_error (*file, "%s", error->message);
      status = TOOL_FAILED;
    } else if (!tool_check_output (&error)) {
      tool_error (NULL, "%s", error->message);
      return TOOL_FAILED;
    }
  }
  tool_warn_fallback (engine);
  return status;
}

const ToolCommand tool_classify = {
  .name = "classify",
  .arguments = "IMAGE...",
  .summary = "Print the labels of pictures, best first, with their scores.",
  .description = "An image that cannot be read is reported, the others are "
      "classified all the same,\nand the exit status is 1. EXIF orientation is "
      "honoured, an alpha channel ignored.",
  .entries = {tool_model_entries, entries, tool_engine_entries},
  .run = run,
};
