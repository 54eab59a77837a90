/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Depthwise convolutions. A group works on one channel block of one image,
 * or, without the mean, on a slice of it; an item on runs of DW_R pixels of
 * an output row, whose inputs it keeps in registers across the taps of a row.
 *
 *   DW_R    output pixels of a run
 *   DW_X    items of a group
 */
#ifndef DW_R
#define DW_R 2
#endif
#ifndef DW_X
#define DW_X 64
#endif

typedef struct
{
  int width, height, out_width, out_height;
  int pad_x, pad_y;             /* zeros before the first column and row */
  int activation;
} depthwise_shape;

/*
 * One output row's run at (ox, oy). @base: of the block's row 0 at @x, in
 * vectors; @s has the rows that exist.
 */
#define DEFINE_DEPTHWISE_RUN(name, source, load) \
always_inline void \
name (vec *acc, source x, int base, global const float *w, int ox, int oy, \
    const int kernel_size, const int stride, depthwise_shape s) \
{ \
  const int left = ox * stride - s.pad_x; \
  const int span = (DW_R - 1) * stride + kernel_size; \
  const bool inside = left >= 0 && left + span <= s.width; \
  vec in[(DW_R - 1) * 2 + 5]; \
 \
  for (int ky = 0; ky < kernel_size; ky++) { \
    int y = oy * stride - s.pad_y + ky; \
    int from = base + y * s.width + left; \
 \
    if (y < 0 || y >= s.height) \
      continue; \
    if (inside) { \
      for (int i = 0; i < span; i++) \
        in[i] = load (from + i, x); \
    } else { \
      for (int i = 0; i < span; i++) \
        in[i] = left + i >= 0 && left + i < s.width ? load (from + i, x) \
            : (vec) 0.f; \
    } \
    for (int kx = 0; kx < kernel_size; kx++) { \
      vec v = vec_load (ky * kernel_size + kx, w); \
 \
      _Pragma ("unroll") \
      for (int r = 0; r < DW_R; r++) \
        acc[r] = fma (v, in[r * stride + kx], acc[r]); \
    } \
  } \
}

DEFINE_DEPTHWISE_RUN (run_inner, global const inner *, inner_load)
DEFINE_DEPTHWISE_RUN (run_between, global const float *, vec_load)
DEFINE_DEPTHWISE_RUN (run_local, local const float *, vec_load)

/* Activates and stores a run, and adds it to @total. */
always_inline void
store_run (const vec *acc, global inner * y, vec *total, int ox, int oy,
    depthwise_shape s)
{
  _Pragma ("unroll")
  for (int r = 0; r < DW_R; r++)
    if (ox + r < s.out_width) {
      vec v = activate (acc[r], s.activation);

      inner_store (v, oy * s.out_width + ox + r, y);
      *total += v;
    }
}

/* The mean of plane @plane: @total of all @n items over its pixels. */
always_inline void
store_mean (vec total, global float *mean, local float *sums, const int n,
    int plane, depthwise_shape s)
{
  total = group_sum (total, sums, n);
  if (get_local_id (0) == 0)
    vec_store (total / (s.out_width * s.out_height), plane, mean);
}

always_inline void
depthwise (global const void *x, bool first, global const float *w,
    global const float *bias, global inner * y, global float *mean,
    local float *sums, const int kernel_size, const int stride,
    int want_mean, depthwise_shape s)
{
  const int block = get_group_id (1), image = get_group_id (2);
  const int plane = image * get_num_groups (1) + block;
  const int runs = (s.out_width + DW_R - 1) / DW_R;
  vec total = 0.f;

  y += (size_t) plane * s.out_width * s.out_height * CB;
  w += block * kernel_size * kernel_size * CB;
  for (int i = get_global_id (0); i < runs * s.out_height;
      i += get_global_size (0)) {
    int oy = i / runs, ox = i % runs * DW_R;
    int base = plane * s.width * s.height;
    vec acc[DW_R];

    _Pragma ("unroll")
    for (int r = 0; r < DW_R; r++)
      acc[r] = vec_load (block, bias);
    if (first)
      run_between (acc, (global const float *) x, base, w, ox, oy, kernel_size,
          stride, s);
    else
      run_inner (acc, (global const inner *) x, base, w, ox, oy, kernel_size,
          stride, s);
    store_run (acc, y, &total, ox, oy, s);
  }
  if (want_mean)
    store_mean (total, mean, sums, DW_X, plane, s);
}

/*
 * Global size: (DW_X x slices, blocks, images); one slice for the mean over
 * pixels of the activated outputs, [image][channel].
 */
#define DEFINE_DEPTHWISE(name, type, first, kernel_size, stride) \
kernel __attribute__ ((reqd_work_group_size (DW_X, 1, 1))) void \
name (global const type * restrict x, global const float *restrict w, \
    global const float *restrict bias, global inner * restrict y, \
    global float *restrict mean, int width, int height, int out_width, \
    int out_height, int pad_x, int pad_y, int activation, int want_mean) \
{ \
  depthwise_shape s = { width, height, out_width, out_height, pad_x, pad_y, \
    activation }; \
  local float sums[DW_X * CB]; \
 \
  depthwise (x, first, w, bias, y, mean, sums, kernel_size, stride, \
      want_mean, s); \
}

DEFINE_DEPTHWISE (depthwise_3x3_s1, inner, false, 3, 1)
DEFINE_DEPTHWISE (depthwise_3x3_s2, inner, false, 3, 2)
DEFINE_DEPTHWISE (depthwise_5x5_s1, inner, false, 5, 1)
DEFINE_DEPTHWISE (depthwise_5x5_s2, inner, false, 5, 2)
/* Of the maps between blocks, where nothing was expanded. */
DEFINE_DEPTHWISE (depthwise_3x3_s1_first, float, true, 3, 1)
DEFINE_DEPTHWISE (depthwise_3x3_s2_first, float, true, 3, 2)
DEFINE_DEPTHWISE (depthwise_5x5_s1_first, float, true, 5, 1)
DEFINE_DEPTHWISE (depthwise_5x5_s2_first, float, true, 5, 2)
