/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter.h"

#include <math.h>

static double
bicubic (double x)
{
  const double a = -0.5;

  x = fabs (x);
  if (x < 1.0)
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0)
    return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

static double
bilinear (double x)
{
  x = fabs (x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/* The axis seen by one channel, in its own samples. */
typedef struct
{
  double (*kernel) (double x);
  double scale, support, stretch;
  double shift;                 /* from luma's place to the sample's */
  gint64 offset;
  guint size;
} Sampling;

static void
sampling_init (Sampling * s, const RexnetAxis * axis,
    RexnetInterpolation interpolation, guint shift, gboolean cosited)
{
  gboolean cubic = interpolation == REXNET_INTERPOLATION_BICUBIC;

  s->kernel = cubic ? bicubic : bilinear;
  s->scale = (double) axis->size / (double) axis->resized / (1u << shift);
  s->stretch = MAX (s->scale, 1.0);
  s->support = (cubic ? 2.0 : 1.0) * s->stretch;
  /* Cosited: sample j lies on pixel 2 j; centred: between 2 j and 2 j + 1. */
  s->shift = shift && cosited ? 0.25 : 0.0;
  s->offset = axis->offset;
  s->size = (axis->size + (1u << shift) - 1) >> shift;
}

/* Writes the weights of output @i, returns how many; they start at *@start. */
static guint
sampling_weights (const Sampling * s, guint i, guint * start, double *weight)
{
  double centre = (double) (s->offset + i + 0.5) * s->scale + s->shift;
  double inverse = 1.0 / s->stretch, sum = 0.0;
  int low = MAX ((int) (centre - s->support + 0.5), 0);
  int high = MIN ((int) (centre + s->support + 0.5), (int) s->size);
  guint n;

  /* A cosited sample's filter may lie wholly past the last one. */
  low = MIN (low, (int) s->size - 1);
  n = MAX (high - low, 1);
  for (guint t = 0; t < n; t++) {
    weight[t] = s->kernel ((t + low - centre + 0.5) * inverse);
    sum += weight[t];
  }
  for (guint t = 0; t < n; t++)
    weight[t] = sum != 0.0 ? weight[t] / sum : t == 0;
  *start = low;
  return n;
}

static gint32
round_away (double x)
{
  return (gint32) (x < 0 ? x - 0.5 : x + 0.5);
}

/* Rounds running sums, so that the coefficients add up to exactly 1 and the
 * error of any run of them stays below one unit. */
static void
round_to_sum (const double *weight, guint n, double one, gint32 * coef)
{
  double sum = 0.0;
  gint32 last = 0;

  for (guint t = 0; t < n; t++) {
    gint32 now;
    sum += weight[t] * one;
    now = t + 1 < n ? round_away (sum) : (gint32) one;
    coef[t] = now - last;
    last = now;
  }
}

/* Fraction bits with which @largest still fits into 16 bits, with a unit to
 * spare for the rounding. */
static guint
choose_bits (double largest, guint max_bits)
{
  guint bits = max_bits;

  while (bits > 1 && largest * (1u << bits) > G_MAXINT16 - 1)
    bits--;
  return bits;
}

void
rexnet_filter_init (RexnetFilter * self, const RexnetAxis * axis,
    guint n_out, RexnetInterpolation interpolation, guint shift,
    gboolean cosited, gboolean exact, guint max_bits, guint align)
{
  Sampling s;
  sampling_init (&s, axis, interpolation, shift, cosited);

  guint most = 2 * (guint) ceil (s.support) + 1;
  g_autofree double *weight = g_new0 (double, (gsize) n_out * most);
  g_autofree guint *count = g_new (guint, n_out);
  double largest = 0.0;

  self->n_out = n_out;
  self->start = g_new (guint, n_out);
  self->first = G_MAXUINT;
  self->n_in = self->taps = 0;
  for (guint i = 0; i < n_out; i++) {
    double *w = weight + (gsize) i * most;
    count[i] = sampling_weights (&s, i, &self->start[i], w);
    self->first = MIN (self->first, self->start[i]);
    for (guint t = 0; t < count[i]; t++)
      largest = MAX (largest, fabs (w[t]));
  }
  for (guint i = 0; i < n_out; i++) {
    guint lead = (self->start[i] - self->first) % align;
    self->n_in = MAX (self->n_in, self->start[i] + count[i] - self->first);
    self->taps = MAX (self->taps, (lead + count[i] + align - 1) / align * align);
  }
  self->bits = exact ? REXNET_FILTER_EXACT_BITS : choose_bits (largest,
      max_bits);
  self->coef = g_new0 (gint32, (gsize) n_out * self->taps);
  for (guint i = 0; i < n_out; i++) {
    const double *w = weight + (gsize) i * most;
    guint lead = (self->start[i] - self->first) % align;
    gint32 *coef = self->coef + (gsize) i * self->taps + lead;
    double one = (double) (1u << self->bits);

    self->start[i] -= self->first + lead;
    if (exact)
      for (guint t = 0; t < count[i]; t++)
        coef[t] = round_away (w[t] * one);
    else
      round_to_sum (w, count[i], one, coef);
  }
}

void
rexnet_filter_clear (RexnetFilter * self)
{
  g_clear_pointer (&self->start, g_free);
  g_clear_pointer (&self->coef, g_free);
}
