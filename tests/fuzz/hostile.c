/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include <string.h>

GBytes *
read_fixture (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data/models",
      name, NULL);
  char *content;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  return g_bytes_new_take (content, length);
}

void
assert_refused (GBytes * bytes, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_load_bytes (bytes, "FILE", &error);

  g_assert_null (model);
  g_test_message ("%s", error->message);
  g_assert_error (error, REXNET_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, "FILE: "));
  if (!strstr (error->message, part))
    g_error ("'%s' is not in '%s'", part, error->message);
}
