/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes an array of NumPy: format version 1.0, rows x columns float32,
 * little-endian. Its file appears whole or not at all.
 * Source: numpy/lib/format.py.
 */
#pragma once

#include <glib.h>

typedef struct _NpyWriter NpyWriter;

/* Errors of all three name the file; after one only npy_free() may follow. */
NpyWriter *npy_open (const char *path, guint columns, GError ** error);
/* @values: @rows x columns */
gboolean npy_write (NpyWriter * self, const float *values, guint rows,
    GError ** error);
/* Replaces a file of that name. */
gboolean npy_finish (NpyWriter * self, GError ** error);

/* @self: (nullable). Leaves nothing behind of what is not finished. */
void npy_free (NpyWriter * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NpyWriter, npy_free)
