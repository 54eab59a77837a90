/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A CSV file of pictures and their classes. */
#pragma once

#include <gio/gio.h>

typedef struct
{
  char *path;                   /* of a picture, in the file name encoding */
  guint name;                   /* of its class, an index into names */
} ListEntry;

typedef struct
{
  GArray *entries;              /* ListEntry, in the file's order */
  GPtrArray *names;             /* char*, sorted, all different */
} List;

/*
 * Reads @path: a picture and a class in each record, or in the columns that a
 * first record names. Pictures are looked for from the folder of @path on.
 * Errors name the file and the line. Returns NULL with the error.
 */
List *list_read (const char *path, GError ** error);
/* @self: (nullable) */
void list_free (List * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (List, list_free)
