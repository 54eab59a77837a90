/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buffers under way: several at once are worked on in threads, and they leave
 * in the order in which they came, from a task on the source pad.
 *
 * One streaming thread enters them and drains; the other functions may be
 * called from any thread. None of the callbacks runs with a lock held.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _RexnetFlight RexnetFlight;

/* What is done with an item, which stands for one buffer. */
typedef struct
{
  /* In one of the workers; items that need no work are spared it. */
  void (*work) (gpointer item, gpointer data);
  /* In the pad's task, in order: takes the item and pushes its buffer. What it
   * returns goes upstream; unless it is GST_FLOW_OK, the others are dropped. */
  GstFlowReturn (*output) (gpointer item, gpointer data);
  /* Takes an item that won't be put out. Any thread. */
  void (*drop) (gpointer item, gpointer data);
} RexnetFlightFuncs;

/* @pad: the source pad; not referenced.
 * @funcs: must outlive the flight */
RexnetFlight *rexnet_flight_new (GstPad * pad, const RexnetFlightFuncs * funcs,
    gpointer data);

/* @self: stopped */
void rexnet_flight_free (RexnetFlight * self);

/*
 * Starts @workers threads and the task, where they don't run already.
 * Returns: FALSE with the error when the system has no more threads
 */
gboolean rexnet_flight_start (RexnetFlight * self, guint workers,
    GError ** error);

/* Drops what is under way, waits for what is being worked on, and ends all
 * threads. Fine when it is stopped already. Not to be called from them. */
void rexnet_flight_stop (RexnetFlight * self);

/* How many items are worked on at a time, from now on. */
void rexnet_flight_set_workers (RexnetFlight * self, guint workers);

/* Returns: 0 when it is stopped */
guint rexnet_flight_get_workers (RexnetFlight * self);

/*
 * Waits until an item may enter: until fewer than one for each worker and
 * @more are under way, without the one that is being put out.
 *
 * Returns: GST_FLOW_OK, or why not: GST_FLOW_FLUSHING, or what an output
 *   returned, each of which is reported once
 */
GstFlowReturn rexnet_flight_wait (RexnetFlight * self, guint more);

/*
 * Takes @item. Where it needs @work it waits until fewer than one for each
 * worker and @queued more do. What is queued waits, and a worker that is done
 * goes on with it at once.
 *
 * Returns: as rexnet_flight_wait(); the item was dropped then
 */
GstFlowReturn rexnet_flight_enter (RexnetFlight * self, gpointer item,
    gboolean work, guint queued);

/* Waits until all that has entered is out, or dropped, in a flush as well. */
void rexnet_flight_drain (RexnetFlight * self);

/* Returns: what rexnet_flight_wait() would, at once; it is reported now. */
GstFlowReturn rexnet_flight_take_flow (RexnetFlight * self);

/* Takes back a GST_FLOW_EOS that is not reported yet: more is to come. */
void rexnet_flight_forget_eos (RexnetFlight * self);

/* From now on nothing enters or leaves; who waits is woken. */
void rexnet_flight_flush_start (RexnetFlight * self);

/* Waits until nothing is under way, and begins afresh. */
void rexnet_flight_flush_stop (RexnetFlight * self);

G_END_DECLS
