/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "tensor.h"

static double
element (const RexnetTensor * vector, guint index)
{
  RexnetTensor one = *vector;
  double value;

  one.data += index * vector->stride[0] * rexnet_dtype_size (vector->dtype);
  one.n_dims = 0;
  rexnet_tensor_read_row (&one, 0, &value);
  return value;
}

void
rexnet_conv_fold (const RexnetConv * conv, float *weight, float *bias)
{
  const RexnetTensor *w = &conv->weight;
  const guint row_size = rexnet_tensor_row_size (w);
  const guint rows = rexnet_tensor_rows (w) / conv->out;
  g_autofree double *row = g_new (double, row_size);

  for (guint o = 0; o < conv->out; o++) {
    double scale = 1, shift = conv->bias.data ? element (&conv->bias, o) : 0;

    if (conv->bn_var.data) {
      scale = element (&conv->bn_weight, o)
          / sqrt (element (&conv->bn_var, o) + conv->bn_eps);
      shift = (shift - element (&conv->bn_mean, o)) * scale
          + element (&conv->bn_bias, o);
    }
    for (guint r = 0; r < rows; r++) {
      rexnet_tensor_read_row (w, o * rows + r, row);
      for (guint i = 0; i < row_size; i++)
        *weight++ = (float) (row[i] * scale);
    }
    bias[o] = (float) shift;
  }
}
