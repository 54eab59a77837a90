/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a long command is, on standard error: a bar that is redrawn on a
 * terminal, a line at each tenth elsewhere. */
#pragma once

#include <glib.h>

typedef struct
{
  guint total;
  gboolean terminal;
  gint64 start, drawn;          /* monotonic microseconds */
  guint tenths;                 /* lines printed */
} Progress;

void progress_start (Progress * self, guint total);
void progress_update (Progress * self, guint done);
/* Clears the bar, so that other messages stand on a line of their own. */
void progress_clear (Progress * self);
