/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Depthwise 3 x 3 convolutions at stride 1 that also use a core's adders:
 * minimal filtering F(2, 3), S. Winograd, Arithmetic Complexity of Computations
 * (1980), down the columns. With rows x0 to x3 of inputs and one column of
 * weights, w0 to w2, two rows of outputs take four products instead of six:
 *
 *   m0 = (x0 - x2) w0                      y0 = m0 + m1 + m2
 *   m1 = (x1 + x2) (w0 + w1 + w2) / 2      y1 = m1 - m2 + m3
 *   m2 = (x2 - x1) (w0 - w1 + w2) / 2
 *   m3 = (x3 - x1) w2
 *
 * Each of the four is summed over three columns of a row before the outputs are
 * made of them, and what columns of inputs become serves three outputs: twelve
 * multiply-adds and eight additions for two of them.
 *
 * The including file has included depthwise_template.h. Registers hold three
 * columns of inputs and all weights.
 */

#define PRODUCTS 4

typedef struct
{
  const float *row[PRODUCTS];
  const float *bias;
  float *d[2];
  Vec weights[PRODUCTS][3];
  Vec low, high, pool;
} WinogradRows;

/* The differences and sums of a column, @x floats from the start of each row. */
VEC_INLINE void
winograd_inputs (const WinogradRows * w, gsize x, Vec inputs[PRODUCTS])
{
  Vec x1 = vec_load_once (w->row[1] + x), x2 = vec_load_once (w->row[2] + x);

  inputs[0] = vec_sub (vec_load (w->row[0] + x), x2);
  inputs[1] = vec_add (x1, x2);
  inputs[2] = vec_sub (x2, x1);
  inputs[3] = vec_sub (vec_load (w->row[3] + x), x1);
}

/* Both outputs of a column, at @y. The inputs of three columns take turns:
 * those of this one and the next are there from @turn on. */
VEC_INLINE void
winograd_outputs (WinogradRows * w, gsize x, gsize y, Vec inputs[3][PRODUCTS],
    const guint turn, const gboolean clamps, const gboolean pools)
{
  Vec m[PRODUCTS], y0, y1;

  winograd_inputs (w, x + 2 * VL, inputs[(turn + 2) % 3]);
  VEC_UNROLL for (guint i = 0; i < PRODUCTS; i++)
    m[i] = i == 1 ?
        vec_fma (inputs[turn][i], w->weights[i][0], vec_load (w->bias)) :
        vec_mul (inputs[turn][i], w->weights[i][0]);
  VEC_UNROLL for (guint k = 1; k < 3; k++)
    VEC_UNROLL for (guint i = 0; i < PRODUCTS; i++)
      m[i] = vec_fma (inputs[(turn + k) % 3][i], w->weights[i][k], m[i]);
  y0 = vec_add (m[0], vec_add (m[1], m[2]));
  y1 = vec_add (m[3], vec_sub (m[1], m[2]));
  if (clamps) {
    y0 = vec_clamp (y0, w->low, w->high);
    y1 = vec_clamp (y1, w->low, w->high);
  }
  vec_store (w->d[0] + y, y0);
  vec_store (w->d[1] + y, y1);
  if (pools)
    w->pool = vec_add (w->pool, vec_add (y0, y1));
}

/* Two rows of outputs, from @y to @end. */
VEC_INLINE void
winograd_row (WinogradRows * w, gsize x, gsize y, gsize end,
    const gboolean clamps, const gboolean pools)
{
  Vec inputs[3][PRODUCTS];

  winograd_inputs (w, x, inputs[0]);
  winograd_inputs (w, x + VL, inputs[1]);
  for (; y + 3 * VL <= end; x += 3 * VL, y += 3 * VL)
    VEC_UNROLL for (guint i = 0; i < 3; i++)
      winograd_outputs (w, x + i * VL, y + i * VL, inputs, i, clamps, pools);
  if (y < end) {
    winograd_outputs (w, x, y, inputs, 0, clamps, pools);
    if (y + VL < end)
      winograd_outputs (w, x + VL, y + VL, inputs, 1, clamps, pools);
  }
}

/* The column, of an odd last row, at @y; here inputs are as they are. */
VEC_INLINE void
plain_output (WinogradRows * w, gsize x, gsize y, Vec inputs[3][3],
    const guint turn, const gboolean clamps, const gboolean pools)
{
  Vec sum[3], out;

  VEC_UNROLL for (guint i = 0; i < 3; i++)
    inputs[(turn + 2) % 3][i] = vec_load_once (w->row[i] + x + 2 * VL);
  VEC_UNROLL for (guint i = 0; i < 3; i++)
    sum[i] = i == 0 ?
        vec_fma (inputs[turn][i], w->weights[i][0], vec_load (w->bias)) :
        vec_mul (inputs[turn][i], w->weights[i][0]);
  VEC_UNROLL for (guint k = 1; k < 3; k++)
    VEC_UNROLL for (guint i = 0; i < 3; i++)
      sum[i] = vec_fma (inputs[(turn + k) % 3][i], w->weights[i][k], sum[i]);
  out = vec_add (vec_add (sum[0], sum[1]), sum[2]);
  if (clamps)
    out = vec_clamp (out, w->low, w->high);
  vec_store (w->d[0] + y, out);
  if (pools)
    w->pool = vec_add (w->pool, out);
}

VEC_INLINE void
plain_row (WinogradRows * w, const float *weights, gsize x, gsize y, gsize end,
    const gboolean clamps, const gboolean pools)
{
  Vec inputs[3][3];

  VEC_UNROLL for (guint i = 0; i < 3; i++)
    VEC_UNROLL for (guint k = 0; k < 3; k++)
      w->weights[i][k] = vec_load_once (weights + (3 * i + k) * VL);
  VEC_UNROLL for (guint i = 0; i < 3; i++) {
    inputs[0][i] = vec_load_once (w->row[i] + x);
    inputs[1][i] = vec_load_once (w->row[i] + x + VL);
  }
  for (; y + 3 * VL <= end; x += 3 * VL, y += 3 * VL)
    VEC_UNROLL for (guint i = 0; i < 3; i++)
      plain_output (w, x + i * VL, y + i * VL, inputs, i, clamps, pools);
  if (y < end) {
    plain_output (w, x, y, inputs, 0, clamps, pools);
    if (y + VL < end)
      plain_output (w, x + VL, y + VL, inputs, 1, clamps, pools);
  }
}

VEC_INLINE void
winograd_rows (const RexnetDepthwise * d, guint pixels, guint rows,
    const gboolean clamps, const gboolean pools)
{
  static const guint vectors[PRODUCTS] = { 0, 9, 12, 6 };
  WinogradRows w = {
    .bias = d->bias,.d = {d->d, d->d + d->d_row},
    .low = vec_set (d->low),.high = vec_set (d->high),.pool = vec_set (0.f)
  };
  gsize x = 0, y = 0;

  VEC_UNROLL for (guint i = 0; i < PRODUCTS; i++) {
    w.row[i] = d->row[i];
    VEC_UNROLL for (guint k = 0; k < 3; k++)
      w.weights[i][k] = vec_load_once (d->weights + (vectors[i] + k) * VL);
  }
  for (; rows > 1; rows -= 2, x += d->row_step, y += 2 * d->d_row)
    winograd_row (&w, x, y, y + (gsize) pixels * VL, clamps, pools);
  if (rows > 0)
    plain_row (&w, d->weights, x, y, y + (gsize) pixels * VL, clamps, pools);
  if (pools)
    vec_store (d->pool, vec_add (vec_load (d->pool), w.pool));
}

static void
depthwise_winograd (const RexnetDepthwise * d, guint pixels, guint rows)
{
  const gboolean clamps = d->low > -INFINITY || d->high < INFINITY;

  if (clamps && d->pool)
    winograd_rows (d, pixels, rows, TRUE, TRUE);
  else if (clamps)
    winograd_rows (d, pixels, rows, TRUE, FALSE);
  else if (d->pool)
    winograd_rows (d, pixels, rows, FALSE, TRUE);
  else
    winograd_rows (d, pixels, rows, FALSE, FALSE);
}

void
KERNEL (rexnet_winograd_init) (RexnetKernels * kernels)
{
  kernels->depthwise_winograd = depthwise_winograd;
}
