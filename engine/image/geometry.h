/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The integer rules by which an evaluation transform sizes and crops.
 * Source: transforms_imagenet_eval() and ResizeKeepRatio of timm,
 * Resize and CenterCrop of torchvision.
 */
#pragma once

#include <rexnet/rexnet.h>

/* One axis: @size source pixels become @resized, of which the network sees
 * those from @offset on. */
typedef struct
{
  guint size;
  gint64 resized;
  gint64 offset;
} RexnetAxis;

/* Whether @input is in the ranges that rexnet.h states. */
gboolean rexnet_input_check (const RexnetInput * input, GError ** error);

/* @input: checked; @width, @height: of the source, in [1, 32768].
 * crop_pct being at most 1, what is resized is never smaller than the crop. */
void rexnet_geometry (const RexnetInput * input, guint width, guint height,
    RexnetAxis * x, RexnetAxis * y);

/* Whether the rows are filtered before the columns: Pillow's ImagingResample()
 * does so when it shrinks the height by more than twice what it shrinks the
 * width. The order shows where what lies outside [0, 255] is cut off. */
static inline gboolean
rexnet_vertical_first (const RexnetAxis * x, const RexnetAxis * y)
{
  gint64 less_x = x->size - x->resized, less_y = y->size - y->resized;

  return less_y > 0 && less_y > 2 * less_x;
}
