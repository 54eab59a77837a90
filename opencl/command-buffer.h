/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cl_khr_command_buffer: the launches of a network recorded once and replayed
 * with one call a frame. The functions are of revision 0.9; the names of later
 * ones have the same arguments.
 */
#pragma once

#include "graph.h"

typedef struct
{
  gpointer buffer;              /* cl_command_buffer_khr; NULL: not recorded */
  guint batch;                  /* images it was recorded for */
} RexnetClCommandBuffer;

/*
 * Records steps [0, @end) of @graph for the input of @slot. Leaves @self empty
 * where the device cannot, which is no error.
 */
void rexnet_cl_command_buffer_record (RexnetClCommandBuffer * self,
    RexnetClGraph * graph, guint slot, guint end, guint batch);

cl_int rexnet_cl_command_buffer_enqueue (RexnetClCommandBuffer * self,
    RexnetClGraph * graph, cl_event wait);

void rexnet_cl_command_buffer_clear (RexnetClCommandBuffer * self,
    RexnetClGraph * graph);
