/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define BAR_WIDTH 30
#define REDRAW_US 100000
#define MAX_LEFT (99 * 3600)    /* seconds */

void
progress_start (Progress * self, guint total)
{
  *self = (Progress) {
    .total = total,
    .terminal = isatty (STDERR_FILENO),
    .start = g_get_monotonic_time (),
  };
}

void
progress_start_bytes (Progress * self, gint64 total, gint64 first)
{
  progress_start (self, 0);
  self->bytes = TRUE;
  self->total = total;
  self->first = first;
  self->tenths = total > 0 ? first * 10 / total : 0;
}

/* "done/total" */
static void
print_count (const Progress * self, gint64 done)
{
  if (!self->bytes)
    fprintf (stderr, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, done,
        self->total);
  else if (self->total < 0)
    fprintf (stderr, "%.1f MB", done / 1e6);
  else
    fprintf (stderr, "%.1f/%.1f MB", done / 1e6, self->total / 1e6);
}

static void
draw_bar (Progress * self, gint64 done, double seconds)
{
  static const char full[] = "##############################";
  int filled = self->total > 0 ? done * BAR_WIDTH / self->total : 0;
  double rate = seconds > 0.1 ? (done - self->first) / seconds : 0;
  guint left = rate > 0 ? MIN ((self->total - done) / rate + 0.5, MAX_LEFT) : 0;

  fputc ('\r', stderr);
  if (self->total >= 0)
    fprintf (stderr, "[%-*.*s] ", BAR_WIDTH, filled, full);
  print_count (self, done);
  fprintf (stderr, self->bytes ? "  %.1f MB/s" : "  %.0f/s",
      self->bytes ? rate / 1e6 : rate);
  if (self->total >= 0)
    fprintf (stderr, "  %u:%02u left ", left / 60, left % 60);
  fputs ("\033[K", stderr);
  fflush (stderr);
}

void
progress_update (Progress * self, gint64 done)
{
  gint64 now = g_get_monotonic_time ();
  guint tenths = self->total > 0 ? done * 10 / self->total : 0;

  if (self->terminal) {
    if (now - self->drawn < REDRAW_US && done != self->total)
      return;
    self->drawn = now;
    draw_bar (self, done, (now - self->start) / 1e6);
  } else if (tenths > self->tenths) {
    self->tenths = tenths;
    print_count (self, done);
    fputc ('\n', stderr);
  }
}

void
progress_clear (Progress * self)
{
  if (self->terminal && self->drawn)
    fputs ("\r\033[K", stderr);
}
