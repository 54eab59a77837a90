/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/kernels.h"
#include "pool.h"

/* Short, so that some run undisturbed on a busy machine too. */
#define ROUNDS 200
#define ROUND_US 500
#define MAX_THREADS 256

typedef struct
{
  RexnetKernels kernels;
  RexnetPool *pool;
  guint n;                      /* of one call */
} Peak;

static void
work (gpointer data, guint thread)
{
  const Peak *peak = data;
  float x[REXNET_PEAK_CHAINS * REXNET_MAX_VL] = { 0 };

  peak->kernels.multiply_add (peak->n, x);
}

/* Microseconds of the fastest of @rounds, in all threads or in this one. */
static gint64
fastest (Peak * peak, guint rounds, gboolean all)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < rounds; i++) {
    gint64 start = g_get_monotonic_time ();

    if (all)
      rexnet_pool_run (peak->pool, work, peak);
    else
      work (peak, 0);
    best = MIN (best, g_get_monotonic_time () - start);
  }
  return MAX (best, 1);
}

double
rexnet_cpu_peak (RexnetIsa isa, guint threads)
{
  RexnetIsa best = rexnet_isa_best ();
  Peak peak = { .n = 10000 };
  double count;

  threads = CLAMP (threads, 1, MAX_THREADS);
  peak.pool = rexnet_pool_new (threads, NULL);
  if (!peak.pool)
    return 0;
  rexnet_kernels_init (&peak.kernels, isa == REXNET_ISA_AUTO ? best
      : MIN (isa, best));
  peak.n = MAX (peak.n * ROUND_US / fastest (&peak, ROUNDS / 10, FALSE), 1000);
  count = (double) peak.n * REXNET_PEAK_CHAINS * peak.kernels.vl * threads;
  count /= fastest (&peak, ROUNDS, TRUE);
  rexnet_pool_free (peak.pool);
  return count / 1e3;
}
