/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When the best label of a stream has become another one. It must be the best
 * of several results in a row: what flickers between two labels has not
 * changed. One thread at a time uses a RexnetChange.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define REXNET_NO_CLASS (-1)    /* no label reaches the threshold */

typedef struct
{
  int current;                  /* class that counts as the best now */
  int previous;                 /* the one that did before */
  int next;                     /* may become it */
  guint count;                  /* results in a row that had it for the best */
  GstClockTime since;           /* running time of the first of them */
} RexnetChange;

/* Before the first result there is no label. */
void rexnet_change_init (RexnetChange * self);

/* What comes next does not follow on what was seen last. */
void rexnet_change_interrupt (RexnetChange * self);

/*
 * Takes the next result.
 * @best: a class or REXNET_NO_CLASS
 * @running: running time of its frame, or GST_CLOCK_TIME_NONE
 * @after: how many in a row it takes, >= 1
 *
 * Returns: whether that changed self->current
 */
gboolean rexnet_change_see (RexnetChange * self, int best,
    GstClockTime running, guint after);

G_END_DECLS
