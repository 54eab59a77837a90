/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A 1 x 1 convolution and the depthwise one behind it. The map between them is
 * the largest of a block: a group computes, for PW_T channel blocks, the rows
 * of it that a strip of output rows reads, keeps them in local memory, and
 * goes on from there. Rows where strips meet are computed twice.
 *
 *   FU_X    items of a group; 0: none of this
 *   PW_P, PW_T, DW_R    as in the separate kernels
 */
#ifndef FU_X
#define FU_X 128
#endif

#if FU_X > 0

#if FU_X > 1
#define fused_barrier() barrier (CLK_LOCAL_MEM_FENCE)
#else
#define fused_barrier()
#endif

/* Pixels [@from, @to) of blocks [@block, @block + @tile) to @map. */
always_inline void
expand_strip (local float *map, global const float *x,
    global const weight * w, global const float *bias, int from, int to,
    int block, const int tile, pointwise_shape s)
{
  vec acc[PW_P * PW_T];

  for (int pixel = from; pixel < to; pixel += FU_X * PW_P) {
    const int mine = pixel + (int) get_local_id (0) * PW_P;

    if (mine >= to)
      break;
    multiply (acc, x, false, w, bias, 0, 0, pixel, block, false, tile, s);
    _Pragma ("unroll")
    for (int t = 0; t < PW_T; t++)
      _Pragma ("unroll")
      for (int p = 0; p < PW_P; p++)
        if (t < tile && mine + p < to)
          vec_store (activate (acc[p * PW_T + t], s.activation),
              t * (to - from) + mine + p - from, map);
  }
}

/* Output rows [@top, @bottom) of one block, whose input's row 0 would be at
 * @base of @map. */
always_inline vec
filter_strip (local const float *map, int base, global const float *w,
    global const float *bias, global inner * y, int top, int bottom,
    const int kernel_size, const int stride, depthwise_shape d)
{
  const int runs = (d.out_width + DW_R - 1) / DW_R;
  vec total = 0.f;

  for (int i = get_local_id (0); i < runs * (bottom - top); i += FU_X) {
    int oy = top + i / runs, ox = i % runs * DW_R;
    vec acc[DW_R];

    _Pragma ("unroll")
    for (int r = 0; r < DW_R; r++)
      acc[r] = vec_load (0, bias);
    run_local (acc, map, base, w, ox, oy, kernel_size, stride, d);
    store_run (acc, y, &total, ox, oy, d);
  }
  return total;
}

typedef struct
{
  global const float *x;
  global const weight *w;
  global const float *bias, *dw, *dw_bias;
  global inner *y;
  global float *mean;
  local float *map, *sums;
  int strip;                    /* output rows */
  int want_mean;                /* one strip has all rows */
} fused_arguments;

always_inline void
expand_depthwise (fused_arguments a, int block, const int tile,
    const int kernel_size, const int stride, pointwise_shape s,
    depthwise_shape d)
{
  const int top = get_group_id (0) * a.strip;
  const int bottom = min (top + a.strip, d.out_height);
  const int first = max (top * stride - d.pad_y, 0);
  const int last = min ((bottom - 1) * stride - d.pad_y + kernel_size,
      d.height);

  fused_barrier ();
  expand_strip (a.map, a.x, a.w, a.bias, first * d.width, last * d.width,
      block, tile, s);
  fused_barrier ();
  for (int t = 0; t < tile && block + t < s.out_blocks; t++) {
    const int plane = get_group_id (2) * s.out_blocks + block + t;
    vec total = filter_strip (a.map, (t * (last - first) - first) * d.width,
        a.dw + (block + t) * kernel_size * kernel_size * CB,
        a.dw_bias + (block + t) * CB,
        a.y + (size_t) plane * d.out_width * d.out_height * CB, top, bottom,
        kernel_size, stride, d);

    if (a.want_mean) {
      store_mean (total, a.mean, a.sums, FU_X, plane, d);
      fused_barrier ();
    }
  }
}

/*
 * @map: as many vectors as a tile's strip has
 * Global size: (FU_X x strips, block tiles, images)
 */
#define DEFINE_FUSED(name, kernel_size, stride) \
kernel __attribute__ ((reqd_work_group_size (FU_X, 1, 1))) void \
name (global const float *restrict x, global const weight * restrict w, \
    global const float *restrict bias, global const float *restrict dw, \
    global const float *restrict dw_bias, global inner * restrict y, \
    global float *restrict mean, local float *map, int in, int out_blocks, \
    int width, int height, int out_width, int out_height, int pad_x, \
    int pad_y, int activation, int dw_activation, int strip, int want_mean) \
{ \
  local float sums[FU_X * CB]; \
  const int block = get_group_id (1) * PW_T; \
  pointwise_shape s = { in, out_blocks, width * height, activation, 0, 0, 0 \
  }; \
  depthwise_shape d = { width, height, out_width, out_height, pad_x, pad_y, \
    dw_activation \
  }; \
  fused_arguments a = { x, w, bias, dw, dw_bias, y, mean, map, sums, strip, \
    want_mean \
  }; \
 \
  if (FU_X > 1 || block + PW_T <= out_blocks) \
    expand_depthwise (a, block, PW_T, kernel_size, stride, s, d); \
  else \
    for (int b = block; b < out_blocks; b++) \
      expand_depthwise (a, b, 1, kernel_size, stride, s, d); \
}

DEFINE_FUSED (expand_depthwise_3x3_s1, 3, 1)
DEFINE_FUSED (expand_depthwise_3x3_s2, 3, 2)
DEFINE_FUSED (expand_depthwise_5x5_s1, 5, 1)
DEFINE_FUSED (expand_depthwise_5x5_s2, 5, 2)

#endif
