/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory planned before it is had. A layout is a function that takes its
 * buffers from an arena; it runs once with base NULL, which only counts, and
 * again over the memory of the size counted. Not thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct
{
  guint8 *base;                 /* NULL: measuring */
  gsize used;                   /* bytes */
} RexnetArena;

/* Returns: @floats floats on a cache line of their own; NULL when measuring. */
float *rexnet_arena_take (RexnetArena * arena, gsize floats);

/* Maps @bytes of zeros at a multiple of 2 MB and asks for huge pages.
 * Returns: NULL with REXNET_ERROR_MEMORY when the system has no such amount */
gpointer rexnet_memory_map (gsize bytes, GError ** error);

/* @memory: (nullable): what rexnet_memory_map() gave for @bytes */
void rexnet_memory_unmap (gpointer memory, gsize bytes);
