/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include <glib/gstdio.h>

#include "fail.h"
#include "files.h"

/* Opening a FIFO would wait for a writer, so the type is looked at first. */
static gboolean
stat_regular (const char *path, GStatBuf * st, GError ** error)
{
  if (g_stat (path, st) != 0) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND, "%s: %s", path,
        g_strerror (errno));
    return FALSE;
  }
  if (S_ISREG (st->st_mode))
    return TRUE;
  return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: is %s, expected a file", path,
      S_ISDIR (st->st_mode) ? "a folder" : "no regular file");
}

gboolean
rexnet_file_check (const char *path, GError ** error)
{
  GStatBuf st;

  return stat_regular (path, &st, error);
}

gboolean
rexnet_file_read (const char *path, gsize limit, char **text, gsize * length,
    GError ** error)
{
  g_autoptr (GError) cause = NULL;
  GStatBuf st;

  if (!stat_regular (path, &st, error))
    return FALSE;
  if ((guint64) st.st_size > limit)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: has %" G_GINT64_FORMAT " bytes, but at most %" G_GSIZE_FORMAT
        " are read", path, (gint64) st.st_size, limit);
  if (g_file_get_contents (path, text, length, &cause))
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND, "%s",
      cause->message);
  return FALSE;
}
