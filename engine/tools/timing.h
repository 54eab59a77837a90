/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <rexnet/rexnet.h>

typedef struct
{
  double median_ms, min_ms, p95_ms;     /* of a call */
  double fps, gmacs;            /* at the median */
  guint64 macs;                 /* of one image */
  double peak_gmacs;            /* the CPU's bound; 0 on another device */
} Timing;

/* Adds the times of @runs calls of @engine, each with a full batch of generated
 * inputs, after a warm-up. @ms: double, milliseconds */
gboolean timing_append (RexnetEngine * engine, guint runs, GArray * ms,
    GError ** error);

/* The time that a part @q of @ms, from 0 to 1, stays below; 0.5 is the median.
 * @ms: as above, not empty; it is sorted. */
double timing_quantile (GArray * ms, double q);

/*
 * Times @runs calls of @engine, each with a full batch of generated inputs,
 * after a warm-up.
 */
gboolean timing_measure (RexnetEngine * engine, guint runs, Timing * result,
    GError ** error);
