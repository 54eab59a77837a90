/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "files.h"
#include "settings.h"

#define MAX_FILE (16 << 20)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

char **
rexnet_labels_read (const char *path, GError ** error)
{
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  gsize length;

  if (!rexnet_file_read (path, MAX_FILE, &text, &length, error))
    return NULL;
  if (!g_utf8_validate_len (text, length, NULL)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: labels must be UTF-8 text", path);
    return NULL;
  }
  for (const char *line = g_str_has_prefix (text, BYTE_ORDER_MARK) ?
      text + strlen (BYTE_ORDER_MARK) : text; *line;) {
    const char *end = strchrnul (line, '\n');

    g_ptr_array_add (labels, g_strchomp (g_strndup (line, end - line)));
    line = *end ? end + 1 : end;
  }
  if (labels->len == 0) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: is empty; it should hold one label a line", path);
    return NULL;
  }
  g_ptr_array_add (labels, NULL);
  return (char **) g_ptr_array_steal (labels, NULL);
}
