/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rgb.h"

GstHarness *
rgb_harness (const char *launch)
{
  return video_harness (launch, "RGB", SIDE, SIDE);
}

GstBuffer *
classify (GstHarness * h, guint n)
{
  GstBuffer *buffer = gst_harness_push_and_pull (h, make_frame (SIZE, n));

  fail_unless (buffer != NULL);
  return buffer;
}

guint64
age_of (GstHarness * h, guint n)
{
  GstBuffer *buffer = classify (h, n);
  guint64 value = age (result (buffer, 0));

  gst_buffer_unref (buffer);
  return value;
}
