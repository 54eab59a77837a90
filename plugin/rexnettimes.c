/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnettimes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void
rexnet_times_add (RexnetTimes * self, gint64 us)
{
  self->us[self->next] = us;
  self->next = (self->next + 1) % REXNET_TIMES;
  self->n = MIN (self->n + 1, REXNET_TIMES);
}

static int
compare (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

gint64
rexnet_times_quantile (const RexnetTimes * self, double fraction)
{
  gint64 sorted[REXNET_TIMES];

  if (self->n == 0)
    return 0;
  memcpy (sorted, self->us, self->n * sizeof sorted[0]);
  qsort (sorted, self->n, sizeof sorted[0], compare);
  return sorted[(guint) ceil (fraction * self->n) - (fraction > 0)];
}

double
rexnet_times_mean (const RexnetTimes * self)
{
  double sum = 0;

  for (guint i = 0; i < self->n; i++)
    sum += self->us[i];
  return self->n ? sum / self->n : 0;
}
