/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "space.h"

char *
space_to_string (gint64 bytes)
{
  return bytes < 1000000 ? g_strdup_printf ("%.1f kB", bytes / 1e3)
      : g_strdup_printf ("%.1f MB", bytes / 1e6);
}

static void
set_no_space (GError ** error, const char *path, gint64 needed, gint64 there,
    const char *what)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *need = space_to_string (needed);
  g_autofree char *have = space_to_string (there);
  g_autofree char *missing = space_to_string (needed - there);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
      "%s are needed in %s, but %s %s: %s are missing", need, folder, what,
      have, missing);
}

gboolean
space_check (const char *path, gint64 present, gint64 size, GError ** error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct statvfs disk;
  struct rlimit limit;

  if (getrlimit (RLIMIT_FSIZE, &limit) == 0
      && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t) size) {
    set_no_space (error, path, size, limit.rlim_cur,
        "a file may have no more than (ulimit -f)");
    return FALSE;
  }
  if (statvfs (folder, &disk) == 0) {
    const gint64 there = MIN ((guint64) disk.f_bavail * disk.f_frsize,
        G_MAXINT64);

    if (there < size - present) {
      set_no_space (error, path, size - present, there, "it has");
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
space_fail_write (GError ** error, const char *path, int code, gint64 present,
    gint64 size)
{
  g_autofree char *written = space_to_string (present);
  g_autofree char *missing = size < 0 ? NULL : space_to_string (size - present);
  g_autofree char *rest = missing ? g_strdup_printf (", %s are missing",
      missing) : g_strdup ("");
  const gboolean full = code == ENOSPC || code == EDQUOT || code == EFBIG;

  if (full)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
        "%s: %s after %s%s", path, g_strerror (code), written, rest);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s",
        path, g_strerror (code));
  return FALSE;
}
