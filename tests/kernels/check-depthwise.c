/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "checkkernels.h"

#define ROUNDS 300
#define MAX_OUTPUTS 5           /* rows; apart only where there are two */

typedef struct
{
  RexnetDepthwise d;
  RexnetDepthwiseFunc func;
  gboolean winograd;
  guint kernel, stride, pixels, rows, n_guards;
  Guard row[REXNET_DEPTHWISE_INPUTS], weights, bias, out, pool;
  float *pool_before;
} Case;

/* What depthwise_winograd wants of the weights, behind them. */
static void
add_sums (const Case * c, guint vl)
{
  float *w = c->weights.data, *sums = w + 9 * vl;

  for (guint i = 0; i < 3 * vl; i++) {
    double ends = (double) w[i] + w[6 * vl + i], middle = w[3 * vl + i];

    sums[i] = (ends + middle) / 2.;
    sums[3 * vl + i] = (ends - middle) / 2.;
  }
}

/* Rows each in memory of their own, or as many as there are, evenly apart. */
static void
make_inputs (Check * check, Case * c)
{
  guint inputs = (c->rows - 1) * c->stride + c->kernel;
  gsize row = ((c->pixels - 1) * c->stride + c->kernel) * check->kernels.vl;

  c->n_guards = c->rows > REXNET_DEPTHWISE_ROWS ? 1 : inputs;
  for (guint i = 0; i < c->n_guards; i++)
    c->row[i] = check_values (check, inputs / c->n_guards * row);
  for (guint i = 0; i < MIN (inputs, c->stride + c->kernel); i++)
    c->d.row[i] = c->n_guards > 1 ? c->row[i].data : c->row[0].data + i * row;
  c->d.row_step = 2 * c->stride * row;
}

/* What tap row @ky of output row @y reads. */
static const float *
input_row (const Case * c, guint y, guint ky)
{
  return c->d.row[y % 2 * c->stride + ky] + y / 2 * c->d.row_step;
}

static void
make_case (Check * check, Case * c)
{
  const RexnetKernels *kernels = &check->kernels;
  guint vl = check->kernels.vl;
  GRand *rand = check->rand;

  memset (c, 0, sizeof *c);
  c->kernel = g_rand_boolean (rand) ? 3 : 5;
  c->stride = g_rand_int_range (rand, 1, 3);
  c->pixels = g_rand_int_range (rand, 1, 34);
  c->rows = g_rand_int_range (rand, 1, MAX_OUTPUTS + 1);
  c->func = kernels->depthwise[c->kernel == 5][c->stride - 1];
  c->winograd = kernels->depthwise_winograd && c->kernel == 3
      && c->stride == 1 && g_rand_boolean (rand);
  if (c->winograd)
    c->func = kernels->depthwise_winograd;
  make_inputs (check, c);
  c->weights = check_weights (check,
      (c->winograd ? REXNET_WINOGRAD_VECTORS : c->kernel * c->kernel) * vl);
  if (c->winograd)
    add_sums (c, vl);
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
  for (guint i = 0; i < c->n_guards; i++)
    guard_free (&c->row[i]);
  guard_free (&c->weights);
  guard_free (&c->bias);
  guard_free (&c->out);
  guard_free (&c->pool);
  g_free (c->pool_before);
}

/* What the terms of an output add up to at most: with Winograd's filtering
 * those of all four rows, each of a column's inputs with another before it
 * meets their weights. */
static double
winograd_magnitude (const Case * c, guint vl, guint y, guint x, guint lane)
{
  double sum = fabs (c->d.bias[lane]);

  for (guint kx = 0; kx < 3; kx++) {
    double w[3], in[4];

    for (guint i = 0; i < 3; i++)
      w[i] = fabs (c->d.weights[(i * 3 + kx) * vl + lane]);
    for (guint i = 0; i < 4; i++)
      in[i] = fabs (input_row (c, y & ~1u, i)[(x + kx) * vl + lane]);
    sum += (in[1] + in[2]) * (w[0] + w[1] + w[2])
        + (y % 2 == 0 ? (in[0] + in[2]) * w[0] : (in[3] + in[1]) * w[2]);
  }
  return sum;
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
          * input_row (c, y, ky)[(x * c->stride + kx) * vl + lane];

      sum += product;
      *magnitude += fabs (product);
    }
  if (c->winograd && (y | 1) < c->rows)
    *magnitude = winograd_magnitude (c, vl, y, x, lane);
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
            "depthwise %u x %u stride %u%s, pixel %u of %u, row %u of %u",
            c->kernel, c->kernel, c->stride, c->winograd ? " winograd" : "", x, c->pixels, y, c->rows);
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
    c.func (&c.d, c.pixels, c.rows);
    compare (check, &c);
    free_case (&c);
  }
}
