/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "session.h"

static int
compare_times (const void *a, const void *b)
{
  const cl_ulong x = *(const cl_ulong *) a, y = *(const cl_ulong *) b;

  return x < y ? -1 : x > y;
}

static gboolean
event_time (cl_event event, cl_ulong * time, GError ** error)
{
  cl_ulong start = 0, end = 0;
  cl_int status = cl.clGetEventProfilingInfo (event, CL_PROFILING_COMMAND_START,
      sizeof start, &start, NULL);

  if (status == CL_SUCCESS)
    status = cl.clGetEventProfilingInfo (event, CL_PROFILING_COMMAND_END,
        sizeof end, &end, NULL);
  *time = end - start;
  return rexnet_cl_check (status, error, "time a kernel");
}

/* @times: steps x runs */
static gboolean
time_steps (RexnetClSession * self, cl_command_queue queue, guint runs,
    cl_ulong * times, GError ** error)
{
  const guint n = self->graph.steps->len;
  g_autofree cl_event *events = g_new (cl_event, n);
  gboolean ok = TRUE;

  for (guint run = 0; run < runs && ok; run++) {
    memset (events, 0, n * sizeof *events);
    ok = rexnet_cl_graph_enqueue (&self->graph, queue, 0, 0, n, 1, NULL, events,
        error)
        && rexnet_cl_check (cl.clFinish (queue), error, "run the network");
    for (guint i = 0; i < n; i++) {
      ok = ok && event_time (events[i], &times[i * runs + run], error);
      if (events[i])
        cl.clReleaseEvent (events[i]);
    }
  }
  return ok;
}

GArray *
rexnet_cl_session_profile (RexnetSession * session, guint runs, GError ** error)
{
  RexnetClSession *self = (RexnetClSession *) session;
  RexnetClGraph *g = &self->graph;
  const guint n = g->steps->len;
  g_autofree cl_ulong *times = g_new0 (cl_ulong, (gsize) n * MAX (runs, 1));
  GArray *plan;

  if (runs) {
    cl_int status;
    cl_command_queue queue = cl.clCreateCommandQueue (g->context, g->device->id,
        CL_QUEUE_PROFILING_ENABLE, &status);
    gboolean ok;

    if (!rexnet_cl_check (status, error, "make a queue that takes times"))
      return NULL;
    ok = time_steps (self, queue, runs, times, error);
    cl.clReleaseCommandQueue (queue);
    if (!ok)
      return NULL;
  }
  plan = g_array_sized_new (FALSE, TRUE, sizeof (RexnetPhase), n);
  for (guint i = 0; i < n; i++) {
    const RexnetClStep *step = &g_array_index (g->steps, RexnetClStep, i);
    RexnetPhase phase = {.macs = step->macs,.bytes = step->bytes };

    qsort (&times[i * runs], runs, sizeof *times, compare_times);
    phase.ms = runs ? times[i * runs + runs / 2] / 1e6 : 0.;
    g_strlcpy (phase.name, step->name, sizeof phase.name);
    g_strlcpy (phase.detail, step->detail, sizeof phase.detail);
    g_array_append_val (plan, phase);
  }
  return plan;
}
