/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "channels.h"
#include "efficientnet.h"

const RexnetEfficientnetStage
    rexnet_efficientnet_stages[REXNET_EFFICIENTNET_STAGES] = {
  {1, 16, 3, 1}, {2, 24, 3, 2}, {2, 40, 5, 2}, {3, 80, 3, 2}, {3, 112, 5, 1},
  {4, 192, 5, 2}, {1, 320, 3, 1},
};

static const RexnetEfficientnet published[] = {
  {"efficientnet_b0", FALSE, 1.0, 1.0, 224, 0.875},
  {"efficientnet_b1", FALSE, 1.0, 1.1, 240, 0.882},
  {"efficientnet_b2", FALSE, 1.1, 1.2, 260, 0.890},
  {"efficientnet_b3", FALSE, 1.2, 1.4, 300, 0.904},
  {"efficientnet_b4", FALSE, 1.4, 1.8, 380, 0.922},
  {"efficientnet_b5", FALSE, 1.6, 2.2, 456, 0.934},
  {"efficientnet_b6", FALSE, 1.8, 2.6, 528, 0.942},
  {"efficientnet_b7", FALSE, 2.0, 3.1, 600, 0.949},
  {"efficientnet_lite0", TRUE, 1.0, 1.0, 224, 0.875},
  {"efficientnet_lite1", TRUE, 1.0, 1.1, 240, 0.882},
  {"efficientnet_lite2", TRUE, 1.1, 1.2, 260, 0.890},
  {"efficientnet_lite3", TRUE, 1.2, 1.4, 280, 0.897},
  {"efficientnet_lite4", TRUE, 1.4, 1.8, 300, 0.904},
};

guint
rexnet_efficientnet_length (guint stage, gboolean lite, double depth)
{
  if (lite && (stage == 0 || stage == REXNET_EFFICIENTNET_STAGES - 1))
    depth = 1;
  /* rounding must not make a little more of a whole number of blocks */
  return (guint) ceil (rexnet_efficientnet_stages[stage].blocks * depth
      - 1e-6);
}

const RexnetEfficientnet *
rexnet_efficientnet_named (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (published); i++)
    if (strcmp (published[i].name, name) == 0)
      return &published[i];
  return NULL;
}

const RexnetEfficientnet *
rexnet_efficientnet_of_width (gboolean lite, double width)
{
  for (guint i = 0; i < G_N_ELEMENTS (published); i++)
    if (published[i].lite == lite && ABS (published[i].width - width) < 5e-4)
      return &published[i];
  return NULL;
}

static guint
count_blocks (const RexnetEfficientnet * net)
{
  guint n = 0;

  for (guint stage = 0; stage < REXNET_EFFICIENTNET_STAGES; stage++)
    n += rexnet_efficientnet_length (stage, net->lite, net->depth);
  return n;
}

const RexnetEfficientnet *
rexnet_efficientnet_of_shape (gboolean lite, guint n_blocks, guint channels)
{
  const RexnetVariant variant = lite ? REXNET_VARIANT_EFFICIENTNET_LITE
      : REXNET_VARIANT_EFFICIENTNET;

  for (guint i = 0; i < G_N_ELEMENTS (published); i++) {
    RexnetChannels c;

    if (published[i].lite != lite || count_blocks (&published[i]) != n_blocks)
      continue;
    rexnet_channels (variant, published[i].width, n_blocks, &c);
    if (c.block[n_blocks - 1] == channels)
      return &published[i];
  }
  return NULL;
}
