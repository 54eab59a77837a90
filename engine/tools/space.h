/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room on a disk, and what is said when there is too little. */
#pragma once

#include <gio/gio.h>

/* Returns: (transfer full): as "19.4 MB" */
char *space_to_string (gint64 bytes);

/* FALSE with G_IO_ERROR_NO_SPACE where the disk, or the limit on a file's size
 * (RLIMIT_FSIZE), would not let @path grow from @present to @size bytes. */
gboolean space_check (const char *path, gint64 present, gint64 size,
    GError ** error);

/* Sets the error for a write to @path that failed with @code (errno) after
 * @present of @size bytes; -1: not known. Returns: FALSE. */
gboolean space_fail_write (GError ** error, const char *path, int code,
    gint64 present, gint64 size);
