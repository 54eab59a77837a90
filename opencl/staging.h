/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of bytes to a device without waiting for it. Where host and device
 * share memory, they are written into the buffer that kernels read. Elsewhere
 * they go through memory that the device fetches from by itself, two pieces in
 * turn, so that the next bytes are written while the last ones travel.
 *
 *     to = rexnet_cl_staging_begin (staging, size, &error);
 *     memcpy (to, from, size);
 *     memory = rexnet_cl_staging_send (staging, &error);
 */
#pragma once

#include "device.h"

typedef struct
{
  cl_mem memory;
  void *mapped;                 /* NULL: it is not */
  gsize size;                   /* bytes */
  cl_event sent;                /* (nullable): the last that left it */
} RexnetClStagingPiece;

typedef struct
{
  const RexnetClDevice *device;
  cl_context context;
  cl_command_queue queue;       /* in order; borrowed, like the context */
  cl_mem memory;                /* of the device, where it has its own */
  gsize size, wanted;
  RexnetClStagingPiece piece[2];
  guint next;
} RexnetClStaging;

void rexnet_cl_staging_init (RexnetClStaging * self,
    const RexnetClDevice * device, cl_context context, cl_command_queue queue);

/* With nothing left in the queue. */
void rexnet_cl_staging_clear (RexnetClStaging * self);

/* Returns: where to write @size bytes, until rexnet_cl_staging_send(); NULL
 * with an error */
void *rexnet_cl_staging_begin (RexnetClStaging * self, gsize size,
    GError ** error);

/* Returns: where kernels find the bytes that are enqueued from now on till the
 * next begin; NULL with an error */
cl_mem rexnet_cl_staging_send (RexnetClStaging * self, GError ** error);
