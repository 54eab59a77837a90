/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define BAR_WIDTH 30
#define REDRAW_US 100000

void
progress_start (Progress * self, guint total)
{
  *self = (Progress) {
    .total = total,
    .terminal = isatty (STDERR_FILENO),
    .start = g_get_monotonic_time (),
  };
}

static void
draw_bar (Progress * self, guint done, double seconds)
{
  static const char full[] = "##############################";
  int filled = (guint64) done * BAR_WIDTH / self->total;
  double rate = seconds > 0 ? done / seconds : 0;
  guint left = rate > 0 ? (self->total - done) / rate + 0.5 : 0;

  fprintf (stderr, "\r[%-*.*s] %u/%u  %.0f/s  %u:%02u left \033[K", BAR_WIDTH,
      filled, full, done, self->total, rate, left / 60, left % 60);
  fflush (stderr);
}

void
progress_update (Progress * self, guint done)
{
  gint64 now = g_get_monotonic_time ();
  guint tenths = (guint64) done * 10 / self->total;

  if (self->terminal) {
    if (now - self->drawn < REDRAW_US && done < self->total)
      return;
    self->drawn = now;
    draw_bar (self, done, (now - self->start) / 1e6);
  } else if (tenths > self->tenths) {
    self->tenths = tenths;
    fprintf (stderr, "%u/%u\n", done, self->total);
  }
}

void
progress_clear (Progress * self)
{
  if (self->terminal && self->drawn)
    fputs ("\r\033[K", stderr);
}
