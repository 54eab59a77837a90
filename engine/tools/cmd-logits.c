/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet logits: the bare network, for comparison with other programs. */
#include <stdio.h>

#include "tool.h"

static const GOptionEntry entries[] = {
  {"input", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.input,
      "Float32 little-endian numbers, N x 3 x height x width, normalised",
      "RAW.f32"},
  {"size", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_size,
      "The input's size in pixels; the model's own if not given",
      "WIDTHxHEIGHT"},
  {"batch", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Images in the input; 1 if not given", "N"},
  {NULL}
};

/* Returns: (transfer full): @n numbers */
static float *
read_floats (const char *path, gsize n, GError ** error)
{
  g_autoptr (GInputStream) stream = tool_open (path, FALSE, error);
  guint32 *words;

  if (!stream)
    return NULL;
  words = (guint32 *) tool_read (stream, n * sizeof (float), error);
  for (gsize i = 0; words && i < n; i++)
    words[i] = GUINT32_FROM_LE (words[i]);
  return (float *) words;
}

static gboolean
print_logits (RexnetEngine * engine, const float *input, GError ** error)
{
  guint batch = rexnet_engine_get_info (engine)->batch;
  guint classes =
      rexnet_model_get_info (rexnet_engine_get_model (engine))->classes;
  g_autofree float *logits = g_new (float, (gsize) batch * classes);

  if (!rexnet_engine_run (engine, input, batch, logits, error))
    return FALSE;
  for (gsize i = 0; i < (gsize) batch * classes; i++)
    printf ("%.9g\n", logits[i]);
  return TRUE;
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree float *input = NULL;
  const RexnetEngineInfo *info;

  if (!tool_options.input)
    return tool_usage_error ("--input is missing");
  model = tool_load_model (TOOL_MODEL_FIND);
  engine = model ? tool_new_engine (model) : NULL;
  if (!engine)
    return TOOL_FAILED;

  info = rexnet_engine_get_info (engine);
  input = read_floats (tool_options.input,
      (gsize) info->batch * 3 * info->input.height * info->input.width, &error);
  if (!input) {
    g_prefix_error (&error, "%u x 3 x %u x %u float32 numbers: ", info->batch,
        info->input.height, info->input.width);
    tool_error (tool_options.input, "%s", error->message);
    return TOOL_FAILED;
  }
  if (!print_logits (engine, input, &error)) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  tool_warn_fallback (engine);
  return TOOL_OK;
}

const ToolCommand tool_logits = {
  .name = "logits",
  .summary = "Print the network's raw output for a normalised input, a number "
      "a line.",
  .entries = {tool_model_entries, entries, tool_engine_entries},
  .run = run,
};
