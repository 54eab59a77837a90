/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "model/file_writer.h"
#include "npy.h"

struct _NpyWriter
{
  RexnetFileWriter *file;       /* NULL: it failed, or is finished */
  guint columns;
  guint64 rows;
};

/* Room for any number of rows; a multiple of 64. */
#define HEADER_SIZE 128

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
  return rexnet_file_writer_write (self->file, header, sizeof header);
}

NpyWriter *
npy_open (const char *path, guint columns, GError ** error)
{
  RexnetFileWriter *file = rexnet_file_writer_open (path, error);
  NpyWriter *self;

  if (!file)
    return NULL;
  self = g_new0 (NpyWriter, 1);
  self->file = file;
  self->columns = columns;
  write_header (self);
  return self;
}

gboolean
npy_write (NpyWriter * self, const float *values, guint rows, GError ** error)
{
  for (gsize i = 0; i < (gsize) rows * self->columns; i++) {
    guint32 word;

    memcpy (&word, &values[i], sizeof word);
    word = GUINT32_TO_LE (word);
    if (!rexnet_file_writer_write (self->file, &word, sizeof word))
      return rexnet_file_writer_finish (g_steal_pointer (&self->file), error);
  }
  self->rows += rows;
  return TRUE;
}

gboolean
npy_finish (NpyWriter * self, GError ** error)
{
  rexnet_file_writer_rewind (self->file);
  write_header (self);
  return rexnet_file_writer_finish (g_steal_pointer (&self->file), error);
}

void
npy_free (NpyWriter * self)
{
  if (!self)
    return;
  rexnet_file_writer_discard (self->file);
  g_free (self);
}
