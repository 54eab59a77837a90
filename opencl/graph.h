/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network on a device: buffers and the kernels to launch in order, with
 * their arguments set once. Errors stick: after the first, functions that add
 * something do nothing, and the caller looks at `error` at the end.
 */
#pragma once

#include "network.h"
#include "program.h"

/* Frames in flight. */
#define REXNET_CL_SLOTS 2

typedef struct
{
  cl_kernel kernel;
  gsize global[3], local[3];    /* global[2] is for one image */
  char name[48], detail[96];
  guint64 macs, bytes;          /* for one image */
} RexnetClStep;

typedef struct
{
  const RexnetClDevice *device;
  cl_context context;
  cl_command_queue queue;
  cl_program programs[2];       /* [1]: HALF of kernels/common.cl; NULL: none */
  RexnetClTiles tiles;
  gboolean half;
  guint batch;

  GArray *steps;                /* RexnetClStep */
  cl_kernel other_stems[REXNET_CL_SLOTS - 1];   /* step 0 of those slots */
  GArray *buffers;              /* cl_mem, all that were made */
  gsize weight_bytes, scratch_bytes;
  GError *error;
} RexnetClGraph;

/* A map on the device, see kernels/common.cl; 1 x 1: a vector of floats. */
typedef struct
{
  cl_mem memory;                /* borrowed */
  guint channels, width, height;
  gboolean half;                /* its numbers; float else */
} RexnetClMap;

typedef struct
{
  cl_mem weight, bias;
  gsize bytes;
} RexnetClWeights;

/* What a network on the device reads and writes. */
typedef struct
{
  cl_mem input[REXNET_CL_SLOTS];        /* [batch][3][rows][pitch] floats; pixel
                                         * (0, 0) is at row 1, column 1, zeros
                                         * around */
  guint rows, pitch;
  cl_mem output;                /* [batch][stride] floats: logits, and after the
                                 * last step probabilities */
  guint stride;
  cl_mem features;              /* [batch][features_stride] floats */
  guint features_stride;
} RexnetClPorts;

static inline gsize
rexnet_cl_round_up (gsize value, gsize multiple)
{
  return (value + multiple - 1) / multiple * multiple;
}

static inline gsize
rexnet_cl_div_up (gsize value, gsize divisor)
{
  return (value + divisor - 1) / divisor;
}

void rexnet_cl_graph_init (RexnetClGraph * self);
void rexnet_cl_graph_clear (RexnetClGraph * self);

/* Channel blocks of @channels. */
guint rexnet_cl_graph_blocks (const RexnetClGraph * self, guint channels);

/* Bytes of one image's map. */
gsize rexnet_cl_graph_map_size (const RexnetClGraph * self, guint channels,
    guint pixels, gboolean half);

static inline gsize
rexnet_cl_graph_map_bytes (const RexnetClGraph * self, RexnetClMap map)
{
  return rexnet_cl_graph_map_size (self, map.channels, map.width * map.height,
      map.half);
}

/* Owned by the graph; NULL after an error. */
cl_mem rexnet_cl_graph_buffer (RexnetClGraph * self, gsize size);

/* @size bytes of @memory from @offset on, likewise. */
cl_mem rexnet_cl_graph_part (RexnetClGraph * self, cl_mem memory,
    gsize offset, gsize size);

/*
 * Folds and packs @conv as [tile][input channel x taps][tile blocks][CB].
 * @tile: output blocks of a tile of a 1 x 1 convolution; 0: none, a tile of one
 * @multiple: what the number of blocks is rounded up to
 * @half: of half; float else
 */
RexnetClWeights rexnet_cl_graph_weights (RexnetClGraph * self,
    const RexnetConv * conv, guint tile, guint multiple, gboolean half);

typedef struct
{
  gsize size;
  const void *value;
} RexnetClArgument;
#define REXNET_CL_ARG(variable) { sizeof (variable), &(variable) }

/* Makes a kernel and sets its arguments; NULL after an error. */
cl_kernel rexnet_cl_graph_make_kernel (RexnetClGraph * self,
    const char *function, gboolean half, const RexnetClArgument * arguments,
    guint n);

/* Appends a launch of kernel @function; @step's kernel is filled in.
 * @half: of the program with HALF */
void rexnet_cl_graph_add (RexnetClGraph * self, const char *function,
    gboolean half, RexnetClStep step, const RexnetClArgument * arguments,
    guint n);

/*
 * Enqueues steps [@first, @end) for @batch images.
 * @slot: whose input the first step reads
 * @wait: (nullable): what the first of them waits for
 * @events: (nullable): receives one per step
 */
gboolean rexnet_cl_graph_enqueue (RexnetClGraph * self, cl_command_queue queue,
    guint slot, guint first, guint end, guint batch, cl_event wait,
    cl_event * events, GError ** error);

/* The kernel of step @index. */
static inline cl_kernel
rexnet_cl_graph_kernel (const RexnetClGraph * self, guint index, guint slot)
{
  return index == 0 && slot > 0 ? self->other_stems[slot - 1]
      : g_array_index (self->steps, RexnetClStep, index).kernel;
}

/* Adds all steps of @net for inputs of @width x @height pixels; the last one
 * makes probabilities of the logits. */
RexnetClPorts rexnet_cl_network_build (RexnetClGraph * self,
    const RexnetNetwork * net, guint width, guint height);
