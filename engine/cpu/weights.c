/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights.h"

#include <math.h>
#include <string.h>

#define MAX_SCALE 100           /* as an exponent; finite, as its inverse is */

RexnetFinish
rexnet_finish (RexnetActivation activation)
{
  RexnetFinish finish = {.low = -INFINITY,.high = INFINITY };

  switch (activation) {
    case REXNET_ACTIVATION_RELU:
      finish.low = 0.f;
      break;
    case REXNET_ACTIVATION_RELU6:
      finish.low = 0.f;
      finish.high = 6.f;
      break;
    case REXNET_ACTIVATION_SILU:
    case REXNET_ACTIVATION_SIGMOID:
      finish.smooth = activation;
      break;
    case REXNET_ACTIVATION_NONE:
      break;
  }
  return finish;
}

static guint
taps (const RexnetConv * conv)
{
  return conv->kernel * conv->kernel;
}

/* Deals the blocks evenly: seven in panels of at most four are 4 + 3, in paired
 * ones of two 3 + 2 + 2, as a single one has nothing to pair for. */
static void
deal_panels (RexnetPointwise * self, guint block, guint end,
    guint vl, const RexnetCut * cut)
{
  gboolean paired = cut->paired && self->k / cut->slices >= vl;
  guint blocks = end - block;
  guint n = paired && cut->columns < REXNET_MAX_PAIRED && blocks > 1 ?
      blocks / cut->columns :
      (blocks + cut->columns - 1) / cut->columns;

  for (; n > 0; n--) {
    RexnetPanel *panel = &self->panels[self->n_panels++];

    panel->block = block;
    panel->columns = (end - block + n - 1) / n;
    panel->paired = paired && panel->columns > 1;
    panel->sparse = cut->sparse;
    self->paired |= panel->paired;
    block += panel->columns;
  }
}

void
rexnet_pointwise_layout (RexnetPointwise * self, const RexnetConv * conv,
    guint vl, const RexnetCut * cut, RexnetArena * arena)
{
  guint shares = cut->shares;
  guint tail = (conv->out - 1) % vl + 1;

  rexnet_pointwise_clear (self);
  self->conv = conv;
  self->k = conv->in * taps (conv);
  self->blocks = (conv->out + vl - 1) / vl;
  self->shares = shares;
  self->slices = cut->slices;
  self->panels = g_new0 (RexnetPanel, self->blocks);
  self->first = g_new0 (guint, shares + 1);
  self->finish = rexnet_finish (conv->activation);
  for (guint i = 0; i < shares; i++) {
    guint block = rexnet_share (self->blocks, i, shares);
    guint end = rexnet_share (self->blocks, i + 1, shares);
    gboolean half = cut->halves && end == self->blocks && end > block
        && tail <= vl / 2;

    deal_panels (self, block, end - half, vl, cut);
    if (half)
      self->panels[self->n_panels++] =
          (RexnetPanel) {.block = end - 1,.columns = 1,.half = TRUE};
    self->first[i + 1] = self->n_panels;
  }
  self->bias = rexnet_arena_take (arena, (gsize) self->blocks * vl);
  for (guint i = 0; i < self->n_panels; i++) {
    RexnetPanel *panel = &self->panels[i];

    panel->before = self->row;
    self->row += panel->half ? vl / 2 : panel->columns * vl;
  }
  /* The last pair of an odd number of inputs is whole. */
  self->weights = rexnet_arena_take (arena, self->k * self->row + vl / 2);
}

void
rexnet_pointwise_clear (RexnetPointwise * self)
{
  g_free (self->panels);
  g_free (self->first);
  memset (self, 0, sizeof *self);
}

/* What brings @n weights to a size of about 1, as a power of two. */
static float
scale_of (const float *weight, gsize n)
{
  double sum = 0.;
  int exponent;

  for (gsize i = 0; i < n; i++)
    sum += (double) weight[i] * weight[i];
  if (!(sum > 0.) || !isfinite (sum))
    return 1.f;
  frexp (sqrt (sum / n), &exponent);
  return ldexpf (1.f, CLAMP (-exponent, -MAX_SCALE, MAX_SCALE));
}

/* The sum of w1 w2, each with its sign, over the pairs among an output's @n
 * weights. */
static double
crossed_weights (const float *w, guint n, guint vl)
{
  guint whole = rexnet_paired_blocks (n, vl) * vl;
  double sum = 0.;

  for (guint i = 0; i < whole; i += 3 * vl)
    for (guint j = 0; j < vl; j++) {
      double both = (double) w[i + j] * w[i + vl + j];

      sum += j % 2 ? -both : both;
    }
  for (guint i = whole; i < n; i += vl)
    for (guint j = 0; j + 3 <= MIN (vl, n - i); j += 3) {
      double both = (double) w[i + j] * w[i + j + 1];

      sum += j % 2 ? -both : both;
    }
  return sum;
}

/* Takes from the biases of a panel what its weights have in common with the
 * pixels' crossed sums. */
static void
cross_weights (RexnetPointwise * self, const RexnetPanel * panel, guint n,
    guint vl, const float *weight)
{
  guint lanes = MIN (panel->columns * vl, self->conv->out - panel->block * vl);

  for (guint lane = 0; lane < lanes; lane++)
    self->bias[panel->block * vl + lane] -=
        crossed_weights (weight + (gsize) lane * self->k, n, vl)
        / self->unscale;
}

/* Transposes output rows into lanes, a few inputs at a time so that both sides
 * stay in L1. @n inputs. Where some are paired, vl is a whole number of strips:
 * the inputs of a strip go to every third row. */
static void
pack_panel (RexnetPointwise * self, const RexnetPanel * panel, guint n,
    guint vl, const float *weight, float *d)
{
  const guint strip = panel->paired ? vl : 16;
  const float scale = panel->paired ? 1.f / self->unscale : 1.f;
  guint paired = panel->paired ? rexnet_paired_blocks (n, vl) * vl : 0;
  guint row = panel->columns * vl;
  guint lanes = MIN (row, self->conv->out - panel->block * vl);

  for (guint start = 0; start < n; start += strip) {
    guint count = MIN (strip, n - start), step = start < paired ? 3 : 1;
    guint first = start < paired ? start / (3 * vl) * 3 * vl
        + start % vl * 3 + start / vl % 3 : start;

    for (guint lane = 0; lane < lanes; lane++)
      for (guint i = 0; i < count; i++)
        d[(gsize) (first + i * step) * row + lane] =
            weight[(gsize) lane * self->k + start + i] * scale;
  }
}

/* What paired_differences asks for. */
static void
take_differences (const RexnetPanel * panel, guint n, guint vl, float *d)
{
  guint row = panel->columns * vl;

  for (guint k = 0; k < n; k++, d += row)
    if (rexnet_row_is_paired (k, n, vl))
      for (guint i = row; i-- > vl;)
        d[i] -= d[i - vl];
}

static void
pack_half (RexnetPointwise * self, const RexnetPanel * panel, guint n,
    guint vl, const float *weight, float *d)
{
  guint lanes = self->conv->out - panel->block * vl;

  for (guint lane = 0; lane < lanes; lane++)
    for (guint i = 0; i < n; i++)
      d[(gsize) i / 2 * vl + 2 * lane + i % 2] = weight[(gsize) lane * self->k + i];
}

/* @weight: out x k, row-major */
static void
pack_slice (RexnetPointwise * self, guint slice, const RexnetKernels * kernels,
    const float *weight)
{
  guint vl = kernels->vl;
  guint blocks = (self->k + vl - 1) / vl;
  guint from = rexnet_share (blocks, slice, self->slices) * vl;
  guint end = MIN (rexnet_share (blocks, slice + 1, self->slices) * vl,
      self->k);

  for (guint i = 0; from < end && i < self->n_panels; i++) {
    const RexnetPanel *panel = &self->panels[i];
    const float *w = weight + (gsize) panel->block * vl * self->k + from;
    float *d = rexnet_slice_weights (self, panel, from, end);

    (panel->half ? pack_half : pack_panel) (self, panel, end - from, vl, w, d);
    if (panel->paired && kernels->paired_differences)
      take_differences (panel, end - from, vl, d);
    if (panel->paired)
      cross_weights (self, panel, end - from, vl, w);
  }
}

void
rexnet_pointwise_pack (RexnetPointwise * self, const RexnetKernels * kernels)
{
  guint out = self->conv->out;
  g_autofree float *weight = g_new (float, (gsize) out * self->k);
  g_autofree float *bias = g_new (float, out);

  rexnet_conv_fold (self->conv, weight, bias);
  memcpy (self->bias, bias, out * sizeof (float));
  if (self->paired)
    self->unscale = 1.f / scale_of (weight, (gsize) out * self->k);
  for (guint i = 0; i < self->slices; i++)
    pack_slice (self, i, kernels, weight);
}

void
rexnet_depthwise_layout (RexnetDepthwiseWeights * self, const RexnetConv * conv,
    const RexnetKernels * kernels, gboolean adders, RexnetArena * arena)
{
  guint vl = kernels->vl;
  gboolean winograd = adders && kernels->depthwise_winograd
      && conv->kernel == 3 && conv->stride == 1;

  self->conv = conv;
  self->func = winograd ? kernels->depthwise_winograd :
      kernels->depthwise[conv->kernel == 5][conv->stride - 1];
  self->blocks = (conv->out + vl - 1) / vl;
  self->vectors = winograd ? REXNET_WINOGRAD_VECTORS : taps (conv);
  self->finish = rexnet_finish (conv->activation);
  self->bias = rexnet_arena_take (arena, (gsize) self->blocks * vl);
  self->weights = rexnet_arena_take (arena,
      (gsize) self->blocks * self->vectors * vl);
}

/* Half the sums of the three columns of w, then those with - in the middle. */
static void
winograd_weights (const float *w, float sums[6])
{
  for (guint x = 0; x < 3; x++) {
    float ends = 0.5f * w[x] + 0.5f * w[6 + x];

    sums[x] = ends + 0.5f * w[3 + x];
    sums[3 + x] = ends - 0.5f * w[3 + x];
  }
}

void
rexnet_depthwise_pack (RexnetDepthwiseWeights * self, guint vl)
{
  guint out = self->conv->out, n = taps (self->conv);
  g_autofree float *weight = g_new (float, (gsize) out * n);
  g_autofree float *bias = g_new (float, out);

  rexnet_conv_fold (self->conv, weight, bias);
  memcpy (self->bias, bias, out * sizeof (float));
  for (guint c = 0; c < out; c++) {
    float *d = self->weights + (gsize) c / vl * self->vectors * vl + c % vl;
    float sums[REXNET_WINOGRAD_VECTORS - 9];

    for (guint t = 0; t < n; t++)
      d[t * vl] = weight[c * n + t];
    if (self->vectors > n)
      winograd_weights (weight + c * n, sums);
    for (guint t = n; t < self->vectors; t++)
      d[t * vl] = sums[t - n];
  }
}
