/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input of golden files and benchmarks: flat cells with a little noise,
 * which no layer turns into subnormal numbers. */
#include <rexnet/rexnet.h>

#include "uniform.h"

#define CELLS 7                 /* a side */

static guint64
seed_of (const char *name, guint seed)
{
  g_autofree char *key = g_strdup_printf ("%s:%u", name, seed);

  return rexnet_uniform_seed (key);
}

void
rexnet_generate_input (guint seed, guint width, guint height, float *input)
{
  const guint64 cells = seed_of ("cells", seed);
  const guint64 noise = seed_of ("noise", seed);
  gsize i = 0;

  for (guint c = 0; c < 3; c++)
    for (guint y = 0; y < height; y++)
      for (guint x = 0; x < width; x++, i++) {
        guint cell = (c * CELLS + CELLS * y / height) * CELLS
            + CELLS * x / width;

        input[i] = 4 * rexnet_uniform (cells, cell) - 2
            + 0.5 * (rexnet_uniform (noise, i) - 0.5);
      }
}
