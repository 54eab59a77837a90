/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "cache.h"

char *
rexnet_cl_cache_path (const RexnetClDevice * device, const char *cache_dir,
    const char *const *parts, guint n_parts, const char *suffix)
{
  const RexnetDevice *info = &device->info;
  const char *identity[] = { info->name, info->platform, info->version,
    info->driver
  };
  g_autofree char *folder = cache_dir ? g_strdup (cache_dir)
      : g_build_filename (g_get_user_cache_dir (), "rexnet", NULL);
  g_autoptr (GChecksum) key = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *file = NULL;

  if (!*folder)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (identity); i++)
    g_checksum_update (key, (const guchar *) identity[i],
        strlen (identity[i]) + 1);
  for (guint i = 0; i < n_parts; i++)
    g_checksum_update (key, (const guchar *) parts[i], strlen (parts[i]) + 1);
  file = g_strconcat (g_checksum_get_string (key), suffix, NULL);
  return g_build_filename (folder, file, NULL);
}

gboolean
rexnet_cl_cache_write (const char *path, const void *data, gsize size,
    GError ** error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0700) != 0) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND,
        "%s: cannot make the folder: %s", folder, g_strerror (errno));
    return FALSE;
  }
  return g_file_set_contents (path, data, size, error);
}
