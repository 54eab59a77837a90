/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "command-buffer.h"

/* Headers disagree on the constness of arguments, so these are our own. */
typedef gpointer (CL_API_CALL * CreateFunc) (cl_uint n_queues,
    const cl_command_queue * queues, const cl_ulong * properties,
    cl_int * status);
typedef cl_int (CL_API_CALL * BufferFunc) (gpointer buffer);
typedef cl_int (CL_API_CALL * KernelFunc) (gpointer buffer,
    cl_command_queue queue, const cl_ulong * properties, cl_kernel kernel,
    cl_uint dimensions, const size_t *offset, const size_t *global,
    const size_t *local, cl_uint n_points, const cl_uint * points,
    cl_uint * point, gpointer handle);
typedef cl_int (CL_API_CALL * EnqueueFunc) (cl_uint n_queues,
    cl_command_queue * queues, gpointer buffer, cl_uint n_events,
    const cl_event * events, cl_event * event);

#define DEVICE_REQUIRED_QUEUE_PROPERTIES 0x12AA

static gpointer
find (const RexnetClGraph * graph, const char *name)
{
  return cl.clGetExtensionFunctionAddressForPlatform (graph->device->platform,
      name);
}

/* Our queues have no properties; some devices ask for some. */
static gboolean
is_supported (const RexnetClGraph * graph)
{
  cl_ulong required = 0;

  if (!graph->device->info.command_buffer)
    return FALSE;
  cl.clGetDeviceInfo (graph->device->id, DEVICE_REQUIRED_QUEUE_PROPERTIES,
      sizeof required, &required, NULL);
  return required == 0;
}

/* Each launch waits for the one before it by its sync point. */
static gboolean
record (RexnetClCommandBuffer * self, RexnetClGraph * graph, guint slot,
    guint end, guint batch)
{
  KernelFunc add = (KernelFunc) find (graph, "clCommandNDRangeKernelKHR");
  BufferFunc finalize = (BufferFunc) find (graph, "clFinalizeCommandBufferKHR");
  cl_uint point = 0, before;

  if (!add || !finalize)
    return FALSE;
  for (guint i = 0; i < end; i++) {
    const RexnetClStep *step = &g_array_index (graph->steps, RexnetClStep, i);
    gsize global[3] = { step->global[0], step->global[1],
      step->global[2] * batch
    };

    before = point;
    if (add (self->buffer, NULL, NULL, rexnet_cl_graph_kernel (graph, i, slot),
            3, NULL, global, step->local, i > 0, i > 0 ? &before : NULL,
            &point, NULL)
        != CL_SUCCESS)
      return FALSE;
  }
  return finalize (self->buffer) == CL_SUCCESS;
}

void
rexnet_cl_command_buffer_record (RexnetClCommandBuffer * self,
    RexnetClGraph * graph, guint slot, guint end, guint batch)
{
  CreateFunc create;
  cl_int status;

  if (!is_supported (graph))
    return;
  create = (CreateFunc) find (graph, "clCreateCommandBufferKHR");
  if (!create || !find (graph, "clEnqueueCommandBufferKHR"))
    return;
  self->buffer = create (1, &graph->queue, NULL, &status);
  if (status != CL_SUCCESS)
    self->buffer = NULL;
  self->batch = batch;
  if (self->buffer && !record (self, graph, slot, end, batch))
    rexnet_cl_command_buffer_clear (self, graph);
}

cl_int
rexnet_cl_command_buffer_enqueue (RexnetClCommandBuffer * self,
    RexnetClGraph * graph, cl_event wait)
{
  EnqueueFunc enqueue = (EnqueueFunc) find (graph,
      "clEnqueueCommandBufferKHR");

  return enqueue (0, NULL, self->buffer, wait != NULL, wait ? &wait : NULL,
      NULL);
}

void
rexnet_cl_command_buffer_clear (RexnetClCommandBuffer * self,
    RexnetClGraph * graph)
{
  if (self->buffer)
    ((BufferFunc) find (graph, "clReleaseCommandBufferKHR")) (self->buffer);
  memset (self, 0, sizeof *self);
}
