/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "channels.h"
#include "efficientnet.h"

#define MIN_WIDTH 0.1
#define MAX_WIDTH 10.

/* The nearest multiple of @divisor that loses no more than a tenth. */
static guint
divisible (double channels, guint divisor)
{
  guint rounded = (guint) (channels + divisor / 2) / divisor * divisor;

  rounded = MAX (rounded, divisor);
  return rounded < 0.9 * channels ? rounded + divisor : rounded;
}

static guint
divisor_of (RexnetVariant variant, double width)
{
  if (variant == REXNET_VARIANT_REXNET)
    return 1;
  /* timm's rexnetr_300 alone rounds to 16 */
  return variant == REXNET_VARIANT_REXNETR && width == 3.0 ? 16 : 8;
}

guint
rexnet_channels_round (RexnetVariant variant, double width, double channels)
{
  return divisible (channels, divisor_of (variant, width));
}

/* Blocks up to and with @stage at @depth twelfths, where alone a length can
 * change. */
static guint
blocks_up_to (guint stage, guint depth, gboolean lite)
{
  guint n = 0;

  for (guint i = 0; i <= stage; i++)
    n += rexnet_efficientnet_length (i, lite, depth / 12.);
  return n;
}

static void
efficientnet_channels (gboolean lite, double width, guint n_blocks,
    RexnetChannels * channels)
{
  const guint last = REXNET_EFFICIENTNET_STAGES - 1;
  guint depth = 1, stage = 0;

  while (blocks_up_to (last, depth, lite) < n_blocks)
    depth++;
  channels->stem = lite ? 32 : divisible (32 * width, 8);
  for (guint i = 0; i < n_blocks; i++) {
    while (stage < last && i >= blocks_up_to (stage, depth, lite))
      stage++;
    channels->block[i] =
        divisible (rexnet_efficientnet_stages[stage].channels * width, 8);
  }
  channels->head = lite ? 1280 : divisible (1280 * width, 8);
}

/* Python's round() takes ties to the even number, as rint() does. */
static void
original_channels (RexnetVariant variant, double width, guint n_blocks,
    RexnetChannels * channels)
{
  const gboolean lite = variant == REXNET_VARIANT_REXNET_LITE;
  const guint divisor = divisor_of (variant, width);
  const double step = lite ? 164. / MAX (n_blocks - 1, 1) : 180. / n_blocks;
  double planes = width < 1 ? 16 / width : 16;

  channels->stem =
      divisible (rint ((width < 1 ? 32 / width : 32) * width), divisor);
  for (guint i = 0; i < n_blocks; i++) {
    channels->block[i] = divisible (rint (planes * width), divisor);
    planes += step;
  }
  if (lite)
    channels->head = width > 1 ? (guint) (1280 * width) : 1280;
  else if (variant == REXNET_VARIANT_REXNETR)
    channels->head = divisible (1280 * width, divisor);
  else
    channels->head = (guint) (1280 * width);
}

void
rexnet_channels (RexnetVariant variant, double width, guint n_blocks,
    RexnetChannels * channels)
{
  if (variant == REXNET_VARIANT_EFFICIENTNET
      || variant == REXNET_VARIANT_EFFICIENTNET_LITE)
    efficientnet_channels (variant == REXNET_VARIANT_EFFICIENTNET_LITE, width,
        n_blocks, channels);
  else
    original_channels (variant, width, n_blocks, channels);
}

gboolean
rexnet_channels_match (const RexnetNetwork * net, RexnetVariant variant,
    double width)
{
  RexnetChannels c;

  rexnet_channels (variant, width, net->n_blocks, &c);
  for (guint i = net->n_blocks; i-- > 0;)
    if (net->blocks[i].project.out != c.block[i])
      return FALSE;
  return net->stem.out == c.stem && net->head.out == c.head;
}

/* The head tells the multiplier but for rounding; a narrow lite network's head
 * tells only that it is narrow, and EfficientNet-Lite's always is the same. */
static void
bound_width (const RexnetNetwork * net, RexnetVariant variant, double *low,
    double *high)
{
  const double width = net->head.out / 1280.;

  *low = MIN_WIDTH;
  *high = MAX_WIDTH;
  if (variant == REXNET_VARIANT_REXNET_LITE && width <= 1) {
    *high = 1;
    return;
  }
  if (variant == REXNET_VARIANT_EFFICIENTNET_LITE)
    return;
  *low = CLAMP (width - 0.02, MIN_WIDTH, MAX_WIDTH);
  *high = CLAMP (width + 0.02, MIN_WIDTH, MAX_WIDTH);
}

double
rexnet_channels_width (const RexnetNetwork * net, RexnetVariant variant)
{
  double low, high;

  bound_width (net, variant, &low, &high);
  for (guint scale = 10; scale <= 1000; scale *= 10)
    for (guint i = ceil (low * scale); i <= high * scale; i++)
      if (rexnet_channels_match (net, variant, (double) i / scale))
        return (double) i / scale;
  return rint (net->head.out / 1280. * 1000) / 1000;
}

char *
rexnet_width_to_string (double width)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (digits, sizeof digits, "%.4g", width);
  return g_strconcat (digits, strchr (digits, '.') ? NULL : ".0", NULL);
}
