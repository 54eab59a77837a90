/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every vec_*.h provides: the type Vec of VL floats, KERNEL (name) for
 * the symbols of its level, and the operations below. All are static and
 * always inlined, so no code compiled with a level's flags can be linked into
 * a lower one.
 *
 *   vec_load, vec_store    any alignment
 *   vec_load_once          the same, into a register: GCC makes a load that two
 *                          multiply-adds share an operand of both, and loads
 *                          twice
 *   vec_set                the same value in every lane
 *   vec_set_pair           p[0] in every even lane, p[1] in every odd one
 *   vec_fold_pairs         lane i is the sum of lanes 2 i and 2 i + 1; zeros from
 *                          VL / 2 on
 *   vec_fma                a * b + c, fused where the level has that
 *   vec_add, vec_mul, vec_div, and vec_sub where there is AVX
 *   vec_max, vec_min       the second operand where one is NaN
 *   vec_nonzero            a bit for each lane that is neither 0 nor -0
 *   vec_silu, vec_sigmoid  to 9e-7 + 1.4e-8 |x| relative for |x| <= 84; beyond,
 *                          their limits to 1e-30, but that silu of -infinity
 *                          may be NaN, as in PyTorch
 *
 * and of the levels with paired products
 *
 *   vec_load_first         the first n lanes, zeros behind them
 *   vec_store_first        the first n
 *   vec_fma_neighbours     in the lanes of a mask, a times the lane behind it, + b
 *   vec_alternating_sums   lane i < 4: the odd lanes of the i-th of four vectors
 *                          less its even ones
 */
#pragma once

#define VEC_INLINE static inline __attribute__ ((always_inline))

/* What was loaded before is loaded again: for compilers that would rather keep
 * it and spill something else. */
#define VEC_FORGET() __asm__ volatile ("":::"memory")

/* Loops over accumulators must unroll, and early, or they live in memory. */
#ifdef __clang__
#define VEC_UNROLL _Pragma ("clang loop unroll(full)")
#else
#define VEC_UNROLL _Pragma ("GCC unroll 64")
#endif
