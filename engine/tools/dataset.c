/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "classes.h"
#include "dataset.h"
#include "filelist.h"
#include "idx.h"
#include "images.h"
#include "list.h"
#include "tool.h"

typedef struct
{
  char *path;
  guint class_index;
} Item;

struct _Dataset
{
  IdxSet *idx;                  /* or else: */
  GArray *items;                /* Item */
  char *path;
};

static void
clear_item (gpointer item)
{
  g_free (((Item *) item)->path);
}

static gboolean
add_class (Dataset * self, const char *path, guint class_index,
    GError ** error)
{
  g_autoptr (GPtrArray) files =
      filelist_read_folder (path, G_FILE_TEST_IS_REGULAR, error);

  if (!files)
    return FALSE;
  for (guint i = 0; i < files->len; i++) {
    Item item = { g_build_filename (path, files->pdata[i], NULL), class_index };

    g_array_append_val (self->items, item);
  }
  return TRUE;
}

static gboolean
open_folder (Dataset * self, RexnetModel * model, GError ** error)
{
  g_autoptr (GPtrArray) names =
      filelist_read_folder (self->path, G_FILE_TEST_IS_DIR, error);
  g_autofree guint *classes = NULL;

  if (!names)
    return FALSE;
  if (names->len == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: holds neither a folder for each class nor "
        "t10k-images-idx3-ubyte", self->path);
    return FALSE;
  }
  if (!(classes = classes_match (names, model, self->path, error)))
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *folder =
        g_build_filename (self->path, names->pdata[i], NULL);

    if (!add_class (self, folder, classes[i], error))
      return FALSE;
  }
  if (self->items->len > 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s: there are no files in its folders", self->path);
  return FALSE;
}

static gboolean
open_list (Dataset * self, RexnetModel * model, GError ** error)
{
  g_autoptr (List) list = list_read (self->path, error);
  g_autofree guint *classes = list
      ? classes_match (list->names, model, self->path, error) : NULL;

  if (!classes)
    return FALSE;
  for (guint i = 0; i < list->entries->len; i++) {
    ListEntry *entry = &g_array_index (list->entries, ListEntry, i);
    Item item = { g_steal_pointer (&entry->path), classes[entry->name] };

    g_array_append_val (self->items, item);
  }
  return TRUE;
}

static gboolean
open_idx (Dataset * self, RexnetModel * model, GError ** error)
{
  guint classes = rexnet_model_get_info (model)->classes;

  self->idx = idx_load (self->path, error);
  if (!self->idx)
    return FALSE;
  for (guint i = 0; i < self->idx->n; i++)
    if (self->idx->classes[i] >= classes) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "%s: picture %u is of class %u, but the model has %u classes",
          self->path, i, self->idx->classes[i], classes);
      return FALSE;
    }
  return TRUE;
}

static gboolean
has_suffix (const char *path, const char *suffix)
{
  gsize length = strlen (path), n = strlen (suffix);

  return length >= n && g_ascii_strcasecmp (path + length - n, suffix) == 0;
}

static gboolean
open_any (Dataset * self, const char *path, RexnetModel * model,
    GError ** error)
{
  if ((self->path = idx_find_images (path)))
    return open_idx (self, model, error);
  self->path = g_strdup (path);
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return open_folder (self, model, error);
  return has_suffix (path, ".csv") ? open_list (self, model, error)
      : open_idx (self, model, error);
}

Dataset *
dataset_open (const char *path, RexnetModel * model, GError ** error)
{
  g_autoptr (Dataset) self = g_new0 (Dataset, 1);

  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (self->items, clear_item);
  return open_any (self, path, model, error) ? g_steal_pointer (&self) : NULL;
}

void
dataset_free (Dataset * self)
{
  if (!self)
    return;
  idx_free (self->idx);
  g_array_unref (self->items);
  g_free (self->path);
  g_free (self);
}

guint
dataset_get_size (Dataset * self)
{
  return self->idx ? self->idx->n : self->items->len;
}

guint
dataset_get_class (Dataset * self, guint index)
{
  return self->idx ? self->idx->classes[index]
      : g_array_index (self->items, Item, index).class_index;
}

char *
dataset_get_name (Dataset * self, guint index)
{
  return self->idx ? g_strdup_printf ("%s[%u]", self->path, index)
      : g_strdup (g_array_index (self->items, Item, index).path);
}

gboolean
dataset_load (Dataset * self, guint index, RexnetImage * image,
    GdkPixbuf ** pixbuf, GError ** error)
{
  const IdxSet *idx = self->idx;

  if (idx) {
    *pixbuf = NULL;
    *image = (RexnetImage) {
      .format = REXNET_FORMAT_GRAY8,
      .width = idx->width,
      .height = idx->height,
      .plane = {idx->pixels + (gsize) index * idx->width * idx->height},
      .stride = {idx->width},
      .full_range = TRUE,
    };
    return TRUE;
  }
  *pixbuf = image_load (g_array_index (self->items, Item, index).path, error);
  if (!*pixbuf)
    return FALSE;
  *image = image_view (*pixbuf);
  return TRUE;
}
