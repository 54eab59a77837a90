/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernels on shapes of ReXNet x1.0, in percent of the multiply-adds that the
 * core can start. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "checkkernels.h"
#include "cpu/plan.h"

#define BATCHES 15              /* the fastest counts */
#define MACS_A_BATCH 3e6

/* Floats from the start of the memory, apart within 4 kB too. */
#define WEIGHTS ((1 << 19) + 272)
#define OUTPUT ((1 << 20) + 560)
#define FLOATS (1 << 21)

typedef struct
{
  Check *check;
  float *memory;                /* zeros, between two kernels */
  double peak;
} Bench;

typedef void (*BenchFunc) (const Bench * bench, gconstpointer shape);

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void
measure (const Bench * bench, const char *name, double macs, BenchFunc func,
    gconstpointer shape)
{
  guint calls = MAX (MACS_A_BATCH / macs, 1);
  double best = G_MAXDOUBLE;

  for (guint i = 0; i < BATCHES; i++) {
    double start = now ();

    for (guint j = 0; j < calls; j++)
      func (bench, shape);
    best = MIN (best, (now () - start) / calls);
  }
  printf ("%-7s %-34s %9.2f us %8.2f GMAC/s %6.1f %%\n",
      rexnet_isa_to_string (bench->check->isa), name, best * 1e6,
      macs / best * 1e-9, 100. * macs / best / bench->peak);
}

/* ---- matrix products -------------------------------------------------------------- */

typedef struct
{
  guint pixels, k, columns;
  gboolean silu, paired;
} GemmShape;

static void
run_gemm (const Bench * bench, gconstpointer data)
{
  const GemmShape *shape = data;
  const RexnetKernels *kernels = &bench->check->kernels;
  guint vl = kernels->vl;
  gsize a = (gsize) shape->pixels * vl;
  RexnetGemm gemm = {
    .a = bench->memory,.a_block = a,.k = shape->k,
    .b = bench->memory + WEIGHTS,.d = bench->memory + OUTPUT,.d_block = a,
    .crossed = bench->memory,.unscale = 1.f,
    .finish = {-INFINITY, INFINITY,
        shape->silu ? REXNET_ACTIVATION_SILU : REXNET_ACTIVATION_NONE}
  };

  (shape->paired ? kernels->gemm_paired[shape->columns]
      : kernels->gemm[shape->columns]) (&gemm, shape->pixels);
}

static void
bench_panel (const Bench * bench, guint columns, gboolean paired)
{
  const RexnetKernels *kernels = &bench->check->kernels;
  const GemmShape shapes[] = {
    {112, 16, 0, TRUE}, {56, 38, 0, TRUE}, {28, 61, 0, TRUE},
    {196, 128, 0, TRUE}, {196, 702, 0, FALSE}, {49, 174, 0, TRUE},
    {49, 1044, 0, FALSE}
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    GemmShape shape = shapes[i];
    g_autofree char *name = g_strdup_printf ("gemm %2u x %u%s: %3u pixels, k "
        "%u%s", paired ? kernels->gemm_paired_rows[columns] :
        kernels->gemm_rows[columns], columns, paired ? " paired" : "",
        shape.pixels, shape.k, shape.silu ? ", silu" : "");

    shape.columns = columns;
    shape.paired = paired;
    measure (bench, name, (double) shape.pixels * shape.k * columns
        * kernels->vl, run_gemm, &shape);
  }
}

static void
bench_gemm (const Bench * bench)
{
  for (guint columns = 1; columns <= REXNET_MAX_COLUMNS; columns++)
    bench_panel (bench, columns, FALSE);
  for (guint columns = 1; columns <= REXNET_MAX_PAIRED; columns++)
    if (bench->check->kernels.gemm_paired[columns])
      bench_panel (bench, columns, TRUE);
}

/* ---- products that pass over zeros ----------------------------------------------------- */

static void
run_sparse (const Bench * bench, gconstpointer data)
{
  const GemmShape *shape = data;
  const RexnetKernels *kernels = &bench->check->kernels;
  guint vl = kernels->vl;
  gsize a = (gsize) shape->pixels * vl;
  RexnetGemm gemm = {
    .a = bench->memory,.a_block = a,.k = shape->k,
    .b = bench->memory + WEIGHTS,.d = bench->memory + OUTPUT,.d_block = a,
    .chunk = rexnet_sparse_chunk (vl, shape->columns)
  };

  kernels->gemm_sparse[shape->columns] (&gemm, shape->pixels);
}

/* Of the inputs half are 0, as behind a ReLU; all of them count. */
static void
bench_sparse (const Bench * bench)
{
  const GemmShape shapes[] = {
    {.pixels = 28,.k = 162,.columns = 4}, {.pixels = 28,.k = 162,.columns = 5},
    {.pixels = 28,.k = 366,.columns = 5}, {.pixels = 196,.k = 702,.columns = 8},
    {.pixels = 49,.k = 1044,.columns = 12}
  };
  guint vl = bench->check->kernels.vl;

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    const GemmShape *shape = &shapes[i];
    gsize inputs = (gsize) shape->pixels * ((shape->k + vl - 1) / vl) * vl;
    g_autofree char *name = g_strdup_printf ("gemm  1 x %u sparse: %3u pixels, "
        "k %u", shape->columns, shape->pixels, shape->k);

    for (gsize j = 0; j < inputs; j++)
      bench->memory[j] = g_rand_boolean (bench->check->rand) ? 0.f :
          g_rand_double_range (bench->check->rand, 0.1, 6.);
    measure (bench, name, (double) shape->pixels * shape->k * shape->columns
        * vl, run_sparse, shape);
    memset (bench->memory, 0, inputs * sizeof (float));
  }
}

/* ---- depthwise ----------------------------------------------------------------------- */

typedef struct
{
  guint pixels, kernel, stride;
  RexnetDepthwiseFunc func;
} DepthwiseShape;

static void
run_depthwise (const Bench * bench, gconstpointer data)
{
  const DepthwiseShape *shape = data;
  const RexnetKernels *kernels = &bench->check->kernels;
  gsize row = (gsize) (shape->pixels * shape->stride + shape->kernel)
      * kernels->vl;
  RexnetDepthwise d = {
    .weights = bench->memory + WEIGHTS,.bias = bench->memory + WEIGHTS,
    .d = bench->memory + OUTPUT,.d_row = (gsize) shape->pixels * kernels->vl,
    .high = 6.f
  };

  for (guint i = 0; i < REXNET_DEPTHWISE_INPUTS; i++)
    d.row[i] = bench->memory + i * row;
  shape->func (&d, shape->pixels, 2);
}

static void
measure_depthwise (const Bench * bench, const DepthwiseShape * shape,
    const char *how)
{
  g_autofree char *name = g_strdup_printf
      ("depthwise %u x %u stride %u%s: %u pixels", shape->kernel, shape->kernel,
      shape->stride, how, shape->pixels);

  measure (bench, name, 2. * shape->pixels * shape->kernel * shape->kernel
      * bench->check->kernels.vl, run_depthwise, shape);
}

static void
bench_depthwise (const Bench * bench)
{
  const RexnetKernels *kernels = &bench->check->kernels;
  const DepthwiseShape shapes[] = {
    {112, 3, 1}, {56, 3, 2}, {56, 3, 1}, {28, 3, 2}, {28, 3, 1}, {14, 3, 1},
    {7, 3, 2}, {7, 3, 1}, {28, 5, 1}, {14, 5, 2}
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    DepthwiseShape shape = shapes[i];

    shape.func = kernels->depthwise[shape.kernel == 5][shape.stride - 1];
    measure_depthwise (bench, &shape, "");
    shape.func = kernels->depthwise_winograd;
    if (shape.func && shape.kernel == 3 && shape.stride == 1)
      measure_depthwise (bench, &shape, " winograd");
  }
}

/* ---- the rest --------------------------------------------------------------------------- */

static void
run_stem (const Bench * bench, gconstpointer data)
{
  const RexnetKernels *kernels = &bench->check->kernels;
  RexnetStem stem = {
    .b = bench->memory + WEIGHTS,.bias = bench->memory,
    .d = bench->memory + OUTPUT,.d_block = (gsize) 112 * kernels->vl,
    .finish = {.smooth = REXNET_ACTIVATION_SILU}
  };

  for (guint i = 0; i < 9; i++)
    stem.row[i] = bench->memory + i * 256;
  kernels->stem[2] (&stem, 112);
}

static void
run_silu (const Bench * bench, gconstpointer data)
{
  const RexnetFinish finish = {.smooth = REXNET_ACTIVATION_SILU };

  bench->check->kernels.activate (bench->memory, 256, &finish, NULL);
}

void
bench_kernels (Check * check)
{
  guint vl = check->kernels.vl;
  float *memory = aligned_alloc (4096, FLOATS * sizeof (float));
  Bench bench = {
    .check = check,.memory = memset (memory, 0, FLOATS * sizeof (float)),
    .peak = 1e9 * rexnet_cpu_peak (check->isa, 1)
  };

  printf ("%s: %u floats a vector, %.1f G multiply-adds/s at most\n",
      rexnet_isa_to_string (check->isa), vl, bench.peak * 1e-9);
  bench_gemm (&bench);
  bench_sparse (&bench);
  bench_depthwise (&bench);
  measure (&bench, "stem: 112 pixels", 112. * 27 * 2 * vl, run_stem, NULL);
  /* As if each were one multiply-add: the percentage means nothing. */
  measure (&bench, "silu: 256 vectors", 256. * vl, run_silu, NULL);
  free (memory);
}
