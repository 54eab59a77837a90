/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture.h"

#include "image/layout.h"

/* The high byte of splitmix64's finaliser. */
static guint8
noise (guint64 i)
{
  guint64 z = (i + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return (guint8) ((z ^ (z >> 31)) >> 56);
}

guint8
test_pixel (guint width, guint height, guint c, guint x, guint y)
{
  guint8 n = noise (((guint64) y * width + x) * 3 + c);

  switch ((4 * x / width + 2 * (4 * y / height)) % 4) {
    case 0:
      return n;
    case 1:                    /* a gradient along x, y or both */
      return (guint8) (c == 0 ? 255 * x / width : c == 1 ? 255 * y / height
          : 255 * (x + y) / (width + height));
    case 2:                    /* edges that ring out of [0, 255] */
      return ((x / 3 + y / 5 + c) & 1) ? 255 : 0;
    default:
      return (guint8) (112 + n / 8);
  }
}

/* Lays the planes out one after the other, rows in multiples of 4 bytes. */
static void
allocate (TestPicture * self, const RexnetLayout * layout)
{
  RexnetImage *image = &self->image;
  gsize offset[3], rows[3];

  for (guint c = 0; c < layout->n_channels; c++) {
    const RexnetChannel *ch = &layout->channel[c];
    guint samples = rexnet_channel_samples (image->width, ch->x_shift);
    gssize bytes = ((gssize) samples * ch->step + 3) / 4 * 4;

    image->stride[ch->plane] = MAX (image->stride[ch->plane], bytes);
    rows[ch->plane] = rexnet_channel_samples (image->height, ch->y_shift);
  }
  for (guint p = 0; p < layout->n_planes; p++) {
    offset[p] = self->size;
    self->size += (gsize) image->stride[p] * rows[p];
  }
  self->data = g_malloc0 (self->size);
  for (guint p = 0; p < layout->n_planes; p++)
    image->plane[p] = self->data + offset[p];
}

void
test_picture_init (TestPicture * self, RexnetFormat format, guint width,
    guint height)
{
  const RexnetLayout *layout = rexnet_layout_get (format);

  *self = (TestPicture) { .image = {format, width, height} };
  allocate (self, layout);
  for (guint c = 0; c < layout->n_channels; c++) {
    const RexnetChannel *ch = &layout->channel[c];
    guint8 *plane = (guint8 *) self->image.plane[ch->plane] + ch->offset;
    gssize stride = self->image.stride[ch->plane];

    for (guint y = 0; y < height; y += 1u << ch->y_shift)
      for (guint x = 0; x < width; x += 1u << ch->x_shift)
        plane[(y >> ch->y_shift) * stride + (x >> ch->x_shift) * ch->step] =
            test_pixel (width, height, c, x, y);
  }
}

void
test_picture_clear (TestPicture * self)
{
  g_free (self->data);
}
