/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drawn.h"

void
add_region_result (GstBuffer * buffer, const char *model, int region,
    const char *const *labels)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer,
      "RexnetClassification");
  GstStructure *s = gst_custom_meta_get_structure (meta);
  GValue arrays[3] = { G_VALUE_INIT, G_VALUE_INIT, G_VALUE_INIT };
  double score = 0.8;

  for (int i = 0; i < 3; i++)
    gst_value_array_init (&arrays[i], 0);
  for (guint i = 0; labels[i]; i++, score /= 2) {
    GValue index = G_VALUE_INIT, label = G_VALUE_INIT, value = G_VALUE_INIT;

    g_value_init (&index, G_TYPE_INT);
    g_value_set_int (&index, i);
    g_value_init (&label, G_TYPE_STRING);
    g_value_set_string (&label, labels[i]);
    g_value_init (&value, G_TYPE_DOUBLE);
    g_value_set_double (&value, score);
    gst_value_array_append_and_take_value (&arrays[0], &index);
    gst_value_array_append_and_take_value (&arrays[1], &label);
    gst_value_array_append_and_take_value (&arrays[2], &value);
  }
  gst_structure_set (s, "model", G_TYPE_STRING, model, "region-id", G_TYPE_INT,
      region, "age", G_TYPE_UINT64, G_GUINT64_CONSTANT (0), "device",
      G_TYPE_STRING, "cpu", NULL);
  gst_structure_take_value (s, "indices", &arrays[0]);
  gst_structure_take_value (s, "labels", &arrays[1]);
  gst_structure_take_value (s, "scores", &arrays[2]);
}

void
add_result (GstBuffer * buffer, const char *model, const char *const *labels)
{
  add_region_result (buffer, model, -1, labels);
}

const char *const trousers[] = { "Trouser", "Dress", NULL };

GstBuffer *
grey_frame (gsize size, guint n, const char *const *labels)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 128, size);
  GST_BUFFER_PTS (buffer) = n * FRAME;
  GST_BUFFER_DURATION (buffer) = FRAME;
  if (labels)
    add_result (buffer, "test", labels);
  return buffer;
}

Drawn
drawn_on (GstBuffer * buffer, int width, int height)
{
  Drawn d = { width, height, -1, -1, 255, 0 };
  GstVideoFrame frame;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, width, height);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  for (int y = 0; y < height; y++) {
    const guint8 *row = GST_VIDEO_FRAME_PLANE_DATA (&frame, 0);

    row += y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);
    for (int x = 0; x < width; x++) {
      if (row[x] == 128)
        continue;
      d.left = MIN (d.left, x);
      d.right = MAX (d.right, x);
      d.top = MIN (d.top, y);
      d.bottom = MAX (d.bottom, y);
      d.darkest = MIN (d.darkest, row[x]);
      d.brightest = MAX (d.brightest, row[x]);
    }
  }
  gst_video_frame_unmap (&frame);
  return d;
}

Drawn
draw (const char *launch, int width, int height, const char *const *labels)
{
  GstHarness *h = video_harness (launch, "GRAY8", width, height);
  GstBuffer *buffer = gst_harness_push_and_pull (h,
      grey_frame (frame_size ("GRAY8", width, height), 0, labels));
  Drawn d;

  fail_unless (buffer != NULL);
  d = drawn_on (buffer, width, height);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  return d;
}
