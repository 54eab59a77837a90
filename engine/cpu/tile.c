/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tile.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpuinfo.h"

#define K 96
#define TILES 2                 /* pixels: so many times the tile's height */
#define MAX_PIXELS (14 * TILES)
#define ROUNDS 12               /* the fastest counts: others share the core */
#define CALLS 4

/* A wider panel wastes more lanes at the edge of a map: it must win by this. */
#define MARGIN 1.04

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* Multiply-adds a second, in vectors. */
static double
speed (const RexnetKernels * kernels, guint columns, float *memory)
{
  guint vl = kernels->vl, pixels = kernels->gemm_rows[columns] * TILES;
  const gsize a_block = MAX_PIXELS * vl;
  RexnetGemm gemm = {
    .a = memory,.a_block = a_block,.k = K,
    .b = memory + K * MAX_PIXELS,
    .d = memory + K * MAX_PIXELS + K * REXNET_MAX_COLUMNS * vl,
    .d_block = a_block,.finish = {.low = -1.f,.high = 1.f}
  };
  double best = 1.;

  for (guint i = 0; i < ROUNDS; i++) {
    double start = now ();

    for (guint j = 0; j < CALLS; j++)
      kernels->gemm[columns] (&gemm, pixels);
    best = MIN (best, now () - start);
  }
  return (double) CALLS * K * pixels * columns / MAX (best, 1e-9);
}

static guint
measure (const RexnetKernels * kernels)
{
  guint vl = kernels->vl, best = 2;
  gsize bytes = sizeof (float) * (K * MAX_PIXELS + K * REXNET_MAX_COLUMNS * vl
      + MAX_PIXELS * REXNET_MAX_COLUMNS * vl);
  float *memory = memset (aligned_alloc (64, bytes), 0, bytes);
  double most = speed (kernels, 2, memory);

  for (guint columns = 3; columns <= REXNET_MAX_COLUMNS; columns++) {
    double s = speed (kernels, columns, memory);

    if (s > most * MARGIN) {
      most = s;
      best = columns;
    }
  }
  free (memory);
  return best;
}

static guint
measured_columns (const RexnetKernels * kernels)
{
  static GMutex lock;
  static guint known[REXNET_MAX_VL + 1];
  guint columns;

  g_mutex_lock (&lock);
  if (known[kernels->vl] == 0)
    known[kernels->vl] = measure (kernels);
  columns = known[kernels->vl];
  g_mutex_unlock (&lock);
  return columns;
}

RexnetTile
rexnet_tile_choose (const RexnetKernels * kernels)
{
  if (kernels->paired_columns > 0 && rexnet_cpu_info ()->adders)
    return (RexnetTile) {
    kernels->paired_columns, TRUE};
  return (RexnetTile) {
  measured_columns (kernels), FALSE};
}

guint
rexnet_tile_rows (const RexnetKernels * kernels, RexnetTile tile)
{
  return tile.paired ? kernels->gemm_paired_rows[tile.columns] :
      kernels->gemm_rows[tile.columns];
}
