/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that fail, at the start and in the middle of a stream. */
#include <string.h>

#include "device.h"
#include "picture.h"

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
  g_setenv ("REXNET_OPENCL_LIBRARY", failing_library, TRUE);
  g_test_trap_subprocess (path, 0, 0);
  g_unsetenv ("REXNET_OPENCL_LIBRARY");
  g_test_trap_assert_passed ();
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
  g_test_init (&argc, &argv, NULL);
  failing_library = g_getenv ("FAILING_CL_LIBRARY");
  if (!failing_library)
    failing_library = "";
  g_test_add_data_func ("/opencl/start/alloc", "alloc:5", test_start);
  g_test_add_data_func ("/opencl/start/compile", "compile", test_start);
  g_test_add_data_func ("/opencl/start/enqueue", "enqueue:3", test_start);
  g_test_add_data_func ("/opencl/stream/enqueue", "enqueue:90", test_stream);
  g_test_add_data_func ("/opencl/stream/map", "map:3", test_stream);
  g_test_add_data_func ("/opencl/stream/lost", "lost:3", test_stream);
  g_test_add_func ("/opencl/subprocess/start", test_start_inside);
  g_test_add_func ("/opencl/subprocess/stream", test_stream_inside);
  return run_tests ();
}
