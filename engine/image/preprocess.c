/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preprocess.h"

#include <stdlib.h>
#include <string.h>

#include "rows.h"

struct _RexnetPreprocessor
{
  RexnetInput input;
  RexnetPath path;              /* without scratch */
  RexnetPath *workers;          /* the same, each with scratch of its own */
  guint n_workers;
  void *arena;                  /* all of the scratch */
  RexnetImage kind;             /* of the last image */
  gboolean prepared;
};

RexnetPreprocessor *
rexnet_preprocessor_new (const RexnetInput * input, RexnetIsa isa,
    guint workers)
{
  const RexnetResample *kernels = rexnet_resample_get (0);

  for (guint i = 1; isa != REXNET_ISA_AUTO && kernels->isa > isa; i++)
    kernels = rexnet_resample_get (i);
  return rexnet_preprocessor_new_with (input, kernels, workers);
}

RexnetPreprocessor *
rexnet_preprocessor_new_with (const RexnetInput * input,
    const RexnetResample * kernels, guint workers)
{
  RexnetPreprocessor *self = g_new0 (RexnetPreprocessor, 1);

  self->input = *input;
  self->n_workers = workers;
  self->workers = g_new0 (RexnetPath, workers);
  self->path.kernels = kernels;
  return self;
}

static void
forget_image (RexnetPreprocessor * self)
{
  rexnet_path_clear (&self->path);
  g_clear_pointer (&self->arena, free);
  self->prepared = FALSE;
}

void
rexnet_preprocessor_free (RexnetPreprocessor * self)
{
  if (!self)
    return;
  forget_image (self);
  g_free (self->workers);
  g_free (self);
}

gboolean
rexnet_image_same_kind (const RexnetImage * a, const RexnetImage * b)
{
  return a->format == b->format && a->width == b->width
      && a->height == b->height && a->matrix == b->matrix
      && !a->full_range == !b->full_range
      && !a->chroma_h_cosited == !b->chroma_h_cosited
      && !a->chroma_v_cosited == !b->chroma_v_cosited;
}

static void
make_filters (RexnetPath * path, const RexnetInput * in,
    const RexnetImage * image)
{
  RexnetAxis x, y;

  rexnet_geometry (in, image->width, image->height, &x, &y);
  /* Pillow's own arithmetic wherever Pillow could have read the picture. */
  path->exact = path->layout->model == REXNET_COLOR_RGB
      || (path->layout->model == REXNET_COLOR_GRAY && image->full_range);
  path->vertical_first = path->exact && rexnet_vertical_first (&x, &y);
  for (guint c = 0; c < path->layout->n_channels; c++) {
    RexnetRows *ch = &path->channel[c];

    ch->place = path->layout->channel[c];
    ch->samples_y = rexnet_channel_samples (image->height, ch->place.y_shift);
    rexnet_filter_init (&ch->x, &x, in->width, in->interpolation,
        ch->place.x_shift, image->chroma_h_cosited, path->exact,
        REXNET_HORIZONTAL_BITS, path->kernels->order);
    rexnet_filter_init (&ch->y, &y, in->height, in->interpolation,
        ch->place.y_shift, image->chroma_v_cosited, path->exact,
        REXNET_VERTICAL_BITS, path->exact ? path->kernels->exact_rows
        : REXNET_FILTER_ROWS);
  }
}

static void
make_colors (RexnetPath * path, const RexnetInput * input,
    const RexnetImage * image)
{
  const RexnetRows *y = &path->channel[0];
  const RexnetRows *c = &path->channel[path->layout->n_channels - 1];
  guint y_bits = REXNET_SAMPLE_BITS + y->y.bits;
  guint c_bits = REXNET_SAMPLE_BITS + c->y.bits;

  rexnet_normal_init (&path->normal, input);
  if (path->exact)
    return;
  rexnet_yuv_init (&path->yuv, image->matrix, image->full_range, y_bits,
      c_bits);
}

void
rexnet_path_plan (RexnetPath * path, const RexnetInput * input,
    const RexnetImage * image)
{
  path->layout = rexnet_layout_get (image->format);
  path->width = input->width;
  path->height = input->height;
  make_filters (path, input, image);
  make_colors (path, input, image);
}

void
rexnet_path_clear (RexnetPath * path)
{
  for (guint c = 0; c < G_N_ELEMENTS (path->channel); c++) {
    rexnet_filter_clear (&path->channel[c].x);
    rexnet_filter_clear (&path->channel[c].y);
  }
}

static gsize
padded (gsize n)
{
  return (n + REXNET_PAD - 1) / REXNET_PAD * REXNET_PAD;
}

/* Spreads the fetching of a strip over the work on the one before it, of all
 * channels of the plane. */
static void
measure_fetch (RexnetPath * path, RexnetRows * ch)
{
  guint shares = 0, lines;

  for (guint c = 0; c < path->layout->n_channels; c++)
    if (path->channel[c].place.plane == ch->place.plane)
      shares += path->width / REXNET_SHARE_OUTPUTS
          + path->channel[c].x.n_in / REXNET_SHARE_SAMPLES;
  ch->fetch.bytes = (gsize) ch->x.n_in * ch->place.step;
  lines = REXNET_STRIP * (guint) (ch->fetch.bytes / REXNET_CACHE_LINE + 1);
  ch->fetch.lines = (lines + shares - 1) / shares;
}

/* Sizes of rings and rows. */
static void
measure (RexnetPath * path)
{
  path->most_taps = 0;
  path->work_width = 0;
  for (guint c = 0; c < path->layout->n_channels; c++) {
    RexnetRows *ch = &path->channel[c];

    measure_fetch (path, ch);
    path->most_taps = MAX (path->most_taps, ch->y.taps);
    ch->ring_rows = path->vertical_first ? REXNET_STRIP
        : (ch->y.taps + 2 * REXNET_STRIP - 2) / REXNET_STRIP * REXNET_STRIP;
    path->work_width = MAX (path->work_width,
        padded ((gsize) ch->x.n_in + ch->x.taps));
  }
  path->ring_stride = padded (path->width) * (path->exact ? 1
      : sizeof (gint16));
  /* An odd number of cache lines, lest rows compete for the same sets. */
  path->mixed_stride = path->vertical_first ? padded ((gsize)
      path->channel[0].x.n_in * path->channel[0].place.step) | REXNET_PAD : 0;
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
lay_out (RexnetPath * path, guint8 * arena)
{
  gsize used = 0, row = padded (path->width);

  path->work = carve (arena, &used, REXNET_STRIP * path->work_width);
  path->mixed = carve (arena, &used, REXNET_STRIP * path->mixed_stride);
  path->neutral = carve (arena, &used, row * sizeof (gint32));
  path->rows = carve (arena, &used, path->most_taps * sizeof (void *));
  for (guint c = 0; c < path->layout->n_channels; c++) {
    RexnetRows *ch = &path->channel[c];

    ch->ring = carve (arena, &used, ch->ring_rows * path->ring_stride);
    ch->exact = carve (arena, &used, row);
    ch->sum = carve (arena, &used, row * sizeof (gint32));
  }
  return used;
}

/* @arena: zeros */
static void
make_worker (const RexnetPreprocessor * self, RexnetPath * path,
    guint8 * arena)
{
  *path = self->path;
  lay_out (path, arena);
  if (!path->exact)
    for (guint x = 0; x < path->width; x++)
      path->neutral[x] = 128 << (REXNET_SAMPLE_BITS + path->channel[0].y.bits);
}

static gboolean
prepare (RexnetPreprocessor * self, const RexnetImage * image, GError ** error)
{
  gsize each, bytes;

  forget_image (self);
  rexnet_path_plan (&self->path, &self->input, image);
  measure (&self->path);
  each = lay_out (&self->path, NULL);
  bytes = each * self->n_workers;
  if (posix_memalign (&self->arena, REXNET_PAD, bytes) != 0) {
    self->arena = NULL;
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " bytes to preprocess an image of "
        "%u x %u", bytes, image->width, image->height);
    return FALSE;
  }
  memset (self->arena, 0, bytes);
  for (guint i = 0; i < self->n_workers; i++)
    make_worker (self, &self->workers[i], (guint8 *) self->arena + i * each);
  self->kind = *image;
  self->prepared = TRUE;
  return TRUE;
}

gboolean
rexnet_preprocessor_prepare (RexnetPreprocessor * self,
    const RexnetImage * image, GError ** error)
{
  if (!rexnet_image_check (image, error))
    return FALSE;
  if (self->prepared && rexnet_image_same_kind (&self->kind, image))
    return TRUE;
  return rexnet_input_check (&self->input, error)
      && prepare (self, image, error);
}

void
rexnet_preprocessor_run_rows (RexnetPreprocessor * self, guint worker,
    const RexnetImage * image, guint from, guint end, float *output)
{
  rexnet_path_run (&self->workers[worker], image, from, end, output);
}

gboolean
rexnet_preprocessor_run (RexnetPreprocessor * self, const RexnetImage * image,
    float *output, GError ** error)
{
  if (!rexnet_preprocessor_prepare (self, image, error))
    return FALSE;
  rexnet_preprocessor_run_rows (self, 0, image, 0, self->path.height, output);
  return TRUE;
}

gboolean
rexnet_preprocess (const RexnetImage * image, const RexnetInput * input,
    float *output, GError ** error)
{
  RexnetPreprocessor *self =
      rexnet_preprocessor_new (input, REXNET_ISA_AUTO, 1);
  gboolean ok = rexnet_preprocessor_run (self, image, output, error);

  rexnet_preprocessor_free (self);
  return ok;
}
