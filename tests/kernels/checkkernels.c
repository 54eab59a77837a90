/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every kernel of every level that this CPU has against its definition in
 * double precision, on random sizes around each tile, in memory that notices
 * a stray access.
 *
 *   checkkernels [--seed SEED]       SEED: as printed by an earlier run
 *   checkkernels --bench [--isa LEVEL]
 */
#include "checkkernels.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

float
check_weight (Check * check)
{
  switch (g_rand_int_range (check->rand, 0, 40)) {
    case 0:
      return 0.f;
    case 1:
      return -0.f;
    case 2:
      return 1e-41f;
    default:
      return g_rand_double_range (check->rand, -2., 2.);
  }
}

float
check_value (Check * check)
{
  switch (g_rand_int_range (check->rand, 0, 40)) {
    case 0:
      return g_rand_boolean (check->rand) ? 1000.f : -1000.f;
    case 1:
      return g_rand_double_range (check->rand, -100., 100.);
    default:
      return check_weight (check);
  }
}

Guard
check_values (Check * check, gsize floats)
{
  Guard guard = guard_new (floats);

  for (gsize i = 0; i < floats; i++)
    guard.data[i] = check_value (check);
  return guard;
}

Guard
check_weights (Check * check, gsize floats)
{
  Guard guard = guard_new (floats);

  for (gsize i = 0; i < floats; i++)
    guard.data[i] = check_weight (check);
  return guard;
}

void
check_close (Check * check, double value, double expected, double absolute,
    double relative, const char *what, ...)
{
  double error = fabs (value - expected);
  g_autofree char *where = NULL;
  va_list args;

  if (error <= MAX (absolute, relative * fabs (expected)))
    return;
  va_start (args, what);
  where = g_strdup_vprintf (what, args);
  va_end (args);
  g_test_message ("%s: %s: %.9g instead of %.9g", rexnet_isa_to_string
      (check->isa), where, value, expected);
  g_test_fail ();
}

double
check_rounding (guint n, double magnitude)
{
  return 1.2e-7 * sqrt (n + 4.) * magnitude + 1e-30;
}

double
check_finish (double sum, const RexnetFinish * finish)
{
  if (finish->smooth == REXNET_ACTIVATION_SILU)
    return sum / (1. + exp (-sum));
  if (finish->smooth == REXNET_ACTIVATION_SIGMOID)
    return 1. / (1. + exp (-sum));
  return fmin (fmax (sum, finish->low), finish->high);
}

RexnetFinish
check_random_finish (Check * check)
{
  const RexnetFinish choices[] = {
    {-INFINITY, INFINITY, REXNET_ACTIVATION_NONE},
    {0.f, INFINITY, REXNET_ACTIVATION_NONE},
    {0.f, 6.f, REXNET_ACTIVATION_NONE},
    {-INFINITY, INFINITY, REXNET_ACTIVATION_SILU},
    {-INFINITY, INFINITY, REXNET_ACTIVATION_SIGMOID},
  };

  return choices[g_rand_int_range (check->rand, 0, G_N_ELEMENTS (choices))];
}

static void
add (Check * check, const char *family, void (*func) (gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/kernels/%s/%s",
      rexnet_isa_to_string (check->isa), family);

  g_test_add_data_func (path, check, func);
}

static Check *
check_new (RexnetIsa isa, guint32 seed)
{
  Check *check = g_new0 (Check, 1);

  check->isa = isa;
  check->rand = g_rand_new_with_seed (seed);
  rexnet_kernels_init (&check->kernels, isa);
  return check;
}

static void
check_free (gpointer data)
{
  Check *check = data;

  g_rand_free (check->rand);
  g_free (check);
}

static void
bench (const char *name)
{
  g_autoptr (GError) error = NULL;
  RexnetIsa isa = rexnet_isa_best ();

  if (name && !rexnet_isa_from_string (name, &isa, &error))
    g_error ("%s", error->message);
  for (RexnetIsa i = name ? isa : REXNET_ISA_C; i <= isa; i++) {
    Check *check = check_new (MIN (i, rexnet_isa_best ()), 1);

    bench_kernels (check);
    check_free (check);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) checks = g_ptr_array_new_with_free_func (check_free);
  const char *isa = NULL;
  gboolean run_bench = FALSE;

  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i < argc; i++) {
    if (strcmp (argv[i], "--bench") == 0)
      run_bench = TRUE;
    else if (strcmp (argv[i], "--isa") == 0 && i + 1 < argc)
      isa = argv[++i];
  }
  if (run_bench) {
    bench (isa);
    return 0;
  }
  for (RexnetIsa i = REXNET_ISA_C; i <= rexnet_isa_best (); i++) {
    Check *check = check_new (i, g_test_rand_int ());

    g_ptr_array_add (checks, check);
    add (check, "gemm", check_gemm);
    add (check, "sparse", check_sparse);
    add (check, "stem", check_stem);
    add (check, "depthwise", check_depthwise);
    add (check, "matvec", check_matvec);
    add (check, "passes", check_passes);
    add (check, "smooth", check_smooth);
  }
  return g_test_run ();
}
