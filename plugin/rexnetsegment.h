/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a frame stands in a stream. GST_CLOCK_TIME_NONE where that is outside
 * the segment, or where the segment does not count time: appsrc's count bytes
 * unless told otherwise. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GstClockTime rexnet_segment_running_time (const GstSegment * segment,
    GstClockTime timestamp);
GstClockTime rexnet_segment_stream_time (const GstSegment * segment,
    GstClockTime timestamp);

G_END_DECLS
