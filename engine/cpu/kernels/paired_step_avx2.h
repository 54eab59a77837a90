/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One step of paired products with 16 registers. What a pixel and a weight add
 * up to takes the pixel's place and becomes that of the next vector by adding
 * a difference of weights: so ten sums fit, with four weights and two pixels.
 * Tiles of all 16 registers are written down instruction by instruction, since
 * GCC moves sums about between as many.
 *
 * The including file has included vec_avx2.h.
 */

#define LOAD(i, w) "vmovups 32*" #i "(%[b]), %%ymm" #w "\n\t"

#define PIXEL(p, row, x) \
  "vbroadcastss 32*" #row "(%[" #p "]), %%ymm" #x "\n\t"

/* x1 in ymm14 and x2 in 15 by the weights of a first vector, and of another. */
#define FIRST(add, w1, w2, sum) \
  add " " w2 ", %%ymm14, %%ymm14\n\t" \
  add " %%ymm15, " w1 ", %%ymm15\n\t" \
  "vfmadd231ps %%ymm14, %%ymm15, %[" #sum "]\n\t"

#define OTHER(add, w1, w2, sum) \
  add " " w2 ", %%ymm14, %%ymm14\n\t" \
  "vaddps " w1 ", %%ymm15, %%ymm15\n\t" \
  "vfmadd231ps %%ymm14, %%ymm15, %[" #sum "]\n\t"

#define SINGLE(w3, sum) "vfmadd231ps " w3 ", %%ymm14, %[" #sum "]\n\t"

#define PAIR_2(add, row, sum0, sum1) \
  PIXEL (p1, row, 14) PIXEL (p2, row, 15) \
  FIRST (add, "%%ymm10", "%%ymm12", sum0) \
  OTHER (add, "%%ymm11", "%%ymm13", sum1)

#define SINGLE_2(row, sum0, sum1) \
  PIXEL (p3, row, 14) \
  SINGLE ("%%ymm10", sum0) SINGLE ("%%ymm11", sum1)

#define STEP_5_2(add) \
  __asm__ volatile (LOAD (0, 10) LOAD (1, 11) LOAD (2, 12) LOAD (3, 13) \
      PAIR_2 (add, 0, s0, s1) PAIR_2 (add, 1, s2, s3) \
      PAIR_2 (add, 2, s4, s5) PAIR_2 (add, 3, s6, s7) \
      PAIR_2 (add, 4, s8, s9) LOAD (4, 10) LOAD (5, 11) \
      SINGLE_2 (0, s0, s1) SINGLE_2 (1, s2, s3) SINGLE_2 (2, s4, s5) \
      SINGLE_2 (3, s6, s7) SINGLE_2 (4, s8, s9) \
      :[s0] "+x" (acc[0][0]),[s1] "+x" (acc[0][1]),[s2] "+x" (acc[1][0]), \
       [s3] "+x" (acc[1][1]),[s4] "+x" (acc[2][0]),[s5] "+x" (acc[2][1]), \
       [s6] "+x" (acc[3][0]),[s7] "+x" (acc[3][1]),[s8] "+x" (acc[4][0]), \
       [s9] "+x" (acc[4][1]) \
      :[p1] "r" (a),[p2] "r" (a + next),[p3] "r" (a + single),[b] "r" (b) \
      :"memory", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

/* The last of the weights of x1 stays in memory. */
#define PAIR_3(add, row, sum0, sum1, sum2) \
  PIXEL (p1, row, 14) PIXEL (p2, row, 15) \
  FIRST (add, "%%ymm9", "%%ymm12", sum0) \
  OTHER (add, "%%ymm10", "%%ymm13", sum1) \
  OTHER (add, "%%ymm11", "32*5(%[b])", sum2)

#define SINGLE_3(row, sum0, sum1, sum2) \
  PIXEL (p3, row, 14) \
  SINGLE ("%%ymm9", sum0) SINGLE ("%%ymm10", sum1) SINGLE ("%%ymm11", sum2)

#define STEP_3_3(add) \
  __asm__ volatile (LOAD (0, 9) LOAD (1, 10) LOAD (2, 11) LOAD (3, 12) \
      LOAD (4, 13) PAIR_3 (add, 0, s0, s1, s2) \
      PAIR_3 (add, 1, s3, s4, s5) PAIR_3 (add, 2, s6, s7, s8) \
      LOAD (6, 9) LOAD (7, 10) LOAD (8, 11) SINGLE_3 (0, s0, s1, s2) \
      SINGLE_3 (1, s3, s4, s5) SINGLE_3 (2, s6, s7, s8) \
      :[s0] "+x" (acc[0][0]),[s1] "+x" (acc[0][1]),[s2] "+x" (acc[0][2]), \
       [s3] "+x" (acc[1][0]),[s4] "+x" (acc[1][1]),[s5] "+x" (acc[1][2]), \
       [s6] "+x" (acc[2][0]),[s7] "+x" (acc[2][1]),[s8] "+x" (acc[2][2]) \
      :[p1] "r" (a),[p2] "r" (a + next),[p3] "r" (a + single),[b] "r" (b) \
      :"memory", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

/* Smaller tiles. */
VEC_INLINE void
small_step (Vec acc[][REXNET_MAX_COLUMNS], const float *a, gsize next,
    gsize single, const float *b, const gboolean minus, const guint rows,
    const guint columns)
{
  VEC_UNROLL for (guint r = 0; r < rows; r++, a += VL) {
    Vec x1 = vec_set (a[0]), x2 = vec_set (a[next]);

    VEC_UNROLL for (guint c = 0; c < columns; c++) {
      Vec w1 = vec_load (b + c * VL), w2 = vec_load (b + (columns + c) * VL);

      x1 = minus ? vec_sub (x1, w2) : vec_add (x1, w2);
      x2 = minus && c == 0 ? vec_sub (w1, x2) : vec_add (x2, w1);
      acc[r][c] = vec_fma (x1, x2, acc[r][c]);
      acc[r][c] = vec_fma (vec_set (a[single]),
          vec_load (b + (2 * columns + c) * VL), acc[r][c]);
    }
  }
}

/* Rows of acc += (x1 + w2) (x2 + w1) + x3 w3, or with @minus
 * (x1 - w2) (w1 - x2), for pixels at a, a + next and a + single and the vectors
 * of w1, w2 and w3 at b, those of w1 and w2 but for the first less the one
 * before. */
VEC_INLINE void
vec_paired_step (Vec acc[][REXNET_MAX_COLUMNS], const float *a, gsize next,
    gsize single, const float *b, const gboolean minus, const guint rows,
    const guint columns)
{
  if (rows == 5 && columns == 2) {
    if (minus)
      STEP_5_2 ("vsubps");
    else
      STEP_5_2 ("vaddps");
  } else if (rows == 3 && columns == 3) {
    if (minus)
      STEP_3_3 ("vsubps");
    else
      STEP_3_3 ("vaddps");
  } else {
    small_step (acc, a, next, single, b, minus, rows, columns);
  }
}
