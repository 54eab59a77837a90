/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "golden-input.h"

#define CELLS 7                 /* a side */

static guint64
fnv1a64 (const char *text)
{
  guint64 hash = 0xcbf29ce484222325;

  for (; *text; text++)
    hash = (hash ^ (guint8) *text) * 0x100000001b3;
  return hash;
}

/* The number @i of the sequence @key, in [0, 1): splitmix64. */
static double
uniform (guint64 key, guint64 i)
{
  guint64 z = key + (i + 1) * 0x9e3779b97f4a7c15;

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return (double) (z >> 40) / (1 << 24);
}

void
golden_input_fill (float *input, guint seed, guint width, guint height)
{
  g_autofree char *cells_key = g_strdup_printf ("cells:%u", seed);
  g_autofree char *noise_key = g_strdup_printf ("noise:%u", seed);
  guint64 cells = fnv1a64 (cells_key), noise = fnv1a64 (noise_key);
  gsize i = 0;

  for (guint c = 0; c < 3; c++)
    for (guint y = 0; y < height; y++)
      for (guint x = 0; x < width; x++, i++) {
        guint cell = (c * CELLS + CELLS * y / height) * CELLS
            + CELLS * x / width;

        input[i] = 4 * uniform (cells, cell) - 2
            + 0.5 * (uniform (noise, i) - 0.5);
      }
}
