/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several frames of a stream at a time, as scheduling=throughput has it: they
 * go from the element's sink pad through its classifier, in threads, to its
 * source pad, in order.
 *
 * While it is not on, no function does anything. They may be called from any
 * thread, rexnet_ahead_enter() from the streaming thread.
 */
#pragma once

#include <gst/base/gstbasetransform.h>

#include "rexnetclassifier.h"
#include "rexnetflight.h"

G_BEGIN_DECLS

/* Finishes a passage in @trans; its buffer is writable. */
typedef GstFlowReturn (*RexnetFinishFunc) (GstBaseTransform * trans,
    RexnetPassage * passage);

typedef struct
{
  gboolean on;                  /* set by the element while it is stopped */

  GstBaseTransform *trans;
  RexnetClassifier *classifier;
  RexnetFinishFunc finish;
  RexnetFlight *flight;
} RexnetAhead;

/* @self: zeroed; @trans: owns it, and @classifier */
void rexnet_ahead_init (RexnetAhead * self, GstBaseTransform * trans,
    RexnetClassifier * classifier, RexnetFinishFunc finish);
/* @self: stopped */
void rexnet_ahead_clear (RexnetAhead * self);

/* Starts the threads, where the classifier has an engine and they don't run
 * already. Returns: FALSE with the error when the system has no more */
gboolean rexnet_ahead_start (RexnetAhead * self, GError ** error);
/* Drops the frames in flight and ends the threads. */
void rexnet_ahead_stop (RexnetAhead * self);

/* The engine may have left its device: as many frames at a time as it works on
 * now. */
void rexnet_ahead_update (RexnetAhead * self);

/* Takes @buffer, and returns when the next one may come.
 * Returns: GST_FLOW_OK, or what became of it or of one before */
GstFlowReturn rexnet_ahead_enter (RexnetAhead * self, GstBuffer * buffer,
    const RexnetTuning * tuning);

/* Waits until all frames are out. */
void rexnet_ahead_drain (RexnetAhead * self);

/* Lets the frames out that come before @event, or drops them. */
void rexnet_ahead_make_way (RexnetAhead * self, GstEvent * event);

/* Frames in flight are buffers that upstream can't use: asks for as many more
 * in the answer to an ALLOCATION query. Returns: whether it did */
gboolean rexnet_ahead_propose (RexnetAhead * self, GstQuery * query);

G_END_DECLS
