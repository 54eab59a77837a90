/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetahead.h"

#define GST_CAT_DEFAULT rexnet_classify_debug

/* Of an OpenCL device: one frame is uploaded while the other is computed. */
#define FRAMES_ON_DEVICE 2
/* What comes on top of one frame a thread: one that a thread goes on with at
 * once when it is done, so that it does not wait for the next to come; with an
 * interval, those that wait for the results of others. */
#define QUEUED 1
#define MOST_WAITING 16

/* ---- what becomes of a frame ------------------------------------------- */

static void
work (gpointer item, gpointer data)
{
  RexnetAhead *self = data;

  rexnet_classifier_look (self->classifier, item);
}

static void
drop (gpointer item, gpointer data)
{
  RexnetAhead *self = data;
  RexnetPassage *passage = item;

  if (passage->buffer)
    GST_DEBUG_OBJECT (self->trans, "frame of running time %" GST_TIME_FORMAT
        " dropped in flight, by a flush or an error",
        GST_TIME_ARGS (passage->running));
  rexnet_classifier_abandon (self->classifier, passage);
  gst_clear_buffer (&passage->buffer);
  g_free (passage);
}

/* The base class answers POSITION queries with it. */
static void
note_position (GstSegment * segment, GstBuffer * buffer)
{
  GstClockTime end = GST_BUFFER_PTS (buffer);

  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (end))
    return;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  segment->position = end;
}

static GstFlowReturn
output (gpointer item, gpointer data)
{
  RexnetAhead *self = data;
  RexnetPassage *passage = item;
  GstFlowReturn flow;

  passage->buffer = gst_buffer_make_writable (passage->buffer);
  flow = self->finish (self->trans, passage);
  if (flow == GST_FLOW_OK) {
    GstBuffer *buffer = g_steal_pointer (&passage->buffer);

    note_position (&self->trans->segment, buffer);
    flow = gst_pad_push (self->trans->srcpad, buffer);
  }
  drop (passage, self);
  return flow;
}

static const RexnetFlightFuncs funcs = { work, output, drop };

/* ---- start and stop ---------------------------------------------------- */

void
rexnet_ahead_init (RexnetAhead * self, GstBaseTransform * trans,
    RexnetClassifier * classifier, RexnetFinishFunc finish)
{
  self->trans = trans;
  self->classifier = classifier;
  self->finish = finish;
  self->flight = rexnet_flight_new (trans->srcpad, &funcs, self);
}

void
rexnet_ahead_clear (RexnetAhead * self)
{
  rexnet_flight_free (self->flight);
}

/* How many frames the engine works on at a time. */
static guint
frames_at_once (RexnetEngine * engine)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);

  return info->on_cpu ? info->threads : FRAMES_ON_DEVICE;
}

gboolean
rexnet_ahead_start (RexnetAhead * self, GError ** error)
{
  RexnetEngine *engine = self->classifier->engine;

  return !self->on || !engine
      || rexnet_flight_start (self->flight, frames_at_once (engine), error);
}

void
rexnet_ahead_stop (RexnetAhead * self)
{
  rexnet_flight_stop (self->flight);
}

void
rexnet_ahead_update (RexnetAhead * self)
{
  if (self->on)
    rexnet_flight_set_workers (self->flight,
        frames_at_once (self->classifier->engine));
}

/* ---- the streaming thread ---------------------------------------------- */

GstFlowReturn
rexnet_ahead_enter (RexnetAhead * self, GstBuffer * buffer,
    const RexnetTuning * tuning)
{
  guint queued, waiting = tuning->interval == 1 ? 0 : MOST_WAITING;
  RexnetPassage *passage;
  GstFlowReturn flow;

  GST_OBJECT_LOCK (self->trans);
  /* What waits in a live stream grows old. */
  queued = self->classifier->pacer.live ? 0 : QUEUED;
  GST_OBJECT_UNLOCK (self->trans);
  flow = rexnet_flight_wait (self->flight, queued + waiting);
  if (flow != GST_FLOW_OK) {
    GST_DEBUG_OBJECT (self->trans, "dropping %" GST_PTR_FORMAT ": %s", buffer,
        gst_flow_get_name (flow));
    gst_buffer_unref (buffer);
    return flow;
  }
  passage = g_new (RexnetPassage, 1);
  if (!rexnet_classifier_begin (self->classifier, passage, buffer,
          &self->trans->segment, tuning)) {
    drop (passage, self);
    return GST_FLOW_ERROR;
  }
  return rexnet_flight_enter (self->flight, passage, passage->look != NULL,
      queued);
}

void
rexnet_ahead_drain (RexnetAhead * self)
{
  if (self->on)
    rexnet_flight_drain (self->flight);
}

void
rexnet_ahead_make_way (RexnetAhead * self, GstEvent * event)
{
  GstFlowReturn flow;

  if (!self->on)
    return;
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      rexnet_flight_flush_start (self->flight);
      break;
    case GST_EVENT_FLUSH_STOP:
      rexnet_flight_flush_stop (self->flight);
      break;
    case GST_EVENT_EOS:
      rexnet_flight_drain (self->flight);
      flow = rexnet_flight_take_flow (self->flight);
      /* No frame is left to return it for. */
      if (flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS)
        GST_ELEMENT_FLOW_ERROR (self->trans, flow);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
      rexnet_flight_drain (self->flight);
      rexnet_flight_forget_eos (self->flight);
      break;
    default:
      if (GST_EVENT_IS_SERIALIZED (event))
        rexnet_flight_drain (self->flight);
  }
}

gboolean
rexnet_ahead_propose (RexnetAhead * self, GstQuery * query)
{
  guint n = gst_query_get_n_allocation_pools (query);
  /* A query may come when the element is stopped already. */
  guint held = rexnet_flight_get_workers (self->flight);
  GstVideoInfo info;
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  if (held == 0 || !caps || !gst_video_info_from_caps (&info, caps))
    return FALSE;
  /* And the one that waits to enter, and the one that is pushed. */
  held += QUEUED + 2;
  for (guint i = 0; i < n; i++) {
    g_autoptr (GstBufferPool) pool = NULL;
    guint size, min, max;

    gst_query_parse_nth_allocation_pool (query, i, &pool, &size, &min, &max);
    min = max == 0 ? min + held : MIN (min + held, max);
    gst_query_set_nth_allocation_pool (query, i, pool, size, min, max);
  }
  if (n == 0)
    gst_query_add_allocation_pool (query, NULL, info.size, held, 0);
  return TRUE;
}
