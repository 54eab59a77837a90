/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetsegment.h"

GstClockTime
rexnet_segment_running_time (const GstSegment * segment,
    GstClockTime timestamp)
{
  if (segment->format != GST_FORMAT_TIME)
    return GST_CLOCK_TIME_NONE;
  return gst_segment_to_running_time (segment, GST_FORMAT_TIME, timestamp);
}

GstClockTime
rexnet_segment_stream_time (const GstSegment * segment, GstClockTime timestamp)
{
  if (segment->format != GST_FORMAT_TIME)
    return GST_CLOCK_TIME_NONE;
  return gst_segment_to_stream_time (segment, GST_FORMAT_TIME, timestamp);
}
