/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "graph.h"

void
rexnet_cl_graph_init (RexnetClGraph * self)
{
  memset (self, 0, sizeof *self);
  self->steps = g_array_new (FALSE, FALSE, sizeof (RexnetClStep));
  self->buffers = g_array_new (FALSE, FALSE, sizeof (cl_mem));
}

void
rexnet_cl_graph_clear (RexnetClGraph * self)
{
  for (guint i = 0; i < self->steps->len; i++)
    cl.clReleaseKernel (g_array_index (self->steps, RexnetClStep, i).kernel);
  for (guint i = 0; i < G_N_ELEMENTS (self->other_stems); i++)
    if (self->other_stems[i])
      cl.clReleaseKernel (self->other_stems[i]);
  for (guint i = 0; i < self->buffers->len; i++)
    cl.clReleaseMemObject (g_array_index (self->buffers, cl_mem, i));
  g_array_unref (self->steps);
  g_array_unref (self->buffers);
  g_clear_error (&self->error);
}

guint
rexnet_cl_graph_blocks (const RexnetClGraph * self, guint channels)
{
  return (channels + self->tiles.cb - 1) / self->tiles.cb;
}

gsize
rexnet_cl_graph_map_size (const RexnetClGraph * self, guint channels,
    guint pixels, gboolean half)
{
  return (gsize) rexnet_cl_graph_blocks (self, channels) * self->tiles.cb
      * pixels * (half ? 2 : 4);
}

static cl_mem
create_buffer (RexnetClGraph * self, cl_mem_flags flags, gsize size,
    void *content)
{
  cl_int status;
  cl_mem memory;

  if (self->error)
    return NULL;
  memory = cl.clCreateBuffer (self->context, flags, MAX (size, 1), content,
      &status);
  if (!rexnet_cl_check (status, &self->error,
          "allocate %" G_GSIZE_FORMAT " bytes on %s", size,
          self->device->info.name))
    return NULL;
  g_array_append_val (self->buffers, memory);
  return memory;
}

cl_mem
rexnet_cl_graph_buffer (RexnetClGraph * self, gsize size)
{
  self->scratch_bytes += size;
  return create_buffer (self, CL_MEM_READ_WRITE, size, NULL);
}

cl_mem
rexnet_cl_graph_part (RexnetClGraph * self, cl_mem memory, gsize offset,
    gsize size)
{
  cl_buffer_region region = { offset, size };
  cl_int status;
  cl_mem part;

  if (self->error)
    return NULL;
  part = cl.clCreateSubBuffer (memory, CL_MEM_READ_WRITE,
      CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
  if (!rexnet_cl_check (status, &self->error,
          "take %" G_GSIZE_FORMAT " bytes of a buffer on %s", size,
          self->device->info.name))
    return NULL;
  g_array_append_val (self->buffers, part);
  return part;
}

/* To the nearest half, ties to even; no NaN comes here. */
static guint16
float_to_half (float value)
{
  guint32 bits, sign, magnitude, rest, shift;

  memcpy (&bits, &value, sizeof bits);
  sign = bits >> 16 & 0x8000;
  magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x477ff000)  /* 65520 and more */
    return sign | 0x7c00;
  if (magnitude < 0x33000000)   /* less than half the smallest subnormal */
    return sign;
  if (magnitude >= 0x38800000) {        /* normal */
    shift = 13;
    bits = magnitude - 0x38000000;
  } else {
    shift = 126 - (magnitude >> 23);
    bits = (magnitude & 0x7fffff) | 0x800000;
  }
  rest = bits & ((1u << shift) - 1);
  bits >>= shift;
  if (rest > 1u << (shift - 1) || (rest == 1u << (shift - 1) && bits & 1))
    bits++;
  return sign | bits;
}

static gsize
to_half (float *values, gsize n)
{
  guint16 *half = (guint16 *) values;

  for (gsize i = 0; i < n; i++) {
    guint16 h = float_to_half (values[i]);

    memcpy (&half[i], &h, sizeof h);
  }
  return n * sizeof *half;
}

/* @taps: of a row of @weight; @rows: of a tile of @packed, the rest zero */
static void
pack (const float *weight, guint out, guint taps, guint rows, guint tile,
    guint cb, float *packed)
{
  for (guint o = 0; o < out; o++) {
    const guint block = o / cb;
    float *column = packed + ((gsize) (block / tile) * rows * tile
        + block % tile) * cb + o % cb;

    for (guint t = 0; t < taps; t++)
      column[(gsize) t * tile * cb] = weight[(gsize) o * taps + t];
  }
}

RexnetClWeights
rexnet_cl_graph_weights (RexnetClGraph * self, const RexnetConv * conv,
    guint tile, guint multiple, gboolean half)
{
  const guint cb = self->tiles.cb;
  const guint taps = (conv->depthwise ? 1 : conv->in) * conv->kernel
      * conv->kernel;
  const guint rows = tile && conv->kernel == 1 && cb == 4
      ? rexnet_cl_round_up (taps, cb) : taps;
  const guint blocks = rexnet_cl_round_up (rexnet_cl_graph_blocks (self,
          conv->out),
      multiple);
  const gsize count = (gsize) blocks * rows * cb;
  g_autofree float *weight = g_new (float, (gsize) conv->out * taps);
  g_autofree float *bias = g_new0 (float, (gsize) blocks * cb);
  g_autofree float *packed = g_new0 (float, count);
  RexnetClWeights result;

  rexnet_conv_fold (conv, weight, bias);
  pack (weight, conv->out, taps, rows, MAX (tile, 1), cb, packed);
  result.bytes = half ? to_half (packed, count) : count * sizeof (float);
  result.weight = create_buffer (self, CL_MEM_READ_ONLY
      | CL_MEM_COPY_HOST_PTR, result.bytes, packed);
  result.bias = create_buffer (self, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
      (gsize) blocks * cb * sizeof (float), bias);
  self->weight_bytes += result.bytes + (gsize) blocks * cb * sizeof (float);
  return result;
}

cl_kernel
rexnet_cl_graph_make_kernel (RexnetClGraph * self, const char *function,
    gboolean half, const RexnetClArgument * arguments, guint n)
{
  cl_kernel kernel;
  cl_int status;

  if (self->error)
    return NULL;
  kernel = cl.clCreateKernel (self->programs[half], function, &status);
  for (guint i = 0; i < n && status == CL_SUCCESS; i++)
    status = cl.clSetKernelArg (kernel, i, arguments[i].size,
        arguments[i].value);
  if (rexnet_cl_check (status, &self->error, "prepare kernel %s", function))
    return kernel;
  if (kernel)
    cl.clReleaseKernel (kernel);
  return NULL;
}

void
rexnet_cl_graph_add (RexnetClGraph * self, const char *function,
    gboolean half, RexnetClStep step, const RexnetClArgument * arguments,
    guint n)
{
  step.kernel = rexnet_cl_graph_make_kernel (self, function, half, arguments,
      n);
  if (step.kernel)
    g_array_append_val (self->steps, step);
}

gboolean
rexnet_cl_graph_enqueue (RexnetClGraph * self, cl_command_queue queue,
    guint slot, guint first, guint end, guint batch, cl_event wait,
    cl_event * events, GError ** error)
{
  for (guint i = first; i < end; i++) {
    const RexnetClStep *step = &g_array_index (self->steps, RexnetClStep, i);
    const gboolean waits = wait && i == first;
    gsize global[3] = { step->global[0], step->global[1],
      step->global[2] * batch
    };

    if (!rexnet_cl_check (cl.clEnqueueNDRangeKernel (queue,
                rexnet_cl_graph_kernel (self, i, slot), 3, NULL, global,
                step->local, waits, waits ? &wait : NULL,
                events ? &events[i] : NULL), error, "launch %s", step->name))
      return FALSE;
  }
  return TRUE;
}
