/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetframe.h"

#include <math.h>

/* Read in place; the least work first. */
static const struct
{
  GstVideoFormat gst;
  RexnetFormat rexnet;
} native_formats[] = {
  {GST_VIDEO_FORMAT_NV12, REXNET_FORMAT_NV12},
  {GST_VIDEO_FORMAT_I420, REXNET_FORMAT_I420},
  {GST_VIDEO_FORMAT_YV12, REXNET_FORMAT_YV12},
  {GST_VIDEO_FORMAT_NV21, REXNET_FORMAT_NV21},
  {GST_VIDEO_FORMAT_YUY2, REXNET_FORMAT_YUY2},
  {GST_VIDEO_FORMAT_UYVY, REXNET_FORMAT_UYVY},
  {GST_VIDEO_FORMAT_RGB, REXNET_FORMAT_RGB},
  {GST_VIDEO_FORMAT_BGR, REXNET_FORMAT_BGR},
  {GST_VIDEO_FORMAT_BGRx, REXNET_FORMAT_BGRX},
  {GST_VIDEO_FORMAT_RGBx, REXNET_FORMAT_RGBX},
  {GST_VIDEO_FORMAT_xRGB, REXNET_FORMAT_XRGB},
  {GST_VIDEO_FORMAT_xBGR, REXNET_FORMAT_XBGR},
  {GST_VIDEO_FORMAT_BGRA, REXNET_FORMAT_BGRX},
  {GST_VIDEO_FORMAT_RGBA, REXNET_FORMAT_RGBX},
  {GST_VIDEO_FORMAT_ARGB, REXNET_FORMAT_XRGB},
  {GST_VIDEO_FORMAT_ABGR, REXNET_FORMAT_XBGR},
  {GST_VIDEO_FORMAT_GRAY8, REXNET_FORMAT_GRAY8},
};

static gboolean
native_format (GstVideoFormat format, RexnetFormat * native)
{
  for (guint i = 0; i < G_N_ELEMENTS (native_formats); i++)
    if (native_formats[i].gst == format) {
      *native = native_formats[i].rexnet;
      return TRUE;
    }
  return FALSE;
}

static GArray *
list_native (void)
{
  GArray *formats = g_array_new (FALSE, FALSE, sizeof (GstVideoFormat));

  for (guint i = 0; i < G_N_ELEMENTS (native_formats); i++)
    g_array_append_val (formats, native_formats[i].gst);
  return formats;
}

static GstCaps *
make_caps (const GArray * formats)
{
  return gst_video_make_raw_caps ((GstVideoFormat *) formats->data,
      formats->len);
}

GstCaps *
rexnet_frame_caps (void)
{
  guint n_raw;
  const GstVideoFormat *raw = gst_video_formats_raw (&n_raw);
  g_autoptr (GArray) formats = list_native ();
  RexnetFormat native;

  for (guint i = 0; i < n_raw; i++)
    if (!native_format (raw[i], &native))
      g_array_append_val (formats, raw[i]);
  return make_caps (formats);
}

GstCaps *
rexnet_frame_sort_caps (GstCaps * caps)
{
  g_autoptr (GArray) formats = list_native ();
  g_autoptr (GstCaps) native = make_caps (formats);
  GstCaps *first = gst_caps_intersect_full (native, caps,
      GST_CAPS_INTERSECT_FIRST);

  return gst_caps_merge (first, gst_caps_ref (caps));
}

void
rexnet_frame_refuse_crop (GstQuery * query)
{
  guint index;

  if (gst_query_find_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE,
          &index))
    gst_query_remove_nth_allocation_meta (query, index);
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

/* Where a part of a frame can begin: at whole chroma samples and packed groups
 * of all formats. */
#define ALIGN 8

/*
 * The part of one side that resize and crop read: @crop pixels in the middle
 * of the resized side, @scale source pixels each, with the filter's reach (a
 * cubic's is 2 pixels of the coarser grid) and some for chroma and rounding.
 */
static void
needed (guint size, double scale, guint crop, gint * start, gint * length)
{
  double reach = 2 * MAX (scale, 1) + scale + ALIGN;
  double from = floor ((size - crop * scale) / 2 - reach);
  double to = ceil ((size + crop * scale) / 2 + reach);

  *start = (int) MAX (from, 0) / ALIGN * ALIGN;
  *length = MIN (to, size) - *start;
}

/* Whether a pixel's place in its plane is a whole number of bytes. */
static gboolean
is_addressable (const GstVideoFormatInfo * format)
{
  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format)
      || GST_VIDEO_FORMAT_INFO_IS_TILED (format)
      || GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format))
    return FALSE;
  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); c++)
    if (GST_VIDEO_FORMAT_INFO_PSTRIDE (format, c) <= 0)
      return FALSE;
  return TRUE;
}

static void
find_region (RexnetFrame * self, const RexnetInput * input)
{
  const GstVideoInfo *info = &self->info;
  GstVideoRectangle *r = &self->region;
  double scale = MIN (info->width / floor (input->width / input->crop_pct),
      info->height / floor (input->height / input->crop_pct));

  *r = (GstVideoRectangle) { 0, 0, info->width, info->height };
  if (!is_addressable (info->finfo))
    return;
  needed (info->width, scale, input->width, &r->x, &r->w);
  needed (info->height, scale, input->height, &r->y, &r->h);
}

/*
 * @frame as if it were @region alone. GstVideoConverter's own options for that
 * read the wrong columns of many formats (16-bit RGB, v210, UYVP, IYU1) in
 * GStreamer 1.22.
 */
static GstVideoFrame
view (const GstVideoFrame * frame, const GstVideoRectangle * region)
{
  GstVideoFrame part = *frame;
  gboolean moved[GST_VIDEO_MAX_PLANES] = { FALSE };
  const GstVideoFormatInfo *format = frame->info.finfo;

  part.info.width = region->w;
  part.info.height = region->h;
  for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
    guint plane = GST_VIDEO_FRAME_COMP_PLANE (frame, c);
    gssize x = region->x >> GST_VIDEO_FORMAT_INFO_W_SUB (format, c);
    gssize y = region->y >> GST_VIDEO_FORMAT_INFO_H_SUB (format, c);

    if (moved[plane])
      continue;
    moved[plane] = TRUE;
    part.data[plane] = (guint8 *) part.data[plane]
        + x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c)
        + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  }
  return part;
}

static GstVideoConverter *
make_converter (const RexnetFrame * self)
{
  GstVideoInfo in = self->info, out = self->pixels.info;

  in.width = out.width = self->region.w;
  in.height = out.height = self->region.h;
  /* A converter wants the rates and field orders of both sides equal. */
  in.fps_n = out.fps_n;
  in.fps_d = out.fps_d;
  in.interlace_mode = out.interlace_mode;
  return gst_video_converter_new (&in, &out, gst_structure_new ("options",
          GST_VIDEO_CONVERTER_OPT_DITHER_METHOD, GST_TYPE_VIDEO_DITHER_METHOD,
          GST_VIDEO_DITHER_NONE, NULL));
}

static gboolean
setup_converter (RexnetFrame * self, const RexnetInput * input)
{
  GstVideoInfo rgb;
  GstBuffer *buffer;

  if (!gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, self->info.width,
          self->info.height))
    return FALSE;
  buffer = gst_buffer_new_allocate (NULL, rgb.size, NULL);
  if (!buffer)
    return FALSE;
  gst_video_frame_map (&self->pixels, &rgb, buffer, GST_MAP_READWRITE);
  gst_buffer_unref (buffer);
  describe (&self->image, &rgb);
  self->image.format = REXNET_FORMAT_RGB;
  self->image.plane[0] = GST_VIDEO_FRAME_PLANE_DATA (&self->pixels, 0);
  self->image.stride[0] = GST_VIDEO_FRAME_PLANE_STRIDE (&self->pixels, 0);

  find_region (self, input);
  self->converter = make_converter (self);
  return self->converter != NULL;
}

static void
convert (RexnetFrame * self)
{
  GstVideoFrame from = view (&self->frame, &self->region);
  GstVideoFrame to = view (&self->pixels, &self->region);

  gst_video_converter_frame (self->converter, &from, &to);
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
    convert (self);
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
