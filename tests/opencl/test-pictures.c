/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures on a device: what comes out is what the CPU backend gives. */
#include "device.h"
#include "picture.h"

#define TIGHT 1e-6f             /* of a probability, of one backend */

/* Preprocessing on the device gives the input that the CPU's gives. */
static void
assert_same_input (RexnetEngine * engine, const RexnetImage * image)
{
  const RexnetInput *in = &rexnet_engine_get_info (engine)->input;
  g_autofree float *input = g_new (float, (gsize) 3 * in->width * in->height);
  float got[CLASSES], expected[CLASSES];
  g_autoptr (GError) error = NULL;

  rexnet_preprocess (image, in, input, &error);
  g_assert_no_error (error);
  rexnet_engine_run (engine, input, 1, expected, &error);
  g_assert_no_error (error);
  rexnet_softmax (expected, expected, CLASSES);
  rexnet_engine_classify (engine, image, 1, got, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < CLASSES; i++)
    g_assert_cmpfloat_with_epsilon (got[i], expected[i], TIGHT);
}

/* Every format, sizes odd, tiny, and tall enough for rows first. */
static void
test_formats (void)
{
  static const guint sizes[][2] = { {97, 75}, {320, 64}, {33, 401}, {1, 1} };
  g_autoptr (RexnetEngine) engine = NULL;

  if (skip_without_device ())
    return;
  engine = open_engine ("opencl:0", 1, FALSE);
  for (guint f = REXNET_FORMAT_RGB; f <= REXNET_FORMAT_UYVY; f++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
      TestPicture picture;

      test_picture_init (&picture, f, sizes[i][0], sizes[i][1]);
      picture.image.matrix = f % 5;
      picture.image.full_range = f & 1;
      picture.image.chroma_h_cosited = i & 1;
      assert_same_input (engine, &picture.image);
      test_picture_clear (&picture);
    }
}

/* Pictures of several kinds in a batch, one of them bottom up. */
static void
test_batch (void)
{
  static const RexnetFormat formats[] = {
    REXNET_FORMAT_NV12, REXNET_FORMAT_BGRX, REXNET_FORMAT_GRAY8
  };
  const guint n = G_N_ELEMENTS (formats);
  TestPicture picture[G_N_ELEMENTS (formats)];
  RexnetImage images[G_N_ELEMENTS (formats)];
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (RexnetEngine) cpu = open_engine ("cpu", n, FALSE);

  if (skip_without_device ())
    return;
  engine = open_engine ("opencl:0", n, FALSE);
  for (guint i = 0; i < n; i++) {
    test_picture_init (&picture[i], formats[i], 80 + i, 60);
    images[i] = picture[i].image;
  }
  images[1].plane[0] += 59 * images[1].stride[0];
  images[1].stride[0] = -images[1].stride[0];
  assert_same_scores (engine, cpu, images, n);
  assert_same_scores (engine, cpu, images, 2);  /* not a full batch */
  for (guint i = 0; i < n; i++)
    test_picture_clear (&picture[i]);
}

static void
test_bad_picture (void)
{
  RexnetImage image = {.format = REXNET_FORMAT_RGB,.width = 8,.height = 8 };
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  float scores[CLASSES];

  if (skip_without_device ())
    return;
  engine = open_engine ("opencl:0", 1, TRUE);
  g_assert_false (rexnet_engine_classify (engine, &image, 1, scores, &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
  g_assert_null (rexnet_engine_get_info (engine)->fallback);
}

/* 48 x 40 pixels, up to @BATCH images. */
#define BATCH 3

static float *
run_features (RexnetModel * network, const char *device,
    RexnetPrecision precision, const float *input, guint batch)
{
  RexnetEngineOptions options = {.device = device,.batch = BATCH,.width = 48,
    .height = 40,.precision = precision,.no_fallback = TRUE
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (RexnetEngine) engine = rexnet_engine_new (network, &options,
      &error);
  float *features = g_new (float,
      (gsize) batch * rexnet_model_get_info (network)->features);
  float logits[BATCH * CLASSES];

  g_assert_no_error (error);
  rexnet_engine_run_features (engine, input, batch, logits, features, &error);
  g_assert_no_error (error);
  return features;
}

/* Widths whose vectors don't and do fill blocks of channels, and a classifier of
 * two layers, of which the second one's input counts. */
static void
test_features (void)
{
  static const struct
  {
    RexnetVariant variant;
    double width;
    guint features;
  } networks[] = {
    {REXNET_VARIANT_REXNET, 0.11, 140}, {REXNET_VARIANT_REXNET, 0.5, 640},
    {REXNET_VARIANT_REXNET_LITE, 0.2, 1024},
  };
  static const double tolerance[] = { 0., 1e-4, 1e-2 };
  const guint pixels = 3 * 48 * 40;
  float input[BATCH * 3 * 48 * 40];

  if (skip_without_device ())
    return;
  for (guint i = 0; i < BATCH; i++)
    rexnet_generate_input (i, 48, 40, input + i * pixels);
  for (guint i = 0; i < G_N_ELEMENTS (networks); i++) {
    RexnetModel *network = rexnet_model_generate (networks[i].variant,
        networks[i].width, CLASSES, NULL);
    guint n = rexnet_model_get_info (network)->features;
    g_autofree float *expected = run_features (network, "cpu",
        REXNET_PRECISION_F32, input, BATCH);

    g_assert_cmpuint (n, ==, networks[i].features);
    for (RexnetPrecision p = REXNET_PRECISION_F32; p <= REXNET_PRECISION_F16;
        p++)
      for (guint batch = BATCH - 1; batch <= BATCH; batch++) {
        g_autofree float *got = run_features (network, "opencl:0", p, input,
            batch);

        g_assert_cmpfloat (distance (got, expected, n * batch), <,
            tolerance[p]);
      }
    rexnet_model_unref (network);
  }
}

typedef struct
{
  RexnetEngine *engine;
  const RexnetImage *image;
  const float *expected;
} Worker;

static gpointer
classify_often (gpointer data)
{
  const Worker *w = data;
  float scores[CLASSES];

  for (guint i = 0; i < 20; i++) {
    g_autoptr (GError) error = NULL;

    rexnet_engine_classify (w->engine, w->image, 1, scores, &error);
    g_assert_no_error (error);
    for (guint c = 0; c < CLASSES; c++)
      g_assert_cmpfloat_with_epsilon (scores[c], w->expected[c], TOLERANCE);
  }
  return NULL;
}

/* Three threads, two slots: nobody gets another one's result. */
static void
test_threads (void)
{
  TestPicture picture[3];
  float expected[3][CLASSES];
  Worker worker[3];
  GThread *thread[3];
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (RexnetEngine) cpu = open_engine ("cpu", 1, FALSE);

  if (skip_without_device ())
    return;
  engine = open_engine ("opencl:0", 1, FALSE);
  for (guint i = 0; i < 3; i++) {
    test_picture_init (&picture[i], REXNET_FORMAT_I420, 64 + 16 * i, 64);
    rexnet_engine_classify (cpu, &picture[i].image, 1, expected[i], NULL);
    worker[i] = (Worker) { engine, &picture[i].image, expected[i] };
    thread[i] = g_thread_new ("classify", classify_often, &worker[i]);
  }
  for (guint i = 0; i < 3; i++) {
    g_thread_join (thread[i]);
    test_picture_clear (&picture[i]);
  }
}

static void
test_profile (void)
{
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GArray) plan = NULL, profile = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_without_device ())
    return;
  engine = open_engine ("opencl:0", 1, FALSE);
  plan = rexnet_engine_get_plan (engine);
  profile = rexnet_engine_profile (engine, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (plan->len, ==, profile->len);
  for (guint i = 0; i < profile->len; i++) {
    const RexnetPhase *phase = &g_array_index (profile, RexnetPhase, i);

    g_assert_cmpfloat (phase->ms, >, 0);
    g_assert_cmpuint (phase->bytes, >, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/opencl/formats", test_formats);
  g_test_add_func ("/opencl/batch", test_batch);
  g_test_add_func ("/opencl/features", test_features);
  g_test_add_func ("/opencl/bad-picture", test_bad_picture);
  g_test_add_func ("/opencl/threads", test_threads);
  g_test_add_func ("/opencl/profile", test_profile);
  return run_tests ();
}
