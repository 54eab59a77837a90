/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture files, through gdk-pixbuf. */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <rexnet/rexnet.h>

/*
 * Decodes @path, turned upright as its EXIF orientation says. Of an animation
 * the first picture.
 *
 * Returns: (transfer full): 8 bits a sample, RGB or RGBA; NULL with an error
 *   that does not repeat the path
 */
GdkPixbuf *image_load (const char *path, GError ** error);

/* A view of @pixbuf, valid while it lives. Alpha is ignored. */
RexnetImage image_view (GdkPixbuf * pixbuf);
