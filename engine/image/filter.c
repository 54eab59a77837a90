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

/* Fraction bits with which @largest still fits into 16 bits, and into two
 * digits, with a unit to spare for the rounding. */
static guint
choose_bits (double largest, guint max_bits)
{
  guint bits = max_bits;

  while (bits > 1 && largest * (1u << bits) > 127 * 256 + 126)
    bits--;
  return bits;
}

static gsize
padded_outputs (const RexnetFilter * self)
{
  return ((gsize) self->n_out + REXNET_FILTER_BLOCK - 1) / REXNET_FILTER_BLOCK
      * REXNET_FILTER_BLOCK;
}

/* The weights of all outputs, a row of @most each. */
typedef struct
{
  guint most;
  double *weight, largest;
  guint *count;
} Weights;

static void
make_weights (RexnetFilter * self, const Sampling * s, Weights * w)
{
  w->most = 2 * (guint) ceil (s->support) + 1;
  w->weight = g_new (double, (gsize) self->n_out * w->most);
  w->count = g_new (guint, self->n_out);
  w->largest = 0.0;
  self->first = G_MAXUINT;
  for (guint i = 0; i < self->n_out; i++) {
    double *weight = w->weight + (gsize) i * w->most;

    w->count[i] = sampling_weights (s, i, &self->start[i], weight);
    self->first = MIN (self->first, self->start[i]);
    for (guint t = 0; t < w->count[i]; t++)
      w->largest = MAX (w->largest, fabs (weight[t]));
  }
}

static guint
unit_of_start (RexnetFilterOrder order, gboolean exact)
{
  if (order == REXNET_FILTER_SAMPLES || order == REXNET_FILTER_QUADS)
    return 4;
  return order == REXNET_FILTER_ROWS && !exact ? 2 : 1;
}

static guint
unit_of_taps (RexnetFilterOrder order)
{
  if (order == REXNET_FILTER_WORDS)
    return 8;
  return order == REXNET_FILTER_ROWS ? 2 : 4;
}

/* Makes start relative to first, and a multiple of what @order wants; what
 * that puts before the first weight is @lead. */
static void
align_starts (RexnetFilter * self, const Weights * w, RexnetFilterOrder order,
    guint * lead)
{
  guint align = unit_of_start (order, self->exact);
  guint unit = unit_of_taps (order);

  self->n_in = self->taps = 0;
  for (guint i = 0; i < self->n_out; i++) {
    guint start = self->start[i] - self->first;

    lead[i] = start % align;
    self->start[i] = start - lead[i];
    self->n_in = MAX (self->n_in, start + w->count[i]);
    self->taps = MAX (self->taps, lead[i] + w->count[i]);
  }
  self->taps = (self->taps + unit - 1) / unit * unit;
}

static void
round_weights (RexnetFilter * self, const Weights * w, const guint * lead)
{
  double one = (double) (1u << self->bits);

  self->coef = g_new0 (gint32, padded_outputs (self) * self->taps);
  for (guint i = 0; i < self->n_out; i++) {
    const double *weight = w->weight + (gsize) i * w->most;
    gint32 *coef = self->coef + (gsize) i * self->taps + lead[i];

    if (self->exact)
      for (guint t = 0; t < w->count[i]; t++)
        coef[t] = round_away (weight[t] * one);
    else
      round_to_sum (weight, w->count[i], one, coef);
  }
}

static gint32
pair (gint32 a, gint32 b)
{
  return (gint32) ((guint32) (guint16) a | (guint32) (guint16) b << 16);
}

/* high * 2^REXNET_FILTER_LOW_BITS + low */
static gint32
high_part (gint32 coef)
{
  const gint32 half = 1 << (REXNET_FILTER_LOW_BITS - 1);

  return (coef + half) >> REXNET_FILTER_LOW_BITS;
}

static gint32
low_part (gint32 coef)
{
  return coef - high_part (coef) * (1 << REXNET_FILTER_LOW_BITS);
}

static gint32 *
add_pair (const RexnetFilter * self, gint32 a, gint32 b, gint32 * packed)
{
  if (!self->exact) {
    *packed++ = pair (a, b);
    return packed;
  }
  *packed++ = pair (high_part (a), high_part (b));
  *packed++ = pair (low_part (a), low_part (b));
  return packed;
}

static gint32 *
add_quad (const RexnetFilter * self, const gint32 * coef, gint32 * packed)
{
  guint digits = self->exact ? REXNET_FILTER_EXACT_DIGITS
      : REXNET_FILTER_DIGITS;
  guint32 dword[REXNET_FILTER_EXACT_DIGITS] = { 0 };

  for (guint k = 0; k < 4; k++) {
    gint32 rest = coef[k];

    for (guint d = digits; d-- > 0;) {
      gint32 digit = (gint8) rest;

      dword[d] |= (guint32) (guint8) digit << (8 * k);
      rest = (rest - digit) >> 8;
    }
  }
  for (guint d = 0; d < digits; d++)
    *packed++ = (gint32) dword[d];
  return packed;
}

static void
pack_words (RexnetFilter * self, gsize n)
{
  gint16 *packed = (gint16 *) self->packed;

  for (gsize output = 0; output < n; output += self->taps) {
    const gint32 *c = self->coef + output;

    for (guint t = 0; t < self->taps; t++)
      *packed++ = (gint16) (self->exact ? high_part (c[t]) : c[t]);
    for (guint t = 0; self->exact && t < self->taps; t++)
      *packed++ = (gint16) low_part (c[t]);
  }
}

static void
pack_pairs (RexnetFilter * self, RexnetFilterOrder order, gsize n)
{
  gint32 *packed = self->packed;

  for (gsize t = 0; t < n; t += 4) {
    const gint32 *c = self->coef + t;

    if (order == REXNET_FILTER_ROWS) {
      packed = add_pair (self, c[0], c[1], packed);
      packed = add_pair (self, c[2], c[3], packed);
    } else {
      packed = add_pair (self, c[0], c[2], packed);
      packed = add_pair (self, c[1], c[3], packed);
    }
  }
}

static void
pack_bytes (RexnetFilter * self, gsize n)
{
  gint32 *packed = self->packed;

  for (gsize block = 0; block < n; block += 4 * self->taps)
    for (gsize t = 0; t < self->taps; t += 4)
      for (gsize i = 0; i < 4; i++)
        packed = add_quad (self, self->coef + block + i * self->taps + t,
            packed);
}

static void
pack (RexnetFilter * self, RexnetFilterOrder order)
{
  gsize n = padded_outputs (self) * self->taps;

  self->packed = g_new (gint32, n);
  if (order == REXNET_FILTER_QUADS || order == REXNET_FILTER_ROW_QUADS)
    pack_bytes (self, n);
  else if (order == REXNET_FILTER_WORDS)
    pack_words (self, n);
  else
    pack_pairs (self, order, n);
}

void
rexnet_filter_init (RexnetFilter * self, const RexnetAxis * axis,
    guint n_out, RexnetInterpolation interpolation, guint shift,
    gboolean cosited, gboolean exact, guint max_bits, RexnetFilterOrder order)
{
  g_autofree guint *lead = g_new (guint, n_out);
  Sampling s;
  Weights w;

  sampling_init (&s, axis, interpolation, shift, cosited);
  self->n_out = n_out;
  self->exact = exact;
  self->start = g_new0 (guint, padded_outputs (self));
  make_weights (self, &s, &w);
  self->bits = exact ? REXNET_FILTER_EXACT_BITS
      : choose_bits (w.largest, max_bits);
  align_starts (self, &w, order, lead);
  round_weights (self, &w, lead);
  pack (self, order);
  g_free (w.weight);
  g_free (w.count);
}

void
rexnet_filter_clear (RexnetFilter * self)
{
  g_clear_pointer (&self->start, g_free);
  g_clear_pointer (&self->coef, g_free);
  g_clear_pointer (&self->packed, g_free);
}
