/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

static gboolean
time_calls (RexnetEngine * engine, const float *input, float *logits,
    guint runs, GArray * ms, GError ** error)
{
  guint batch = rexnet_engine_get_info (engine)->batch;
  double start = now_ms ();

  for (guint i = 0; i < WARM_UP_RUNS || now_ms () - start < WARM_UP_MS; i++)
    if (!rexnet_engine_run (engine, input, batch, logits, error))
      return FALSE;
  for (guint i = 0; i < runs; i++) {
    double took;

    start = now_ms ();
    if (!rexnet_engine_run (engine, input, batch, logits, error))
      return FALSE;
    took = now_ms () - start;
    g_array_append_val (ms, took);
  }
  return TRUE;
}

gboolean
timing_append (RexnetEngine * engine, guint runs, GArray * ms, GError ** error)
{
  RexnetModel *model = rexnet_engine_get_model (engine);
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  guint width = info->input.width, height = info->input.height;
  gsize image = (gsize) 3 * width * height;
  g_autofree float *input = g_try_new (float, image * info->batch);
  g_autofree float *logits = g_new (float,
      (gsize) info->batch * rexnet_model_get_info (model)->classes);

  if (!input) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_MEMORY,
        "no memory for the input of %u images of %ux%u pixels", info->batch,
        width, height);
    return FALSE;
  }
  for (guint i = 0; i < info->batch; i++)
    rexnet_generate_input (i, width, height, input + i * image);
  return time_calls (engine, input, logits, runs, ms, error);
}

double
timing_quantile (GArray * ms, double q)
{
  const double position = q * (ms->len - 1);
  const guint below = (guint) position;
  const double *sorted = (const double *) ms->data;

  g_array_sort (ms, compare_doubles);
  return sorted[below] + (position - below)
      * (sorted[MIN (below + 1, ms->len - 1)] - sorted[below]);
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
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  g_autoptr (GArray) ms = g_array_sized_new (FALSE, FALSE, sizeof (double),
      runs);

  if (!timing_append (engine, runs, ms, error))
    return FALSE;
  result->min_ms = timing_quantile (ms, 0);
  result->median_ms = timing_quantile (ms, 0.5);
  result->p95_ms = timing_quantile (ms, 0.95);
  result->fps = info->batch * 1e3 / result->median_ms;
  result->macs = tool_macs (rexnet_engine_get_model (engine),
      info->input.width, info->input.height);
  result->gmacs = result->macs * result->fps / 1e9;
  result->peak_gmacs = measure_peak (info);
  return TRUE;
}
