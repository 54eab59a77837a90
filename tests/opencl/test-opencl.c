/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices, pictures, the program cache and failing devices, on the first OpenCL
 * device there is. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "model/model.h"
#include "picture.h"
#include "tune.h"

#define CLASSES 10
/* Of a probability: of two backends, whose small differences the random
 * weights enlarge, and of one. */
#define TOLERANCE 1e-3f
#define TIGHT 1e-6f

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetModel, rexnet_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetEngine, rexnet_engine_free)

static RexnetModel *model;

static gboolean
skip_without_device (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();

  if (devices->len > 1)
    return FALSE;
  g_test_skip ("no OpenCL device");
  return TRUE;
}

static RexnetEngine *
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

/* How far two vectors are apart, by the length of @expected. */
static double
distance (const float *got, const float *expected, guint n)
{
  double apart = 0., length = 0.;

  for (guint i = 0; i < n; i++) {
    apart += pow ((double) got[i] - expected[i], 2);
    length += pow (expected[i], 2);
  }
  return sqrt (apart / length);
}

/* Probabilities and features of @images are those of the CPU backend. */
static void
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

static const RexnetDevice *
first_opencl (GPtrArray * devices)
{
  return devices->len > 1 ? g_ptr_array_index (devices, 1) : NULL;
}

static void
test_list (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();
  const RexnetDevice *cpu = g_ptr_array_index (devices, 0);

  g_assert_cmpstr (cpu->device, ==, "cpu");
  for (guint i = 1; i < devices->len; i++) {
    const RexnetDevice *device = g_ptr_array_index (devices, i);
    g_autofree char *name = g_strdup_printf ("opencl:%u", i - 1);

    g_assert_cmpstr (device->device, ==, name);
    g_assert_cmpuint (strlen (device->name), >, 0);
    g_assert_cmpuint (device->max_work_group, >, 0);
    g_assert_cmpuint (device->global_memory, >, 0);
    g_assert_true (*device->uuid == '\0' || strlen (device->uuid) == 36);
  }
}

/* auto is a GPU or the CPU backend, never OpenCL on a CPU. */
static void
test_auto (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RexnetEngine) engine = rexnet_engine_new (model, NULL, &error);
  const char *device;

  g_assert_no_error (error);
  device = rexnet_engine_get_info (engine)->device;
  for (guint i = 1; i < devices->len; i++) {
    const RexnetDevice *other = g_ptr_array_index (devices, i);

    if (strcmp (other->name, device) == 0)
      g_assert_cmpstr (other->type, ==, "gpu");
  }
}

static void
test_names (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();
  const RexnetDevice *device = first_opencl (devices);
  const char *wrong[] = { "no such device", "opencl:99", "opencl:x", "" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    RexnetEngineOptions options = {.device = wrong[i],.no_fallback = TRUE };
    g_autoptr (GError) error = NULL;

    g_assert_null (rexnet_engine_new (model, &options, &error));
    g_assert_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE);
  }
  if (!device) {
    g_test_skip ("no OpenCL device");
    return;
  }
  for (guint i = 0; i < 3; i++) {
    g_autofree char *part = g_ascii_strup (device->platform, 6);
    const char *names[] = { "opencl", "opencl:0", part };
    RexnetEngineOptions options = {.device = names[i],.no_fallback = TRUE };
    g_autoptr (GError) error = NULL;
    g_autoptr (RexnetEngine) engine = rexnet_engine_new (model, &options,
        &error);

    g_assert_no_error (error);
    if (i > 0)
      g_assert_cmpstr (rexnet_engine_get_info (engine)->device, ==,
          device->name);
  }
}

static void
test_precision_of_cpu (void)
{
  RexnetEngineOptions options = {.device = "cpu",
    .precision = REXNET_PRECISION_F16
  };
  g_autoptr (GError) error = NULL;

  g_assert_null (rexnet_engine_new (model, &options, &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_UNSUPPORTED);
}

/* ---- pictures ------------------------------------------------------------ */

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

/* ---- the program cache --------------------------------------------------- */

typedef struct
{
  guint calls;
  double fraction;
} Progress;

static void
note_progress (const char *what, double fraction, gpointer data)
{
  Progress *progress = data;

  g_assert_nonnull (what);
  g_assert_cmpfloat (fraction, >=, progress->fraction);
  progress->fraction = fraction;
  progress->calls++;
}

/* Opens an engine and says whether it compiled. */
static gboolean
compiles (const char *folder)
{
  Progress progress = { 0 };
  RexnetEngineOptions options = {.device = "opencl:0",.no_fallback = TRUE,
    .cache_dir = folder,.progress = note_progress,.progress_data = &progress
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (RexnetEngine) engine = rexnet_engine_new (model, &options, &error);
  g_autoptr (RexnetEngine) cpu = open_engine ("cpu", 1, FALSE);
  TestPicture picture;

  g_assert_no_error (error);
  test_picture_init (&picture, REXNET_FORMAT_RGB, 70, 70);
  assert_same_scores (engine, cpu, &picture.image, 1);
  test_picture_clear (&picture);
  if (progress.calls)
    g_assert_cmpfloat (progress.fraction, ==, 1.);
  return progress.calls > 0;
}

static char *
only_file (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = g_dir_read_name (dir);

  g_assert_nonnull (name);
  g_assert_null (g_dir_read_name (dir));
  return g_build_filename (folder, name, NULL);
}

/* Damages a byte of @data at @at, or cuts it there. */
static void
damage (const char *path, const char *data, gsize size, gsize at, gboolean cut)
{
  g_autofree char *copy = g_memdup2 (data, size);

  copy[at] ^= 0x20;
  g_assert_true (g_file_set_contents (path, copy, cut ? at : size, NULL));
}

static void
test_cache (void)
{
  g_autofree char *folder = NULL, *path = NULL, *data = NULL;
  gsize size;

  if (skip_without_device ())
    return;
  folder = g_dir_make_tmp ("rexnet-cache-XXXXXX", NULL);
  g_assert_true (compiles (folder));
  g_assert_false (compiles (folder));
  path = only_file (folder);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  damage (path, data, size, size / 2, FALSE);   /* in the binary */
  g_assert_true (compiles (folder));
  damage (path, data, size, 9, FALSE);  /* in the header */
  g_assert_true (compiles (folder));
  damage (path, data, size, size - 100, TRUE);
  g_assert_true (compiles (folder));
  damage (path, data, size, 0, TRUE);
  g_assert_true (compiles (folder));
  g_assert_false (compiles (folder));
  g_remove (path);
  g_rmdir (folder);
  /* A folder that cannot be made, and none at all. */
  g_assert_true (compiles ("/dev/null/cache"));
  g_assert_true (compiles (""));
}

/* ---- tuning -------------------------------------------------------------- */

/* One round of tuning times the defaults; sizes are stored and found again,
 * and what makes no sense is ignored. */
static void
test_tune (void)
{
  RexnetEngineOptions options = {.device = "opencl:0",.batch = 1 };
  const RexnetInput *input = &rexnet_model_get_info (model)->input;
  g_autoptr (GString) report = g_string_new (NULL);
  g_autofree char *folder = NULL, *path = NULL, *data = NULL;
  const RexnetClDevice *device;
  RexnetClTiles defaults, tiles, found;
  g_autoptr (GError) error = NULL;

  if (skip_without_device ())
    return;
  device = rexnet_cl_device_find ("opencl:0", NULL);
  defaults = rexnet_cl_tiles_default (device);
  rexnet_cl_tune (rexnet_model_get_network (model), input, &options, 1, &tiles,
      report, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (&tiles, sizeof tiles, &defaults, sizeof defaults);
  g_assert_nonnull (strstr (report->str, "depthwise"));

  folder = g_dir_make_tmp ("rexnet-tiles-XXXXXX", NULL);
  tiles.dw_r = 3;
  rexnet_cl_tiles_save (&tiles, device, folder, &error);
  g_assert_no_error (error);
  found = rexnet_cl_tiles_load (device, folder);
  g_assert_cmpmem (&found, sizeof found, &tiles, sizeof tiles);
  path = only_file (folder);
  g_assert_true (g_file_get_contents (path, &data, NULL, NULL));
  *strchr (strstr (data, "dw_r"), '3') = '0';
  g_file_set_contents (path, data, -1, NULL);
  found = rexnet_cl_tiles_load (device, folder);
  g_assert_cmpmem (&found, sizeof found, &defaults, sizeof defaults);
  g_file_set_contents (path, "[tiles]\ncb=99999999999999\n", -1, NULL);
  found = rexnet_cl_tiles_load (device, folder);
  g_assert_cmpmem (&found, sizeof found, &defaults, sizeof defaults);
  g_remove (path);
  g_rmdir (folder);
}

/* ---- without the library ------------------------------------------------- */

/* Runs this program's test @path again with another libOpenCL. */
static void
run_with_library (const char *path, const char *library)
{
  g_setenv ("REXNET_OPENCL_LIBRARY", library, TRUE);
  g_test_trap_subprocess (path, 0, 0);
  g_unsetenv ("REXNET_OPENCL_LIBRARY");
  g_test_trap_assert_passed ();
}

static void
test_missing_inside (void)
{
  RexnetEngineOptions options = {.device = "opencl" };
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RexnetEngine) engine = rexnet_engine_new (model, &options, &error);
  const RexnetEngineInfo *info;

  g_assert_cmpuint (devices->len, ==, 1);
  g_assert_no_error (error);
  info = rexnet_engine_get_info (engine);
  g_assert_cmpstr (info->device, ==, "cpu");
  g_assert_nonnull (strstr (info->fallback, "no OpenCL"));
  options.no_fallback = TRUE;
  g_assert_null (rexnet_engine_new (model, &options, &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE);
}

static void
test_missing (void)
{
  run_with_library ("/opencl/subprocess/missing", "/nonexistent/libOpenCL.so");
}

/* A library that is no OpenCL. */
static void
test_other (void)
{
  run_with_library ("/opencl/subprocess/missing", "libm.so.6");
}

/* ---- failing devices ----------------------------------------------------- */

static const char *failing_library;

/* Runs @path as a test of its own with a library that fails as @plan says. */
static void
run_failing (const char *path, const char *plan)
{
  if (skip_without_device ())
    return;
  if (!*failing_library) {
    g_test_skip ("no libOpenCL.so.1 to link with");
    return;
  }
  g_setenv ("FAILING_CL", plan, TRUE);
  run_with_library (path, failing_library);
  g_unsetenv ("FAILING_CL");
}

/* The engine never gets to the device. */
static void
test_start_inside (void)
{
  RexnetEngineOptions options = {.device = "opencl:0",.no_fallback = TRUE,
    .cache_dir = ""
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (RexnetEngine) cpu = open_engine ("cpu", 1, FALSE);
  TestPicture picture;

  g_assert_null (rexnet_engine_new (model, &options, &error));
  g_assert_nonnull (strstr (error->message, "OpenCL cannot"));
  options.no_fallback = FALSE;
  engine = rexnet_engine_new (model, &options, NULL);
  g_assert_nonnull (engine);
  g_assert_cmpstr (rexnet_engine_get_info (engine)->device, ==, "cpu");
  g_assert_nonnull (strstr (rexnet_engine_get_info (engine)->fallback,
          "OpenCL cannot"));
  test_picture_init (&picture, REXNET_FORMAT_NV12, 100, 80);
  assert_same_scores (engine, cpu, &picture.image, 1);
  test_picture_clear (&picture);
}

static void
test_start (gconstpointer plan)
{
  run_failing ("/opencl/subprocess/start", plan);
}

/* The device fails after some frames; every frame has its own result. */
static void
test_stream_inside (void)
{
  g_autoptr (RexnetEngine) engine = open_engine ("opencl:0", 1, TRUE);
  g_autoptr (RexnetEngine) cpu = open_engine ("cpu", 1, FALSE);
  const RexnetEngineInfo *before = rexnet_engine_get_info (engine);
  guint on_device = 0;

  g_assert_null (before->fallback);
  for (guint i = 0; i < 8; i++) {
    TestPicture picture;

    test_picture_init (&picture, REXNET_FORMAT_NV12, 64 + 4 * i, 64);
    assert_same_scores (engine, cpu, &picture.image, 1);
    test_picture_clear (&picture);
    on_device += strcmp (rexnet_engine_get_info (engine)->device, "cpu") != 0;
  }
  g_assert_cmpuint (on_device, <, 8);
  g_assert_nonnull (rexnet_engine_get_info (engine)->fallback);
  g_assert_null (before->fallback);
  g_assert_cmpstr (before->device, !=, "cpu");
}

static void
test_stream (gconstpointer plan)
{
  run_failing ("/opencl/subprocess/stream", plan);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  failing_library = g_getenv ("FAILING_CL_LIBRARY");
  if (!failing_library)
    failing_library = "";
  model = rexnet_model_generate (REXNET_VARIANT_REXNET, 0.5, 10, NULL);
  g_test_add_func ("/opencl/list", test_list);
  g_test_add_func ("/opencl/auto", test_auto);
  g_test_add_func ("/opencl/names", test_names);
  g_test_add_func ("/opencl/precision-of-cpu", test_precision_of_cpu);
  g_test_add_func ("/opencl/formats", test_formats);
  g_test_add_func ("/opencl/batch", test_batch);
  g_test_add_func ("/opencl/features", test_features);
  g_test_add_func ("/opencl/bad-picture", test_bad_picture);
  g_test_add_func ("/opencl/threads", test_threads);
  g_test_add_func ("/opencl/profile", test_profile);
  g_test_add_func ("/opencl/cache", test_cache);
  g_test_add_func ("/opencl/tune", test_tune);
  g_test_add_func ("/opencl/missing", test_missing);
  g_test_add_func ("/opencl/other-library", test_other);
  g_test_add_func ("/opencl/subprocess/missing", test_missing_inside);
  g_test_add_data_func ("/opencl/start/alloc", "alloc:5", test_start);
  g_test_add_data_func ("/opencl/start/compile", "compile", test_start);
  g_test_add_data_func ("/opencl/start/enqueue", "enqueue:3", test_start);
  g_test_add_data_func ("/opencl/stream/enqueue", "enqueue:90", test_stream);
  g_test_add_data_func ("/opencl/stream/map", "map:3", test_stream);
  g_test_add_data_func ("/opencl/stream/lost", "lost:3", test_stream);
  g_test_add_func ("/opencl/subprocess/start", test_start_inside);
  g_test_add_func ("/opencl/subprocess/stream", test_stream_inside);
  status = g_test_run ();
  rexnet_model_unref (model);
  return status;
}
