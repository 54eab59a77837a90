/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inflight.h"

static GstPadProbeReturn
see (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Sink *sink = data;

  g_mutex_lock (&sink->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    guint n = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)) / FRAME;

    sink->holding++;
    g_cond_broadcast (&sink->changed);
    while (sink->held)
      g_cond_wait (&sink->changed, &sink->lock);
    sink->holding--;
    g_string_append_printf (sink->log, "%u ", n);
    if (sink->flow != GST_FLOW_OK && n == sink->refused) {
      GST_PAD_PROBE_INFO_FLOW_RETURN (info) = sink->flow;
      gst_buffer_unref (GST_PAD_PROBE_INFO_BUFFER (info));
      g_mutex_unlock (&sink->lock);
      return GST_PAD_PROBE_HANDLED;
    }
  } else {
    g_string_append_printf (sink->log, "%s ",
        GST_EVENT_TYPE_NAME (GST_PAD_PROBE_INFO_EVENT (info)));
  }
  g_mutex_unlock (&sink->lock);
  return GST_PAD_PROBE_OK;
}

void
watch (GstHarness * h, Sink * sink)
{
  *sink = (Sink) { .log = g_string_new (NULL) };
  gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      see, sink, NULL);
}

void
set_held (Sink * sink, gboolean held)
{
  g_mutex_lock (&sink->lock);
  sink->held = held;
  g_cond_broadcast (&sink->changed);
  g_mutex_unlock (&sink->lock);
}

void
push_segment (GstHarness * h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
}

GstFlowReturn
push_frames (GstHarness * h, guint from, guint to)
{
  for (guint n = from; n < to; n++) {
    GstFlowReturn flow = gst_harness_push (h, make_frame (SIZE, n));

    if (flow != GST_FLOW_OK)
      return flow;
  }
  return GST_FLOW_OK;
}

void
hold_first_frame (GstHarness * h, Sink * sink)
{
  set_held (sink, TRUE);
  push_frames (h, 0, 1);
  g_mutex_lock (&sink->lock);
  while (!sink->holding)
    g_cond_wait (&sink->changed, &sink->lock);
  g_mutex_unlock (&sink->lock);
}
