/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "dataset.h"
#include "idx.h"
#include "images.h"
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

/* How the names of class folders become class indices. */
typedef enum
{
  NAMES_ARE_LABELS,
  NAMES_ARE_NUMBERS,
  NAMES_IN_ORDER,
} Naming;

static void
clear_item (gpointer item)
{
  g_free (((Item *) item)->path);
}

/* A '/' in a label, which no folder can have, is '_' or '-' in the name. */
static gboolean
is_label (const char *name, const char *label)
{
  for (; *name && *label; name++, label++)
    if (*name != *label && !(*label == '/' && (*name == '_' || *name == '-')))
      return FALSE;
  return *name == *label;
}

/* Returns the class, or -1. */
static int
name_to_class (const char *name, Naming naming, guint position,
    RexnetModel * model)
{
  guint classes = rexnet_model_get_info (model)->classes;
  guint64 number;

  if (naming == NAMES_IN_ORDER)
    return position;
  if (naming == NAMES_ARE_NUMBERS)
    return g_ascii_string_to_unsigned (name, 10, 0, classes - 1, &number, NULL)
        ? (int) number : -1;
  for (guint i = 0; i < classes; i++) {
    const char *label = rexnet_model_get_label (model, i);

    if (label && is_label (name, label))
      return i;
  }
  return -1;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The names in folder @path that pass @test, sorted; hidden ones left out. */
static GPtrArray *
list_folder (const char *path, GFileTest test, GError ** error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (!dir)
    return NULL;
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *full = g_build_filename (path, name, NULL);

    if (name[0] != '.' && g_file_test (full, test))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

/* How many of @names are classes by @naming; the first that is not in
 * @stranger. */
static guint
count_matches (GPtrArray * names, Naming naming, RexnetModel * model,
    const char **stranger)
{
  guint matches = 0;

  *stranger = NULL;
  for (guint i = 0; i < names->len; i++) {
    if (name_to_class (names->pdata[i], naming, i, model) >= 0)
      matches++;
    else if (!*stranger)
      *stranger = names->pdata[i];
  }
  return matches;
}

static gboolean
all_numbers (GPtrArray * names)
{
  for (guint i = 0; i < names->len; i++)
    if (!g_ascii_string_to_unsigned (names->pdata[i], 10, 0, G_MAXUINT64, NULL,
            NULL))
      return FALSE;
  return TRUE;
}

static gboolean
choose_naming (GPtrArray * names, RexnetModel * model, const char *path,
    Naming * naming, GError ** error)
{
  guint classes = rexnet_model_get_info (model)->classes;
  gboolean numbers = all_numbers (names);
  const char *stranger;
  guint matches;

  *naming = numbers ? NAMES_ARE_NUMBERS : NAMES_ARE_LABELS;
  matches = count_matches (names, *naming, model, &stranger);
  if (matches == names->len)
    return TRUE;
  if (numbers) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: '%s' is no class number of the model, which are 0 to %u", path,
        stranger, classes - 1);
    return FALSE;
  }
  *naming = NAMES_IN_ORDER;
  if (matches == 0 && names->len == classes)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s: '%s' is none of the model's labels, and %u folders are no list of "
      "its %u classes", path, stranger, names->len, classes);
  return FALSE;
}

static gboolean
add_class (Dataset * self, const char *path, guint class_index,
    GError ** error)
{
  g_autoptr (GPtrArray) files =
      list_folder (path, G_FILE_TEST_IS_REGULAR, error);

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
      list_folder (self->path, G_FILE_TEST_IS_DIR, error);
  Naming naming;

  if (!names)
    return FALSE;
  if (names->len == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: holds neither a folder for each class nor "
        "t10k-images-idx3-ubyte", self->path);
    return FALSE;
  }
  if (!choose_naming (names, model, self->path, &naming, error))
    return FALSE;

  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (self->items, clear_item);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *folder =
        g_build_filename (self->path, names->pdata[i], NULL);

    if (!add_class (self, folder, name_to_class (names->pdata[i], naming, i,
                model), error))
      return FALSE;
  }
  if (self->items->len > 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s: there are no files in its folders", self->path);
  return FALSE;
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

Dataset *
dataset_open (const char *path, RexnetModel * model, GError ** error)
{
  g_autoptr (Dataset) self = g_new0 (Dataset, 1);
  gboolean ok;

  self->path = idx_find_images (path);
  ok = self->path != NULL;
  if (!ok) {
    self->path = g_strdup (path);
    ok = !g_file_test (path, G_FILE_TEST_IS_DIR);
  }
  ok = ok ? open_idx (self, model, error) : open_folder (self, model, error);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
dataset_free (Dataset * self)
{
  if (!self)
    return;
  idx_free (self->idx);
  g_clear_pointer (&self->items, g_array_unref);
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
