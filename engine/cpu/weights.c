/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights.h"

#include <math.h>
#include <string.h>

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

/* Deals @blocks evenly: seven in panels of at most four are 4 + 3. */
static void
deal_panels (RexnetPointwise * self, guint block, guint end, guint columns)
{
  for (guint n = (end - block + columns - 1) / columns; n > 0; n--) {
    RexnetPanel *panel = &self->panels[self->n_panels++];

    panel->block = block;
    panel->columns = (end - block + n - 1) / n;
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

    deal_panels (self, block, end - half, cut->columns);
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

/* Transposes output rows into lanes, a few inputs at a time so that both sides
 * stay in L1. @n of @k inputs of @out rows. */
static void
pack_panel (const RexnetPanel * panel, guint k, guint n, guint vl, guint out,
    const float *weight, float *d)
{
  const guint strip = 16;
  guint row = panel->columns * vl;
  guint lanes = MIN (row, out - panel->block * vl);

  for (guint start = 0; start < n; start += strip) {
    guint end = MIN (start + strip, n);

    for (guint lane = 0; lane < lanes; lane++)
      for (guint i = start; i < end; i++)
        d[(gsize) i * row + lane] = weight[(gsize) lane * k + i];
  }
}

static void
pack_half (const RexnetPanel * panel, guint k, guint n, guint vl, guint out,
    const float *weight, float *d)
{
  guint lanes = out - panel->block * vl;

  for (guint lane = 0; lane < lanes; lane++)
    for (guint i = 0; i < n; i++)
      d[(gsize) i / 2 * vl + 2 * lane + i % 2] = weight[(gsize) lane * k + i];
}

/* @weight: out x k, row-major */
static void
pack_slice (RexnetPointwise * self, guint slice, guint vl, const float *weight)
{
  guint blocks = (self->k + vl - 1) / vl;
  guint from = rexnet_share (blocks, slice, self->slices) * vl;
  guint end = MIN (rexnet_share (blocks, slice + 1, self->slices) * vl,
      self->k);

  for (guint i = 0; from < end && i < self->n_panels; i++) {
    const RexnetPanel *panel = &self->panels[i];

    (panel->half ? pack_half : pack_panel) (panel, self->k, end - from, vl,
        self->conv->out, weight + (gsize) panel->block * vl * self->k + from,
        rexnet_slice_weights (self, panel, from, end));
  }
}

void
rexnet_pointwise_pack (RexnetPointwise * self, guint vl)
{
  guint out = self->conv->out;
  g_autofree float *weight = g_new (float, (gsize) out * self->k);
  g_autofree float *bias = g_new (float, out);

  rexnet_conv_fold (self->conv, weight, bias);
  memcpy (self->bias, bias, out * sizeof (float));
  for (guint i = 0; i < self->slices; i++)
    pack_slice (self, i, vl, weight);
}

void
rexnet_depthwise_layout (RexnetDepthwiseWeights * self, const RexnetConv * conv,
    guint vl, RexnetArena * arena)
{
  self->conv = conv;
  self->blocks = (conv->out + vl - 1) / vl;
  self->finish = rexnet_finish (conv->activation);
  self->bias = rexnet_arena_take (arena, (gsize) self->blocks * vl);
  self->weights = rexnet_arena_take (arena,
      (gsize) self->blocks * taps (conv) * vl);
}

void
rexnet_depthwise_pack (RexnetDepthwiseWeights * self, guint vl)
{
  guint out = self->conv->out, n = taps (self->conv);
  g_autofree float *weight = g_new (float, (gsize) out * n);
  g_autofree float *bias = g_new (float, out);

  rexnet_conv_fold (self->conv, weight, bias);
  memcpy (self->bias, bias, out * sizeof (float));
  for (guint c = 0; c < out; c++)
    for (guint t = 0; t < n; t++)
      self->weights[((gsize) c / vl * n + t) * vl + c % vl] = weight[c * n + t];
}
