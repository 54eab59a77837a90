/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a long command is, on standard error: a bar that is redrawn on a
 * terminal, a line at each tenth elsewhere. Where the total is not known, on a
 * terminal only how much was done. */
#pragma once

#include <glib.h>

typedef struct
{
  gint64 total;                 /* -1: not known */
  gint64 first;                 /* done before the start */
  gboolean bytes, terminal;
  gint64 start, drawn;          /* monotonic microseconds */
  guint tenths;                 /* lines printed */
} Progress;

void progress_start (Progress * self, guint total);
/* Counts bytes, shown as megabytes. */
void progress_start_bytes (Progress * self, gint64 total, gint64 first);
void progress_update (Progress * self, gint64 done);
/* Clears the bar, so that other messages stand on a line of their own. */
void progress_clear (Progress * self);
