/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "models.h"

JsonNode *
read_json (const char *path)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

RexnetModel *
load_model (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_load (path, &error);

  g_assert_no_error (error);
  return model;
}

RexnetModel *
load_fixture (const char *name)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, MODELS, NULL);

  return load_model (folder, name);
}

static void
folder_set_up (Folder * folder, gconstpointer data)
{
  folder->path = g_dir_make_tmp ("rexnet-XXXXXX", NULL);
  g_assert_nonnull (folder->path);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    remove_tree (child);
  }
  g_remove (path);
}

static void
folder_tear_down (Folder * folder, gconstpointer data)
{
  remove_tree (folder->path);
  g_free (folder->path);
}

char *
write_file (Folder * folder, const char *name, const char *text, gssize length)
{
  char *path = g_build_filename (folder->path, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  return path;
}

char *
copy_fixture (Folder * folder, const char *fixture, const char *name)
{
  g_autofree char *source = g_test_build_filename (G_TEST_DIST, MODELS, fixture,
      NULL);
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (source, &content, &length, NULL));
  return write_file (folder, name, content, length);
}

void
add_with_folder (const char *name, void (*test) (Folder *, gconstpointer))
{
  g_test_add (name, Folder, NULL, folder_set_up, test, folder_tear_down);
}
