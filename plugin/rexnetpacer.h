/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether there is time for an inference, and how much time to announce to
 * the pipeline. A frame is never held up for longer than one inference: when
 * it would reach the sink late, it goes without.
 *
 * All times are running times. The caller locks.
 */
#pragma once

#include <gst/gst.h>

#include "rexnettimes.h"

G_BEGIN_DECLS

typedef struct
{
  RexnetTimes times;            /* from a frame's arrival to its result */
  gint64 ready;                 /* when the last result was, monotonic */
  guint since_check;            /* inferences since the latency was reviewed */
  GstClockTime latency;         /* what an inference is announced to take */

  gboolean live;                /* as upstream answers the LATENCY query */
  GstClockTime upstream;        /* its minimum latency */
  GstClockTime configured;      /* of the whole pipeline; 0: not told */

  GstClockTime earliest;        /* the sink drops what comes before: QoS */
  GstClockTime last;            /* frame that the last inference began with */
} RexnetPacer;

/* Forgets all, and takes one inference to last @us. */
void rexnet_pacer_start (RexnetPacer * self, gint64 us);

/* Forgets the place in the stream, as after a flush. */
void rexnet_pacer_reset (RexnetPacer * self);

/* Listens to QOS and LATENCY events from downstream; others are ignored. */
void rexnet_pacer_event (RexnetPacer * self, GstEvent * event);

/* Adds to the answer of upstream to a LATENCY query. */
void rexnet_pacer_answer (RexnetPacer * self, GstQuery * query);

/*
 * @frame: of the frame, or GST_CLOCK_TIME_NONE
 * @now: of the clock, or GST_CLOCK_TIME_NONE when it isn't running
 *
 * In a stream that is always late, one inference is allowed in a while, so
 * that results don't grow old for ever.
 *
 * Returns: (nullable): by what the frame is late, for the log; NULL: there is
 *   time for it
 */
const char *rexnet_pacer_why_late (const RexnetPacer * self,
    GstClockTime frame, GstClockTime now);

/* Notes that @frame gets an inference. */
void rexnet_pacer_begin (RexnetPacer * self, GstClockTime frame);

/*
 * Notes the result of an inference, in the order of the frames.
 * @arrival: of the frame, monotonic
 * @end: of the inference; the result can leave when those before it can, and
 *   how long the sink keeps them waiting then is not counted
 *
 * Returns: TRUE when the announced latency has changed: post a LATENCY message
 */
gboolean rexnet_pacer_done (RexnetPacer * self, gint64 arrival, gint64 end);

G_END_DECLS
