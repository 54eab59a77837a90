/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rows.h"

/* The first sample that the filter needs, in row @y of the channel's plane. */
static const guint8 *
source_row (const RexnetImage * image, const RexnetRows * ch, guint y)
{
  guint p = ch->place.plane;

  return image->plane[p] + (gssize) y * image->stride[p]
      + (gsize) ch->x.first * ch->place.step;
}

static RexnetStrip
strip_of (const RexnetRows * ch)
{
  return (RexnetStrip) {.step = ch->place.step,.n = ch->x.n_in };
}

static void
filter_strip (RexnetPath * self, const RexnetRows * ch,
    const RexnetStrip * strip, guint8 * dst)
{
  if (self->exact)
    self->kernels->horizontal_exact (&ch->x, strip, dst, self->ring_stride,
        self->work);
  else
    self->kernels->horizontal_sum (&ch->x, strip, (gint16 *) dst,
        self->ring_stride, self->work);
}

/* The channel that fetches for all that lie in the plane of @ch. */
static RexnetRows *
fetcher (RexnetPath * self, RexnetRows * ch)
{
  while (ch > self->channel && ch[-1].place.plane == ch->place.plane)
    ch--;
  return ch;
}

/* Of the rows that the outputs up to @end need, those from @row on. */
static void
start_fetch (RexnetRows * ch, guint row, guint end)
{
  ch->asked = row;
  ch->end = MIN (ch->y.start[end - 1] + ch->y.taps, ch->y.n_in);
  ch->fetch.rows = 0;
}

/* Lets kernels ask for the rows up to @end; asks for those of the last time
 * that they didn't. */
static void
fetch_until (const RexnetImage * image, RexnetRows * ch, guint end)
{
  RexnetFetch *f = &ch->fetch;

  rexnet_fetch_all (f);
  end = MIN (end, ch->end);
  if (end <= ch->asked)
    return;
  f->row = source_row (image, ch, ch->y.first + ch->asked);
  f->stride = image->stride[ch->place.plane];
  f->rows = end - ch->asked;
  f->at = 0;
  ch->asked = end;
}

/* Filters the next strip of source rows into the ring. */
static void
add_strip (RexnetPath * self, const RexnetImage * image, RexnetRows * ch)
{
  RexnetRows *first = fetcher (self, ch);
  RexnetStrip strip = strip_of (ch);

  if (first == ch) {
    fetch_until (image, ch, ch->ready + REXNET_STRIP);
    fetch_until (image, ch, ch->ready + 2 * REXNET_STRIP);
  }
  strip.fetch = &first->fetch;
  for (guint r = 0; r < REXNET_STRIP; r++) {
    guint y = MIN (ch->y.first + ch->ready + r, ch->samples_y - 1);
    strip.row[r] = source_row (image, ch, y) + ch->place.offset;
  }
  filter_strip (self, ch, &strip,
      ch->ring + ch->ready % ch->ring_rows * self->ring_stride);
  ch->ready += REXNET_STRIP;
}

static void
filter_row (RexnetPath * self, const RexnetImage * image, RexnetRows * ch,
    guint i)
{
  guint start = ch->y.start[i], last = ch->y.n_in - 1;
  guint slot = start % ch->ring_rows, step = self->exact ? 1 : 2;

  while (ch->ready < MIN (start + ch->y.taps, ch->y.n_in))
    add_strip (self, image, ch);
  for (guint t = 0; t < ch->y.taps; t += step) {
    for (guint k = 0; k < step; k++)
      self->rows[t + k] = ch->ring + (slot + k) * self->ring_stride;
    if (start + t + step <= last && (slot += step) == ch->ring_rows)
      slot = 0;
  }
  if (self->exact)
    self->kernels->vertical_exact (&ch->y, i, self->rows, self->width,
        ch->exact);
  else
    self->kernels->vertical_sum (&ch->y, i, self->rows, self->width, ch->sum);
}

static void
emit_exact (RexnetPath * self, const guint8 * row, guint c, guint i,
    float *output)
{
  float *dst = output + ((gsize) c * self->height + i) * self->width;

  self->kernels->emit (row, self->normal.scale[c] / 255.f,
      self->normal.offset[c], dst, self->width);
}

static void
emit_sums (RexnetPath * self, guint i, float *output)
{
  gsize plane = (gsize) self->height * self->width;
  float *row = output + (gsize) i * self->width;
  gboolean gray = self->layout->model == REXNET_COLOR_GRAY;
  RexnetRows *ch = self->channel;

  self->kernels->emit_yuv (
      (gint32 *[]) {ch[0].sum, gray ? self->neutral : ch[1].sum,
          gray ? self->neutral : ch[2].sum},
      &self->yuv, &self->normal,
      (float *[]) {row, row + plane, row + 2 * plane}, self->width);
}

static void
run_horizontal_first (RexnetPath * self, const RexnetImage * image,
    guint from, guint end, float *output)
{
  guint n = self->layout->n_channels;

  for (guint c = 0; c < n; c++) {
    RexnetRows *ch = &self->channel[c];

    ch->ready = ch->y.start[from] / REXNET_STRIP * REXNET_STRIP;
    start_fetch (ch, ch->ready, end);
  }
  for (guint i = from; i < end; i++) {
    for (guint c = 0; c < n; c++)
      filter_row (self, image, &self->channel[c], i);
    if (!self->exact)
      emit_sums (self, i, output);
    else
      for (guint c = 0; c < 3; c++)
        emit_exact (self, self->channel[MIN (c, n - 1)].exact, c, i, output);
  }
}

/* Output row @i of all channels at once, as they lie in the plane. */
static void
mix_row (RexnetPath * self, const RexnetImage * image, guint i, guint8 * dst)
{
  RexnetRows *ch = &self->channel[0];

  fetch_until (image, ch, ch->y.start[i] + ch->y.taps + REXNET_STRIP);
  rexnet_fetch_all (&ch->fetch);
  for (guint t = 0; t < ch->y.taps; t++) {
    guint y = ch->y.first + MIN (ch->y.start[i] + t, ch->y.n_in - 1);
    self->rows[t] = source_row (image, ch, y);
  }
  self->kernels->vertical_exact (&ch->y, i, self->rows,
      ch->x.n_in * ch->place.step, dst);
}

static void
run_vertical_first (RexnetPath * self, const RexnetImage * image,
    guint from, guint end, float *output)
{
  guint n_channels = self->layout->n_channels;

  start_fetch (&self->channel[0], self->channel[0].y.start[from], end);
  for (guint i = from; i < end; i += REXNET_STRIP) {
    guint n = MIN (REXNET_STRIP, end - i);

    for (guint r = 0; r < n; r++)
      mix_row (self, image, i + r, self->mixed + r * self->mixed_stride);
    for (guint c = 0; c < 3; c++) {
      RexnetRows *ch = &self->channel[MIN (c, n_channels - 1)];

      if (c < n_channels) {
        RexnetStrip strip = strip_of (ch);

        strip.fetch = &self->channel[0].fetch;
        for (guint r = 0; r < REXNET_STRIP; r++)
          strip.row[r] = self->mixed + r * self->mixed_stride
              + ch->place.offset;
        filter_strip (self, ch, &strip, ch->ring);
      }
      for (guint r = 0; r < n; r++)
        emit_exact (self, ch->ring + r * self->ring_stride, c, i + r, output);
    }
  }
}

void
rexnet_path_run (RexnetPath * self, const RexnetImage * image, guint from,
    guint end, float *output)
{
  if (from >= end)
    return;
  if (self->vertical_first)
    run_vertical_first (self, image, from, end, output);
  else
    run_horizontal_first (self, image, from, end, output);
}
