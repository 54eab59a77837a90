/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last result, which frames without an inference of their own carry too.
 * One thread at a time uses a RexnetLast. */
#pragma once

#include "rexnetlook.h"
#include "rexnetsettings.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean valid;               /* there is one */
  float *scores;                /* of each class */
  GBytes *features;             /* NULL: not asked for */
  const char *device;           /* that they come from; static */
  GstClockTime pts;             /* of the frame */
  gint64 time;                  /* when it was found, monotonic */

  RexnetModel *model;
  guint classes;
  RexnetScore *best;            /* a place for each class */
} RexnetLast;

/* @self: zeroed; @model: outlives it */
void rexnet_last_init (RexnetLast * self, RexnetModel * model);
/* Back to zero; fine on a zeroed @self. */
void rexnet_last_clear (RexnetLast * self);

/* Takes what @look, which has no error, found in @buffer. */
void rexnet_last_take (RexnetLast * self, RexnetLook * look,
    GstBuffer * buffer);

/*
 * Attaches a valid result to @buffer, which must be writable.
 * @fresh: it was found in @buffer itself
 *
 * Returns: (transfer full): what the metadata says
 */
GstStructure *rexnet_last_attach (RexnetLast * self, GstBuffer * buffer,
    const RexnetTuning * tuning, gboolean fresh);

G_END_DECLS
