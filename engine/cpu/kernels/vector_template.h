/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Products of one vector with a panel of weights, and passes over a map.
 * The including file has included a vec_*.h.
 */
#include "finish.h"

#define PREFETCH_AHEAD 2048     /* floats; weights come from memory */

/*
 * Narrow panels deal the rows of k among several sums, so that eight chains of
 * multiply-adds are under way whatever the width.
 */
VEC_INLINE void
matvec (guint k, const float *x, const float *w, const float *bias, float *y,
    const guint columns, const guint chains)
{
  Vec acc[REXNET_MATVEC_COLUMNS][REXNET_MATVEC_COLUMNS];
  guint i = 0;

  VEC_UNROLL for (guint j = 0; j < chains; j++)
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      acc[j][c] = j == 0 && bias ? vec_load (bias + c * VL) : vec_set (0.f);
  for (; i + chains <= k; i += chains)
    VEC_UNROLL for (guint j = 0; j < chains; j++, w += columns * VL) {
      Vec v = vec_set (x[i + j]);

      VEC_UNROLL for (guint c = 0; c < columns; c++) {
        __builtin_prefetch (w + PREFETCH_AHEAD + c * VL);
        acc[j][c] = vec_fma (v, vec_load (w + c * VL), acc[j][c]);
      }
    }
  for (; i < k; i++, w += columns * VL)
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      acc[0][c] = vec_fma (vec_set (x[i]), vec_load (w + c * VL), acc[0][c]);
  VEC_UNROLL for (guint j = 1; j < chains; j++)
    VEC_UNROLL for (guint c = 0; c < columns; c++)
      acc[0][c] = vec_add (acc[0][c], acc[j][c]);
  VEC_UNROLL for (guint c = 0; c < columns; c++)
    vec_store (y + c * VL, acc[0][c]);
}

#define MATVEC(C, CHAINS) \
static void \
matvec_##C (guint k, const float *x, const float *w, const float *bias, \
    float *y) \
{ \
  matvec (k, x, w, bias, y, C, CHAINS); \
}
MATVEC (1, 8)
MATVEC (2, 4)
MATVEC (3, 3)
MATVEC (4, 2)
MATVEC (5, 2)
MATVEC (6, 1)
MATVEC (7, 1)
MATVEC (8, 1)

static void
scale (const float *a, const float *factor, float *d, guint n,
    const RexnetFinish * finish)
{
  const Vec s = vec_load (factor);
  const Vec low = vec_set (finish->low), high = vec_set (finish->high);

  if (finish->smooth == REXNET_ACTIVATION_NONE)
    for (guint i = 0; i < n; i++)
      vec_store (d + i * VL,
          vec_clamp (vec_mul (vec_load (a + i * VL), s), low, high));
  else
    for (guint i = 0; i < n; i++)
      vec_store (d + i * VL, vec_finish (vec_mul (vec_load (a + i * VL), s),
              finish));
}

static void
activate (float *d, guint n, const RexnetFinish * finish, float *pool)
{
  Vec total = vec_set (0.f);

  for (guint i = 0; i < n; i++) {
    Vec a = vec_finish (vec_load (d + i * VL), finish);

    vec_store (d + i * VL, a);
    total = vec_add (total, a);
  }
  if (pool)
    vec_store (pool, vec_add (vec_load (pool), total));
}

VEC_INLINE void
reduce_parts (const float *const *part, guint parts, const float *bias,
    const float *residual, float *d, guint n, const RexnetFinish * finish,
    const gboolean smooth)
{
  const Vec b = vec_load (bias);
  const Vec low = vec_set (finish->low), high = vec_set (finish->high);

  for (guint i = 0; i < n; i++) {
    Vec a = vec_add (b, vec_load (part[0] + i * VL));

    for (guint p = 1; p < parts; p++)
      a = vec_add (a, vec_load (part[p] + i * VL));
    a = smooth ? vec_finish (a, finish) : vec_clamp (a, low, high);
    if (residual)
      a = vec_add (a, vec_load (residual + i * VL));
    vec_store (d + i * VL, a);
  }
}

static void
reduce (const float *const *part, guint parts, const float *bias,
    const float *residual, float *d, guint n, const RexnetFinish * finish)
{
  if (finish->smooth != REXNET_ACTIVATION_NONE)
    reduce_parts (part, parts, bias, residual, d, n, finish, TRUE);
  else if (parts == 2)
    reduce_parts (part, 2, bias, residual, d, n, finish, FALSE);
  else
    reduce_parts (part, parts, bias, residual, d, n, finish, FALSE);
}

static void
sum (const float *a, guint n, float *total)
{
  Vec even = vec_load (total), odd = vec_set (0.f);
  guint i = 0;

  for (; i + 2 <= n; i += 2) {
    even = vec_add (even, vec_load (a + i * VL));
    odd = vec_add (odd, vec_load (a + (i + 1) * VL));
  }
  if (i < n)
    even = vec_add (even, vec_load (a + i * VL));
  vec_store (total, vec_add (even, odd));
}

void
KERNEL (rexnet_vector_init) (RexnetKernels * kernels)
{
  const RexnetMatvecFunc matvecs[] = {
    NULL, matvec_1, matvec_2, matvec_3, matvec_4, matvec_5, matvec_6, matvec_7,
    matvec_8
  };

  for (guint i = 0; i < G_N_ELEMENTS (matvecs); i++)
    kernels->matvec[i] = matvecs[i];
  kernels->scale = scale;
  kernels->activate = activate;
  kernels->reduce = reduce;
  kernels->sum = sum;
}
