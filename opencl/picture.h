/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of pictures into the network's input on the device: the bytes that
 * the filters need are uploaded, and two kernels do what image/ does on the
 * CPU. Buffers grow when a larger kind of picture comes, and only then.
 */
#pragma once

#include "graph.h"
#include "image/rows.h"
#include "staging.h"

typedef struct
{
  RexnetInput input;
  cl_context context;
  cl_command_queue queue;       /* in order; borrowed */
  cl_kernel first, second;
  RexnetClStaging staging;
  cl_mem table, temp;
  gsize table_size, temp_size;  /* bytes */
  RexnetImage kind;             /* of the last picture */
  gboolean prepared;

  /* What of each plane is uploaded, and where to. */
  guint n_planes;
  struct
  {
    guint row, rows;
    gsize column, bytes;        /* of each row */
    gsize offset;               /* in the upload; rows are `bytes` apart */
  } plane[3];
  gsize bytes;                  /* of an upload */
  gsize first_global[3], second_global[3];
} RexnetClPicture;

gboolean rexnet_cl_picture_init (RexnetClPicture * self,
    const RexnetClDevice * device, const RexnetInput * input,
    cl_context context, cl_program program, cl_command_queue queue,
    GError ** error);

/* With nothing left in the queue. */
void rexnet_cl_picture_clear (RexnetClPicture * self);

/*
 * Enqueues upload and kernels of @image, which may change afterwards.
 * @target: as image @index of @ports' input
 */
gboolean rexnet_cl_picture_enqueue (RexnetClPicture * self,
    const RexnetImage * image, const RexnetClPorts * ports, cl_mem target,
    guint index, GError ** error);
