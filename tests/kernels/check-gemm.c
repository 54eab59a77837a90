/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 1 x 1 convolutions and the stem. */
#include <math.h>
#include <string.h>

#include "checkkernels.h"

#define ROUNDS 250

/* One call and everything it may and may not touch. */
typedef struct
{
  RexnetGemm gemm;
  guint pixels, columns;
  gboolean half;                /* gemm_half */
  gboolean paired;              /* gemm_paired */
  gboolean differences;         /* paired_differences */
  float *crossed;
  Guard a, b, bias, d, residual, prefetch;
  guint32 *offset;
} Case;

static guint
pick (Check * check, const guint * choices, guint n)
{
  return choices[g_rand_int_range (check->rand, 0, n)];
}

static void
pick_shape (Check * check, Case * c)
{
  const RexnetKernels *k = &check->kernels;
  guint columns = g_rand_int_range (check->rand, 0, REXNET_MAX_COLUMNS + 1);
  gboolean half = columns == 0;
  gboolean paired = columns > 1 && columns <= REXNET_MAX_PAIRED
      && k->gemm_paired[columns] && g_rand_boolean (check->rand);
  guint rows = paired ? k->gemm_paired_rows[columns]
      : k->gemm_rows[half ? columns = 1 : columns];
  const guint pixels[] = {
    1, 2, rows - 1, rows, rows + 1, 2 * rows - 1, 2 * rows, 2 * rows + 1, 7, 49,
    56
  };
  const guint depths[] = {
    1, 2, k->vl - 1, k->vl, k->vl + 1, 2 * k->vl, 16, 27, 38, 61, 174,
    3, 5, 6, k->vl + 3, 3 * k->vl, 5 * k->vl - 1, 6 * k->vl + 5, 8 * k->vl, 1044
  };

  c->half = half;
  c->paired = paired;
  c->differences = k->paired_differences;
  c->columns = columns;
  c->pixels = MAX (pick (check, pixels, G_N_ELEMENTS (pixels)), 1);
  c->gemm.k = MAX (pick (check, depths, G_N_ELEMENTS (depths)), 1);
}

/* Lanes past k are not numbers: no kernel may so much as multiply them, but for
 * the one that completes a pair. */
static void
make_input (Check * check, Case * c)
{
  guint vl = check->kernels.vl, blocks = (c->gemm.k + vl - 1) / vl;
  gsize last;

  c->gemm.a_block = c->pixels * vl + g_rand_int_range (check->rand, 0, 40);
  last = (blocks - 1) * c->gemm.a_block;
  c->a = guard_new (last + c->pixels * vl);
  for (guint k = 0; k < c->gemm.k; k++)
    for (guint p = 0; p < c->pixels; p++)
      c->a.data[k / vl * c->gemm.a_block + p * vl + k % vl] =
          check_value (check);
  for (guint p = 0; c->half && c->gemm.k % 2 && p < c->pixels; p++)
    c->a.data[last + p * vl + c->gemm.k % vl] = check_value (check);
  c->gemm.a = c->a.data;
}

static void
make_output (Check * check, Case * c)
{
  guint vl = check->kernels.vl;
  gsize span = c->pixels * vl;

  if (g_rand_boolean (check->rand)) {
    gsize at = 0;

    c->offset = g_new (guint32, c->pixels);
    for (guint p = 0; p < c->pixels; p++, at += vl
        + g_rand_int_range (check->rand, 0, 3) * vl)
      c->offset[p] = at;
    span = c->offset[c->pixels - 1] + vl;
    c->gemm.offset = c->offset;
  }
  c->gemm.d_block = span + g_rand_int_range (check->rand, 0, 40);
  c->d = guard_new ((c->columns - 1) * c->gemm.d_block + span);
  c->gemm.d = c->d.data;
}

static void
make_case (Check * check, Case * c)
{
  guint vl = check->kernels.vl;

  memset (c, 0, sizeof *c);
  pick_shape (check, c);
  make_input (check, c);
  make_output (check, c);
  c->b = check_weights (check, (gsize) (c->half ? (c->gemm.k + 1) / 2
          : c->gemm.k) * c->columns * vl);
  for (guint i = 1; c->half && c->gemm.k % 2 && i < vl; i += 2)
    c->b.data[c->b.floats - vl + i] = 0.f;
  c->bias = check_weights (check, c->columns * vl);
  c->gemm.b = c->b.data;
  c->gemm.bias = g_rand_boolean (check->rand) ? c->bias.data : NULL;
  c->gemm.residual_block = c->pixels * vl
      + g_rand_int_range (check->rand, 0, 40);
  c->gemm.residual_columns = g_rand_int_range (check->rand, 0, c->columns + 1);
  c->residual = check_weights (check, c->gemm.residual_columns == 0 ? 1 :
      (c->gemm.residual_columns - 1) * c->gemm.residual_block
      + c->pixels * vl);
  c->gemm.residual = c->gemm.residual_columns ? c->residual.data : NULL;
  c->gemm.finish = check_random_finish (check);
  if (c->paired) {
    c->crossed = g_new (float, c->pixels);
    check->kernels.cross (c->gemm.a, c->gemm.a_block, c->gemm.k, c->pixels,
        c->crossed);
    c->gemm.crossed = c->crossed;
    c->gemm.unscale = ldexp (1., g_rand_int_range (check->rand, -3, 4));
  }
  c->prefetch = guard_new (1);
  c->gemm.prefetch = g_rand_boolean (check->rand) ? c->prefetch.data : NULL;
  c->gemm.ahead = g_rand_boolean (check->rand) ? c->prefetch.data : NULL;
  c->gemm.ahead_floats = g_rand_int_range (check->rand, 0, 100000);
}

static void
free_case (Case * c)
{
  guard_free (&c->a);
  guard_free (&c->b);
  guard_free (&c->bias);
  guard_free (&c->d);
  guard_free (&c->residual);
  guard_free (&c->prefetch);
  g_free (c->offset);
  g_free (c->crossed);
}

static double
input (const Case * c, guint vl, guint k, guint pixel)
{
  return c->gemm.a[k / vl * c->gemm.a_block + pixel * vl + k % vl];
}

/* The inputs that are paired by three blocks. */
static guint
in_blocks (const Case * c, guint vl)
{
  return c->paired ? c->gemm.k / (3 * vl) * 3 * vl : 0;
}

/* How far behind input @k the one is that it is paired with; 0: none. */
static guint
partner (const Case * c, guint vl, guint k)
{
  guint lane = k % vl;

  if (k < in_blocks (c, vl))
    return k / vl % 3 == 0 ? vl : 0;
  return c->paired && lane % 3 == 0 && lane + 3 <= vl && k + 3 <= c->gemm.k;
}

static gboolean
is_paired (const Case * c, guint vl, guint k)
{
  if (k < in_blocks (c, vl))
    return k / vl % 3 != 2;
  return partner (c, vl, k) || (k % vl % 3 == 1 && partner (c, vl, k - 1));
}

static double
weight (const Case * c, guint vl, guint k, guint n)
{
  guint row = k;
  double w = 0.;

  if (c->half)
    return n < vl / 2 ? c->gemm.b[k / 2 * vl + 2 * n + k % 2] : 0.;
  if (k < in_blocks (c, vl))
    row = k / (3 * vl) * 3 * vl + k % vl * 3 + k / vl % 3;
  for (;; n -= vl) {
    w += c->gemm.b[(gsize) row * c->columns * vl + n];
    if (n < vl || !c->differences || !is_paired (c, vl, k))
      return w;
  }
}

/* What paired products leave in a sum: that of the weights; and in
 * @magnitude, what they add and take off again. */
static double
left_over (const Case * c, guint vl, guint pixel, guint n, double *magnitude)
{
  double sum = 0.;

  for (guint k = 0; k < c->gemm.k; k++) {
    guint next = partner (c, vl, k);
    double product;

    if (next == 0)
      continue;
    product = weight (c, vl, k, n) * weight (c, vl, k + next, n);
    sum += k % vl % 2 ? -product : product;
    *magnitude += fabs (product)
        + fabs (input (c, vl, k, pixel) * input (c, vl, k + next, pixel));
  }
  return sum;
}

/* One output; @magnitude: the sum of what went into it, without signs. */
static double
expected (const Case * c, guint vl, guint pixel, guint n, double *magnitude)
{
  const RexnetGemm *g = &c->gemm;
  double bias = g->bias ? g->bias[n] : 0., sum;

  *magnitude = 0.;
  sum = left_over (c, vl, pixel, n, magnitude);
  for (guint k = 0; k < g->k; k++) {
    double product = input (c, vl, k, pixel) * weight (c, vl, k, n);

    sum += product;
    *magnitude += fabs (product);
  }
  if (c->paired) {
    sum *= g->unscale;
    *magnitude *= g->unscale;
  }
  sum += bias;
  *magnitude += fabs (bias);
  sum = check_finish (sum, &g->finish);
  /* The residual may cancel it, but not its error. */
  *magnitude += 8. * fabs (sum);
  if (n / vl < g->residual_columns)
    sum += g->residual[n / vl * g->residual_block + pixel * vl + n % vl];
  return sum;
}

static void
compare (Check * check, const Case * c)
{
  guint vl = check->kernels.vl;
  g_autofree guint8 *written = g_new0 (guint8, c->d.floats);

  for (guint p = 0; p < c->pixels; p++)
    for (guint n = 0; n < c->columns * vl; n++) {
      gsize at = n / vl * c->gemm.d_block + n % vl
          + (c->offset ? c->offset[p] : p * vl);
      double magnitude, value = expected (c, vl, p, n, &magnitude);

      written[at] = 1;
      check_close (check, c->d.data[at], value,
          check_rounding (c->gemm.k, magnitude), 2e-6,
          "gemm of %u columns%s, k %u, pixel %u of %u, output %u", c->columns,
          c->half ? ", half filled" : c->paired ? ", paired" : "", c->gemm.k, p, c->pixels, n);
    }
  for (gsize i = 0; i < c->d.floats; i++)
    g_assert_true (written[i] || guard_is_untouched (&c->d, i));
  g_assert_true (guard_is_whole (&c->d));
}

static RexnetGemmFunc
kernel_of (const Check * check, const Case * c)
{
  const RexnetKernels *k = &check->kernels;

  return c->half ? k->gemm_half : c->paired ? k->gemm_paired[c->columns]
      : k->gemm[c->columns];
}

void
check_gemm (gconstpointer data)
{
  Check *check = (Check *) data;

  for (guint i = 0; i < ROUNDS; i++) {
    Case c;

    make_case (check, &c);
    kernel_of (check, &c) (&c.gemm, c.pixels);
    compare (check, &c);
    free_case (&c);
  }
}

/* ---- stem ----------------------------------------------------------------------- */

static void
compare_stem (Check * check, const RexnetStem * s, guint columns, guint pixels)
{
  guint vl = check->kernels.vl;

  for (guint p = 0; p < pixels; p++)
    for (guint n = 0; n < columns * vl; n++) {
      double sum = s->bias[n], magnitude = fabs (sum);

      for (guint t = 0; t < 27; t++) {
        double product = (double) s->row[t / 3][2 * p + t % 3]
            * s->b[t * columns * vl + n];

        sum += product;
        magnitude += fabs (product);
      }
      check_close (check, s->d[n / vl * s->d_block + p * vl + n % vl],
          check_finish (sum, &s->finish), check_rounding (27, magnitude), 2e-6,
          "stem of %u columns, pixel %u of %u, output %u", columns, p, pixels,
          n);
    }
}

void
check_stem (gconstpointer data)
{
  Check *check = (Check *) data;
  guint vl = check->kernels.vl;

  for (guint i = 0; i < ROUNDS / 5; i++) {
    guint columns = g_rand_int_range (check->rand, 1, REXNET_STEM_COLUMNS + 1);
    guint pixels = g_rand_int_range (check->rand, 1, 60);
    Guard rows[9], b = check_weights (check, 27 * columns * vl);
    Guard bias = check_weights (check, columns * vl);
    RexnetStem s = {
      .b = b.data,.bias = bias.data,.d_block = pixels * vl + 3,
      .finish = check_random_finish (check)
    };
    Guard d = guard_new (columns * s.d_block);

    for (guint r = 0; r < 9; r++) {
      rows[r] = check_values (check, 2 * pixels + 1);
      s.row[r] = rows[r].data;
    }
    s.d = d.data;
    check->kernels.stem[columns] (&s, pixels);
    compare_stem (check, &s, columns, pixels);
    for (guint c = 0; c < columns; c++)
      for (guint j = 0; j < 3; j++)
        g_assert_true (guard_is_untouched (&d, (c + 1) * s.d_block - 1 - j));
    g_assert_true (guard_is_whole (&d));
    for (guint r = 0; r < 9; r++)
      guard_free (&rows[r]);
    guard_free (&b);
    guard_free (&bias);
    guard_free (&d);
  }
}
