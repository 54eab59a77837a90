/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening files that a user named. */
#pragma once

#include <rexnet/rexnet.h>

/* FALSE with an error unless @path is a regular file. */
gboolean rexnet_file_check (const char *path, GError ** error);

/* Reads a file of at most @limit bytes; @text ends in a NUL. */
gboolean rexnet_file_read (const char *path, gsize limit, char **text,
    gsize * length, GError ** error);
