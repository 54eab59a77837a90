/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an element has to say on the bus. No lock may be held. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Posts @error of librexnet, GLib or the file system as a resource error. */
void rexnet_report_error (GstElement * element, const GError * error);

/* A start that may be slow: zeroed but for the element. */
typedef struct
{
  GstElement *element;
  gboolean begun;
} RexnetStart;

/* A RexnetProgressFunc; @start: a RexnetStart */
void rexnet_report_progress (const char *what, double fraction,
    gpointer start);
/* Says that it is over, if anything was said before. */
void rexnet_report_started (RexnetStart * start, gboolean ok);

/* Posts @message, which speaks of @buffer, with its times. @message: taken */
void rexnet_report_frame (GstElement * element, const GstSegment * segment,
    GstBuffer * buffer, GstStructure * message);

G_END_DECLS
