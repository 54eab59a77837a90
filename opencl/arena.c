/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arena.h"

static int
larger_first (gconstpointer a, gconstpointer b)
{
  const RexnetClSpan *x = *(RexnetClSpan * const *) a;
  const RexnetClSpan *y = *(RexnetClSpan * const *) b;

  if (x->size != y->size)
    return x->size > y->size ? -1 : 1;
  return x < y ? -1 : x > y;
}

static int
lower_first (gconstpointer a, gconstpointer b)
{
  const RexnetClSpan *x = *(RexnetClSpan * const *) a;
  const RexnetClSpan *y = *(RexnetClSpan * const *) b;

  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The lowest gap between those of @placed that are needed together with
 * @span; they are sorted by offset. */
static gsize
find_place (const GPtrArray * placed, const RexnetClSpan * span, gsize align)
{
  gsize offset = 0;

  for (guint i = 0; i < placed->len; i++) {
    const RexnetClSpan *other = g_ptr_array_index (placed, i);

    if (other->last < span->first || other->first > span->last)
      continue;
    if (other->offset >= offset + span->size)
      break;
    offset = MAX (offset, other->offset + other->size);
    offset = (offset + align - 1) / align * align;
  }
  return offset;
}

/* The largest first: they leave gaps for the smaller ones. */
gsize
rexnet_cl_arena_plan (RexnetClSpan * spans, guint n, gsize align)
{
  g_autoptr (GPtrArray) order = g_ptr_array_sized_new (n);
  g_autoptr (GPtrArray) placed = g_ptr_array_sized_new (n);
  gsize total = 0;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (order, &spans[i]);
  g_ptr_array_sort (order, larger_first);
  for (guint i = 0; i < n; i++) {
    RexnetClSpan *span = g_ptr_array_index (order, i);

    span->offset = find_place (placed, span, align);
    total = MAX (total, span->offset + span->size);
    g_ptr_array_add (placed, span);
    g_ptr_array_sort (placed, lower_first);
  }
  return total;
}
