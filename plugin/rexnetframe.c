/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetframe.h"

#include <math.h>

static gboolean
native_format (GstVideoFormat format, RexnetFormat * native)
{
  static const struct
  {
    GstVideoFormat gst;
    RexnetFormat rexnet;
  } formats[] = {
    {GST_VIDEO_FORMAT_RGB, REXNET_FORMAT_RGB},
    {GST_VIDEO_FORMAT_BGR, REXNET_FORMAT_BGR},
    {GST_VIDEO_FORMAT_RGBx, REXNET_FORMAT_RGBX},
    {GST_VIDEO_FORMAT_RGBA, REXNET_FORMAT_RGBX},
    {GST_VIDEO_FORMAT_BGRx, REXNET_FORMAT_BGRX},
    {GST_VIDEO_FORMAT_BGRA, REXNET_FORMAT_BGRX},
    {GST_VIDEO_FORMAT_xRGB, REXNET_FORMAT_XRGB},
    {GST_VIDEO_FORMAT_ARGB, REXNET_FORMAT_XRGB},
    {GST_VIDEO_FORMAT_xBGR, REXNET_FORMAT_XBGR},
    {GST_VIDEO_FORMAT_ABGR, REXNET_FORMAT_XBGR},
    {GST_VIDEO_FORMAT_GRAY8, REXNET_FORMAT_GRAY8},
    {GST_VIDEO_FORMAT_I420, REXNET_FORMAT_I420},
    {GST_VIDEO_FORMAT_YV12, REXNET_FORMAT_YV12},
    {GST_VIDEO_FORMAT_NV12, REXNET_FORMAT_NV12},
    {GST_VIDEO_FORMAT_NV21, REXNET_FORMAT_NV21},
    {GST_VIDEO_FORMAT_YUY2, REXNET_FORMAT_YUY2},
    {GST_VIDEO_FORMAT_UYVY, REXNET_FORMAT_UYVY},
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].gst == format) {
      *native = formats[i].rexnet;
      return TRUE;
    }
  return FALSE;
}

static RexnetMatrix
matrix_of (const GstVideoInfo * info)
{
  switch (info->colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT601:
      return REXNET_MATRIX_BT601;
    case GST_VIDEO_COLOR_MATRIX_BT709:
      return REXNET_MATRIX_BT709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return REXNET_MATRIX_BT2020;
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
      return REXNET_MATRIX_SMPTE240M;
    case GST_VIDEO_COLOR_MATRIX_FCC:
      return REXNET_MATRIX_FCC;
    default:
      /* Untold: what GstVideoInfo assumes for frames of this height. */
      return info->height > 576 ? REXNET_MATRIX_BT709 : REXNET_MATRIX_BT601;
  }
}

static void
describe (RexnetImage * image, const GstVideoInfo * info)
{
  GstVideoChromaSite site = info->chroma_site;

  image->width = info->width;
  image->height = info->height;
  image->matrix = matrix_of (info);
  image->full_range = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  image->chroma_h_cosited = (site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0;
  image->chroma_v_cosited = (site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0;
}

/*
 * The part of one side that resize and crop read: @crop pixels in the middle
 * of the resized side, @scale source pixels each, with the filter's reach (a
 * cubic's is 2 pixels of the coarser grid) and 3 for rounding. It begins where
 * packed and subsampled formats begin a group.
 */
static void
needed (guint size, double scale, guint crop, gint * start, gint * length)
{
  double reach = 2 * MAX (scale, 1) + 3;
  double from = floor ((size - crop * scale) / 2 - scale - reach);
  double to = ceil ((size + crop * scale) / 2 + scale + reach);

  *start = MAX (from, 0);
  *start &= ~7;
  *length = MIN (to, size) - *start;
}

static gboolean
setup_converter (RexnetFrame * self, const RexnetInput * input)
{
  GstVideoInfo in = self->info, out;
  double scale = MIN (in.width / floor (input->width / input->crop_pct),
      in.height / floor (input->height / input->crop_pct));
  gint x, y, width, height;
  GstBuffer *buffer;

  if (!gst_video_info_set_format (&out, GST_VIDEO_FORMAT_RGB, in.width,
          in.height))
    return FALSE;
  /* A converter wants the rates and field orders of both sides equal. */
  in.fps_n = out.fps_n;
  in.fps_d = out.fps_d;
  in.interlace_mode = out.interlace_mode;
  needed (in.width, scale, input->width, &x, &width);
  needed (in.height, scale, input->height, &y, &height);
  /* The unpackers of v210, UYVP and their like begin at column 0 always. */
  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (in.finfo)) {
    x = 0;
    width = in.width;
  }
  self->converter = gst_video_converter_new (&in, &out,
      gst_structure_new ("options",
          GST_VIDEO_CONVERTER_OPT_SRC_X, G_TYPE_INT, x,
          GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT, y,
          GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, width,
          GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, height,
          GST_VIDEO_CONVERTER_OPT_DEST_X, G_TYPE_INT, x,
          GST_VIDEO_CONVERTER_OPT_DEST_Y, G_TYPE_INT, y,
          GST_VIDEO_CONVERTER_OPT_DEST_WIDTH, G_TYPE_INT, width,
          GST_VIDEO_CONVERTER_OPT_DEST_HEIGHT, G_TYPE_INT, height,
          GST_VIDEO_CONVERTER_OPT_FILL_BORDER, G_TYPE_BOOLEAN, FALSE,
          GST_VIDEO_CONVERTER_OPT_DITHER_METHOD, GST_TYPE_VIDEO_DITHER_METHOD,
          GST_VIDEO_DITHER_NONE, NULL));
  if (!self->converter)
    return FALSE;

  buffer = gst_buffer_new_allocate (NULL, out.size, NULL);
  if (!buffer)
    return FALSE;
  gst_video_frame_map (&self->pixels, &out, buffer, GST_MAP_READWRITE);
  gst_buffer_unref (buffer);
  describe (&self->image, &out);
  self->image.format = REXNET_FORMAT_RGB;
  self->image.plane[0] = GST_VIDEO_FRAME_PLANE_DATA (&self->pixels, 0);
  self->image.stride[0] = GST_VIDEO_FRAME_PLANE_STRIDE (&self->pixels, 0);
  return TRUE;
}

gboolean
rexnet_frame_setup (RexnetFrame * self, const GstVideoInfo * info,
    const RexnetInput * input)
{
  rexnet_frame_clear (self);
  self->info = *info;
  self->native = native_format (GST_VIDEO_INFO_FORMAT (info),
      &self->image.format);
  if (!self->native)
    return setup_converter (self, input);
  describe (&self->image, info);
  return TRUE;
}

void
rexnet_frame_clear (RexnetFrame * self)
{
  if (self->pixels.buffer)
    gst_video_frame_unmap (&self->pixels);
  g_clear_pointer (&self->converter, gst_video_converter_free);
  *self = (RexnetFrame) { 0 };
}

/* Whether every plane that a GstVideoMeta describes lies inside its memory. */
static gboolean
planes_fit (const GstVideoFrame * frame)
{
  const GstVideoFormatInfo *format = frame->info.finfo;

  if (!frame->meta || GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format)
      || GST_VIDEO_FORMAT_INFO_IS_TILED (format))
    return TRUE;
  for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
    guint plane = GST_VIDEO_FRAME_COMP_PLANE (frame, c);
    const GstMapInfo *map = &frame->map[plane];
    const guint8 *first = GST_VIDEO_FRAME_PLANE_DATA (frame, plane);
    gint64 rows = GST_VIDEO_FRAME_COMP_HEIGHT (frame, c) - 1;
    gint64 last = rows * GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
    gint64 row = (gint64) GST_VIDEO_FRAME_COMP_WIDTH (frame, c)
        * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
    gint64 start = first - map->data;

    if (start + MIN (last, 0) < 0
        || start + MAX (last, 0) + row > (gint64) map->size)
      return FALSE;
  }
  return TRUE;
}

const RexnetImage *
rexnet_frame_map (RexnetFrame * self, GstBuffer * buffer, GError ** error)
{
  GstVideoFrame *frame = &self->frame;

  if (!gst_video_frame_map (frame, &self->info, buffer, GST_MAP_READ)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "a buffer of %" G_GSIZE_FORMAT " bytes does not hold the %d x %d %s "
        "frame that its caps announce", gst_buffer_get_size (buffer),
        self->info.width, self->info.height, self->info.finfo->name);
    return NULL;
  }
  if (GST_VIDEO_FRAME_FORMAT (frame) != GST_VIDEO_INFO_FORMAT (&self->info)
      || GST_VIDEO_FRAME_WIDTH (frame) != self->info.width
      || GST_VIDEO_FRAME_HEIGHT (frame) != self->info.height
      || !planes_fit (frame)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "a buffer's video meta (%s, %d x %d) contradicts its caps (%s, "
        "%d x %d) or reaches past its memory", frame->info.finfo->name,
        frame->info.width, frame->info.height, self->info.finfo->name,
        self->info.width, self->info.height);
    gst_video_frame_unmap (frame);
    return NULL;
  }
  if (!self->native) {
    gst_video_converter_frame (self->converter, frame, &self->pixels);
    return &self->image;
  }
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (frame); i++) {
    self->image.plane[i] = GST_VIDEO_FRAME_PLANE_DATA (frame, i);
    self->image.stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE (frame, i);
  }
  return &self->image;
}

void
rexnet_frame_unmap (RexnetFrame * self)
{
  gst_video_frame_unmap (&self->frame);
}
