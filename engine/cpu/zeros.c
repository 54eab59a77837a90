/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "zeros.h"

#include <math.h>

double
rexnet_zeros_expected (const RexnetConv * conv)
{
  g_autofree float *weight = NULL, *bias = NULL;
  double sum = 0.;

  if (!conv->bn_weight.data)
    return 0.5;
  weight = g_new (float, conv->out);
  bias = g_new (float, conv->out);
  rexnet_tensor_read (&conv->bn_weight, weight);
  rexnet_tensor_read (&conv->bn_bias, bias);
  for (guint i = 0; i < conv->out; i++) {
    double deviation = fabs ((double) weight[i]);

    sum += deviation > 0. ? 0.5 * erfc (bias[i] / deviation * M_SQRT1_2) :
        bias[i] <= 0.f;
  }
  return sum / conv->out;
}
