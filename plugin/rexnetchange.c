/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetchange.h"

void
rexnet_change_init (RexnetChange * self)
{
  *self = (RexnetChange) {
    .current = REXNET_NO_CLASS, .previous = REXNET_NO_CLASS,
    .since = GST_CLOCK_TIME_NONE,
  };
}

void
rexnet_change_interrupt (RexnetChange * self)
{
  self->count = 0;
}

gboolean
rexnet_change_see (RexnetChange * self, int best, GstClockTime running,
    guint after)
{
  if (best == self->current) {
    self->count = 0;
    return FALSE;
  }
  if (self->count == 0 || best != self->next) {
    self->next = best;
    self->count = 0;
    self->since = running;
  }
  if (++self->count < after)
    return FALSE;
  self->previous = self->current;
  self->current = best;
  self->count = 0;
  return TRUE;
}
