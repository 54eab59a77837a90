/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A quiet NaN that no arithmetic makes, so that one read shows too. */
#define PATTERN 0x7fc0beefu

Guard
guard_new (gsize floats)
{
  gsize page = sysconf (_SC_PAGESIZE);
  gsize bytes = floats * sizeof (float);
  gsize used = (bytes + page - 1) / page * page + page;
  Guard guard = {.mapped = used + page,.floats = floats };
  guint32 *words;

  guard.pages = mmap (NULL, guard.mapped, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (guard.pages != MAP_FAILED);
  g_assert_cmpint (mprotect (guard.pages + used, page, PROT_NONE), ==, 0);
  words = (guint32 *) guard.pages;
  for (gsize i = 0; i < used / sizeof (guint32); i++)
    words[i] = PATTERN;
  guard.data = (float *) (guard.pages + used - bytes);
  return guard;
}

void
guard_free (Guard * guard)
{
  munmap (guard->pages, guard->mapped);
}

gboolean
guard_is_untouched (const Guard * guard, gsize i)
{
  guint32 word;

  memcpy (&word, guard->data + i, sizeof word);
  return word == PATTERN;
}

gboolean
guard_is_whole (const Guard * guard)
{
  for (const guint8 * p = guard->pages; p < (guint8 *) guard->data;
      p += sizeof (guint32)) {
    guint32 word;

    memcpy (&word, p, sizeof word);
    if (word != PATTERN)
      return FALSE;
  }
  return TRUE;
}
