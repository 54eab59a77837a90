/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps lie in memory as [image][channel block][pixel][CB]: CB consecutive
 * channels of a pixel are one vector, its neighbour in a row follows, so that
 * work-items along pixels read consecutive vectors. Lanes past the last
 * channel hold zero. A map is followed by room for TAIL more vectors, which
 * may be read, and never are written.
 *
 * Weights of a 1 x 1 convolution or a dense layer: [output block][input
 * channel][CB]. Those of a depthwise one: [block][tap][CB].
 *
 *   CB            channels of a block: 4, 8 or 16
 *   HALF          maps inside a block (expanded, filtered) are stored as half
 *   HALF_WEIGHTS  weights of 1 x 1 convolutions and dense layers are, too
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
#ifndef HALF_WEIGHTS
#define HALF_WEIGHTS 0
#endif

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
#else
typedef float inner;
#define inner_load vec_load
#define inner_store vec_store
#endif
#if HALF_WEIGHTS
typedef half weight;
#define weight_load half_load
#else
typedef float weight;
#define weight_load vec_load
#endif

/* A vector of a map, of those inside a block or of those between blocks. */
inline vec
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

inline vec
activate (vec x, int activation)
{
  switch (activation) {
    case ACTIVATION_RELU:
      return fmax (x, (vec) 0.f);
    case ACTIVATION_RELU6:
      return fmin (fmax (x, (vec) 0.f), (vec) 6.f);
    case ACTIVATION_SILU:
      return x / (1.f + exp (-x));
    case ACTIVATION_SIGMOID:
      return 1.f / (1.f + exp (-x));
    default:
      return x;
  }
}

inline float
vec_sum (vec v)
{
#if CB == 4
  return (v.s0 + v.s1) + (v.s2 + v.s3);
#elif CB == 8
  float4 h = v.lo + v.hi;
  return (h.s0 + h.s1) + (h.s2 + h.s3);
#else
  float8 q = v.lo + v.hi;
  float4 h = q.lo + q.hi;
  return (h.s0 + h.s1) + (h.s2 + h.s3);
#endif
}
