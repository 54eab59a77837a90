/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "geometry.h"

#include <math.h>

#define MIN_PIXELS 32
#define MAX_PIXELS 4096
#define MIN_CROP_PCT 0.01

static gboolean
check_pixels (const char *what, guint value, GError ** error)
{
  if (value >= MIN_PIXELS && value <= MAX_PIXELS)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "the input's %s is %u, but must be between %d and %d", what, value,
      MIN_PIXELS, MAX_PIXELS);
  return FALSE;
}

gboolean
rexnet_input_check (const RexnetInput * input, GError ** error)
{
  if (!check_pixels ("width", input->width, error)
      || !check_pixels ("height", input->height, error))
    return FALSE;
  if (!(input->crop_pct >= MIN_CROP_PCT && input->crop_pct <= 1.0)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "the input's crop_pct is %g, but must be between %g and 1",
        input->crop_pct, MIN_CROP_PCT);
    return FALSE;
  }
  if (input->interpolation != REXNET_INTERPOLATION_BICUBIC
      && input->interpolation != REXNET_INTERPOLATION_BILINEAR) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "the input's interpolation is %d: use bicubic or bilinear",
        (int) input->interpolation);
    return FALSE;
  }
  for (guint c = 0; c < 3; c++)
    if (!isfinite (input->mean[c]) || !isnormal (input->std[c])
        || !isfinite (1 / input->std[c])) {
      g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
          "the input's mean %g and std %g of channel %u: both must be finite "
          "and std not zero", input->mean[c], input->std[c], c);
      return FALSE;
    }
  return TRUE;
}

/* Python's round(): halves go to the even neighbour, as in the default
 * rounding mode of C. */
static void
crop_centre (RexnetAxis * axis, guint crop)
{
  axis->offset = (gint64) rint ((double) (axis->resized - crop) / 2.0);
}

void
rexnet_geometry (const RexnetInput * input, guint width, guint height,
    RexnetAxis * x, RexnetAxis * y)
{
  gint64 scaled_w = (gint64) floor (input->width / input->crop_pct);
  gint64 scaled_h = (gint64) floor (input->height / input->crop_pct);

  x->size = width;
  y->size = height;
  if (scaled_w == scaled_h) {
    guint shorter = MIN (width, height);
    x->resized = scaled_w * width / shorter;
    y->resized = scaled_h * height / shorter;
  } else {
    double ratio = MIN ((double) height / (double) scaled_h,
        (double) width / (double) scaled_w);
    x->resized = (gint64) rint (width / ratio);
    y->resized = (gint64) rint (height / ratio);
  }
  crop_centre (x, input->width);
  crop_centre (y, input->height);
}
