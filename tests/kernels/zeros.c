/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The share of zeros that a plan expects behind a ReLU. */
#include <math.h>

#include "cpu/zeros.h"

static RexnetTensor
tensor (const float *values, guint n)
{
  return (RexnetTensor) {
    .data = (const guint8 *) values,.dtype = REXNET_DTYPE_F32,.n_dims = 1,
    .shape = {n},.stride = {1}
  };
}

static double
expected (const float *weight, const float *bias, guint n)
{
  const RexnetConv conv = {
    .in = n,.out = n,.kernel = 3,.stride = 1,.depthwise = TRUE,
    .bn_weight = tensor (weight, n),.bn_bias = tensor (bias, n)
  };

  return rexnet_zeros_expected (&conv);
}

/* The normal distribution's table: 15.87 % below one deviation, 2.28 below two. */
static void
test_normal (void)
{
  const float one[] = { 1.f }, none[] = { 0.f }, minus[] = { -2.f };
  const float channels[] = { 2.f, -0.5f, 1.f }, means[] = { -2.f, 1.f, 0.f };

  g_assert_cmpfloat_with_epsilon (expected (one, none, 1), 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (expected (one, one, 1), 0.1587, 1e-4);
  g_assert_cmpfloat_with_epsilon (expected (one, minus, 1), 0.9772, 1e-4);
  g_assert_cmpfloat_with_epsilon (expected (channels, means, 3),
      (0.8413 + 0.0228 + 0.5) / 3., 1e-4);
}

static void
test_constant (void)
{
  const float nothing[] = { 0.f, 0.f, 0.f }, means[] = { 1.f, 0.f, -1.f };

  g_assert_cmpfloat_with_epsilon (expected (nothing, means, 3), 2. / 3., 1e-9);
}

static void
test_unknown (void)
{
  const RexnetConv conv = {.in = 8,.out = 8,.kernel = 3,.depthwise = TRUE };

  g_assert_cmpfloat (rexnet_zeros_expected (&conv), ==, 0.5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/zeros/normal", test_normal);
  g_test_add_func ("/zeros/constant", test_constant);
  g_test_add_func ("/zeros/no-batch-norm", test_unknown);
  return g_test_run ();
}
