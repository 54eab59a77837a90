/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

#include "filelist.h"
#include "tool.h"

GPtrArray *
filelist_read_folder (const char *path, GFileTest test, GError ** error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (!dir)
    return NULL;
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *full = g_build_filename (path, name, NULL);

    if (name[0] != '.' && g_file_test (full, test))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, tool_compare_strings);
  return g_steal_pointer (&names);
}

static gboolean
add_folder (GPtrArray * files, const char *path, GError ** error)
{
  g_autoptr (GPtrArray) names =
      filelist_read_folder (path, G_FILE_TEST_EXISTS, error);

  if (!names)
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *full = g_build_filename (path, names->pdata[i], NULL);

    if (!g_file_test (full, G_FILE_TEST_IS_DIR))
      g_ptr_array_add (files, g_steal_pointer (&full));
    else if (!g_file_test (full, G_FILE_TEST_IS_SYMLINK)
        && !add_folder (files, full, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
filelist_add (GPtrArray * files, const char *path, GError ** error)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return add_folder (files, path, error);
  g_ptr_array_add (files, g_strdup (path));
  return TRUE;
}

static gboolean
add_lines (GPtrArray * files, GInputStream * stream, GError ** error)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (stream);
  GError *failure = NULL;

  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_ANY);
  for (;;) {
    g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL,
        &failure);

    if (!line)
      break;
    if (*line && !filelist_add (files, line, error))
      return FALSE;
  }
  if (!failure)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

gboolean
filelist_add_lines (GPtrArray * files, const char *path, GError ** error)
{
  g_autoptr (GInputStream) stream = strcmp (path, "-") == 0 ?
      g_unix_input_stream_new (STDIN_FILENO, FALSE) :
      tool_open (path, FALSE, error);

  if (stream && add_lines (files, stream, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}
