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
#define DEFINE_MULTIPLY(name, space, type, scalar) \
inline void \
name (vec *acc, space const type * x, global const stored * weight, \
    int stride, int count) \
{ \
  for (int k = 0; k < count; k++) { \
    vec w[PW_T]; \
    _Pragma ("unroll") \
    for (int t = 0; t < PW_T; t++) \
      w[t] = map_load (0, weight + t * stride + k * CB); \
    _Pragma ("unroll") \
    for (int p = 0; p < PW_P; p++) { \
      vec v = (vec) scalar (x + p * CB + k); \
      _Pragma ("unroll") \
      for (int t = 0; t < PW_T; t++) \
        acc[p * PW_T + t] = fma (w[t], v, acc[p * PW_T + t]); \
    } \
  } \
}

#define float_scalar(pointer) (*(pointer))
DEFINE_MULTIPLY (multiply_slab, local, float, float_scalar)
DEFINE_MULTIPLY (multiply_map, global, stored, map_scalar)

/* Brings blocks [first, first + SLAB_BLOCKS) of a group's pixels in. */
inline void
fill_slab (local float *slab, global const stored * x,
    global const float *gate, int first, int pixel, pointwise_shape s)
{
  const int item = get_local_id (1) * PW_X + get_local_id (0);
  const int blocks = min (SLAB_BLOCKS, (s.in + CB - 1) / CB - first);

  for (int i = item; i < SLAB_PIXELS * blocks; i += PW_ITEMS) {
    int b = i / SLAB_PIXELS, p = i % SLAB_PIXELS;
    vec v = map_load ((first + b) * s.pixels + pixel + p, x);

    if (gate)
      v = activate (v * vec_load (first + b, gate), s.gate_activation);
    vec_store (v, i, slab);
  }
}

/* The sums of an item: pixels from (pixel + item), blocks from @block. */
inline void
multiply (vec *acc, global const stored * x, global const stored * weight,
    global const float *bias, global const float *gate, local float *slab,
    int pixel, int block, bool stage, pointwise_shape s)
{
  const int stride = s.in * CB;
  const int mine = get_local_id (0) * PW_P;

  weight += (size_t) block * stride;
  for (int t = 0; t < PW_T; t++)
    for (int p = 0; p < PW_P; p++)
      acc[p * PW_T + t] = vec_load (block + t, bias);

  if (stage) {
    for (int first = 0; first * CB < s.in; first += SLAB_BLOCKS) {
      pw_barrier ();
      fill_slab (slab, x, gate, first, pixel, s);
      pw_barrier ();
      for (int b = 0; b < SLAB_BLOCKS; b++) {
        int c = (first + b) * CB;
        local float *from = slab + (b * SLAB_PIXELS + mine) * CB;

        if (c + CB <= s.in)
          multiply_slab (acc, from, weight + c * CB, stride, CB);
        else if (c < s.in)
          multiply_slab (acc, from, weight + c * CB, stride, s.in - c);
      }
    }
  } else {
    x += (pixel + mine) * CB;
    for (int c = 0; c + CB <= s.in; c += CB) {
      multiply_map (acc, x, weight + c * CB, stride, CB);
      x += s.pixels * CB;
    }
    multiply_map (acc, x, weight + s.in / CB * CB * CB, stride, s.in % CB);
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

inline void
store_tile (const vec *acc, global stored * y, global const stored * residual,
    int pixel, int block, pointwise_shape s)
{
  for (int t = 0; t < PW_T && block + t < s.out_blocks; t++) {
    int add = clamp (s.residual - (block + t) * CB, 0, CB);

    for (int p = 0; p < PW_P && pixel + p < s.pixels; p++) {
      int at = (block + t) * s.pixels + pixel + p;
      vec v = activate (acc[p * PW_T + t], s.activation);

      if (add == CB)
        v += map_load (at, residual);
      else if (add)
        v += leading_lanes (map_load (at, residual), add);
      map_store (v, at, y);
    }
  }
}

#define FIRST_PIXEL ((int) get_group_id (0) * SLAB_PIXELS)
#define FIRST_BLOCK ((int) get_global_id (1) * PW_T)

inline void
convolve (global const stored * x, global const stored * weight,
    global const float *bias, global const float *gate,
    global const stored * residual, global stored * y, local float *slab,
    bool stage, pointwise_shape s)
{
  const size_t image = get_global_id (2);
  const size_t in_size = (size_t) (s.in + CB - 1) / CB * CB * s.pixels;
  const size_t out_size = (size_t) s.out_blocks * CB * s.pixels;
  vec acc[PW_P * PW_T];

  x += image * in_size;
  if (gate)
    gate += image * ((s.in + CB - 1) / CB * CB);
  multiply (acc, x, weight, bias, gate, slab, FIRST_PIXEL, FIRST_BLOCK, stage,
      s);
  residual += image * s.residual_blocks * CB * s.pixels;
  store_tile (acc, y + image * out_size, residual,
      FIRST_PIXEL + get_local_id (0) * PW_P, FIRST_BLOCK, s);
}

/* Global size: (pixel tiles, block tiles, images). */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
pointwise (global const stored * restrict x,
    global const stored * restrict weight, global const float *restrict bias,
    global stored * restrict y, global const stored * restrict residual,
    int in, int out_blocks, int pixels, int activation, int residual_channels,
    int residual_blocks)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0,
    residual_channels, residual_blocks };
#if PW_STAGE
  local float slab[SLAB_PIXELS * PW_SLAB];
#else
  local float *slab = 0;
#endif

  convolve (x, weight, bias, 0, residual, y, slab, PW_STAGE, s);
}

/* The map is activated (gate x map) first. */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
pointwise_gated (global const stored * restrict x,
    global const stored * restrict weight, global const float *restrict bias,
    global stored * restrict y, global const stored * restrict residual,
    int in, int out_blocks, int pixels, int activation, int residual_channels,
    int residual_blocks, global const float *restrict gate, int gate_activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, gate_activation,
    residual_channels, residual_blocks };
  local float slab[SLAB_PIXELS * PW_SLAB];

  convolve (x, weight, bias, gate, residual, y, slab, true, s);
}

/*
 * The mean over pixels of the activated sums, [image][channel]. One group in
 * x passes over all pixels.
 */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
pointwise_mean (global const stored * restrict x,
    global const stored * restrict weight, global const float *restrict bias,
    global float *restrict mean, int in, int out_blocks, int pixels,
    int activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0, 0, 0 };
  local float sums[PW_ITEMS * PW_T * CB];
#if PW_STAGE
  local float slab[SLAB_PIXELS * PW_SLAB];
#else
  local float *slab = 0;
#endif
  const int row = get_local_id (1) * PW_X;
  const size_t image = get_global_id (2);
  vec acc[PW_P * PW_T], sum[PW_T];

  x += image * ((size_t) (in + CB - 1) / CB * CB * pixels);
  for (int t = 0; t < PW_T; t++)
    sum[t] = 0.f;
  for (int pixel = 0; pixel < pixels; pixel += SLAB_PIXELS) {
    multiply (acc, x, weight, bias, 0, slab, pixel, FIRST_BLOCK, PW_STAGE, s);
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
    vec_store (total / pixels, image * out_blocks + FIRST_BLOCK + t, mean);
  }
}
