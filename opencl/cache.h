/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder that keeps what was found out about devices. */
#pragma once

#include "device.h"

/*
 * A file name that is a digest of everything that says which device and driver
 * this is, and of @parts.
 * @cache_dir: (nullable): as in RexnetEngineOptions
 * @suffix: ".tiles"
 * Returns: (transfer full) (nullable): NULL when there is to be no cache
 */
char *rexnet_cl_cache_path (const RexnetClDevice * device,
    const char *cache_dir, const char *const *parts, guint n_parts,
    const char *suffix);

/* Replaces the file at @path atomically, in a folder that is made. */
gboolean rexnet_cl_cache_write (const char *path, const void *data,
    gsize size, GError ** error);
