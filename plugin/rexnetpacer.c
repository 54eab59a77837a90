/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetpacer.h"

/* Inferences between two reviews of the announced latency. */
#define REVIEW 10
/* A frame later than this is late even where no sink has said so: twice a
 * sink's default processing-deadline. */
#define TOLERANCE (40 * GST_MSECOND)
/* In a stream that is always late an inference is run this often, and for at
 * most a quarter of the time. */
#define AT_LEAST_EVERY (500 * GST_MSECOND)
#define DUTY 4

/* In whole milliseconds, so that noise does not change it. */
static GstClockTime
round_up (gint64 us)
{
  return (us + 999) / 1000 * GST_MSECOND;
}

void
rexnet_pacer_start (RexnetPacer * self, gint64 us)
{
  *self = (RexnetPacer) { 0 };
  self->latency = round_up (us);
  rexnet_pacer_reset (self);
}

void
rexnet_pacer_reset (RexnetPacer * self)
{
  self->earliest = GST_CLOCK_TIME_NONE;
  self->last = GST_CLOCK_TIME_NONE;
}

static void
note_qos (RexnetPacer * self, GstEvent * event)
{
  GstClockTimeDiff diff;
  GstClockTime time;

  gst_event_parse_qos (event, NULL, NULL, &diff, &time);
  if (!GST_CLOCK_TIME_IS_VALID (time))
    self->earliest = GST_CLOCK_TIME_NONE;
  else if (diff > 0)
    self->earliest = time + 2 * diff;   /* to catch up, not just to keep up */
  else
    self->earliest = (GstClockTime) -diff < time ? time + diff : 0;
}

void
rexnet_pacer_event (RexnetPacer * self, GstEvent * event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS)
    note_qos (self, event);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_LATENCY)
    gst_event_parse_latency (event, &self->configured);
}

void
rexnet_pacer_answer (RexnetPacer * self, GstQuery * query)
{
  GstClockTime max;

  gst_query_parse_latency (query, &self->live, &self->upstream, &max);
  if (!self->live)
    return;
  if (GST_CLOCK_TIME_IS_VALID (max))
    max += self->latency;
  gst_query_set_latency (query, TRUE, self->upstream + self->latency, max);
}

static GstClockTime
median (const RexnetPacer * self)
{
  if (self->times.n == 0)
    return self->latency;
  return rexnet_times_quantile (&self->times, 0.5) * GST_USECOND;
}

const char *
rexnet_pacer_why_late (const RexnetPacer * self, GstClockTime frame,
    GstClockTime now)
{
  const char *late = NULL;
  GstClockTime needed = median (self);

  if (!GST_CLOCK_TIME_IS_VALID (frame))
    return NULL;
  if (GST_CLOCK_TIME_IS_VALID (self->earliest) && frame < self->earliest)
    late = "late by the sink's QoS";
  if (!late && self->live && GST_CLOCK_TIME_IS_VALID (now)) {
    GstClockTime own = self->upstream + self->latency + TOLERANCE;

    if (now + needed > frame + MAX (self->configured, own))
      late = "late by the clock";
  }
  if (!GST_CLOCK_TIME_IS_VALID (self->last)
      || frame >= self->last + MAX (AT_LEAST_EVERY, DUTY * needed))
    return NULL;
  return late;
}

void
rexnet_pacer_begin (RexnetPacer * self, GstClockTime frame)
{
  self->last = frame;
}

gboolean
rexnet_pacer_done (RexnetPacer * self, gint64 arrival, gint64 end)
{
  GstClockTime seen;

  self->ready = MAX (self->ready, end);
  rexnet_times_add (&self->times, self->ready - arrival);
  if (++self->since_check < REVIEW)
    return FALSE;
  self->since_check = 0;
  seen = round_up (rexnet_times_quantile (&self->times, 0.9));
  if (seen <= self->latency)
    return FALSE;
  self->latency = seen;
  return self->live;
}
