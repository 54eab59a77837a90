/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices there are, and by what names they go; the same without an OpenCL
 * library. */
#include <string.h>

#include "device.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/opencl/list", test_list);
  g_test_add_func ("/opencl/auto", test_auto);
  g_test_add_func ("/opencl/names", test_names);
  g_test_add_func ("/opencl/precision-of-cpu", test_precision_of_cpu);
  g_test_add_func ("/opencl/missing", test_missing);
  g_test_add_func ("/opencl/other-library", test_other);
  g_test_add_func ("/opencl/subprocess/missing", test_missing_inside);
  return run_tests ();
}
