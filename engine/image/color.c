/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "color.h"

#include <math.h>

/* Luma's share of red and of blue. */
static const double luma[][2] = {
  [REXNET_MATRIX_BT601] = {0.299, 0.114},
  [REXNET_MATRIX_BT709] = {0.2126, 0.0722},
  [REXNET_MATRIX_BT2020] = {0.2627, 0.0593},
  [REXNET_MATRIX_SMPTE240M] = {0.212, 0.087},
  [REXNET_MATRIX_FCC] = {0.30, 0.11},
};

void
rexnet_yuv_init (RexnetYuv * self, RexnetMatrix matrix, gboolean full_range,
    guint y_bits, guint c_bits)
{
  double kr = luma[matrix][0], kb = luma[matrix][1], kg = 1.0 - kr - kb;
  double y_range = full_range ? 255.0 : 219.0;
  double c_range = full_range ? 255.0 : 224.0;

  self->y_scale = (float) ldexp (1.0 / y_range, -(int) y_bits);
  self->y_offset = full_range ? 0.f : (float) (-16.0 / y_range);
  self->c_scale = (float) ldexp (1.0 / c_range, -(int) c_bits);
  self->c_offset = (float) (-128.0 / c_range);
  self->v_r = (float) (2.0 * (1.0 - kr));
  self->u_b = (float) (2.0 * (1.0 - kb));
  self->u_g = (float) (-2.0 * kb * (1.0 - kb) / kg);
  self->v_g = (float) (-2.0 * kr * (1.0 - kr) / kg);
}

void
rexnet_normal_init (RexnetNormal * self, const RexnetInput * input)
{
  for (guint c = 0; c < 3; c++) {
    self->scale[c] = 1.f / input->std[c];
    self->offset[c] = -input->mean[c] / input->std[c];
  }
}
