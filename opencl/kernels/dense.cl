/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fully connected layers: squeeze-excite and the classifier. A group computes
 * CB outputs of one image; its items share the inputs out among themselves.
 * Bound by the weights, of which consecutive items read consecutive vectors.
 *
 *   FC_X    items of a group
 */
#ifndef FC_X
#define FC_X 64
#endif
#define FC_UNROLL 4

/*
 * @x: [image][in_stride] floats; @w: [block][in][CB];
 * @y: [image][blocks x CB] floats
 * Global size: (FC_X, blocks, images)
 */
kernel __attribute__ ((reqd_work_group_size (FC_X, 1, 1))) void
dense (global const float *restrict x, global const weight * restrict w,
    global const float *restrict bias, global float *restrict y, int in,
    int in_stride, int activation)
{
  local float sums[FC_X * CB];
  const int item = get_local_id (0), block = get_group_id (1);
  const size_t image = get_group_id (2);
  vec acc[FC_UNROLL];
  int c = item;

  x += image * in_stride;
  w += (size_t) block * in * CB;
  _Pragma ("unroll")
  for (int u = 0; u < FC_UNROLL; u++)
    acc[u] = 0.f;
  for (; c + (FC_UNROLL - 1) * FC_X < in; c += FC_UNROLL * FC_X)
    _Pragma ("unroll")
    for (int u = 0; u < FC_UNROLL; u++)
      acc[u] = fma (weight_load (c + u * FC_X, w), (vec) x[c + u * FC_X],
          acc[u]);
  for (; c < in; c += FC_X)
    acc[0] = fma (weight_load (c, w), (vec) x[c], acc[0]);
  acc[0] = group_sum ((acc[0] + acc[1]) + (acc[2] + acc[3]), sums, FC_X);
  if (item == 0)
    vec_store (activate (acc[0] + vec_load (block, bias), activation),
        image * get_num_groups (1) + block, y);
}

/*
 * Probabilities, in place. @x: [image][stride] floats, @n of which count.
 * Global size: (FC_X, 1, images)
 */
kernel __attribute__ ((reqd_work_group_size (FC_X, 1, 1))) void
softmax (global float *restrict x, int n, int stride)
{
  local float part[FC_X];
  const int item = get_local_id (0);
  float top = -INFINITY, sum = 0.f;

  x += get_group_id (2) * (size_t) stride;
  for (int i = item; i < n; i += FC_X)
    top = fmax (top, x[i]);
  top = lanes_max (top);
  if (lanes_first ())
    part[lanes_index ()] = top;
  barrier (CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < lanes_count (FC_X); i++)
    top = fmax (top, part[i]);
  barrier (CLK_LOCAL_MEM_FENCE);
  for (int i = item; i < n; i += FC_X)
    sum += x[i] = exp (x[i] - top);
  sum = lanes_sum (sum);
  if (lanes_first ())
    part[lanes_index ()] = sum;
  barrier (CLK_LOCAL_MEM_FENCE);
  sum = 0.f;
  for (int i = 0; i < lanes_count (FC_X); i++)
    sum += part[i];
  for (int i = item; i < n; i += FC_X)
    x[i] /= sum;
}
