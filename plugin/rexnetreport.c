/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetreport.h"

#include <rexnet/rexnet.h>

#include "rexnetsegment.h"

static GstResourceError
code_of (const GError * error)
{
  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return GST_RESOURCE_ERROR_NOT_FOUND;
  if (error->domain == G_FILE_ERROR)
    return GST_RESOURCE_ERROR_OPEN_READ;
  if (error->domain != REXNET_ERROR)
    return GST_RESOURCE_ERROR_FAILED;
  switch (error->code) {
    case REXNET_ERROR_NOT_FOUND:
      return GST_RESOURCE_ERROR_NOT_FOUND;
    case REXNET_ERROR_CORRUPT:
    case REXNET_ERROR_UNSUPPORTED:
      return GST_RESOURCE_ERROR_READ;
    case REXNET_ERROR_MISMATCH:
    case REXNET_ERROR_ARGUMENT:
      return GST_RESOURCE_ERROR_SETTINGS;
    default:
      return GST_RESOURCE_ERROR_FAILED;
  }
}

void
rexnet_report_error (GstElement * element, const GError * error)
{
  gst_element_message_full (element, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      code_of (error), g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
}

static void
post_progress (RexnetStart * start, GstProgressType type, const char *text)
{
  gst_element_post_message (start->element,
      gst_message_new_progress (GST_OBJECT (start->element), type,
          "rexnet-start", text));
}

void
rexnet_report_progress (const char *what, double fraction, gpointer data)
{
  g_autofree char *text = g_strdup_printf ("%s: %.0f%%", what, fraction * 100);
  RexnetStart *start = data;

  post_progress (start, start->begun ? GST_PROGRESS_TYPE_CONTINUE :
      GST_PROGRESS_TYPE_START, text);
  start->begun = TRUE;
}

void
rexnet_report_started (RexnetStart * start, gboolean ok)
{
  if (start->begun)
    post_progress (start, ok ? GST_PROGRESS_TYPE_COMPLETE :
        GST_PROGRESS_TYPE_ERROR, ok ? "ready" : "failed");
}

void
rexnet_report_frame (GstElement * element, const GstSegment * segment,
    GstBuffer * buffer, GstStructure * message)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  gst_structure_set (message,
      "timestamp", G_TYPE_UINT64, pts,
      "stream-time", G_TYPE_UINT64,
      rexnet_segment_stream_time (segment, pts),
      "running-time", G_TYPE_UINT64,
      rexnet_segment_running_time (segment, pts),
      "duration", G_TYPE_UINT64, GST_BUFFER_DURATION (buffer), NULL);
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element), message));
}
