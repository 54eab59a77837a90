/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classifications as GstAnalyticsClsMtd, from GStreamer 1.24 on, and feature
 * vectors as GstTensorMeta, from 1.26 on. */
#pragma once

#include "rexnetmeta.h"

#ifdef HAVE_ANALYTICS

G_BEGIN_DECLS

/* Most labels read of a frame. */
#define REXNET_ANALYTICS_MAX 16

/* The tensor of a feature vector: 1 x features, float32. */
#define REXNET_TENSOR_ID "rexnet-features"

/* Adds one GstAnalyticsClsMtd with the first @n labels of @structure, which
 * rexnet_result_to_structure() filled; none when there are no labels. Adds a
 * tensor to the GstTensorMeta when it holds features, unless @n is 0. */
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
