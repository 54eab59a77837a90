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
#define HALF_TOLERANCE 1e-2

static const RexnetModel *
get_model (void)
{
  static RexnetModel *model;

  if (!model)
    model = rexnet_model_generate (REXNET_VARIANT_REXNET, 0.5, CLASSES, NULL);
  return model;
}

/* With little for the compiler to unroll, and the same for all tests, so that
 * most kernels are compiled once. */
static RexnetClTiles
small_tiles (const RexnetClDevice * device)
{
  RexnetClTiles tiles = rexnet_cl_tiles_default (device);

  tiles.cb = 4;
  tiles.pw_p = tiles.pw_t = tiles.dw_r = tiles.st_r = 2;
  tiles.st_t = 1;
  tiles.fu_x = tiles.dw_x;
  tiles.fu_kb = 24;
  tiles.sg = tiles.sg_x = 0;
  return tiles;
}

/* Two. */
static float *
make_images (void)
{
  float *images = g_new (float, 2 * 3 * PIXELS * PIXELS);

  for (guint i = 0; i < 2; i++)
    rexnet_generate_input (i, PIXELS, PIXELS, images + i * 3 * PIXELS * PIXELS);
  return images;
}

typedef struct
{
  float logits[2 * CLASSES];
  guint launches;               /* of each image */
  RexnetClTiles tiles;          /* that the session took */
} Result;

/* Of two images. */
static Result
run (const RexnetClDevice * device, const RexnetClTiles * tiles,
    RexnetPrecision precision)
{
  RexnetModel *model = (RexnetModel *) get_model ();
  RexnetEngineOptions options = {.device = device->info.device,.batch = 2,
    .precision = precision
  };
  RexnetInput input = rexnet_model_get_info (model)->input;
  g_autofree float *images = make_images ();
  Result result;
  RexnetOutput output = {.scores = result.logits };
  g_autoptr (GError) error = NULL;
  RexnetSession *session;
  RexnetClGraph *graph;

  input.width = input.height = PIXELS;
  session = rexnet_cl_session_open (rexnet_model_get_network (model), &input,
      &options, tiles, &error);
  g_assert_no_error (error);
  rexnet_backend_opencl.run (session, images, 2, &output, &error);
  g_assert_no_error (error);
  graph = &((RexnetClSession *) session)->graph;
  result.launches = graph->steps->len;
  result.tiles = graph->tiles;
  rexnet_backend_opencl.close (session);
  return result;
}

static void
assert_same (const Result * got, const Result * expected, double tolerance)
{
  double most = 0., largest = 0.;

  for (guint i = 0; i < 2 * CLASSES; i++) {
    most = MAX (most, fabs ((double) got->logits[i] - expected->logits[i]));
    largest = MAX (largest, fabs (expected->logits[i]));
  }
  g_assert_cmpfloat (most, <=, tolerance * largest);
}

/* ---- the reference ------------------------------------------------------- */

#define REFERENCE_TOLERANCE 1e-4

/* A GPU's sizes keep the precision that is promised, whatever the driver thinks
 * of its built-in functions. */
static gboolean
test_reference_on (const RexnetClDevice * device)
{
  RexnetModel *model = (RexnetModel *) get_model ();
  RexnetEngineOptions options = {.device = "cpu",.batch = 2,.width = PIXELS,
    .height = PIXELS
  };
  g_autofree float *images = make_images ();
  RexnetClTiles tiles = small_tiles (device);
  g_autoptr (GError) error = NULL;
  RexnetEngine *engine = rexnet_engine_new (model, &options, &error);
  Result got, expected;

  g_assert_no_error (error);
  rexnet_engine_run (engine, images, 2, expected.logits, &error);
  g_assert_no_error (error);
  rexnet_engine_free (engine);
  got = run (device, &tiles, REXNET_PRECISION_F32);
  assert_same (&got, &expected, REFERENCE_TOLERANCE);
  return TRUE;
}

/* ---- expansion and depthwise in one launch ------------------------------- */

/* Small rooms make several strips, large ones take the mean along. */
static gboolean
test_fused_on (const RexnetClDevice * device)
{
  static const guint rooms[] = { 4, 24 };
  RexnetClTiles tiles = small_tiles (device);
  Result apart, fused;

  tiles.fu_x = 0;
  apart = run (device, &tiles, REXNET_PRECISION_F32);
  tiles.fu_x = tiles.dw_x;
  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++) {
    tiles.fu_kb = rooms[i];
    fused = run (device, &tiles, REXNET_PRECISION_F32);
    g_assert_cmpuint (fused.launches, <, apart.launches);
    assert_same (&fused, &apart, TOLERANCE);
  }
  return TRUE;
}

/* ---- sub-groups ---------------------------------------------------------- */

/* Sums by them, and 1 x 1 convolutions on the first of these sizes that the
 * device has: with another the session goes on without. */
static gboolean
test_subgroups_on (const RexnetClDevice * device)
{
  static const guint lanes[] = { 8, 16, 32 };
  RexnetClTiles tiles = small_tiles (device);
  gboolean found = FALSE;
  Result without, with;

  if (!device->subgroups)
    return FALSE;
  tiles.dw_x = tiles.fu_x = tiles.fc_x = 32;
  without = run (device, &tiles, REXNET_PRECISION_F32);
  tiles.sg = 1;
  tiles.sg_t = 2;
  for (guint i = 0; i < G_N_ELEMENTS (lanes) && !found; i++) {
    tiles.sg_x = lanes[i];
    with = run (device, &tiles, REXNET_PRECISION_F32);
    g_assert_cmpuint (with.tiles.sg, ==, 1);
    assert_same (&with, &without, TOLERANCE);
    found = with.tiles.sg_x == lanes[i];
  }
  g_test_message ("%s: sub-groups of %u", device->info.name, with.tiles.sg_x);
  g_assert_true (found || !device->sets_subgroup);
  return TRUE;
}

/* ---- half ---------------------------------------------------------------- */

/* Stored as half, and multiplied as half on the devices that can. */
static gboolean
test_half_on (const RexnetClDevice * device)
{
  RexnetClTiles tiles = small_tiles (device);
  Result exact, half;

  exact = run (device, &tiles, REXNET_PRECISION_F32);
  for (guint fp16 = 0; fp16 <= (device->info.fp16 ? 1 : 0); fp16++) {
    tiles.fp16 = fp16;
    half = run (device, &tiles, REXNET_PRECISION_F16);
    assert_same (&half, &exact, HALF_TOLERANCE);
    g_assert_cmpfloat (half.logits[0], !=, exact.logits[0]);
  }
  return TRUE;
}

/* ---- all devices --------------------------------------------------------- */

/* FALSE: the device has not what is to be tested. */
typedef gboolean (*DeviceFunc) (const RexnetClDevice * device);

static void
test_devices (gconstpointer data)
{
  g_autoptr (GPtrArray) devices = rexnet_cl_devices ();
  DeviceFunc test = (DeviceFunc) data;
  guint tested = 0;

  for (guint i = 0; i < devices->len; i++)
    tested += test (g_ptr_array_index (devices, i));
  if (tested == 0)
    g_test_skip ("no OpenCL device that has this");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/paths/reference", (gconstpointer) test_reference_on,
      test_devices);
  g_test_add_data_func ("/paths/fused", (gconstpointer) test_fused_on,
      test_devices);
  g_test_add_data_func ("/paths/subgroups", (gconstpointer) test_subgroups_on,
      test_devices);
  g_test_add_data_func ("/paths/half", (gconstpointer) test_half_on,
      test_devices);
  return g_test_run ();
}
