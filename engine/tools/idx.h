/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The idx files of MNIST and its successors: grey pictures of one size and a
 * class for each. Source: "FILE FORMATS FOR THE MNIST DATABASE",
 * http://yann.lecun.com/exdb/mnist/. Gzip is recognised by content.
 */
#pragma once

#include <gio/gio.h>

typedef struct
{
  guint n, width, height;
  guint8 *pixels;               /* n x height x width */
  guint8 *classes;              /* n */
} IdxSet;

/* Returns: (transfer full) (nullable): the pictures' file in folder @path,
 * that of the test set, or NULL if there is none */
char *idx_find_images (const char *path);

/* Reads the pictures in @path and the classes in the labels file beside it.
 * Errors name the file. Returns NULL with the error. */
IdxSet *idx_load (const char *path, GError ** error);
/* @self: (nullable) */
void idx_free (IdxSet * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IdxSet, idx_free)
