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
    guint vl, guint columns, gboolean halves, guint shares,
    RexnetArena * arena)
{
  guint tail = (conv->out - 1) % vl + 1;

  rexnet_pointwise_clear (self);
  self->conv = conv;
  self->k = conv->in * taps (conv);
  self->blocks = (conv->out + vl - 1) / vl;
  self->shares = shares;
  self->panels = g_new0 (RexnetPanel, self->blocks);
  self->first = g_new0 (guint, shares + 1);
  self->finish = rexnet_finish (conv->activation);
  for (guint i = 0; i < shares; i++) {
    guint block = rexnet_share (self->blocks, i, shares);
    guint end = rexnet_share (self->blocks, i + 1, shares);
    gboolean half = halves && end == self->blocks && end > block
        && tail <= vl / 2;

    deal_panels (self, block, end - half, columns);
    if (half)
      self->panels[self->n_panels++] =
          (RexnetPanel) {.block = end - 1,.columns = 1,.half = TRUE};
    self->first[i + 1] = self->n_panels;
  }
  self->bias = rexnet_arena_take (arena, (gsize) self->blocks * vl);
  for (guint i = 0; i < self->n_panels; i++) {
    RexnetPanel *panel = &self->panels[i];
    gsize rows = panel->half ? (self->k + 1) / 2 : self->k;

    panel->weights = rexnet_arena_take (arena, rows * panel->columns * vl);
  }
}

void
rexnet_pointwise_clear (RexnetPointwise * self)
{
  g_free (self->panels);
  g_free (self->first);
  memset (self, 0, sizeof *self);
}

/* Transposes output rows into lanes, a few inputs at a time so that both sides
 * stay in L1. */
static void
pack_panel (const RexnetPanel * panel, guint k, guint vl, guint out,
    const float *weight)
{
  const guint strip = 16;
  guint row = panel->columns * vl, first = panel->block * vl;
  guint lanes = MIN (row, out - first);

  weight += (gsize) first * k;
  for (guint start = 0; start < k; start += strip) {
    guint end = MIN (start + strip, k);

    for (guint lane = 0; lane < lanes; lane++)
      for (guint i = start; i < end; i++)
        panel->weights[(gsize) i * row + lane] = weight[(gsize) lane * k + i];
  }
}

static void
pack_half (const RexnetPanel * panel, guint k, guint vl, guint out,
    const float *weight)
{
  guint first = panel->block * vl;

  for (guint c = first; c < out; c++)
    for (guint i = 0; i < k; i++)
      panel->weights[(gsize) i / 2 * vl + 2 * (c - first) + i % 2] =
          weight[(gsize) c * k + i];
}

void
rexnet_pointwise_pack (RexnetPointwise * self, guint vl)
{
  guint out = self->conv->out;
  g_autofree float *weight = g_new (float, (gsize) out * self->k);
  g_autofree float *bias = g_new (float, out);

  rexnet_conv_fold (self->conv, weight, bias);
  memcpy (self->bias, bias, out * sizeof (float));
  for (guint i = 0; i < self->n_panels; i++)
    (self->panels[i].half ? pack_half : pack_panel) (&self->panels[i], self->k,
        vl, out, weight);
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
