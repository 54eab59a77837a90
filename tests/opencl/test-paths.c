/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a device can compute the same in two ways, both give the same logits.
 * Each test goes over all devices there are.
 */
#include <math.h>

#include "model/model.h"
#include "session.h"

#define CLASSES 10
#define PIXELS 96
#define TOLERANCE 1e-5          /* of the largest logit */

static const RexnetModel *
get_model (void)
{
  static RexnetModel *model;

  if (!model)
    model = rexnet_model_generate (REXNET_VARIANT_REXNET, 0.5, CLASSES, NULL);
  return model;
}

/* The device's groups, with little for the compiler to unroll. */
static RexnetClTiles
small_tiles (const RexnetClDevice * device)
{
  RexnetClTiles tiles = rexnet_cl_tiles_default (device);

  tiles.cb = 4;
  tiles.pw_p = tiles.pw_t = tiles.dw_r = tiles.st_r = 2;
  tiles.st_t = 1;
  return tiles;
}

/* The logits of two images, and the launches of each. */
static guint
run (const RexnetClDevice * device, const RexnetClTiles * tiles,
    RexnetPrecision precision, float *logits)
{
  RexnetModel *model = (RexnetModel *) get_model ();
  RexnetEngineOptions options = {.device = device->info.device,.batch = 2,
    .precision = precision
  };
  RexnetInput input = rexnet_model_get_info (model)->input;
  g_autofree float *images = g_new (float, 2 * 3 * PIXELS * PIXELS);
  RexnetOutput output = {.scores = logits };
  g_autoptr (GError) error = NULL;
  RexnetSession *session;
  guint launches;

  input.width = input.height = PIXELS;
  for (guint i = 0; i < 2; i++)
    rexnet_generate_input (i, PIXELS, PIXELS, images + i * 3 * PIXELS * PIXELS);
  session = rexnet_cl_session_open (rexnet_model_get_network (model), &input,
      &options, tiles, &error);
  g_assert_no_error (error);
  rexnet_backend_opencl.run (session, images, 2, &output, &error);
  g_assert_no_error (error);
  launches = ((RexnetClSession *) session)->graph.steps->len;
  rexnet_backend_opencl.close (session);
  return launches;
}

/* By the largest of @expected. */
static double
difference (const float *got, const float *expected)
{
  double most = 0., largest = 0.;

  for (guint i = 0; i < 2 * CLASSES; i++) {
    most = MAX (most, fabs ((double) got[i] - expected[i]));
    largest = MAX (largest, fabs (expected[i]));
  }
  return most / largest;
}

/* ---- expansion and depthwise in one launch ------------------------------- */

/* Small rooms make several strips, large ones take the mean along. */
static void
test_fused_on (const RexnetClDevice * device)
{
  static const guint rooms[] = { 4, 24 };
  RexnetClTiles tiles = small_tiles (device);
  float apart[2 * CLASSES], fused[2 * CLASSES];
  guint launches;

  tiles.fu_x = 0;
  launches = run (device, &tiles, REXNET_PRECISION_F32, apart);
  tiles.fu_x = tiles.dw_x;
  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++) {
    tiles.fu_kb = rooms[i];
    g_assert_cmpuint (run (device, &tiles, REXNET_PRECISION_F32, fused), <,
        launches);
    g_assert_cmpfloat (difference (fused, apart), <, TOLERANCE);
  }
}

/* ---- all devices --------------------------------------------------------- */

typedef void (*DeviceFunc) (const RexnetClDevice * device);

static void
test_devices (gconstpointer data)
{
  g_autoptr (GPtrArray) devices = rexnet_cl_devices ();
  DeviceFunc test = (DeviceFunc) data;

  if (devices->len == 0)
    g_test_skip ("no OpenCL device");
  for (guint i = 0; i < devices->len; i++)
    test (g_ptr_array_index (devices, i));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/paths/fused", (gconstpointer) test_fused_on,
      test_devices);
  return g_test_run ();
}
