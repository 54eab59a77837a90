/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "graph.h"

typedef struct
{
  RexnetSession parent;
  RexnetClGraph graph;
  RexnetClProgram programs[2];  /* as in the graph */
  RexnetClPorts ports;
  guint width, height, classes;
  float *staging;               /* options.batch x ports.stride */
} Session;

static void
opencl_close (RexnetSession * session)
{
  Session *self = (Session *) session;
  RexnetClGraph *g = &self->graph;

  if (g->queue)
    cl.clFinish (g->queue);
  rexnet_cl_graph_clear (g);
  for (guint i = 0; i < G_N_ELEMENTS (self->programs); i++)
    rexnet_cl_program_close (&self->programs[i]);
  if (g->queue)
    cl.clReleaseCommandQueue (g->queue);
  if (g->context)
    cl.clReleaseContext (g->context);
  g_free (self->staging);
  g_free (self);
}

static gboolean
open_queue (RexnetClGraph * g, GError ** error)
{
  cl_context_properties properties[] = { CL_CONTEXT_PLATFORM,
    (cl_context_properties) g->device->platform, 0
  };
  cl_int status;

  g->context = cl.clCreateContext (properties, 1, &g->device->id, NULL, NULL,
      &status);
  if (!rexnet_cl_check (status, error, "open %s", g->device->info.name))
    return FALSE;
  g->queue = cl.clCreateCommandQueue (g->context, g->device->id, 0, &status);
  return rexnet_cl_check (status, error, "make a queue on %s",
      g->device->info.name);
}

static gboolean
write_input (Session * self, const float *input, guint batch, GError ** error)
{
  const RexnetClPorts *p = &self->ports;
  const gsize origin[3] = { sizeof (float), 1, 0 }, zero[3] = { 0, 0, 0 };
  const gsize region[3] = { self->width * sizeof (float), self->height,
    3 * batch
  };

  return rexnet_cl_check (cl.clEnqueueWriteBufferRect (self->graph.queue,
          p->input, CL_FALSE, origin, zero, region, p->pitch * sizeof (float),
          (gsize) p->rows * p->pitch * sizeof (float), region[0],
          region[0] * region[1], input, 0, NULL, NULL), error,
      "upload the input");
}

static gboolean
read_output (Session * self, guint batch, float *output, GError ** error)
{
  const RexnetClPorts *p = &self->ports;

  if (!rexnet_cl_check (cl.clEnqueueReadBuffer (self->graph.queue, p->output,
              CL_TRUE, 0, (gsize) batch * p->stride * sizeof (float),
              self->staging, 0, NULL, NULL), error, "read the result"))
    return FALSE;
  for (guint i = 0; i < batch; i++)
    memcpy (output + (gsize) i * self->classes,
        self->staging + (gsize) i * p->stride, self->classes * sizeof (float));
  return TRUE;
}

static gboolean
opencl_run (RexnetSession * session, const float *input, guint batch,
    float *logits, GError ** error)
{
  Session *self = (Session *) session;
  RexnetClGraph *g = &self->graph;
  gboolean ok = write_input (self, input, batch, error)
      && rexnet_cl_graph_enqueue (g, g->queue, batch, NULL, error)
      && read_output (self, batch, logits, error);

  /* The upload may still read @input. */
  if (!ok)
    cl.clFinish (g->queue);
  return ok;
}

/* Launches everything once: drivers compile, page in and allocate late. */
static gboolean
warm_up (Session * self, GError ** error)
{
  RexnetClGraph *g = &self->graph;

  return rexnet_cl_graph_enqueue (g, g->queue, 1, NULL, error)
      && rexnet_cl_check (cl.clFinish (g->queue), error, "run the network");
}

static gboolean
open_programs (Session * self, const RexnetEngineOptions * options,
    GError ** error)
{
  RexnetClGraph *g = &self->graph;

  for (guint i = 0; i <= (g->half ? 1 : 0); i++) {
    g_autofree char *flags = rexnet_cl_tiles_to_options (&g->tiles, g->half, i);

    if (!rexnet_cl_program_open (&self->programs[i], g->device, g->context,
            flags, options->cache_dir, options->progress,
            options->progress_data, error))
      return FALSE;
    g->programs[i] = self->programs[i].program;
  }
  return TRUE;
}

static gboolean
build (Session * self, const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, GError ** error)
{
  RexnetClGraph *g = &self->graph;

  g->tiles = rexnet_cl_tiles_default (g->device);
  if (!rexnet_cl_tiles_fit (&g->tiles, g->device)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
        "%s is too small: groups of %u items, %" G_GUINT64_FORMAT
        " bytes of local memory", g->device->info.name,
        g->device->info.max_work_group, g->device->info.local_memory);
    return FALSE;
  }
  if (!open_queue (g, error) || !open_programs (self, options, error))
    return FALSE;
  self->ports = rexnet_cl_network_build (g, net, input->width, input->height);
  if (g->error) {
    g_propagate_error (error, g_steal_pointer (&g->error));
    return FALSE;
  }
  self->staging = g_new (float, (gsize) g->batch * self->ports.stride);
  return warm_up (self, error);
}

static RexnetSession *
opencl_open (const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, GError ** error)
{
  const RexnetClDevice *device = rexnet_cl_device_find (options->device, error);
  Session *self;

  if (!device)
    return NULL;
  self = g_new0 (Session, 1);
  self->parent.backend = &rexnet_backend_opencl;
  self->width = input->width;
  self->height = input->height;
  self->classes = rexnet_network_classes (net);
  rexnet_cl_graph_init (&self->graph);
  self->graph.device = device;
  self->graph.batch = options->batch;
  self->graph.half = options->precision == REXNET_PRECISION_F16;
  if (!build (self, net, input, options, error)) {
    opencl_close (&self->parent);
    return NULL;
  }
  if (options->progress && !self->programs[0].cached)
    options->progress ("OpenCL kernels compiled", 1., options->progress_data);
  for (guint i = 0; i < G_N_ELEMENTS (self->programs); i++)
    rexnet_cl_program_save (&self->programs[i]);
  return &self->parent;
}

static void
opencl_get_info (RexnetSession * session, RexnetEngineInfo * info)
{
  Session *self = (Session *) session;

  info->device = self->graph.device->info.name;
  info->isa = "";
  info->threads = 0;
  info->weight_bytes = self->graph.weight_bytes;
  info->scratch_bytes = self->graph.scratch_bytes;
}

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
time_steps (Session * self, cl_command_queue queue, guint runs,
    cl_ulong * times, GError ** error)
{
  const guint n = self->graph.steps->len;
  g_autofree cl_event *events = g_new (cl_event, n);
  gboolean ok = TRUE;

  for (guint run = 0; run < runs && ok; run++) {
    memset (events, 0, n * sizeof *events);
    ok = rexnet_cl_graph_enqueue (&self->graph, queue, 1, events, error)
        && rexnet_cl_check (cl.clFinish (queue), error, "run the network");
    for (guint i = 0; i < n; i++) {
      ok = ok && event_time (events[i], &times[i * runs + run], error);
      if (events[i])
        cl.clReleaseEvent (events[i]);
    }
  }
  return ok;
}

static GArray *
opencl_profile (RexnetSession * session, guint runs, GError ** error)
{
  Session *self = (Session *) session;
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

const RexnetBackend rexnet_backend_opencl = {
  .name = "opencl",
  .handles = rexnet_cl_handles,
  .open = opencl_open,
  .close = opencl_close,
  .run = opencl_run,
  .get_info = opencl_get_info,
  .profile = opencl_profile,
};
