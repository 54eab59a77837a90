/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 1 x 1 convolutions: a matrix product of [output channels x input channels]
 * weights and [input channels x pixels] maps.
 *
 *              PW_X items x PW_P pixels
 *             +------------------------+
 *             |  slab: PW_SLAB input   |   in local memory
 *             |  channels of the map   |
 *             +------------------------+
 *   weights   |  PW_P x PW_T vectors   |   PW_Y items x PW_T blocks of
 *   from      |  of sums an item,      |   output channels
 *   L1/L2     |  in registers          |
 *             +------------------------+
 *
 * An item reads PW_T weight vectors and PW_P numbers of the slab for
 * PW_T * PW_P * CB multiply-adds. The slab is where the squeeze-excite gate
 * and the activation behind it are applied, once for all outputs of a group.
 *
 *   PW_P, PW_T        tile of an item: pixels, output blocks
 *   PW_X, PW_Y        items of a group
 *   PW_SLAB           channels of a slab, a multiple of CB
 *   PW_STAGE          0: without a gate read the map itself (CPUs, whose L1
 *                     is as near as local memory)
 */
#ifndef PW_P
#define PW_P 4
#endif
#ifndef PW_T
#define PW_T 2
#endif
#ifndef PW_X
#define PW_X 16
#endif
#ifndef PW_Y
#define PW_Y 4
#endif
#ifndef PW_SLAB
#define PW_SLAB 16
#endif
#ifndef PW_STAGE
#define PW_STAGE 1
#endif

#define SLAB_BLOCKS (PW_SLAB / CB)
#define SLAB_PIXELS (PW_X * PW_P)
#define PW_ITEMS (PW_X * PW_Y)

#if PW_ITEMS > 1
#define pw_barrier() barrier (CLK_LOCAL_MEM_FENCE)
#else
#define pw_barrier()
#endif

typedef struct
{
  int in, out_blocks;           /* channels, blocks */
  int pixels;
  int activation;               /* of the sums */
  int gate_activation;          /* of the gated map */
  int residual;                 /* leading channels to add */
  int residual_blocks;          /* of the map that they are taken from */
} pointwise_shape;

/* acc += weights x (count channels at x, those of a pixel side by side) */
#define DEFINE_MULTIPLY(name, space) \
inline void \
name (vec *acc, space const float *x, global const weight * w, int stride, \
    int count) \
{ \
  for (int k = 0; k < count; k++) { \
    vec v[PW_T]; \
    _Pragma ("unroll") \
    for (int t = 0; t < PW_T; t++) \
      v[t] = weight_load (0, w + t * stride + k * CB); \
    _Pragma ("unroll") \
    for (int p = 0; p < PW_P; p++) { \
      vec u = (vec) x[p * CB + k]; \
      _Pragma ("unroll") \
      for (int t = 0; t < PW_T; t++) \
        acc[p * PW_T + t] = fma (v[t], u, acc[p * PW_T + t]); \
    } \
  } \
}

DEFINE_MULTIPLY (multiply_slab, local)
DEFINE_MULTIPLY (multiply_map, global)

/* Brings blocks [first, first + SLAB_BLOCKS) of a group's pixels in;
 * @at: of the image's first pixel. */
inline void
fill_slab (local float *slab, global const void *x, bool is_inner, size_t at,
    global const float *gate, int first, int pixel, pointwise_shape s)
{
  const int item = get_local_id (1) * PW_X + get_local_id (0);
  const int blocks = min (SLAB_BLOCKS, (s.in + CB - 1) / CB - first);

  for (int i = item; i < SLAB_PIXELS * blocks; i += PW_ITEMS) {
    int b = i / SLAB_PIXELS, p = i % SLAB_PIXELS;
    vec v = map_load (x, is_inner, at + (first + b) * s.pixels + pixel + p);

    if (gate)
      v = activate (v * vec_load (first + b, gate), s.gate_activation);
    vec_store (v, i, slab);
  }
}

/* The sums of an item: pixels from (pixel + item), blocks from @block.
 * @stage: go through the slab, which only maps of floats need not. */
inline void
multiply (vec *acc, global const void *x, bool is_inner,
    global const weight * w, global const float *bias,
    global const float *gate, local float *slab, int pixel, int block,
    bool stage, pointwise_shape s)
{
  const int stride = s.in * CB;
  const int mine = get_local_id (0) * PW_P;
  const size_t at = get_global_id (2) * ((s.in + CB - 1) / CB) * s.pixels;

  w += (size_t) block * stride;
  for (int t = 0; t < PW_T; t++)
    for (int p = 0; p < PW_P; p++)
      acc[p * PW_T + t] = vec_load (block + t, bias);

  if (stage) {
    for (int first = 0; first * CB < s.in; first += SLAB_BLOCKS) {
      pw_barrier ();
      fill_slab (slab, x, is_inner, at, gate, first, pixel, s);
      pw_barrier ();
      for (int b = 0; b < SLAB_BLOCKS; b++) {
        int c = (first + b) * CB;
        local float *from = slab + (b * SLAB_PIXELS + mine) * CB;

        if (c + CB <= s.in)
          multiply_slab (acc, from, w + c * CB, stride, CB);
        else if (c < s.in)
          multiply_slab (acc, from, w + c * CB, stride, s.in - c);
      }
    }
  } else {
    global const float *from = (global const float *) x
        + (at + pixel + mine) * CB;

    for (int c = 0; c + CB <= s.in; c += CB) {
      multiply_map (acc, from, w + c * CB, stride, CB);
      from += s.pixels * CB;
    }
    multiply_map (acc, from, w + s.in / CB * CB * CB, stride, s.in % CB);
  }
}

inline vec
leading_lanes (vec v, int count)
{
  float lane[CB];

  vec_store (v, 0, lane);
  for (int i = 0; i < CB; i++)
    if (i >= count)
      lane[i] = 0.f;
  return vec_load (0, lane);
}

#define FIRST_PIXEL ((int) get_group_id (0) * SLAB_PIXELS)
#define FIRST_BLOCK ((int) get_global_id (1) * PW_T)

/* @y: of floats; @residual: likewise, and added after the activation. */
inline void
store_sums (const vec *acc, global float *y, global const float *residual,
    pointwise_shape s)
{
  const int pixel = FIRST_PIXEL + get_local_id (0) * PW_P;

  y += get_global_id (2) * s.out_blocks * s.pixels * CB;
  residual += get_global_id (2) * s.residual_blocks * s.pixels * CB;
  for (int t = 0; t < PW_T && FIRST_BLOCK + t < s.out_blocks; t++) {
    int add = clamp (s.residual - (FIRST_BLOCK + t) * CB, 0, CB);

    for (int p = 0; p < PW_P && pixel + p < s.pixels; p++) {
      int at = (FIRST_BLOCK + t) * s.pixels + pixel + p;
      vec v = activate (acc[p * PW_T + t], s.activation);

      if (add == CB)
        v += vec_load (at, residual);
      else if (add)
        v += leading_lanes (vec_load (at, residual), add);
      vec_store (v, at, y);
    }
  }
}

/* Between blocks -> inside. Global size: (pixel tiles, block tiles, images). */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
expand (global const float *restrict x, global const weight * restrict w,
    global const float *restrict bias, global inner * restrict y, int in,
    int out_blocks, int pixels, int activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0, 0, 0 };
  const int pixel = FIRST_PIXEL + get_local_id (0) * PW_P;
#if PW_STAGE
  local float slab[SLAB_PIXELS * PW_SLAB];
#else
  local float *slab = 0;
#endif
  vec acc[PW_P * PW_T];

  multiply (acc, x, false, w, bias, 0, slab, FIRST_PIXEL, FIRST_BLOCK,
      PW_STAGE, s);
  y += get_global_id (2) * out_blocks * pixels * CB;
  for (int t = 0; t < PW_T && FIRST_BLOCK + t < out_blocks; t++)
    for (int p = 0; p < PW_P && pixel + p < pixels; p++)
      inner_store (activate (acc[p * PW_T + t], activation),
          (FIRST_BLOCK + t) * pixels + pixel + p, y);
}

/* Inside a block -> between. Global size as above. */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
project (global const inner * restrict x, global const weight * restrict w,
    global const float *restrict bias, global float *restrict y, int in,
    int out_blocks, int pixels, int activation,
    global const float *restrict residual, int residual_channels,
    int residual_blocks)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0,
    residual_channels, residual_blocks };
#if PW_STAGE || HALF
  local float slab[SLAB_PIXELS * PW_SLAB];
#else
  local float *slab = 0;
#endif
  vec acc[PW_P * PW_T];

  multiply (acc, x, true, w, bias, 0, slab, FIRST_PIXEL, FIRST_BLOCK,
      PW_STAGE || HALF, s);
  store_sums (acc, y, residual, s);
}

/* The same of the activated product of the map and its gate. */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
project_gated (global const inner * restrict x,
    global const weight * restrict w, global const float *restrict bias,
    global float *restrict y, int in, int out_blocks, int pixels,
    int activation, global const float *restrict residual,
    int residual_channels, int residual_blocks,
    global const float *restrict gate, int gate_activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, gate_activation,
    residual_channels, residual_blocks };
  local float slab[SLAB_PIXELS * PW_SLAB];
  vec acc[PW_P * PW_T];

  gate += get_global_id (2) * ((in + CB - 1) / CB * CB);
  multiply (acc, x, true, w, bias, gate, slab, FIRST_PIXEL, FIRST_BLOCK, true,
      s);
  store_sums (acc, y, residual, s);
}

/*
 * The mean over pixels of the activated sums, [image][channel]. One group in
 * x passes over all pixels.
 */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
head (global const float *restrict x, global const weight * restrict w,
    global const float *restrict bias, global float *restrict mean, int in,
    int out_blocks, int pixels, int activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0, 0, 0 };
  local float sums[PW_ITEMS * PW_T * CB];
#if PW_STAGE
  local float slab[SLAB_PIXELS * PW_SLAB];
#else
  local float *slab = 0;
#endif
  const int row = get_local_id (1) * PW_X;
  vec acc[PW_P * PW_T], sum[PW_T];

  for (int t = 0; t < PW_T; t++)
    sum[t] = 0.f;
  for (int pixel = 0; pixel < pixels; pixel += SLAB_PIXELS) {
    multiply (acc, x, false, w, bias, 0, slab, pixel, FIRST_BLOCK, PW_STAGE,
        s);
    for (int p = 0; p < PW_P; p++)
      if (pixel + (int) get_local_id (0) * PW_P + p < pixels)
        for (int t = 0; t < PW_T; t++)
          sum[t] += activate (acc[p * PW_T + t], activation);
  }
  for (int t = 0; t < PW_T; t++)
    vec_store (sum[t], (row + get_local_id (0)) * PW_T + t, sums);
  pw_barrier ();
  if (get_local_id (0) > 0)
    return;
  for (int t = 0; t < PW_T && FIRST_BLOCK + t < out_blocks; t++) {
    vec total = 0.f;

    for (int i = 0; i < PW_X; i++)
      total += vec_load ((row + i) * PW_T + t, sums);
    vec_store (total / pixels,
        get_global_id (2) * out_blocks + FIRST_BLOCK + t, mean);
  }
}
