/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet tune: the best tile sizes for an OpenCL device. */
#include <stdio.h>

#include "progress.h"
#include "tool.h"

#define STEPS 1000

static const GOptionEntry entries[] = {
  {"device", 0, 0, G_OPTION_ARG_STRING, &tool_options.device,
      "The OpenCL device; opencl if not given", "D"},
  {"cache-dir", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.cache_dir,
      "Where the result is stored", "FOLDER"},
  {"size", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_size,
      "Input size in pixels; 224x224 if not given", "WIDTHxHEIGHT"},
  {NULL}
};

static void
show_progress (const char *what, double fraction, gpointer data)
{
  progress_update (data, (guint) (fraction * STEPS));
}

static int
run (void)
{
  Progress progress;
  const RexnetEngineOptions options = {
    .device = tool_options.device ? tool_options.device : "opencl",
    .cache_dir = tool_options.cache_dir,
    .width = tool_options.width_px,
    .height = tool_options.height_px,
    .progress = show_progress,
    .progress_data = &progress,
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  gboolean ok;

  progress_start (&progress, STEPS);
  ok = rexnet_device_tune (&options, &report, &error);
  progress_clear (&progress);
  if (!ok) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  fputs (report, stdout);
  return TOOL_OK;
}

const ToolCommand tool_tune = {
  .name = "tune",
  .summary = "Measure an OpenCL device and store the best tile sizes for it.",
  .description = "Engines made later with the same cache folder use them. "
      "Takes some minutes where\nthe driver compiles slowly.",
  .entries = {entries},
  .run = run,
};
