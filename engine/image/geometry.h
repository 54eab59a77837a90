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

/* @input: checked; @width, @height: of the source, in [1, 32768]. */
void rexnet_geometry (const RexnetInput * input, guint width, guint height,
    RexnetAxis * x, RexnetAxis * y);
