/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "idx.h"
#include "tool.h"

#define MAGIC_CLASSES 0x00000801        /* bytes, 1 dimension */
#define MAGIC_IMAGES 0x00000803 /* bytes, 3 dimensions */
#define MAX_SIDE 32768
#define MAX_BYTES ((guint64) 1 << 31)

static const char *const test_names[] = {
  "t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz",
  "t10k-images.idx3-ubyte", "t10k-images.idx3-ubyte.gz",
};

/* Reads the magic number and @n big-endian sizes. */
static gboolean
read_header (GInputStream * stream, guint32 magic, guint32 * sizes, guint n,
    GError ** error)
{
  guint32 words[4];
  gsize wanted = (n + 1) * sizeof (guint32), got;

  if (!g_input_stream_read_all (stream, words, wanted, &got, NULL, error))
    return FALSE;
  if (got < wanted || GUINT32_FROM_BE (words[0]) != magic) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "is no idx file of %s", n > 1 ? "pictures; a list of them ends in .csv"
        : "labels");
    return FALSE;
  }
  for (guint i = 0; i < n; i++)
    sizes[i] = GUINT32_FROM_BE (words[i + 1]);
  return TRUE;
}

char *
idx_find_images (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (test_names); i++) {
    g_autofree char *file = g_build_filename (path, test_names[i], NULL);

    if (g_file_test (file, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&file);
  }
  return NULL;
}

static gboolean
load_images (IdxSet * self, const char *path, GError ** error)
{
  g_autoptr (GInputStream) stream = tool_open (path, TRUE, error);
  guint32 sizes[3];

  if (!stream || !read_header (stream, MAGIC_IMAGES, sizes, 3, error))
    return FALSE;
  if (sizes[0] == 0 || sizes[1] == 0 || sizes[2] == 0 || sizes[1] > MAX_SIDE
      || sizes[2] > MAX_SIDE
      || sizes[0] > MAX_BYTES / ((guint64) sizes[1] * sizes[2])) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "claims %u pictures of %u x %u pixels", sizes[0], sizes[2], sizes[1]);
    return FALSE;
  }
  self->n = sizes[0];
  self->height = sizes[1];
  self->width = sizes[2];
  self->pixels = tool_read (stream,
      (gsize) self->n * self->height * self->width, error);
  return self->pixels != NULL;
}

static gboolean
load_classes (IdxSet * self, const char *path, GError ** error)
{
  g_autoptr (GInputStream) stream = tool_open (path, TRUE, error);
  guint32 n;

  if (!stream || !read_header (stream, MAGIC_CLASSES, &n, 1, error))
    return FALSE;
  if (n != self->n) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "holds %u labels for %u pictures", n, self->n);
    return FALSE;
  }
  self->classes = tool_read (stream, n, error);
  return self->classes != NULL;
}

/* "t10k-images-idx3-ubyte.gz" has its classes in "t10k-labels-idx1-ubyte",
 * with or without ".gz". */
static char *
find_classes (const char *images, GError ** error)
{
  g_autofree char *folder = g_path_get_dirname (images);
  g_autofree char *base = g_path_get_basename (images);
  g_autoptr (GString) name = g_string_new (base);
  g_autofree char *path = NULL;

  if (g_str_has_suffix (name->str, ".gz"))
    g_string_truncate (name, name->len - strlen (".gz"));
  if (g_string_replace (name, "images", "labels", 1) == 1
      && g_string_replace (name, "idx3", "idx1", 1) == 1) {
    path = g_build_filename (folder, name->str, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
    g_string_append (name, ".gz");
    g_free (path);
    path = g_build_filename (folder, name->str, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
      "%s: there is no labels file beside it; for NAME-images-idx3-ubyte it is "
      "called NAME-labels-idx1-ubyte", images);
  return NULL;
}

IdxSet *
idx_load (const char *path, GError ** error)
{
  g_autoptr (IdxSet) self = g_new0 (IdxSet, 1);
  g_autofree char *classes = NULL;

  if (!load_images (self, path, error)) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  classes = find_classes (path, error);
  if (!classes)
    return NULL;
  if (!load_classes (self, classes, error)) {
    g_prefix_error (error, "%s: ", classes);
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
idx_free (IdxSet * self)
{
  if (!self)
    return;
  g_free (self->pixels);
  g_free (self->classes);
  g_free (self);
}
