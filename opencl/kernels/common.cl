/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps lie in memory as [image][channel block][pixel][CB]: CB consecutive
 * channels of a pixel are one vector, its neighbour in a row follows, so that
 * work-items along pixels read consecutive vectors. Lanes past the last
 * channel hold zero. A map is followed by room for TAIL more vectors, which
 * may be read, and never are written.
 *
 * Weights of a 1 x 1 convolution: [output tile][input channel][PW_T][CB], input
 * channels padded to a full block when CB is 4. Those of a dense layer: [output
 * block][input channel][CB]. Those of a depthwise one: [block][tap][CB].
 *
 *   CB            channels of a block: 4, 8 or 16
 *   HALF          maps inside a block (expanded, filtered) and weights of 1 x 1
 *                 convolutions and dense layers are stored as half
 *
 *   HALF_MATH     the device multiplies and adds halves, and does so with HALF
 *   SUBGROUPS     items of a sub-group add up by its functions
 *
 * Everything else is float: sums, the maps between blocks (rounding those and
 * the depthwise weights costs more accuracy than it saves bytes), and what
 * there is one of per channel: bias, mean, gate.
 */
#ifndef CB
#define CB 4
#endif
#ifndef HALF
#define HALF 0
#endif

#ifndef SUBGROUPS
#define SUBGROUPS 0
#endif

#if SUBGROUPS && __OPENCL_C_VERSION__ < 300
#ifdef cl_khr_subgroups
#pragma OPENCL EXTENSION cl_khr_subgroups : enable
#endif
#ifdef cl_intel_subgroups
#pragma OPENCL EXTENSION cl_intel_subgroups : enable
#endif
#endif

#ifndef HALF_MATH
#define HALF_MATH 0
#endif
#if HALF_MATH
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#endif

/* Tiles are arrays that calls must not force into memory. */
#define always_inline inline __attribute__ ((always_inline))

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_ (a, b)
#define vec JOIN (float, CB)
#define vec_load JOIN (vload, CB)
#define vec_store JOIN (vstore, CB)
#define half_load JOIN (vload_half, CB)
#define half_store JOIN (JOIN (vstore_half, CB), _rte)

#if HALF
typedef half inner;
#define inner_load half_load
#define inner_store half_store
typedef half weight;
#define weight_load half_load
#else
typedef float inner;
#define inner_load vec_load
#define inner_store vec_store
typedef float weight;
#define weight_load vec_load
#endif

/* A vector of a map, of those inside a block or of those between blocks. */
always_inline vec
map_load (global const void *x, bool is_inner, size_t at)
{
  return is_inner ? inner_load (at, (global const inner *) x)
      : vec_load (at, (global const float *) x);
}

/* The values of RexnetActivation. */
#define ACTIVATION_RELU 1
#define ACTIVATION_RELU6 2
#define ACTIVATION_SILU 3
#define ACTIVATION_SIGMOID 4

/*
 * e to the x: 2 to the n times the series of the rest, exact to 2e-7 of the
 * value. native_exp() is as exact as the driver likes, 1e-4 on one, which is
 * good enough where halves are; on CPUs it is a call of a function.
 */
#if HALF && CB == 4
#define vec_exp(x) native_exp (x)
#else
#define ivec JOIN (int, CB)
#define as_ivec JOIN (as_int, CB)
#define as_vec JOIN (as_float, CB)

always_inline vec
vec_exp (vec x)
{
  const float shift = 12582912.f;       /* 1.5 * 2^23: rounds to an integer */
  vec y = clamp (x, -87.f, 88.f);
  vec t = fma (y, (vec) 1.44269504f, (vec) shift);
  vec n = t - shift;
  vec r = fma (n, (vec) -0.693359375f, y);
  vec p = (vec) 1.3888889e-3f;

  r = fma (n, (vec) 2.12194440e-4f, r);
  p = fma (p, r, (vec) 8.3333333e-3f);
  p = fma (p, r, (vec) 4.1666667e-2f);
  p = fma (p, r, (vec) 1.6666667e-1f);
  p = fma (p, r, (vec) 0.5f);
  p = fma (p, r, (vec) 1.f);
  p = fma (p, r, (vec) 1.f);
  return as_vec (as_ivec (p) + (as_ivec (t) << 23));
}
#endif

always_inline vec
activate (vec x, int activation)
{
  switch (activation) {
    case ACTIVATION_RELU:
      return max (x, 0.f);
    case ACTIVATION_RELU6:
      return clamp (x, 0.f, 6.f);
    case ACTIVATION_SILU:
      return x / (1.f + vec_exp (-x));
    case ACTIVATION_SIGMOID:
      return 1.f / (1.f + vec_exp (-x));
    default:
      return x;
  }
}

/* Over a sub-group, or an item where these are not used. */
#if SUBGROUPS
#define lanes_sum(v) sub_group_reduce_add (v)
#define lanes_max(v) sub_group_reduce_max (v)
#define lanes_first() (get_sub_group_local_id () == 0)
#define lanes_index() ((int) get_sub_group_id ())
#define lanes_count(items) ((int) get_num_sub_groups ())
#else
#define lanes_sum(v) (v)
#define lanes_max(v) (v)
#define lanes_first() true
#define lanes_index() ((int) get_local_id (0))
#define lanes_count(items) (items)
#endif

/*
 * The sum of @v over a group of @n items along x, in item 0; the others get
 * something else. @sums: room for a vector an item
 */
always_inline vec
group_sum (vec v, local float *sums, const int n)
{
  float *lane = (float *) &v;
  vec total = 0.f;

  if (n == 1)
    return v;
  _Pragma ("unroll")
  for (int i = 0; i < CB; i++)
    lane[i] = lanes_sum (lane[i]);
  if (lanes_first ())
    vec_store (v, lanes_index (), sums);
  barrier (CLK_LOCAL_MEM_FENCE);
  if (get_local_id (0) == 0)
    for (int i = 0; i < lanes_count (n); i++)
      total += vec_load (i, sums);
  return total;
}
