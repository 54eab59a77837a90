/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preprocess.h"

#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "resample.h"

/* One channel on its way: strips of source rows are filtered horizontally
 * into a ring, from which output rows are filtered vertically. */
typedef struct
{
  RexnetChannel place;
  guint samples_y;              /* rows of the source */
  RexnetPass x, y;
  gint16 *ring;                 /* ring_rows x stride */
  guint ring_rows;              /* a multiple of REXNET_STRIP */
  guint ready;                  /* rows from y.filter.first on in the ring */
  gint32 *sums;                 /* one output row */
} Channel;

struct _RexnetPreprocessor
{
  RexnetInput input;
  const RexnetResample *kernels;

  /* Of the last image; what follows depends on it. */
  RexnetImage key;
  gboolean prepared;
  const RexnetLayout *layout;
  Channel channel[3];
  gsize stride;                 /* samples in a row of a ring */
  guint8 *strip;                /* REXNET_STRIP x strip_stride */
  gsize strip_stride;           /* bytes */
  const gint16 **rows;          /* of one vertical filter */
  gint32 *neutral;              /* sums of a channel without colour */
  void *arena;
  RexnetYuv yuv;
  RexnetNormal normal;
};

static const RexnetResample *
choose_kernels (RexnetIsa isa)
{
  return &rexnet_resample_c;
}

RexnetPreprocessor *
rexnet_preprocessor_new (const RexnetInput * input, RexnetIsa isa)
{
  RexnetPreprocessor *self = g_new0 (RexnetPreprocessor, 1);

  self->input = *input;
  self->kernels = choose_kernels (isa);
  return self;
}

static void
forget_image (RexnetPreprocessor * self)
{
  for (guint c = 0; c < G_N_ELEMENTS (self->channel); c++) {
    rexnet_filter_clear (&self->channel[c].x.filter);
    rexnet_filter_clear (&self->channel[c].y.filter);
  }
  g_clear_pointer (&self->rows, g_free);
  g_clear_pointer (&self->arena, free);
  self->prepared = FALSE;
}

void
rexnet_preprocessor_free (RexnetPreprocessor * self)
{
  if (!self)
    return;
  forget_image (self);
  g_free (self);
}

static gboolean
same_kind (const RexnetImage * a, const RexnetImage * b)
{
  return a->format == b->format && a->width == b->width
      && a->height == b->height && a->matrix == b->matrix
      && !a->full_range == !b->full_range
      && !a->chroma_h_cosited == !b->chroma_h_cosited
      && !a->chroma_v_cosited == !b->chroma_v_cosited;
}

static void
make_filters (RexnetPreprocessor * self, const RexnetImage * image)
{
  const RexnetInput *in = &self->input;
  RexnetAxis x, y;
  /* Pillow's own arithmetic wherever Pillow could have read the picture. */
  gboolean exact = self->layout->model == REXNET_COLOR_RGB
      || (self->layout->model == REXNET_COLOR_GRAY && image->full_range);

  rexnet_geometry (in, image->width, image->height, &x, &y);
  for (guint c = 0; c < self->layout->n_channels; c++) {
    Channel *ch = &self->channel[c];

    ch->place = self->layout->channel[c];
    ch->samples_y = rexnet_channel_samples (image->height, ch->place.y_shift);
    ch->x.exact = ch->y.exact = exact;
    rexnet_filter_init (&ch->x.filter, &x, in->width, in->interpolation,
        ch->place.x_shift, image->chroma_h_cosited, exact,
        REXNET_FILTER_EXACT_BITS, REXNET_QUAD);
    rexnet_filter_init (&ch->y.filter, &y, in->height, in->interpolation,
        ch->place.y_shift, image->chroma_v_cosited, exact,
        REXNET_VERTICAL_BITS, 1);
  }
}

static gsize
padded (gsize n)
{
  return (n + REXNET_PAD - 1) / REXNET_PAD * REXNET_PAD;
}

/* Hands out @bytes of an arena, or only counts them when there is none. */
static void *
carve (guint8 * arena, gsize * used, gsize bytes)
{
  void *block = arena ? arena + *used : NULL;

  *used += padded (bytes);
  return block;
}

static gsize
lay_out_arena (RexnetPreprocessor * self)
{
  gsize used = 0;

  self->strip = carve (self->arena, &used, REXNET_STRIP * self->strip_stride);
  self->neutral = carve (self->arena, &used,
      self->stride * sizeof *self->neutral);
  for (guint c = 0; c < self->layout->n_channels; c++) {
    Channel *ch = &self->channel[c];

    ch->ring = carve (self->arena, &used,
        ch->ring_rows * self->stride * sizeof *ch->ring);
    ch->sums = carve (self->arena, &used, self->stride * sizeof *ch->sums);
  }
  return used;
}

static void
make_colors (RexnetPreprocessor * self, const RexnetImage * image)
{
  const Channel *y = &self->channel[0];
  const Channel *c = &self->channel[self->layout->n_channels - 1];
  guint y_bits = REXNET_SAMPLE_BITS + y->y.filter.bits;
  guint c_bits = REXNET_SAMPLE_BITS + c->y.filter.bits;

  rexnet_normal_init (&self->normal, &self->input);
  if (self->layout->model == REXNET_COLOR_RGB)
    return;
  rexnet_yuv_init (&self->yuv, image->matrix, image->full_range, y_bits,
      c_bits);
  for (guint x = 0; x < self->input.width; x++)
    self->neutral[x] = 128 << c_bits;
}

static gboolean
prepare (RexnetPreprocessor * self, const RexnetImage * image, GError ** error)
{
  guint most_taps = 0;
  gsize bytes;

  forget_image (self);
  self->layout = rexnet_layout_get (image->format);
  make_filters (self, image);

  self->stride = padded (self->input.width);
  self->strip_stride = 0;
  for (guint c = 0; c < self->layout->n_channels; c++) {
    Channel *ch = &self->channel[c];
    const RexnetFilter *fx = &ch->x.filter, *fy = &ch->y.filter;

    most_taps = MAX (most_taps, fy->taps);
    ch->ring_rows = (fy->taps + 2 * REXNET_STRIP - 2) / REXNET_STRIP
        * REXNET_STRIP;
    self->strip_stride = MAX (self->strip_stride,
        padded ((gsize) fx->n_in + fx->taps));
  }
  self->rows = g_new (const gint16 *, most_taps);
  bytes = lay_out_arena (self);
  if (posix_memalign (&self->arena, REXNET_PAD, bytes) != 0) {
    self->arena = NULL;
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " bytes to preprocess an image of "
        "%u x %u", bytes, image->width, image->height);
    return FALSE;
  }
  memset (self->arena, 0, bytes);
  lay_out_arena (self);

  make_colors (self, image);
  self->key = *image;
  self->prepared = TRUE;
  return TRUE;
}

/* Filters the next strip of source rows into the ring. */
static void
add_strip (RexnetPreprocessor * self, const RexnetImage * image, Channel * ch)
{
  const RexnetFilter *f = &ch->x.filter;
  const guint8 *plane = image->plane[ch->place.plane] + ch->place.offset
      + (gsize) f->first * ch->place.step;
  gssize stride = image->stride[ch->place.plane];

  for (guint r = 0; r < REXNET_STRIP; r++) {
    guint y = MIN (ch->y.filter.first + ch->ready + r, ch->samples_y - 1);

    self->kernels->pick (self->strip + r * self->strip_stride,
        plane + (gssize) y * stride, ch->place.step, f->n_in);
  }
  self->kernels->horizontal (&ch->x, self->strip, self->strip_stride,
      ch->ring + ch->ready % ch->ring_rows * self->stride, self->stride);
  ch->ready += REXNET_STRIP;
}

static void
filter_row (RexnetPreprocessor * self, const RexnetImage * image,
    Channel * ch, guint i)
{
  const RexnetFilter *f = &ch->y.filter;
  guint start = f->start[i], last = f->n_in - 1;

  while (ch->ready < MIN (start + f->taps, f->n_in))
    add_strip (self, image, ch);
  for (guint t = 0; t < f->taps; t++)
    self->rows[t] = ch->ring
        + MIN (start + t, last) % ch->ring_rows * self->stride;
  self->kernels->vertical (&ch->y, i, self->rows, self->input.width,
      ch->sums);
}

static void
finish_row (RexnetPreprocessor * self, guint i, float *output)
{
  guint width = self->input.width;
  gsize plane = (gsize) self->input.height * width;
  float *dst[3];
  const RexnetNormal *n = &self->normal;
  Channel *ch = self->channel;

  for (guint c = 0; c < 3; c++)
    dst[c] = output + c * plane + (gsize) i * width;
  if (ch[0].y.exact)
    for (guint c = 0; c < 3; c++)
      self->kernels->emit (ch[MIN (c, self->layout->n_channels - 1)].sums,
          n->scale[c] / 255.f, n->offset[c], dst[c], width);
  else if (self->layout->model == REXNET_COLOR_YUV)
    self->kernels->emit_yuv ((gint32 *[]) {ch[0].sums, ch[1].sums,
            ch[2].sums}, &self->yuv, n, dst, width);
  else
    self->kernels->emit_yuv ((gint32 *[]) {ch[0].sums, self->neutral,
            self->neutral}, &self->yuv, n, dst, width);
}

gboolean
rexnet_preprocessor_run (RexnetPreprocessor * self, const RexnetImage * image,
    float *output, GError ** error)
{
  if (!rexnet_image_check (image, error))
    return FALSE;
  if (!self->prepared || !same_kind (&self->key, image))
    if (!rexnet_input_check (&self->input, error)
        || !prepare (self, image, error))
      return FALSE;

  for (guint c = 0; c < self->layout->n_channels; c++)
    self->channel[c].ready = 0;
  for (guint i = 0; i < self->input.height; i++) {
    for (guint c = 0; c < self->layout->n_channels; c++)
      filter_row (self, image, &self->channel[c], i);
    finish_row (self, i, output);
  }
  return TRUE;
}

gboolean
rexnet_preprocess (const RexnetImage * image, const RexnetInput * input,
    float *output, GError ** error)
{
  RexnetPreprocessor *self = rexnet_preprocessor_new (input, REXNET_ISA_AUTO);
  gboolean ok = rexnet_preprocessor_run (self, image, output, error);

  rexnet_preprocessor_free (self);
  return ok;
}
