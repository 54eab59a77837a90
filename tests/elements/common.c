/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common.h"

#include <glib/gstdio.h>

char *
source_path (const char *relative)
{
  return g_build_filename (g_getenv ("TEST_SOURCE"), relative, NULL);
}

char *
model_path (void)
{
  return source_path ("models/rexnet-0.5-fashion-mnist.safetensors");
}

char *
make_folder (void)
{
  char *path = g_dir_make_tmp ("rexnet-XXXXXX", NULL);

  fail_unless (path != NULL);
  return path;
}

void
remove_folder (char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    g_unlink (file);
  }
  g_dir_close (dir);
  g_rmdir (path);
  g_free (path);
}

char *
video_caps (const char *format, int width, int height)
{
  return g_strdup_printf ("video/x-raw, format=(string)%s, width=%d, height=%d,"
      " framerate=25/1", format, width, height);
}

void
set_video_caps (GstHarness * h, const char *format, int width, int height)
{
  g_autofree char *caps = video_caps (format, width, height);

  gst_harness_set_src_caps_str (h, caps);
}

GstHarness *
video_harness (const char *launch, const char *format, int width, int height)
{
  GstHarness *h = gst_harness_new_parse (launch);

  set_video_caps (h, format, width, height);
  return h;
}

gsize
frame_size (const char *format, int width, int height)
{
  GstVideoInfo info;

  fail_unless (gst_video_info_set_format (&info,
          gst_video_format_from_string (format), width, height));
  return info.size;
}

GstBuffer *
make_frame (gsize size, guint n)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < size; i++)
    map.data[i] = (i * 7 + i / 61 + n * 31) & 0xff;
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = n * FRAME;
  GST_BUFFER_DURATION (buffer) = FRAME;
  return buffer;
}

/* Trousers: a waistband and two legs. */
static gboolean
inside (double x, double y)
{
  if (y < 0.08 || y > 0.94)
    return FALSE;
  if (y < 0.3)
    return x > 0.3 && x < 0.7;
  return (x > 0.3 && x < 0.47) || (x > 0.53 && x < 0.7);
}

GstBuffer *
make_picture (GstVideoInfo * info)
{
  GstVideoInfo rgb;
  GstBuffer *pixels, *picture;
  GstVideoFrame from, to;
  GstVideoConverter *converter;

  gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, info->width,
      info->height);
  pixels = gst_buffer_new_allocate (NULL, rgb.size, NULL);
  gst_video_frame_map (&from, &rgb, pixels, GST_MAP_READWRITE);
  for (int y = 0; y < rgb.height; y++) {
    guint8 *row = GST_VIDEO_FRAME_PLANE_DATA (&from, 0);

    row += y * GST_VIDEO_FRAME_PLANE_STRIDE (&from, 0);
    for (int x = 0; x < rgb.width; x++)
      memset (row + 3 * x,
          inside ((x + .5) / rgb.width, (y + .5) / rgb.height) ? 220 : 0, 3);
  }

  picture = gst_buffer_new_allocate (NULL, info->size, NULL);
  rgb.fps_n = info->fps_n;
  rgb.fps_d = info->fps_d;
  gst_buffer_memset (picture, 0, 0, info->size);
  gst_video_frame_map (&to, info, picture, GST_MAP_WRITE);
  converter = gst_video_converter_new (&rgb, info, NULL);
  gst_video_converter_frame (converter, &from, &to);
  gst_video_converter_free (converter);
  gst_video_frame_unmap (&to);
  gst_video_frame_unmap (&from);
  gst_buffer_unref (pixels);
  GST_BUFFER_PTS (picture) = 0;
  GST_BUFFER_DURATION (picture) = FRAME;
  return picture;
}

const GstStructure *
result (GstBuffer * buffer, guint n)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, &state)))
    if (gst_meta_info_is_custom (meta->info)
        && gst_custom_meta_has_name ((GstCustomMeta *) meta,
            "RexnetClassification")
        && n-- == 0)
      return gst_custom_meta_get_structure ((GstCustomMeta *) meta);
  return NULL;
}

guint
n_results (GstBuffer * buffer)
{
  guint n = 0;

  while (result (buffer, n))
    n++;
  return n;
}

static const GValue *
element (const GstStructure * result, const char *field, guint i)
{
  const GValue *array = gst_structure_get_value (result, field);

  fail_unless (array && GST_VALUE_HOLDS_ARRAY (array), "no array %s", field);
  fail_unless (i < gst_value_array_get_size (array));
  return gst_value_array_get_value (array, i);
}

guint
n_labels (const GstStructure * result)
{
  fail_unless (result != NULL);
  return gst_value_array_get_size (gst_structure_get_value (result, "labels"));
}

const char *
label (const GstStructure * result, guint i)
{
  return g_value_get_string (element (result, "labels", i));
}

double
score (const GstStructure * result, guint i)
{
  return g_value_get_double (element (result, "scores", i));
}

guint64
age (const GstStructure * result)
{
  guint64 age;

  fail_unless (result != NULL);
  fail_unless (gst_structure_get_uint64 (result, "age", &age));
  return age;
}

const float *
features (const GstStructure * result, gsize * n)
{
  const GValue *value = gst_structure_get_value (result, "features");
  const float *data;

  *n = 0;
  if (!value)
    return NULL;
  fail_unless (G_VALUE_HOLDS (value, G_TYPE_BYTES));
  data = g_bytes_get_data (g_value_get_boxed (value), n);
  fail_unless_equals_int (*n % sizeof (float), 0);
  *n /= sizeof (float);
  return data;
}

guint64
statistic (GstHarness * h, const char *field)
{
  GstElement *element = gst_harness_find_element (h, "rexnetclassify");
  GstStructure *stats;
  guint64 value;

  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  gst_object_unref (element);
  return value;
}

GError *
start_error (GstElement * element)
{
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error = NULL;

  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "no error on the bus");
  gst_message_parse_error (message, &error, NULL);
  gst_message_unref (message);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  return error;
}
