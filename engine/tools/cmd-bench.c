/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet bench: how fast the network runs here. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tool.h"

#define WARM_UP_RUNS 3
#define WARM_UP_MS 200

static const GOptionEntry entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.model,
      "A .safetensors, .pth or .bin file in place of generated weights",
      "FILE"},
  {"runs", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Calls to time; 50 if not given", "N"},
  {"profile", 0, 0, G_OPTION_ARG_NONE, &tool_options.profile,
      "Also print the time of each phase", NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "Print one JSON object", NULL},
  {NULL}
};

typedef struct
{
  double median_ms, min_ms, p95_ms;     /* of a call */
  double fps, gmacs;            /* at the median */
  guint64 macs;                 /* of one image */
} Result;

static double
now_ms (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Fills @ms with the times of @runs calls, sorted. */
static gboolean
time_calls (RexnetEngine * engine, const float *input, float *logits,
    double *ms, guint runs, GError ** error)
{
  guint batch = rexnet_engine_get_info (engine)->batch;
  double start = now_ms ();

  for (guint i = 0; i < WARM_UP_RUNS || now_ms () - start < WARM_UP_MS; i++)
    if (!rexnet_engine_run (engine, input, batch, logits, error))
      return FALSE;
  for (guint i = 0; i < runs; i++) {
    start = now_ms ();
    if (!rexnet_engine_run (engine, input, batch, logits, error))
      return FALSE;
    ms[i] = now_ms () - start;
  }
  qsort (ms, runs, sizeof *ms, compare_doubles);
  return TRUE;
}

static gboolean
measure (RexnetEngine * engine, Result * result, GError ** error)
{
  RexnetModel *model = rexnet_engine_get_model (engine);
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  guint width = info->input.width, height = info->input.height;
  gsize image = (gsize) 3 * width * height;
  guint runs = tool_options.runs;
  g_autofree float *input = g_try_new (float, image * info->batch);
  g_autofree float *logits = g_new (float,
      (gsize) info->batch * rexnet_model_get_info (model)->classes);
  g_autofree double *ms = g_new (double, runs);

  if (!input) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_MEMORY,
        "no memory for the input of %u images of %ux%u pixels", info->batch,
        width, height);
    return FALSE;
  }
  for (guint i = 0; i < info->batch; i++)
    rexnet_generate_input (i, width, height, input + i * image);
  if (!time_calls (engine, input, logits, ms, runs, error))
    return FALSE;

  result->min_ms = ms[0];
  result->median_ms = (ms[(runs - 1) / 2] + ms[runs / 2]) / 2;
  result->p95_ms = ms[(guint) (0.95 * (runs - 1) + 0.5)];
  result->fps = info->batch * 1e3 / result->median_ms;
  result->macs = tool_macs (model, width, height);
  result->gmacs = result->macs * result->fps / 1e9;
  return TRUE;
}

static void
print_json (RexnetEngine * engine, const Result * r, GArray * profile)
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
  tool_json_set_int (builder, "threads", info->threads);
  tool_json_set_string (builder, "isa", info->isa);
  tool_json_set_string (builder, "device", info->device);
  if (profile)
    tool_json_add_phases (builder, "profile", profile, TRUE);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static void
print_text (RexnetEngine * engine, const Result * r, GArray * profile)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));

  printf ("%s: %s, width %g, %ux%u, batch %u\n", model->name,
      rexnet_variant_to_string (model->variant), model->width,
      info->input.width, info->input.height, info->batch);
  printf ("%s", info->device);
  if (info->isa[0])             /* where the CPU computes */
    printf (" %s, %u thread%s", info->isa, info->threads,
        info->threads == 1 ? "" : "s");
  printf (", %u runs\n", tool_options.runs);
  printf ("median %.3f ms, min %.3f ms, p95 %.3f ms\n", r->median_ms,
      r->min_ms, r->p95_ms);
  printf ("%.1f frames/s, %.2f G multiply-adds/s\n", r->fps, r->gmacs);
  if (profile)
    tool_print_phases (profile, TRUE);
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GArray) profile = NULL;
  g_autoptr (GError) error = NULL;
  Result result;

  if (tool_options.scheduling == REXNET_SCHEDULING_THROUGHPUT
      && !tool_options.batch)
    tool_options.batch = tool_options.threads ? tool_options.threads
        : g_get_num_processors ();
  model = tool_load_model (TOOL_MODEL_GENERATE);
  engine = model ? tool_new_engine (model) : NULL;
  if (!engine)
    return TOOL_FAILED;

  if (!measure (engine, &result, &error)
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
