/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the samples of each channel lie in a RexnetImage. */
#pragma once

#include <rexnet/rexnet.h>

#define REXNET_MAX_IMAGE_PIXELS 32768

/* Sample (x, y) of a channel is the byte at
 * plane[plane] + y * stride[plane] + x * step + offset. */
typedef struct
{
  guint8 plane;
  guint8 offset, step;          /* bytes */
  guint8 x_shift, y_shift;      /* log2 of the subsampling */
} RexnetChannel;

typedef enum
{
  REXNET_COLOR_RGB,
  REXNET_COLOR_GRAY,
  REXNET_COLOR_YUV,
} RexnetColorModel;

typedef struct
{
  const char *name;
  RexnetColorModel model;
  guint n_planes, n_channels;
  RexnetChannel channel[3];     /* R, G, B or Y, U, V */
} RexnetLayout;

/* NULL: no such format. */
const RexnetLayout *rexnet_layout_get (RexnetFormat format);

/* Whether everything in @image is in the ranges that rexnet.h states. */
gboolean rexnet_image_check (const RexnetImage * image, GError ** error);

/* Whether the same filters and colours serve both. */
gboolean rexnet_image_same_kind (const RexnetImage * a, const RexnetImage * b);

/* Samples of @channel along an axis of @pixels with subsampling @shift. */
static inline guint
rexnet_channel_samples (guint pixels, guint shift)
{
  return (pixels + (1u << shift) - 1) >> shift;
}
