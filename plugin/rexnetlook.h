/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One inference on one frame: what it needs, and what came of it. A look is
 * used by one thread at a time and used again for the next frame.
 */
#pragma once

#include "rexnetframe.h"

G_BEGIN_DECLS

typedef struct
{
  RexnetFrame frame;
  float *scores;                /* of each class, when there is no error */
  GBytes *features;             /* NULL: not asked for */
  const char *device;           /* that they come from; static */
  gint64 start, end;            /* monotonic */
  gint64 preprocess_us;         /* mapping, converting, resizing; 0: not known */
  GError *error;
  gboolean unreadable;          /* the buffer is in error, not the engine */
} RexnetLook;

/* For frames of @info. Returns: NULL when GStreamer can't convert them */
RexnetLook *rexnet_look_new (RexnetEngine * engine, const GstVideoInfo * info);
void rexnet_look_free (RexnetLook * self);

/* Fills in what came of it. */
void rexnet_look_run (RexnetLook * self, RexnetEngine * engine,
    GstBuffer * buffer, gboolean want_features);

G_END_DECLS
