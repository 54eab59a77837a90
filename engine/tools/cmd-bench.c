/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet bench: how fast the network runs here. */
#include <stdio.h>

#include "timing.h"
#include "tool.h"

#define DEFAULT_RUNS 50

static const GOptionEntry entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.model,
        "A .safetensors, .pth or .bin file, or the name of a model that 'rexnet "
      "pull' installed, in place of generated weights", "FILE"},
  {"runs", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Calls to time; 50 if not given", "N"},
  {"profile", 0, 0, G_OPTION_ARG_NONE, &tool_options.profile,
      "Also print the time of each phase", NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "Print one JSON object", NULL},
  {NULL}
};

static void
print_json (RexnetEngine * engine, const Timing * r, GArray * profile)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "model", model->name);
  tool_json_set_string (builder, "variant",
      rexnet_variant_to_string (model->variant));
  tool_json_set_double (builder, "width", model->width);
  tool_json_set_int (builder, "width_px", info->input.width);
  tool_json_set_int (builder, "height_px", info->input.height);
  tool_json_set_int (builder, "batch", info->batch);
  tool_json_set_int (builder, "runs", tool_options.runs);
  tool_json_set_int (builder, "macs", r->macs);
  tool_json_set_double (builder, "median_ms", r->median_ms);
  tool_json_set_double (builder, "min_ms", r->min_ms);
  tool_json_set_double (builder, "p95_ms", r->p95_ms);
  tool_json_set_double (builder, "fps", r->fps);
  tool_json_set_double (builder, "gmacs", r->gmacs);
  if (r->peak_gmacs > 0)
    tool_json_set_double (builder, "peak_gmacs", r->peak_gmacs);
  tool_json_set_int (builder, "threads", info->threads);
  tool_json_set_string (builder, "isa", info->isa);
  tool_json_set_string (builder, "device", info->device);
  if (profile)
    tool_json_add_phases (builder, "profile", profile, TRUE);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static void
print_text (RexnetEngine * engine, const Timing * r, GArray * profile)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));

  printf ("%s: %s, width %g, %ux%u, batch %u\n", model->name,
      rexnet_variant_to_string (model->variant), model->width,
      info->input.width, info->input.height, info->batch);
  printf ("%s", info->device);
  if (info->on_cpu)
    printf (" %s, %u thread%s", info->isa, info->threads,
        info->threads == 1 ? "" : "s");
  printf (", %u runs\n", tool_options.runs);
  printf ("median %.3f ms, min %.3f ms, p95 %.3f ms\n", r->median_ms,
      r->min_ms, r->p95_ms);
  printf ("%.1f frames/s, %.2f G multiply-adds/s", r->fps, r->gmacs);
  if (r->peak_gmacs > 0)
    printf (", %.1f %% of the CPU's %.2f", 100 * r->gmacs / r->peak_gmacs,
        r->peak_gmacs);
  putchar ('\n');
  if (profile)
    tool_print_phases (profile, TRUE, r->peak_gmacs);
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GArray) profile = NULL;
  g_autoptr (GError) error = NULL;
  Timing result;

  if (!tool_options.runs)
    tool_options.runs = DEFAULT_RUNS;
  if (tool_options.scheduling == REXNET_SCHEDULING_THROUGHPUT
      && !tool_options.batch)
    tool_options.batch = tool_options.threads ? tool_options.threads
        : g_get_num_processors ();
  model = tool_load_model (TOOL_MODEL_GENERATE);
  engine = model ? tool_new_engine (model) : NULL;
  if (!engine)
    return TOOL_FAILED;

  if (!timing_measure (engine, tool_options.runs, &result, &error)
      || (tool_options.profile && !(profile =
              rexnet_engine_profile (engine, tool_options.runs, &error)))) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  tool_warn_fallback (engine);
  if (tool_options.json)
    print_json (engine, &result, profile);
  else
    print_text (engine, &result, profile);
  return TOOL_OK;
}

const ToolCommand tool_bench = {
  .name = "bench",
  .summary = "Time the network, with generated weights or a model's own.",
  .description = "Times are milliseconds a call, after a warm-up; frames/s and "
      "multiply-adds/s follow from the\nmedian. --scheduling throughput takes "
      "an image a thread for its batch if --batch is not given.",
  .entries = {entries, tool_network_entries, tool_schedule_entries,
      tool_engine_entries},
  .run = run,
};
