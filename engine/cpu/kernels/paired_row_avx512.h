/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pixel of a step of paired products, instruction by instruction. The
 * units that multiply and add and those that only add are fed in turn, which
 * compilers undo: they gather what is alike, and a core looks too few
 * instructions ahead to mix it again.
 *
 * The including file has included vec_avx512.h.
 */

#define PAIR(add, w1, w2, w3, t1, t2, sum) \
  add " %[" w2 "], %[x1], %[" t1 "]\n\t" \
  add " %[x2], %[" w1 "], %[" t2 "]\n\t" \
  "vfmadd231ps %[x3], %[" w3 "], %[" sum "]\n\t" \
  "vfmadd231ps %[" t1 "], %[" t2 "], %[" sum "]\n\t"

#define PIXEL \
  "vbroadcastss %[p1], %[x1]\n\t" \
  "vbroadcastss %[p2], %[x2]\n\t" \
  "vbroadcastss %[p3], %[x3]\n\t"

/* The last sum's additions may overwrite the pixels. */
#define ROW_2(add) \
  __asm__ (PIXEL \
      PAIR (add, "u0", "v0", "w0", "t1", "t2", "s0") \
      PAIR (add, "u1", "v1", "w1", "x1", "x2", "s1") \
      :[s0] "+v" (s0),[s1] "+v" (s1),[x1] "=&v" (x1),[x2] "=&v" (x2), \
       [x3] "=&v" (x3),[t1] "=&v" (t1),[t2] "=&v" (t2) \
      :[p1] "m" (*p1),[p2] "m" (*p2),[p3] "m" (*p3),[u0] "v" (w1[0]), \
       [u1] "v" (w1[1]),[v0] "v" (w2[0]),[v1] "v" (w2[1]),[w0] "v" (w3[0]), \
       [w1] "v" (w3[1]))

#define ROW_3(add) \
  __asm__ (PIXEL \
      PAIR (add, "u0", "v0", "w0", "t1", "t2", "s0") \
      PAIR (add, "u1", "v1", "w1", "t1", "t2", "s1") \
      PAIR (add, "u2", "v2", "w2", "x1", "x2", "s2") \
      :[s0] "+v" (s0),[s1] "+v" (s1),[s2] "+v" (s2),[x1] "=&v" (x1), \
       [x2] "=&v" (x2),[x3] "=&v" (x3),[t1] "=&v" (t1),[t2] "=&v" (t2) \
      :[p1] "m" (*p1),[p2] "m" (*p2),[p3] "m" (*p3),[u0] "v" (w1[0]), \
       [u1] "v" (w1[1]),[u2] "v" (w1[2]),[v0] "v" (w2[0]),[v1] "v" (w2[1]), \
       [v2] "v" (w2[2]),[w0] "v" (w3[0]),[w1] "v" (w3[1]),[w2] "v" (w3[2]))

/* acc += (x1 + w2) (x2 + w1) + x3 w3, or with @minus (x1 - w2) (w1 - x2), for
 * pixels x1 to x3 at p1 to p3. @columns: 2 or 3 */
VEC_INLINE void
vec_paired_row (Vec acc[], const float *p1, const float *p2, const float *p3,
    const Vec w1[], const Vec w2[], const Vec w3[], const gboolean minus,
    const guint columns)
{
  Vec s0 = acc[0], s1 = acc[1], x1, x2, x3, t1, t2;

  if (columns == 3) {
    Vec s2 = acc[2];

    if (minus)
      ROW_3 ("vsubps");
    else
      ROW_3 ("vaddps");
    acc[2] = s2;
  } else if (minus)
    ROW_2 ("vsubps");
  else
    ROW_2 ("vaddps");
  acc[0] = s0;
  acc[1] = s1;
}

/* Rows of that for pixels at a, a + next and a + single, and the vectors of w1,
 * w2 and w3 at b. */
VEC_INLINE void
vec_paired_step (Vec acc[][REXNET_MAX_COLUMNS], const float *a, gsize next,
    gsize single, const float *b, const gboolean minus, const guint rows,
    const guint columns)
{
  Vec w1[REXNET_MAX_PAIRED], w2[REXNET_MAX_PAIRED], w3[REXNET_MAX_PAIRED];

  VEC_UNROLL for (guint c = 0; c < columns; c++) {
    w1[c] = vec_load_once (b + c * VL);
    w2[c] = vec_load_once (b + (columns + c) * VL);
    w3[c] = vec_load_once (b + (2 * columns + c) * VL);
  }
  VEC_UNROLL for (guint r = 0; r < rows; r++, a += VL)
    vec_paired_row (acc[r], a, a + next, a + single, w1, w2, w3, minus,
        columns);
}

#undef PAIR
#undef PIXEL
#undef ROW_2
#undef ROW_3
