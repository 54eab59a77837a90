/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vector products, passes over maps, and the smooth functions. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "checkkernels.h"

#define ROUNDS 120

void
check_matvec (gconstpointer data)
{
  Check *check = (Check *) data;
  guint vl = check->kernels.vl;

  for (guint i = 0; i < ROUNDS; i++) {
    guint columns = g_rand_int_range (check->rand, 1,
        REXNET_MATVEC_COLUMNS + 1);
    guint k = g_rand_int_range (check->rand, 0, i % 4 ? 40 : 700);
    gboolean biased = g_rand_boolean (check->rand);
    Guard x = check_values (check, k), bias = check_weights (check,
        columns * vl);
    Guard w = check_weights (check, (gsize) k * columns * vl);
    Guard y = guard_new (columns * vl);

    check->kernels.matvec[columns] (k, x.data, w.data,
        biased ? bias.data : NULL, y.data);
    for (guint n = 0; n < columns * vl; n++) {
      double sum = biased ? bias.data[n] : 0., magnitude = fabs (sum);

      for (guint j = 0; j < k; j++) {
        double product = (double) x.data[j]
            * w.data[(gsize) j * columns * vl + n];

        sum += product;
        magnitude += fabs (product);
      }
      check_close (check, y.data[n], sum, check_rounding (k, magnitude), 1e-6,
          "matvec of %u columns, k %u, output %u", columns, k, n);
    }
    g_assert_true (guard_is_whole (&y));
    guard_free (&x);
    guard_free (&bias);
    guard_free (&w);
    guard_free (&y);
  }
}

static void
check_scale (Check * check, guint n)
{
  guint vl = check->kernels.vl;
  RexnetFinish finish = check_random_finish (check);
  Guard a = check_values (check, n * vl), s = check_weights (check, vl);
  Guard d = guard_new (n * vl);

  check->kernels.scale (a.data, s.data, d.data, n, &finish);
  for (guint i = 0; i < n * vl; i++)
    check_close (check, d.data[i],
        check_finish ((double) a.data[i] * s.data[i % vl], &finish), 1e-30,
        2e-4, "scale, float %u of %u", i, n * vl);
  g_assert_true (guard_is_whole (&d));
  guard_free (&a);
  guard_free (&s);
  guard_free (&d);
}

static void
check_activate (Check * check, guint n)
{
  guint vl = check->kernels.vl;
  RexnetFinish finish = check_random_finish (check);
  Guard d = check_values (check, n * vl), pool = check_weights (check, vl);
  g_autofree double *sum = g_new (double, vl);
  g_autofree double *most = g_new (double, vl);
  g_autofree float *before = g_memdup2 (d.data, n * vl * sizeof (float));

  for (guint i = 0; i < vl; i++)
    sum[i] = most[i] = pool.data[i];
  check->kernels.activate (d.data, n, &finish, pool.data);
  for (guint i = 0; i < n * vl; i++) {
    double value = check_finish (before[i], &finish);

    sum[i % vl] += value;
    most[i % vl] += fabs (value);
    check_close (check, d.data[i], value, 1e-30, 2e-6, "activate (%g)",
        before[i]);
  }
  for (guint i = 0; i < vl; i++)
    check_close (check, pool.data[i], sum[i], 2e-6 * fabs (most[i]) + 1e-5,
        1e-6, "pool of activate");
  g_assert_true (guard_is_whole (&d) && guard_is_whole (&pool));
  guard_free (&d);
  guard_free (&pool);
}

static void
check_reduce (Check * check, guint n)
{
  guint vl = check->kernels.vl, parts = g_rand_int_range (check->rand, 1, 5);
  RexnetFinish finish = check_random_finish (check);
  Guard part[4], bias = check_weights (check, vl);
  Guard residual = check_weights (check, n * vl), d = guard_new (n * vl);
  const float *all[4];
  gboolean adds = g_rand_boolean (check->rand);

  for (guint p = 0; p < parts; p++) {
    part[p] = check_weights (check, n * vl);
    all[p] = part[p].data;
  }
  check->kernels.reduce (all, parts, bias.data, adds ? residual.data : NULL,
      d.data, n, &finish);
  for (guint i = 0; i < n * vl; i++) {
    double sum = bias.data[i % vl];

    for (guint p = 0; p < parts; p++)
      sum += all[p][i];
    check_close (check, d.data[i], check_finish (sum, &finish)
        + (adds ? residual.data[i] : 0.), 3e-6, 1e-6, "reduce of %u parts",
        parts);
  }
  g_assert_true (guard_is_whole (&d));
  for (guint p = 0; p < parts; p++)
    guard_free (&part[p]);
  guard_free (&bias);
  guard_free (&residual);
  guard_free (&d);
}

static void
check_sum (Check * check, guint n)
{
  guint vl = check->kernels.vl;
  Guard a = check_weights (check, n * vl), total = check_weights (check, vl);
  g_autofree float *before = g_memdup2 (total.data, vl * sizeof (float));

  check->kernels.sum (a.data, n, total.data);
  for (guint lane = 0; lane < vl; lane++) {
    double sum = before[lane];

    for (guint i = 0; i < n; i++)
      sum += a.data[i * vl + lane];
    check_close (check, total.data[lane], sum, 2e-7 * (n + 1), 1e-6,
        "sum of %u", n);
  }
  g_assert_true (guard_is_whole (&total));
  guard_free (&a);
  guard_free (&total);
}

void
check_passes (gconstpointer data)
{
  Check *check = (Check *) data;

  for (guint i = 0; i < ROUNDS; i++) {
    guint n = g_rand_int_range (check->rand, 1, 60);

    check_scale (check, n);
    check_activate (check, n);
    check_reduce (check, n);
    check_sum (check, n);
  }
}

/* The limits of silu and sigmoid, and what has none. Each in every lane. */
static void
check_limits (Check * check, const RexnetFinish * finish)
{
  const gboolean silu = finish->smooth == REXNET_ACTIVATION_SILU;
  const float x[] = {
    INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, 0x1p17f, -0x1p17f, 0x1p24f,
    -0x1p24f, 3e30f, -3e30f, 1000.f, -1000.f, 88.f, -88.f, 0.f, -0.f, NAN
  };
  guint vl = check->kernels.vl;

  for (guint i = 0; i < G_N_ELEMENTS (x); i++) {
    float y[REXNET_MAX_VL];

    for (guint lane = 0; lane < vl; lane++)
      y[lane] = x[i];
    check->kernels.activate (y, 1, finish, NULL);
    for (guint lane = 0; lane < vl; lane++)
      if (isnan (x[i]))
        g_assert_true (isnan (y[lane]));
      else if (x[i] == -INFINITY && silu && isnan (y[lane]))
        continue;
      else if (isinf (x[i]) && x[i] > 0 && silu)
        g_assert_true (y[lane] == INFINITY);
      else
        check_close (check, y[lane], isinf (x[i]) ? x[i] > 0 :
            check_finish (x[i], finish), 1e-30, 1e-6, "%s (%g)",
            silu ? "silu" : "sigmoid", x[i]);
  }
}

/* silu and sigmoid over the whole range: relative error where they are normal
 * numbers that matter. */
void
check_smooth (gconstpointer data)
{
  Check *check = (Check *) data;
  const RexnetActivation kinds[] = {
    REXNET_ACTIVATION_SILU, REXNET_ACTIVATION_SIGMOID
  };
  const guint n = 4096, total = n * check->kernels.vl;
  g_autofree float *x = g_new (float, total);
  g_autofree float *y = g_new (float, total);

  for (guint i = 0; i < total; i++)
    x[i] = -84. + 168. * i / total;
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
    RexnetFinish finish = {.smooth = kinds[k] };

    memcpy (y, x, total * sizeof (float));
    check->kernels.activate (y, n, &finish, NULL);
    for (guint i = 0; i < total; i++)
      check_close (check, y[i], check_finish (x[i], &finish), 0.,
          9e-7 + 1.4e-8 * fabs (x[i]), "%s (%.9g)", k ? "sigmoid" : "silu",
          x[i]);
    check_limits (check, &finish);
  }
}
