/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The channels that each variant has at a width multiplier. */
#pragma once

#include "network.h"

typedef struct
{
  guint stem;
  guint block[REXNET_MAX_BLOCKS];       /* output channels */
  guint head;
} RexnetChannels;

void rexnet_channels (RexnetVariant variant, double width, guint n_blocks,
    RexnetChannels * channels);

/* @channels as the variant rounds them where a layer has a part of another's. */
guint rexnet_channels_round (RexnetVariant variant, double width,
    double channels);

/* Whether @width gives exactly the channels that @net has. */
gboolean rexnet_channels_match (const RexnetNetwork * net,
    RexnetVariant variant, double width);

/* The multiplier with the fewest decimals that gives the channels of @net, and
 * the nearest one that the head tells when none with three decimals does. */
double rexnet_channels_width (const RexnetNetwork * net, RexnetVariant variant);

/* "1.0", "0.35": as file names and the model's name write it. */
char *rexnet_width_to_string (double width);
