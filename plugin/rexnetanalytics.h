/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classifications as GstAnalyticsClsMtd, from GStreamer 1.24 on. */
#pragma once

#include "rexnetmeta.h"

#ifdef HAVE_ANALYTICS

G_BEGIN_DECLS

/* Most labels read of a frame. */
#define REXNET_ANALYTICS_MAX 16

/* Adds one GstAnalyticsClsMtd with the first @n labels of @structure, which
 * rexnet_result_to_structure() filled; none when there are no labels. */
void rexnet_analytics_add (GstBuffer * buffer, const GstStructure * structure,
    guint n);

/*
 * Reads the classifications on @buffer, each one's labels best first.
 * @labels: (out caller-allocates): room for @max; index is the place in its
 *   own classification
 *
 * Returns: how many
 */
guint rexnet_analytics_read (GstBuffer * buffer, RexnetLabel * labels,
    guint max);

G_END_DECLS

#endif
