/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a zip archive's members lie, which libzip does not tell. */
#pragma once

#include <glib.h>

/*
 * Returns: (transfer full) (nullable): the archive's central directory as a
 *   table of name and offset of the member's local header, or NULL when it
 *   cannot be followed
 */
GHashTable *rexnet_zip_offsets (const guint8 * data, gsize size);

/*
 * The bytes of a member that is stored as it is.
 * @offset: of its local header
 * Returns: (nullable): NULL unless @length bytes of plain data are there
 */
const guint8 *rexnet_zip_stored (const guint8 * data, gsize size,
    guint64 offset, guint64 length);
