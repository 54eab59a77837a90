/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How EfficientNet and EfficientNet-Lite are scaled from one network.
 * Sources: arXiv 1905.11946; efficientnet_params() and
 * efficientnet_lite_params() of https://github.com/tensorflow/tpu; the
 * arch_def of _gen_efficientnet() in timm.
 */
#pragma once

#include <glib.h>

#define REXNET_EFFICIENTNET_STAGES 7

typedef struct
{
  guint blocks;                 /* at depth 1.0 */
  guint channels;               /* out of it, at width 1.0 */
  guint kernel, stride;         /* of the depthwise; the stride of the first */
} RexnetEfficientnetStage;

extern const RexnetEfficientnetStage
    rexnet_efficientnet_stages[REXNET_EFFICIENTNET_STAGES];

/* Blocks of @stage at the multiplier @depth. Lite keeps the first and the last
 * stage as they are. */
guint rexnet_efficientnet_length (guint stage, gboolean lite, double depth);

/* A published member of the families. */
typedef struct
{
  const char *name;             /* timm's */
  gboolean lite;
  double width, depth;          /* multipliers */
  guint size;                   /* of the input, pixels a side */
  double crop_pct;              /* size / (size + 32), as timm rounds it */
} RexnetEfficientnet;

/* Each returns NULL when there is none. */
const RexnetEfficientnet *rexnet_efficientnet_named (const char *name);
/* The shallowest. */
const RexnetEfficientnet *rexnet_efficientnet_of_width (gboolean lite,
    double width);
/* @channels: into the head */
const RexnetEfficientnet *rexnet_efficientnet_of_shape (gboolean lite,
    guint n_blocks, guint channels);
