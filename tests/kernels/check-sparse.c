/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 1 x 1 convolutions that pass over inputs that are 0. */
#include <math.h>
#include <string.h>

#include "checkkernels.h"

#define ROUNDS 24               /* of each number of columns */
#define NONE G_MAXUINT

/* One call, what it may touch, and what it must give. */
typedef struct
{
  RexnetGemm gemm;
  guint pixels, columns;
  double zeros;                 /* the share of inputs that are 0 */
  guint infinite;               /* the input whose weights are; NONE */
  Guard a, b, bias, scale, residual;
  double *expected, *rounding;  /* pixels x columns vectors */
} Case;

static gboolean
one_in (Check * check, guint n)
{
  return g_rand_int_range (check->rand, 0, n) == 0;
}

static float *
input (const Case * c, guint vl, guint pixel, guint k)
{
  return c->a.data + k / vl * c->gemm.a_block + pixel * vl + k % vl;
}

static void
pick_shape (Check * check, Case * c)
{
  guint vl = check->kernels.vl;
  const guint depths[] = {
    1, 2, vl - 1, vl, vl + 1, 3 * vl, REXNET_SPARSE_INPUTS - 1,
    REXNET_SPARSE_INPUTS, REXNET_SPARSE_INPUTS + 1, 2 * REXNET_SPARSE_INPUTS,
    162, 351
  };
  const double zeros[] = { 0., 0.5, 0.9, 1. };

  c->gemm.k = depths[g_rand_int_range (check->rand, 0,
          G_N_ELEMENTS (depths))];
  if (one_in (check, 2))
    c->gemm.k = g_rand_int_range (check->rand, 1, 240);
  c->pixels = one_in (check, 4) ? 1 : g_rand_int_range (check->rand, 1, 61);
  c->zeros = zeros[g_rand_int_range (check->rand, 0, G_N_ELEMENTS (zeros))];
  c->infinite = one_in (check, 2) ? NONE :
      (guint) g_rand_int_range (check->rand, 0, c->gemm.k);
}

/* Lanes past k, and what lies between two blocks of inputs, are no numbers. */
static void
make_input (Check * check, Case * c)
{
  guint vl = check->kernels.vl, blocks = (c->gemm.k + vl - 1) / vl;

  c->gemm.a_block = c->pixels * vl + g_rand_int_range (check->rand, 0, 40);
  c->a = guard_new ((blocks - 1) * c->gemm.a_block + c->pixels * vl);
  for (guint k = 0; k < c->gemm.k; k++)
    for (guint p = 0; p < c->pixels; p++) {
      gboolean zero = k == c->infinite
          || g_rand_double (check->rand) < c->zeros;

      *input (c, vl, p, k) = !zero ? check_value (check) :
          one_in (check, 2) ? 0.f : -0.f;
    }
  c->gemm.a = c->a.data;
}

static void
make_scale (Check * check, Case * c)
{
  guint vl = check->kernels.vl;
  const RexnetFinish clamps[] = {
    {-INFINITY, INFINITY}, {0.f, INFINITY}, {0.f, 6.f}
  };
  const RexnetFinish *clamp = &clamps[g_rand_int_range (check->rand, 0,
          G_N_ELEMENTS (clamps))];

  c->scale = check_weights (check, (c->gemm.k + vl - 1) / vl * vl);
  c->gemm.scale = one_in (check, 2) ? NULL : c->scale.data;
  c->gemm.low = clamp->low;
  c->gemm.high = clamp->high;
}

static void
make_residual (Check * check, Case * c)
{
  gsize plane = c->pixels * check->kernels.vl;

  c->gemm.residual_columns = one_in (check, 3) ? 0 :
      g_rand_int_range (check->rand, 0, c->columns + 1);
  c->gemm.residual_block = plane + g_rand_int_range (check->rand, 0, 40);
  c->residual = check_weights (check, c->gemm.residual_columns == 0 ? 1 :
      (c->gemm.residual_columns - 1) * c->gemm.residual_block + plane);
  c->gemm.residual = c->gemm.residual_columns ? c->residual.data : NULL;
}

/* What an input is multiplied by weights as: in floats, whose product may be 0
 * where that of doubles is not. */
static float
taken (const Case * c, guint vl, guint pixel, guint k)
{
  const RexnetGemm *g = &c->gemm;
  float value = *input (c, vl, pixel, k);

  if (!g->scale || isnan (value))
    return value;
  return fminf (fmaxf (value * g->scale[k], g->low), g->high);
}

static void
expect_pixel (const Case * c, guint vl, guint pixel)
{
  const RexnetGemm *g = &c->gemm;
  guint n = c->columns * vl;
  double *sum = c->expected + (gsize) pixel * n;
  double *magnitude = c->rounding + (gsize) pixel * n;

  for (guint i = 0; i < n; i++)
    sum[i] = g->bias ? g->bias[i] : 0.;
  for (guint i = 0; i < g->residual_columns * vl; i++) {
    float residual =
        g->residual[i / vl * g->residual_block + pixel * vl + i % vl];

    sum[i] += residual;
    magnitude[i] = fabs (residual);
  }
  for (guint i = 0; g->bias && i < n; i++)
    magnitude[i] += fabs (g->bias[i]);
  for (guint k = 0; k < g->k; k++) {
    double value = taken (c, vl, pixel, k);

    for (guint i = 0; value != 0. && i < n; i++) {
      double product = value * g->b[(gsize) k * n + i];

      sum[i] += product;
      magnitude[i] += fabs (product);
    }
  }
  for (guint i = 0; i < n; i++)
    magnitude[i] = check_rounding (g->k, magnitude[i]);
}

static void
make_case (Check * check, Case * c, guint columns)
{
  guint vl = check->kernels.vl;
  gsize outputs;

  memset (c, 0, sizeof *c);
  c->columns = columns;
  pick_shape (check, c);
  make_input (check, c);
  make_scale (check, c);
  make_residual (check, c);
  c->b = check_weights (check, (gsize) c->gemm.k * columns * vl);
  for (guint i = 0; c->infinite != NONE && i < columns * vl; i++)
    c->b.data[(gsize) c->infinite * columns * vl + i] =
        one_in (check, 2) ? INFINITY : -INFINITY;
  c->bias = check_weights (check, columns * vl);
  c->gemm.b = c->b.data;
  c->gemm.bias = one_in (check, 2) ? NULL : c->bias.data;
  c->gemm.prefetch = one_in (check, 2) ? NULL : c->b.data;
  c->gemm.d_block = c->pixels * vl + g_rand_int_range (check->rand, 0, 40);
  outputs = (gsize) c->pixels * columns * vl;
  c->expected = g_new0 (double, outputs);
  c->rounding = g_new0 (double, outputs);
  for (guint p = 0; p < c->pixels; p++)
    expect_pixel (c, vl, p);
}

static void
free_case (Case * c)
{
  guard_free (&c->a);
  guard_free (&c->b);
  guard_free (&c->bias);
  guard_free (&c->scale);
  guard_free (&c->residual);
  g_free (c->expected);
  g_free (c->rounding);
}

static Guard
run (Check * check, Case * c)
{
  guint vl = check->kernels.vl;
  Guard d = guard_new ((c->columns - 1) * c->gemm.d_block + c->pixels * vl);

  c->gemm.d = d.data;
  check->kernels.gemm_sparse[c->columns] (&c->gemm, c->pixels);
  return d;
}

/* Outputs of pixel @poisoned must not be numbers, and only those. */
static void
compare (Check * check, const Case * c, const Guard * d, guint poisoned)
{
  guint vl = check->kernels.vl, n = c->columns * vl;

  for (guint p = 0; p < c->pixels; p++)
    for (guint i = 0; i < n; i++) {
      float value = d->data[i / vl * c->gemm.d_block + p * vl + i % vl];
      gsize at = (gsize) p * n + i;

      if (p == poisoned)
        g_assert_true (isnan (value));
      else
        check_close (check, value, c->expected[at], c->rounding[at], 2e-6,
            "sparse of %u columns, k %u by %u blocks%s, pixel %u of %u, "
            "output %u", c->columns, c->gemm.k, c->gemm.chunk,
            c->gemm.scale ? ", scaled" : "", p, c->pixels, i);
    }
  for (gsize i = 0; i < d->floats; i++)
    g_assert_true (i % c->gemm.d_block < c->pixels * vl
        || guard_is_untouched (d, i));
  g_assert_true (guard_is_whole (d));
}

static void
check_chunk (Check * check, Case * c, guint poisoned)
{
  Guard d = run (check, c), again = run (check, c);

  compare (check, c, &d, poisoned);
  g_assert_cmpmem (d.data, d.floats * sizeof (float), again.data,
      again.floats * sizeof (float));
  guard_free (&d);
  guard_free (&again);
}

void
check_sparse (gconstpointer data)
{
  Check *check = (Check *) data;
  guint most = REXNET_SPARSE_INPUTS / check->kernels.vl;

  for (guint i = 0; i < ROUNDS * (REXNET_MAX_SPARSE + 1 - REXNET_MIN_SPARSE);
      i++) {
    Case c;
    guint poisoned;

    make_case (check, &c, REXNET_MIN_SPARSE + i / ROUNDS);
    for (c.gemm.chunk = 1; c.gemm.chunk <= most; c.gemm.chunk++)
      check_chunk (check, &c, NONE);
    poisoned = g_rand_int_range (check->rand, 0, c.pixels);
    *input (&c, check->kernels.vl, poisoned,
        g_rand_int_range (check->rand, 0, c.gemm.k)) = NAN;
    c.gemm.chunk = g_rand_int_range (check->rand, 1, most + 1);
    check_chunk (check, &c, poisoned);
    free_case (&c);
  }
}
