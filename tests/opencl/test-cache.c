/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept on the disk: compiled programs, and the tiles of a device. */
#include <glib/gstdio.h>
#include <string.h>

#include "device.h"
#include "picture.h"
#include "tune.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/opencl/cache", test_cache);
  g_test_add_func ("/opencl/tune", test_tune);
  return run_tests ();
}
