/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures whose class is known, for `rexnet eval`. */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <rexnet/rexnet.h>

typedef struct _Dataset Dataset;

/*
 * Opens a folder with one folder a class, a folder with idx files, an idx file
 * of pictures, or a .csv file of pictures and classes, and matches its classes
 * with those of @model. Errors name the file.
 */
Dataset *dataset_open (const char *path, RexnetModel * model, GError ** error);
/* @self: (nullable) */
void dataset_free (Dataset * self);

guint dataset_get_size (Dataset * self);
guint dataset_get_class (Dataset * self, guint index);
/* Returns: (transfer full): what messages call the picture */
char *dataset_get_name (Dataset * self, guint index);

/*
 * Fills @image with the picture, decoded. @pixbuf: set to what owns its
 * pixels, to be unreffed, or to NULL where the data set does. Several threads
 * may load at once.
 */
gboolean dataset_load (Dataset * self, guint index, RexnetImage * image,
    GdkPixbuf ** pixbuf, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Dataset, dataset_free)
