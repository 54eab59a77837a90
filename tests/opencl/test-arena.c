/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan of a network's memory; needs no device. */
#include "arena.h"

#define ALIGN 128

static gboolean
overlap (gsize a, gsize a_end, gsize b, gsize b_end)
{
  return a < b_end && b < a_end;
}

/* The most bytes that are needed in one step. */
static gsize
lower_bound (const RexnetClSpan * spans, guint n, guint steps)
{
  gsize most = 0;

  for (guint step = 0; step < steps; step++) {
    gsize bytes = 0;

    for (guint i = 0; i < n; i++)
      if (spans[i].first <= step && step <= spans[i].last)
        bytes += spans[i].size;
    most = MAX (most, bytes);
  }
  return most;
}

static void
assert_apart (const RexnetClSpan * spans, guint n, gsize total)
{
  for (guint i = 0; i < n; i++) {
    const RexnetClSpan *a = &spans[i];

    g_assert_cmpuint (a->offset % ALIGN, ==, 0);
    g_assert_cmpuint (a->offset + a->size, <=, total);
    for (guint k = 0; k < i; k++) {
      const RexnetClSpan *b = &spans[k];

      g_assert_false (overlap (a->first, a->last + 1, b->first, b->last + 1)
          && overlap (a->offset, a->offset + a->size, b->offset,
              b->offset + b->size));
    }
  }
}

static void
test_random (void)
{
  for (guint round = 0; round < 200; round++) {
    const guint n = g_test_rand_int_range (1, 60);
    g_autofree RexnetClSpan *spans = g_new0 (RexnetClSpan, n);
    gsize total, all = 0;

    for (guint i = 0; i < n; i++) {
      spans[i].size = g_test_rand_int_range (1, 5000);
      spans[i].first = g_test_rand_int_range (0, 40);
      spans[i].last = spans[i].first + g_test_rand_int_range (0, 8);
      all += (spans[i].size + ALIGN - 1) / ALIGN * ALIGN;
    }
    total = rexnet_cl_arena_plan (spans, n, ALIGN);
    assert_apart (spans, n, total);
    g_assert_cmpuint (total, >=, lower_bound (spans, n, 50));
    g_assert_cmpuint (total, <=, all);
  }
}

/* A chain in which each step reads what the one before it wrote takes turns in
 * two places. */
static void
test_chain (void)
{
  RexnetClSpan spans[8];

  for (guint i = 0; i < G_N_ELEMENTS (spans); i++)
    spans[i] = (RexnetClSpan) { 1024, i, i + 1, 0 };
  g_assert_cmpuint (rexnet_cl_arena_plan (spans, G_N_ELEMENTS (spans), ALIGN),
      ==, 2048);
  assert_apart (spans, G_N_ELEMENTS (spans), 2048);
  g_assert_cmpuint (rexnet_cl_arena_plan (NULL, 0, ALIGN), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arena/random", test_random);
  g_test_add_func ("/arena/chain", test_chain);
  return g_test_run ();
}
