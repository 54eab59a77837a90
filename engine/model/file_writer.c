/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fail.h"
#include "file_writer.h"

struct _RexnetFileWriter
{
  char *path, *temporary;
  FILE *stream;                 /* NULL: closed */
  int failure;                  /* errno of the first, or 0 */
};

static gboolean
fail_to_write (const char *path, int number, GError ** error)
{
  g_autofree char *display = g_filename_display_name (path);

  return rexnet_fail (error, REXNET_ERROR_ARGUMENT, "%s: cannot be written: %s",
      display, g_strerror (number));
}

RexnetFileWriter *
rexnet_file_writer_open (const char *path, GError ** error)
{
  g_autofree char *temporary = g_strconcat (path, ".XXXXXX", NULL);
  const int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0666);
  RexnetFileWriter *self;

  if (fd < 0) {
    fail_to_write (path, errno, error);
    return NULL;
  }
  self = g_new0 (RexnetFileWriter, 1);
  self->path = g_strdup (path);
  self->temporary = g_steal_pointer (&temporary);
  self->stream = fdopen (fd, "wb");
  if (!self->stream) {
    fail_to_write (path, errno, error);
    close (fd);
    rexnet_file_writer_discard (self);
    return NULL;
  }
  return self;
}

static void
note_failure (RexnetFileWriter * self)
{
  if (!self->failure)
    self->failure = errno;
}

gboolean
rexnet_file_writer_write (RexnetFileWriter * self, const void *data,
    gsize size)
{
  if (!self->failure && size > 0 && fwrite (data, size, 1, self->stream) != 1)
    note_failure (self);
  return !self->failure;
}

void
rexnet_file_writer_rewind (RexnetFileWriter * self)
{
  if (!self->failure && fseek (self->stream, 0, SEEK_SET) != 0)
    note_failure (self);
}

static void
writer_close (RexnetFileWriter * self)
{
  FILE *stream = g_steal_pointer (&self->stream);

  if (stream && fclose (stream) != 0)
    note_failure (self);
}

/* The data is on the disk before the name points to it. */
gboolean
rexnet_file_writer_finish (RexnetFileWriter * self, GError ** error)
{
  if (!self->failure && (fflush (self->stream) != 0
          || fsync (fileno (self->stream)) != 0))
    note_failure (self);
  writer_close (self);
  if (!self->failure && g_rename (self->temporary, self->path) != 0)
    note_failure (self);
  if (self->failure) {
    fail_to_write (self->path, self->failure, error);
    rexnet_file_writer_discard (self);
    return FALSE;
  }
  g_clear_pointer (&self->temporary, g_free);
  rexnet_file_writer_discard (self);
  return TRUE;
}

void
rexnet_file_writer_discard (RexnetFileWriter * self)
{
  if (!self)
    return;
  writer_close (self);
  if (self->temporary)
    g_unlink (self->temporary);
  g_free (self->temporary);
  g_free (self->path);
  g_free (self);
}
