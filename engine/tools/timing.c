/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <time.h>

#include "timing.h"
#include "tool.h"

#define WARM_UP_RUNS 3
#define WARM_UP_MS 200

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

static double
measure_peak (const RexnetEngineInfo * info)
{
  RexnetIsa isa;

  return rexnet_isa_from_string (info->isa, &isa, NULL)
      ? rexnet_cpu_peak (isa, info->threads) : 0;
}

gboolean
timing_measure (RexnetEngine * engine, guint runs, Timing * result,
    GError ** error)
{
  RexnetModel *model = rexnet_engine_get_model (engine);
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  guint width = info->input.width, height = info->input.height;
  gsize image = (gsize) 3 * width * height;
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
  result->peak_gmacs = measure_peak (info);
  return TRUE;
}
