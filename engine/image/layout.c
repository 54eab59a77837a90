/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout.h"

#define PACKED_RGB(name, r, g, b, step) \
    { name, REXNET_COLOR_RGB, 1, 3, \
      { { 0, r, step, 0, 0 }, { 0, g, step, 0, 0 }, { 0, b, step, 0, 0 } } }
#define PACKED_422(name, y, u, v) \
    { name, REXNET_COLOR_YUV, 1, 3, \
      { { 0, y, 2, 0, 0 }, { 0, u, 4, 1, 0 }, { 0, v, 4, 1, 0 } } }
#define PLANAR_420(name, u, v) \
    { name, REXNET_COLOR_YUV, 3, 3, \
      { { 0, 0, 1, 0, 0 }, { u, 0, 1, 1, 1 }, { v, 0, 1, 1, 1 } } }
#define SEMIPLANAR_420(name, u, v) \
    { name, REXNET_COLOR_YUV, 2, 3, \
      { { 0, 0, 1, 0, 0 }, { 1, u, 2, 1, 1 }, { 1, v, 2, 1, 1 } } }

static const RexnetLayout layouts[] = {
  [REXNET_FORMAT_RGB] = PACKED_RGB ("RGB", 0, 1, 2, 3),
  [REXNET_FORMAT_BGR] = PACKED_RGB ("BGR", 2, 1, 0, 3),
  [REXNET_FORMAT_RGBX] = PACKED_RGB ("RGBx", 0, 1, 2, 4),
  [REXNET_FORMAT_BGRX] = PACKED_RGB ("BGRx", 2, 1, 0, 4),
  [REXNET_FORMAT_XRGB] = PACKED_RGB ("xRGB", 1, 2, 3, 4),
  [REXNET_FORMAT_XBGR] = PACKED_RGB ("xBGR", 3, 2, 1, 4),
  [REXNET_FORMAT_GRAY8] = {"GRAY8", REXNET_COLOR_GRAY, 1, 1,
      {{0, 0, 1, 0, 0}}},
  [REXNET_FORMAT_I420] = PLANAR_420 ("I420", 1, 2),
  [REXNET_FORMAT_YV12] = PLANAR_420 ("YV12", 2, 1),
  [REXNET_FORMAT_NV12] = SEMIPLANAR_420 ("NV12", 0, 1),
  [REXNET_FORMAT_NV21] = SEMIPLANAR_420 ("NV21", 1, 0),
  [REXNET_FORMAT_YUY2] = PACKED_422 ("YUY2", 0, 1, 3),
  [REXNET_FORMAT_UYVY] = PACKED_422 ("UYVY", 1, 0, 2),
};

const RexnetLayout *
rexnet_layout_get (RexnetFormat format)
{
  if ((guint) format >= G_N_ELEMENTS (layouts))
    return NULL;
  return &layouts[format];
}

static gboolean
check_pixels (const char *what, guint value, GError ** error)
{
  if (value >= 1 && value <= REXNET_MAX_IMAGE_PIXELS)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "the image's %s is %u, but must be between 1 and %d", what, value,
      REXNET_MAX_IMAGE_PIXELS);
  return FALSE;
}

/* Bytes that a row of @plane must hold. */
static gsize
row_bytes (const RexnetLayout * layout, guint plane, guint width)
{
  for (guint c = 0; c < layout->n_channels; c++) {
    const RexnetChannel *channel = &layout->channel[c];
    gsize samples = rexnet_channel_samples (width, channel->x_shift);

    /* The last channel of a packed 4:2:2 plane spans its whole row. */
    if (channel->plane == plane && (channel->x_shift || channel->step != 2))
      return samples * channel->step;
  }
  g_return_val_if_reached (0);
}

gboolean
rexnet_image_check (const RexnetImage * image, GError ** error)
{
  const RexnetLayout *layout = rexnet_layout_get (image->format);

  if (!layout) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "the image's format is %d, which is no RexnetFormat",
        (int) image->format);
    return FALSE;
  }
  if ((guint) image->matrix > REXNET_MATRIX_FCC) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "the image's matrix is %d, which is no RexnetMatrix",
        (int) image->matrix);
    return FALSE;
  }
  if (!check_pixels ("width", image->width, error)
      || !check_pixels ("height", image->height, error))
    return FALSE;
  for (guint p = 0; p < layout->n_planes; p++) {
    gsize bytes = row_bytes (layout, p, image->width);
    gssize stride = image->stride[p];

    if (!image->plane[p]) {
      g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
          "the image's plane %u is NULL, but %s has %u", p, layout->name,
          layout->n_planes);
      return FALSE;
    }
    if (stride > -(gssize) bytes && stride < (gssize) bytes) {
      g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
          "the image's stride of plane %u is %" G_GSSIZE_FORMAT
          ", but a row of %s at width %u has %" G_GSIZE_FORMAT " bytes", p,
          stride, layout->name, image->width, bytes);
      return FALSE;
    }
  }
  return TRUE;
}
