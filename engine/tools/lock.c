/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "lock.h"

/* A wait in flock() would miss a signal that comes just before it. */
#define POLL_US 50000

/* The holder before may have deleted the file that we waited for. */
static gboolean
is_at (int lock, const char *path)
{
  struct stat held, found;

  return fstat (lock, &held) == 0 && stat (path, &found) == 0
      && held.st_ino == found.st_ino && held.st_dev == found.st_dev;
}

static gboolean
wait_for_lock (int lock, const char *path, void (*waiting) (const char *path))
{
  if (flock (lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno != EWOULDBLOCK)
    return FALSE;
  waiting (path);
  while (flock (lock, LOCK_EX | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || tool_interrupted ())
      return FALSE;
    g_usleep (POLL_US);
  }
  return TRUE;
}

static int
fail (int lock, const char *path, GError ** error)
{
  int code = errno;

  if (lock >= 0)
    close (lock);
  if (tool_interrupted ())
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s",
        path, g_strerror (code));
  return -1;
}

int
lock_take (const char *path, void (*waiting) (const char *path),
    GError ** error)
{
  for (;;) {
    int lock = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

    if (lock < 0 || !wait_for_lock (lock, path, waiting))
      return fail (lock, path, error);
    if (is_at (lock, path))
      return lock;
    close (lock);
  }
}

void
lock_release (int lock, const char *path)
{
  g_unlink (path);
  close (lock);
}
