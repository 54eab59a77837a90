/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that one process at a time holds. */
#pragma once

#include <gio/gio.h>

/*
 * Waits until @path is ours, creating it.
 * @waiting: called once if another process holds it
 *
 * Returns: for lock_release(), or -1 with the error; CANCELLED after
 *   tool_interrupted()
 */
int lock_take (const char *path, void (*waiting) (const char *path),
    GError ** error);

/* Deletes @path. */
void lock_release (int lock, const char *path);
