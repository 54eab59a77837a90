/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device.h"

#include <math.h>

RexnetModel *model;

gboolean
skip_without_device (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();

  if (devices->len > 1)
    return FALSE;
  g_test_skip ("no OpenCL device");
  return TRUE;
}

RexnetEngine *
open_engine (const char *device, guint batch, gboolean fallback)
{
  RexnetEngineOptions options = {.device = device,.batch = batch,
    .no_fallback = !fallback
  };
  GError *error = NULL;
  RexnetEngine *engine = rexnet_engine_new (model, &options, &error);

  g_assert_no_error (error);
  return engine;
}

double
distance (const float *got, const float *expected, guint n)
{
  double apart = 0., length = 0.;

  for (guint i = 0; i < n; i++) {
    apart += pow ((double) got[i] - expected[i], 2);
    length += pow (expected[i], 2);
  }
  return sqrt (apart / length);
}

void
assert_same_scores (RexnetEngine * engine, RexnetEngine * cpu,
    const RexnetImage * images, guint batch)
{
  g_autofree float *got = g_new (float, batch * CLASSES);
  g_autofree float *expected = g_new (float, batch * CLASSES);
  guint n = rexnet_model_get_info (model)->features * batch;
  g_autofree float *got_features = g_new (float, n);
  g_autofree float *expected_features = g_new (float, n);
  g_autoptr (GError) error = NULL;

  rexnet_engine_classify_features (cpu, images, batch, expected,
      expected_features, &error);
  g_assert_no_error (error);
  rexnet_engine_classify_features (engine, images, batch, got, got_features,
      &error);
  g_assert_no_error (error);
  for (guint i = 0; i < batch * CLASSES; i++)
    g_assert_cmpfloat_with_epsilon (got[i], expected[i], TOLERANCE);
  g_assert_cmpfloat (distance (got_features, expected_features, n), <,
      TOLERANCE);
}

int
run_tests (void)
{
  int status;

  model = rexnet_model_generate (REXNET_VARIANT_REXNET, 0.5, CLASSES, NULL);
  status = g_test_run ();
  rexnet_model_unref (model);
  return status;
}
