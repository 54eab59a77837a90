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

/* acc += weights x (count channels at x, those of a pixel side by side).
 * @tile, here and below: blocks of outputs, constant, at most PW_T */
#define DEFINE_MULTIPLY(name, type, source, load) \
always_inline void \
name (type *acc, source x, global const weight * w, int count, \
    const int tile) \
{ \
  for (int k = 0; k < count; k++) { \
    type v[PW_T]; \
    _Pragma ("unroll") \
    for (int t = 0; t < PW_T; t++) \
      if (t < tile) \
        v[t] = load (k * PW_T + t, w); \
    _Pragma ("unroll") \
    for (int p = 0; p < PW_P; p++) { \
      type u = (type) x[p * CB + k]; \
      _Pragma ("unroll") \
      for (int t = 0; t < PW_T; t++) \
        if (t < tile) \
          acc[p * PW_T + t] = fma (v[t], u, acc[p * PW_T + t]); \
    } \
  } \
}

DEFINE_MULTIPLY (multiply_slab, vec, local const float *, weight_load)
DEFINE_MULTIPLY (multiply_map, vec, global const float *, weight_load)

/* Of the block that starts at channel @c: small ones are padded with zeros,
 * so that the loop over them is unrolled. */
#if CB > 4
#define channels_at(c, in) min (CB, (in) - (c))
#else
#define channels_at(c, in) CB
#endif

/*
 * With HALF_MATH products with a map inside a block are of half, as its numbers
 * are, and so are the sums of PARTIAL channels, or of a block of channels,
 * which are then added to those of float. Halves are twice as fast where two
 * fit in a register; what is lost grows with PARTIAL. Maps between blocks
 * keep their float numbers.
 */
#if HALF_MATH
#define PARTIAL 8
#define PARTIAL_BLOCKS (CB < PARTIAL ? PARTIAL / CB : 1)
#define half_vec JOIN (half, CB)
#define slab_store_half(v, at, slab) \
    vec_store (JOIN (convert_half, CB) (v), at, (local half *) slab)

DEFINE_MULTIPLY (multiply_half, half_vec, local const half *, vec_load)

always_inline void
multiply_halves (vec *acc, local const half *slab, global const weight * w,
    int c, int blocks, const int tile, pointwise_shape s)
{
  half_vec part[PW_P * PW_T];

  for (int first = 0; first < blocks; first += PARTIAL_BLOCKS) {
    _Pragma ("unroll")
    for (int i = 0; i < PW_P * PW_T; i++)
      part[i] = 0.h;
    for (int b = first; b < min (first + PARTIAL_BLOCKS, blocks); b++)
      multiply_half (part, slab + b * SLAB_PIXELS * CB,
          w + (c + b * CB) * CB * PW_T, channels_at (c + b * CB, s.in), tile);
    _Pragma ("unroll")
    for (int i = 0; i < PW_P * PW_T; i++)
      acc[i] += JOIN (convert_float, CB) (part[i]);
  }
}
#else
#define slab_store_half(v, at, slab)
#define multiply_halves(acc, slab, w, c, blocks, tile, s)
#endif

/* Brings blocks [first, first + SLAB_BLOCKS) of a group's pixels in;
 * @at: of the image's first pixel. */
always_inline void
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
    if (HALF_MATH && is_inner)
      slab_store_half (v, i, slab);
    else
      vec_store (v, i, slab);
  }
}

/* acc += weights x the first @blocks of the slab, which start at channel @c. */
always_inline void
multiply_slabs (vec *acc, local const float *slab, global const weight * w,
    int c, int blocks, const int tile, pointwise_shape s)
{
  for (int b = 0; b < blocks; b++)
    multiply_slab (acc, slab + b * SLAB_PIXELS * CB,
        w + (c + b * CB) * CB * PW_T, channels_at (c + b * CB, s.in), tile);
}

/* The sums of an item: pixels from (pixel + item), blocks from @block.
 * @stage: go through the slab, which only maps of floats need not. */
always_inline void
multiply (vec *acc, global const void *x, bool is_inner,
    global const weight * w, global const float *bias,
    global const float *gate, local float *slab, int pixel, int block,
    bool stage, const int tile, pointwise_shape s)
{
  const int mine = get_local_id (0) * PW_P;
  const int in_blocks = (s.in + CB - 1) / CB;
  const size_t at = get_global_id (2) * in_blocks * s.pixels;

  w += (size_t) (block / PW_T) * PW_T * CB
      * (CB > 4 ? s.in : in_blocks * CB) + block % PW_T * CB;
  _Pragma ("unroll")
  for (int t = 0; t < PW_T; t++) {
    vec b = vec_load (block + t, bias);

    _Pragma ("unroll")
    for (int p = 0; p < PW_P; p++)
      acc[p * PW_T + t] = b;
  }
  if (stage) {
    for (int first = 0; first < in_blocks; first += SLAB_BLOCKS) {
      const int blocks = min (SLAB_BLOCKS, in_blocks - first);

      pw_barrier ();
      fill_slab (slab, x, is_inner, at, gate, first, pixel, s);
      pw_barrier ();
      if (HALF_MATH && is_inner)
        multiply_halves (acc, (local const half *) slab + mine * CB, w,
            first * CB, blocks, tile, s);
      else
        multiply_slabs (acc, slab + mine * CB, w, first * CB, blocks, tile, s);
    }
  } else {
    global const float *from = (global const float *) x
        + (at + pixel + mine) * CB;

    for (int c = 0; c < s.in; c += CB) {
      multiply_map (acc, from, w + c * CB * PW_T, channels_at (c, s.in),
          tile);
      from += s.pixels * CB;
    }
  }
}

/* 16 ones, then zeros. */
constant float lane_mask[32] = {
  1.f, 1.f, 1.f, 1.f, 1.f, 1.f, 1.f, 1.f,
  1.f, 1.f, 1.f, 1.f, 1.f, 1.f, 1.f, 1.f
};

#define FIRST_PIXEL ((int) get_group_id (0) * SLAB_PIXELS)
#define FIRST_BLOCK ((int) get_global_id (1) * PW_T)

/* @y: of floats; @residual: likewise, and added after the activation. */
always_inline void
store_sums (const vec *acc, global float *y, global const float *residual,
    int first_block, const int tile, pointwise_shape s)
{
  const int pixel = FIRST_PIXEL + get_local_id (0) * PW_P;

  y += get_global_id (2) * s.out_blocks * s.pixels * CB;
  residual += get_global_id (2) * s.residual_blocks * s.pixels * CB;
  _Pragma ("unroll")
  for (int t = 0; t < PW_T; t++) {
    const int block = first_block + t;
    const int added = clamp (s.residual - block * CB, 0, CB);
    const vec mask = vec_load (0, lane_mask + 16 - added);

    _Pragma ("unroll")
    for (int p = 0; p < PW_P; p++)
      if (t < tile && block < s.out_blocks && pixel + p < s.pixels) {
        const int at = block * s.pixels + pixel + p;
        vec v = activate (acc[p * PW_T + t], s.activation);

        if (added)
          v = fma (mask, vec_load (at, residual), v);
        vec_store (v, at, y);
      }
  }
}

always_inline void
store_inner (const vec *acc, global inner * y, int first_block,
    const int tile, pointwise_shape s)
{
  const int pixel = FIRST_PIXEL + get_local_id (0) * PW_P;

  y += get_global_id (2) * s.out_blocks * s.pixels * CB;
  _Pragma ("unroll")
  for (int t = 0; t < PW_T; t++)
    _Pragma ("unroll")
    for (int p = 0; p < PW_P; p++)
      if (t < tile && first_block + t < s.out_blocks && pixel + p < s.pixels)
        inner_store (activate (acc[p * PW_T + t], s.activation),
            (first_block + t) * s.pixels + pixel + p, y);
}

/*
 * An item's blocks in one tile; those of a last, incomplete tile one by one,
 * unless the items of a group must keep together.
 */
#if PW_ITEMS == 1
#define FOR_EACH_TILE(run) \
  if (FIRST_BLOCK + PW_T <= s.out_blocks) \
    run (FIRST_BLOCK, PW_T); \
  else \
    for (int block = FIRST_BLOCK; block < s.out_blocks; block++) \
      run (block, 1)
#else
#define FOR_EACH_TILE(run) run (FIRST_BLOCK, PW_T)
#endif

/* Between blocks -> inside. Global size: (pixel tiles, block tiles, images). */
kernel __attribute__ ((reqd_work_group_size (PW_X, PW_Y, 1))) void
expand (global const float *restrict x, global const weight * restrict w,
    global const float *restrict bias, global inner * restrict y, int in,
    int out_blocks, int pixels, int activation)
{
  pointwise_shape s = { in, out_blocks, pixels, activation, 0, 0, 0 };
#if PW_STAGE
  local float slab[SLAB_PIXELS * PW_SLAB];
#else
  local float *slab = 0;
#endif
  vec acc[PW_P * PW_T];

#define expand_tile(block, tile) \
  do { \
    multiply (acc, x, false, w, bias, 0, slab, FIRST_PIXEL, block, PW_STAGE, \
        tile, s); \
    store_inner (acc, y, block, tile, s); \
  } while (0)
  FOR_EACH_TILE (expand_tile);
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

#define project_tile(block, tile) \
  do { \
    multiply (acc, x, true, w, bias, 0, slab, FIRST_PIXEL, block, \
        PW_STAGE || HALF, tile, s); \
    store_sums (acc, y, residual, block, tile, s); \
  } while (0)
  FOR_EACH_TILE (project_tile);
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
#define gated_tile(block, tile) \
  do { \
    multiply (acc, x, true, w, bias, gate, slab, FIRST_PIXEL, block, true, \
        tile, s); \
    store_sums (acc, y, residual, block, tile, s); \
  } while (0)
  FOR_EACH_TILE (gated_tile);
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

  _Pragma ("unroll")
  for (int t = 0; t < PW_T; t++)
    sum[t] = 0.f;
  for (int pixel = 0; pixel < pixels; pixel += SLAB_PIXELS) {
    multiply (acc, x, false, w, bias, 0, slab, pixel, FIRST_BLOCK, PW_STAGE,
        PW_T, s);
    _Pragma ("unroll")
    for (int p = 0; p < PW_P; p++)
      if (pixel + (int) get_local_id (0) * PW_P + p < pixels)
        _Pragma ("unroll")
        for (int t = 0; t < PW_T; t++)
          sum[t] += activate (acc[p * PW_T + t], activation);
  }
  _Pragma ("unroll")
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
