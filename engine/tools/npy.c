/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "npy.h"

struct _NpyWriter
{
  char *path, *temporary;
  FILE *file;
  guint columns;
  guint64 rows;
};

/* Room for any number of rows; a multiple of 64. */
#define HEADER_SIZE 128

static gboolean
fail (const char *path, GError ** error)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path,
      g_strerror (code));
  return FALSE;
}

static gboolean
write_header (NpyWriter * self)
{
  static const char magic[10] = "\x93NUMPY\x01\x00\x76\x00";    /* 118 follow */
  char header[HEADER_SIZE];
  int length;

  memset (header, ' ', sizeof header);
  memcpy (header, magic, sizeof magic);
  length = g_snprintf (header + sizeof magic, sizeof header - sizeof magic,
      "{'descr': '<f4', 'fortran_order': False, 'shape': (%" G_GUINT64_FORMAT
      ", %u), }", self->rows, self->columns);
  header[sizeof magic + length] = ' ';
  header[sizeof header - 1] = '\n';
  return fwrite (header, sizeof header, 1, self->file) == 1;
}

NpyWriter *
npy_open (const char *path, guint columns, GError ** error)
{
  g_autoptr (NpyWriter) self = g_new0 (NpyWriter, 1);
  g_autofree char *temporary = g_strconcat (path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0666);

  self->path = g_strdup (path);
  self->columns = columns;
  if (fd >= 0) {
    self->temporary = g_steal_pointer (&temporary);
    self->file = fdopen (fd, "wb");
  }
  if (self->file && write_header (self))
    return g_steal_pointer (&self);
  fail (path, error);
  return NULL;
}

gboolean
npy_write (NpyWriter * self, const float *values, guint rows, GError ** error)
{
  for (gsize i = 0; i < (gsize) rows * self->columns; i++) {
    guint32 word;

    memcpy (&word, &values[i], sizeof word);
    word = GUINT32_TO_LE (word);
    if (fwrite (&word, sizeof word, 1, self->file) != 1)
      return fail (self->path, error);
  }
  self->rows += rows;
  return TRUE;
}

gboolean
npy_finish (NpyWriter * self, GError ** error)
{
  if (fseek (self->file, 0, SEEK_SET) != 0 || !write_header (self)
      || fclose (g_steal_pointer (&self->file)) != 0
      || g_rename (self->temporary, self->path) != 0)
    return fail (self->path, error);
  g_clear_pointer (&self->temporary, g_free);
  return TRUE;
}

void
npy_free (NpyWriter * self)
{
  if (!self)
    return;
  if (self->file)
    fclose (self->file);
  if (self->temporary)
    g_unlink (self->temporary);
  g_free (self->temporary);
  g_free (self->path);
  g_free (self);
}
