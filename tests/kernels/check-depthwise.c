/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "checkkernels.h"

#define ROUNDS 150

typedef struct
{
  RexnetDepthwise d;
  guint kernel, stride, pixels, rows, inputs;
  Guard row[REXNET_DEPTHWISE_INPUTS], weights, bias, out, pool;
  float *pool_before;
} Case;

static void
make_case (Check * check, Case * c)
{
  guint vl = check->kernels.vl;
  GRand *rand = check->rand;

  memset (c, 0, sizeof *c);
  c->kernel = g_rand_boolean (rand) ? 3 : 5;
  c->stride = g_rand_int_range (rand, 1, 3);
  c->pixels = g_rand_int_range (rand, 1, 34);
  c->rows = g_rand_int_range (rand, 1, REXNET_DEPTHWISE_ROWS + 1);
  c->inputs = (c->rows - 1) * c->stride + c->kernel;
  for (guint i = 0; i < c->inputs; i++) {
    c->row[i] = check_values (check,
        ((c->pixels - 1) * c->stride + c->kernel) * vl);
    c->d.row[i] = c->row[i].data;
  }
  c->weights = check_weights (check, c->kernel * c->kernel * vl);
  c->bias = check_weights (check, vl);
  c->pool = check_weights (check, vl);
  c->pool_before = g_memdup2 (c->pool.data, vl * sizeof (float));
  c->d.weights = c->weights.data;
  c->d.bias = c->bias.data;
  c->d.pool = g_rand_boolean (rand) ? c->pool.data : NULL;
  c->d.d_row = c->pixels * vl + g_rand_int_range (rand, 0, 20);
  c->out = guard_new ((c->rows - 1) * c->d.d_row + c->pixels * vl);
  c->d.d = c->out.data;
  c->d.low = g_rand_boolean (rand) ? 0.f : -INFINITY;
  c->d.high = g_rand_boolean (rand) ? 6.f : INFINITY;
}

static void
free_case (Case * c)
{
  for (guint i = 0; i < c->inputs; i++)
    guard_free (&c->row[i]);
  guard_free (&c->weights);
  guard_free (&c->bias);
  guard_free (&c->out);
  guard_free (&c->pool);
  g_free (c->pool_before);
}

static double
expected (const Case * c, guint vl, guint y, guint x, guint lane,
    double *magnitude)
{
  const RexnetFinish finish = {.low = c->d.low,.high = c->d.high };
  double sum = c->d.bias[lane];

  *magnitude = fabs (sum);
  for (guint ky = 0; ky < c->kernel; ky++)
    for (guint kx = 0; kx < c->kernel; kx++) {
      double product = (double) c->d.weights[(ky * c->kernel + kx) * vl + lane]
          * c->d.row[y * c->stride + ky][(x * c->stride + kx) * vl + lane];

      sum += product;
      *magnitude += fabs (product);
    }
  return check_finish (sum, &finish);
}

static void
compare (Check * check, const Case * c)
{
  guint vl = check->kernels.vl;

  for (guint lane = 0; lane < vl; lane++) {
    double pool = c->pool_before[lane], most = fabs (pool), magnitude;

    for (guint y = 0; y < c->rows; y++)
      for (guint x = 0; x < c->pixels; x++) {
        double value = expected (c, vl, y, x, lane, &magnitude);

        check_close (check, c->d.d[y * c->d.d_row + x * vl + lane], value,
            check_rounding (c->kernel * c->kernel, magnitude), 1e-6,
            "depthwise %u x %u stride %u, pixel %u of %u, row %u of %u",
            c->kernel, c->kernel, c->stride, x, c->pixels, y, c->rows);
        pool += value;
        most += magnitude;
      }
    if (c->d.pool)
      check_close (check, c->pool.data[lane], pool, 1e-6 * most, 1e-6,
          "pool of depthwise, %u pixels", c->pixels);
    else
      g_assert_true (memcmp (&c->pool.data[lane], &c->pool_before[lane],
              sizeof (float)) == 0);
  }
  for (guint y = 0; y + 1 < c->rows; y++)
    for (gsize i = c->pixels * vl; i < c->d.d_row; i++)
      g_assert_true (guard_is_untouched (&c->out, y * c->d.d_row + i));
  g_assert_true (guard_is_whole (&c->out) && guard_is_whole (&c->pool));
}

void
check_depthwise (gconstpointer data)
{
  Check *check = (Check *) data;

  for (guint i = 0; i < ROUNDS; i++) {
    Case c;

    make_case (check, &c);
    check->kernels.depthwise[c.kernel == 5][c.stride - 1] (&c.d, c.pixels,
        c.rows);
    compare (check, &c);
    free_case (&c);
  }
}
