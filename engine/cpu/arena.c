/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arena.h"

#include <sys/mman.h>

#include <rexnet/rexnet.h>

#define LINE 64
#define HUGE_PAGE ((gsize) 2 << 20)

float *
rexnet_arena_take (RexnetArena * arena, gsize floats)
{
  guint8 *memory = arena->base ? arena->base + arena->used : NULL;

  arena->used += (floats * sizeof (float) + LINE - 1) / LINE * LINE;
  return (float *) memory;
}

static gsize
whole_pages (gsize bytes)
{
  return (MAX (bytes, 1) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

gpointer
rexnet_memory_map (gsize bytes, GError ** error)
{
  gsize size = whole_pages (bytes);
  guint8 *all = mmap (NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gsize before;

  if (all == MAP_FAILED) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_MEMORY,
        "cannot allocate %" G_GSIZE_FORMAT " bytes for the network; use a "
        "smaller batch, size or width", bytes);
    return NULL;
  }
  /* What lies outside the aligned part is given back. */
  before = -(guintptr) all & (HUGE_PAGE - 1);
  if (before > 0)
    munmap (all, before);
  munmap (all + before + size, HUGE_PAGE - before);
#ifdef MADV_HUGEPAGE
  madvise (all + before, size, MADV_HUGEPAGE);
#endif
  return all + before;
}

void
rexnet_memory_unmap (gpointer memory, gsize bytes)
{
  if (memory)
    munmap (memory, whole_pages (bytes));
}
