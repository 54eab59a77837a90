/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fail.h"
#include "file_writer.h"

#define MAX_TRIES 100           /* to find a name that nobody has */

struct _RexnetFileWriter
{
  char *path;
  char *temporary;              /* NULL: the file has no name yet */
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

/* What linkat() gives a name to; it takes the descriptor itself from the
 * privileged alone. */
static char *
descriptor_path (int fd)
{
  return g_strdup_printf ("/proc/self/fd/%d", fd);
}

/* Returns: a file that goes when the process does; -1 where the file system or
 * the lack of /proc does not allow it */
static int
open_unnamed (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  const int fd = g_open (folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  g_autofree char *source = fd < 0 ? NULL : descriptor_path (fd);

  if (fd < 0 || g_access (source, F_OK) == 0)
    return fd;
  close (fd);
  return -1;
}

RexnetFileWriter *
rexnet_file_writer_open (const char *path, GError ** error)
{
  g_autofree char *temporary = NULL;
  RexnetFileWriter *self;
  int fd;

  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    fail_to_write (path, EISDIR, error);
    return NULL;
  }
  fd = open_unnamed (path);
  if (fd < 0) {
    temporary = g_strconcat (path, ".XXXXXX", NULL);
    fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0666);
  }
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

/* Gives a file without a name its own, or a temporary one where that is taken:
 * linkat() replaces nothing. */
static void
writer_link (RexnetFileWriter * self)
{
  g_autofree char *source = descriptor_path (fileno (self->stream));
  int result = linkat (AT_FDCWD, source, AT_FDCWD, self->path,
      AT_SYMLINK_FOLLOW);

  for (guint i = 0; i < MAX_TRIES && result != 0 && errno == EEXIST; i++) {
    g_free (self->temporary);
    self->temporary = g_strdup_printf ("%s.%06x", self->path,
        g_random_int () & 0xffffff);
    result = linkat (AT_FDCWD, source, AT_FDCWD, self->temporary,
        AT_SYMLINK_FOLLOW);
  }
  if (result == 0)
    return;
  note_failure (self);
  g_clear_pointer (&self->temporary, g_free);   /* another's, if there is one */
}

/* The data is on the disk before the name points to it. */
gboolean
rexnet_file_writer_finish (RexnetFileWriter * self, GError ** error)
{
  if (!self->failure && (fflush (self->stream) != 0
          || fsync (fileno (self->stream)) != 0))
    note_failure (self);
  if (!self->failure && !self->temporary)
    writer_link (self);
  writer_close (self);
  if (!self->failure && self->temporary
      && g_rename (self->temporary, self->path) != 0)
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
