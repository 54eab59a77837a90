/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last durations of something that is done again and again. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define REXNET_TIMES 128

/* RexnetTimes: zeroed to begin. The caller locks. */
typedef struct
{
  gint64 us[REXNET_TIMES];      /* a ring */
  guint next, n;
} RexnetTimes;

void rexnet_times_add (RexnetTimes * self, gint64 us);

/* The duration that @fraction of the kept ones do not exceed; 0 when there is
 * none. 0.5 is the median. */
gint64 rexnet_times_quantile (const RexnetTimes * self, double fraction);

/* In microseconds; 0 when there is none. */
double rexnet_times_mean (const RexnetTimes * self);

G_END_DECLS
