/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places for what a network computes on the way, in one piece of memory: what
 * is not needed at the same time may lie in the same place.
 */
#pragma once

#include <glib.h>

typedef struct
{
  gsize size;                   /* bytes */
  guint first, last;            /* steps that write and read it, inclusive */
  gsize offset;                 /* by rexnet_cl_arena_plan() */
} RexnetClSpan;

/*
 * Gives each of @spans its offset, a multiple of @align.
 * Returns: the bytes of all
 */
gsize rexnet_cl_arena_plan (RexnetClSpan * spans, guint n, gsize align);
