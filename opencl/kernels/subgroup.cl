/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 1 x 1 convolutions without local memory: a group is one sub-group. A lane
 * has SG_T output channels of SG_X pixels; it loads one of these pixels, a
 * block of channels at a time, and all get its numbers by a broadcast, which
 * GPUs have as an operand of the multiply-add or as an instruction.
 *
 *   SG_X    lanes of a sub-group, a multiple of 4; 0: none of this
 *   SG_T    output channels of a lane, SG_X apart
 *
 * Weights: [output tile][input channel][SG_T][SG_X]. CB is 4.
 */
#ifndef SG_X
#define SG_X 0
#endif
#ifndef SG_T
#define SG_T 1
#endif

#if SG_X > 0

#define SG_QUADS (SG_X / 4)
#define SG_OUT (SG_X * SG_T)

/* Where that can be asked for; elsewhere the host looks whether it is so. */
#if SG_REQUIRED
#define SG_SIZE __attribute__ ((intel_reqd_sub_group_size (SG_X)))
#else
#define SG_SIZE
#endif
#define SG_KERNEL \
kernel __attribute__ ((reqd_work_group_size (SG_X, 1, 1))) SG_SIZE void

#if HALF
#define inner_store_one(v, at, y) vstore_half_rte (v, at, y)
#define weight_load_one(at, w) vload_half (at, w)
#else
#define inner_store_one(v, at, y) (y)[at] = (v)
#define weight_load_one(at, w) (w)[at]
#endif

#define SG_FIRST_PIXEL ((int) get_group_id (0) * SG_X)
#define SG_FIRST_OUT ((int) get_group_id (1) * SG_OUT)

/* @acc: [SG_T][SG_QUADS], of four pixels each, from @pixel on */
always_inline void
sg_multiply (vec *acc, global const void *x, bool is_inner,
    global const weight * w, global const float *bias,
    global const float *gate, int pixel, pointwise_shape s)
{
  const int lane = get_sub_group_local_id ();
  const int in_blocks = (s.in + CB - 1) / CB;
  const size_t at = get_global_id (2) * in_blocks * s.pixels
      + min (pixel + lane, s.pixels - 1);

  w += (size_t) SG_FIRST_OUT * in_blocks * CB + lane;
  _Pragma ("unroll")
  for (int t = 0; t < SG_T; t++)
    _Pragma ("unroll")
    for (int q = 0; q < SG_QUADS; q++)
      acc[t * SG_QUADS + q] = bias[SG_FIRST_OUT + t * SG_X + lane];
  for (int b = 0; b < in_blocks; b++) {
    vec v = map_load (x, is_inner, at + b * s.pixels);

    if (gate)
      v = activate (v * vec_load (b, gate), s.gate_activation);
    const float mine[CB] = { v.s0, v.s1, v.s2, v.s3 };

    _Pragma ("unroll")
    for (int k = 0; k < CB; k++) {
      float f[SG_T];

      _Pragma ("unroll")
      for (int t = 0; t < SG_T; t++)
        f[t] = weight_load_one ((b * CB + k) * SG_OUT + t * SG_X, w);
      _Pragma ("unroll")
      for (int q = 0; q < SG_QUADS; q++) {
        vec u = (vec) (sub_group_broadcast (mine[k], 4 * q),
            sub_group_broadcast (mine[k], 4 * q + 1),
            sub_group_broadcast (mine[k], 4 * q + 2),
            sub_group_broadcast (mine[k], 4 * q + 3));

        _Pragma ("unroll")
        for (int t = 0; t < SG_T; t++)
          acc[t * SG_QUADS + q] = fma ((vec) f[t], u, acc[t * SG_QUADS + q]);
      }
    }
  }
}

/* The place of output @t of this lane at pixel 0, in maps of @blocks. */
always_inline int
sg_place (int t, int blocks, pointwise_shape s)
{
  const int channel = SG_FIRST_OUT + t * SG_X + get_sub_group_local_id ();

  return ((int) get_global_id (2) * blocks + channel / CB) * s.pixels * CB
      + channel % CB;
}

/* Whether this lane's output @t is in a block of the map. */
always_inline bool
sg_exists (int t, pointwise_shape s)
{
  return SG_FIRST_OUT + t * SG_X + (int) get_sub_group_local_id ()
      < s.out_blocks * CB;
}

always_inline void
sg_store_sums (const vec *acc, global float *y, global const float *residual,
    pointwise_shape s)
{
  _Pragma ("unroll")
  for (int t = 0; t < SG_T; t++) {
    const int channel = SG_FIRST_OUT + t * SG_X + get_sub_group_local_id ();
    const bool added = channel < s.residual;

    if (!sg_exists (t, s))
      continue;
    _Pragma ("unroll")
    for (int q = 0; q < SG_QUADS; q++) {
      const vec v = activate (acc[t * SG_QUADS + q], s.activation);
      const float value[4] = { v.s0, v.s1, v.s2, v.s3 };

      _Pragma ("unroll")
      for (int i = 0; i < 4; i++) {
        const int pixel = SG_FIRST_PIXEL + 4 * q + i;

        if (pixel < s.pixels)
          y[sg_place (t, s.out_blocks, s) + pixel * CB] = value[i] + (added
              ? residual[sg_place (t, s.residual_blocks, s) + pixel * CB]
              : 0.f);
      }
    }
  }
}

/* Between blocks -> inside. Global size: (pixels, output tiles, images). */
SG_KERNEL
expand_subgroup (global const float *restrict x,
    global const weight * restrict w, global const float *restrict bias,
    global inner * restrict y, int in, int out_blocks, int pixels,
    int activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0, 0, 0 };
  vec acc[SG_T * SG_QUADS];

  sg_multiply (acc, x, false, w, bias, 0, SG_FIRST_PIXEL, s);
  _Pragma ("unroll")
  for (int t = 0; t < SG_T; t++) {
    if (!sg_exists (t, s))
      continue;
    _Pragma ("unroll")
    for (int q = 0; q < SG_QUADS; q++) {
      const vec v = activate (acc[t * SG_QUADS + q], activation);
      const float value[4] = { v.s0, v.s1, v.s2, v.s3 };

      _Pragma ("unroll")
      for (int i = 0; i < 4; i++)
        if (SG_FIRST_PIXEL + 4 * q + i < pixels)
          inner_store_one (value[i], sg_place (t, out_blocks, s)
              + (SG_FIRST_PIXEL + 4 * q + i) * CB, y);
    }
  }
}

/* Inside a block -> between. Global size as above. */
SG_KERNEL
project_subgroup (global const inner * restrict x,
    global const weight * restrict w, global const float *restrict bias,
    global float *restrict y, int in, int out_blocks, int pixels,
    int activation, global const float *restrict residual,
    int residual_channels, int residual_blocks)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0,
    residual_channels, residual_blocks };
  vec acc[SG_T * SG_QUADS];

  sg_multiply (acc, x, true, w, bias, 0, SG_FIRST_PIXEL, s);
  sg_store_sums (acc, y, residual, s);
}

/* The same of the activated product of the map and its gate. */
SG_KERNEL
project_gated_subgroup (global const inner * restrict x,
    global const weight * restrict w, global const float *restrict bias,
    global float *restrict y, int in, int out_blocks, int pixels,
    int activation, global const float *restrict residual,
    int residual_channels, int residual_blocks,
    global const float *restrict gate, int gate_activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, gate_activation,
    residual_channels, residual_blocks };
  vec acc[SG_T * SG_QUADS];

  gate += get_global_id (2) * ((in + CB - 1) / CB * CB);
  sg_multiply (acc, x, true, w, bias, gate, SG_FIRST_PIXEL, s);
  sg_store_sums (acc, y, residual, s);
}

/* The mean over pixels of the activated sums: a lane has all pixels of its
 * channels. One group in x. */
SG_KERNEL
head_subgroup (global const float *restrict x,
    global const weight * restrict w, global const float *restrict bias,
    global float *restrict mean, int in, int out_blocks, int pixels,
    int activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0, 0, 0 };
  vec acc[SG_T * SG_QUADS];
  float sum[SG_T];

  _Pragma ("unroll")
  for (int t = 0; t < SG_T; t++)
    sum[t] = 0.f;
  for (int first = 0; first < pixels; first += SG_X) {
    sg_multiply (acc, x, false, w, bias, 0, first, s);
    _Pragma ("unroll")
    for (int t = 0; t < SG_T; t++)
      _Pragma ("unroll")
      for (int q = 0; q < SG_QUADS; q++) {
        const vec v = activate (acc[t * SG_QUADS + q], activation);
        const float value[4] = { v.s0, v.s1, v.s2, v.s3 };

        _Pragma ("unroll")
        for (int i = 0; i < 4; i++)
          sum[t] += first + 4 * q + i < pixels ? value[i] : 0.f;
      }
  }
  _Pragma ("unroll")
  for (int t = 0; t < SG_T; t++)
    if (sg_exists (t, s))
      mean[(int) get_global_id (2) * out_blocks * CB + SG_FIRST_OUT + t * SG_X
          + get_sub_group_local_id ()] = sum[t] / pixels;
}

#endif
