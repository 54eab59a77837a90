/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "backend.h"
#include "cpuinfo.h"

typedef struct
{
  const RexnetConv *conv;
  float *weight, *bias;
} Layer;

typedef struct
{
  Layer expand, depthwise, se_reduce, se_expand, project;
} Block;

typedef struct
{
  RexnetSession parent;
  const RexnetNetwork *net;
  guint width, height, batch;
  Layer stem, head, classifier[REXNET_MAX_CLASSIFIERS];
  Block *blocks;
  gsize largest;                /* floats of the largest map */
  float *map[4];
  gsize weights;
} Session;

static void
layer_open (Session * self, Layer * layer, const RexnetConv * conv)
{
  gsize n;

  layer->conv = conv;
  if (!rexnet_conv_present (conv))
    return;
  n = (gsize) conv->out * (conv->depthwise ? 1 : conv->in) * conv->kernel
      * conv->kernel;
  layer->weight = g_new (float, n);
  layer->bias = g_new (float, conv->out);
  rexnet_conv_fold (conv, layer->weight, layer->bias);
  self->weights += (n + conv->out) * sizeof (float);
}

static void
layer_close (Layer * layer)
{
  g_free (layer->weight);
  g_free (layer->bias);
}

static float
activate (RexnetActivation activation, float x)
{
  switch (activation) {
    case REXNET_ACTIVATION_RELU:
      return fmaxf (x, 0.f);
    case REXNET_ACTIVATION_RELU6:
      return fminf (fmaxf (x, 0.f), 6.f);
    case REXNET_ACTIVATION_SILU:
      return x / (1.f + expf (-x));
    case REXNET_ACTIVATION_SIGMOID:
      return 1.f / (1.f + expf (-x));
    default:
      return x;
  }
}

/* Adds @w times the @k-th tap's view of @src to @dst. */
static void
add_tap (float w, const float *src, guint h, guint wd, float *dst, guint oh,
    guint ow, guint stride, int ky, int kx)
{
  for (guint y = 0; y < oh; y++) {
    int sy = (int) (y * stride) + ky;

    if (sy < 0 || sy >= (int) h)
      continue;
    for (guint x = 0; x < ow; x++) {
      int sx = (int) (x * stride) + kx;

      if (sx >= 0 && sx < (int) wd)
        dst[y * ow + x] += w * src[sy * wd + sx];
    }
  }
}

static void
convolve (const Layer * layer, RexnetActivation activation, const float *src,
    guint h, guint w, float *dst)
{
  const RexnetConv *conv = layer->conv;
  guint oh = rexnet_conv_out_size (conv, h), ow = rexnet_conv_out_size (conv, w);
  guint in = conv->depthwise ? 1 : conv->in, k = conv->kernel;
  const float *weight = layer->weight;

  for (guint o = 0; o < conv->out; o++, dst += oh * ow) {
    for (guint i = 0; i < oh * ow; i++)
      dst[i] = layer->bias[o];
    for (guint c = 0; c < in; c++)
      for (guint t = 0; t < k * k; t++)
        add_tap (*weight++, src + (conv->depthwise ? o : c) * h * w, h, w, dst,
            oh, ow, conv->stride, (int) (t / k) - (int) (k / 2),
            (int) (t % k) - (int) (k / 2));
    for (guint i = 0; i < oh * ow; i++)
      dst[i] = activate (activation, dst[i]);
  }
}

static void
mean (const float *src, guint channels, guint pixels, float *dst)
{
  for (guint c = 0; c < channels; c++, src += pixels) {
    double sum = 0.;

    for (guint i = 0; i < pixels; i++)
      sum += src[i];
    dst[c] = sum / pixels;
  }
}

/* Gates @map in place; @a and @b are scratch. */
static void
squeeze_excite (const Block * block, float *map, guint pixels, float *a,
    float *b)
{
  guint channels = block->depthwise.conv->out;

  mean (map, channels, pixels, a);
  convolve (&block->se_reduce, block->se_reduce.conv->activation, a, 1, 1, b);
  convolve (&block->se_expand, block->se_expand.conv->activation, b, 1, 1, a);
  for (guint c = 0; c < channels; c++)
    for (guint i = 0; i < pixels; i++)
      map[c * pixels + i] *= a[c];
}

static void
block_run (Session * self, const RexnetBlock * net, const Block * block,
    guint * h, guint * w)
{
  float *in = self->map[0], *a = self->map[1], *b = self->map[2];
  const float *src = in;
  gboolean se = rexnet_conv_present (&net->se_reduce);
  RexnetActivation act = net->depthwise.activation;
  guint pixels, channels = net->depthwise.out;

  if (rexnet_conv_present (&net->expand)) {
    convolve (&block->expand, net->expand.activation, in, *h, *w, a);
    src = a;
  }
  convolve (&block->depthwise, se && net->se_first ? REXNET_ACTIVATION_NONE
      : act, src, *h, *w, b);
  *h = rexnet_conv_out_size (&net->depthwise, *h);
  *w = rexnet_conv_out_size (&net->depthwise, *w);
  pixels = *h * *w;
  if (se)
    squeeze_excite (block, b, pixels, a, self->map[3]);
  if (se && net->se_first)
    for (gsize i = 0; i < (gsize) channels * pixels; i++)
      b[i] = activate (act, b[i]);
  convolve (&block->project, net->project.activation, b, *h, *w, a);
  for (gsize i = 0; i < (gsize) net->residual * pixels; i++)
    a[i] += in[i];
  self->map[0] = a;
  self->map[1] = in;
}

static void
run_image (Session * self, const float *input, float *logits)
{
  const RexnetNetwork *net = self->net;
  guint h = rexnet_conv_out_size (&net->stem, self->height);
  guint w = rexnet_conv_out_size (&net->stem, self->width);

  convolve (&self->stem, net->stem.activation, input, self->height, self->width,
      self->map[0]);
  for (guint i = 0; i < net->n_blocks; i++)
    block_run (self, &net->blocks[i], &self->blocks[i], &h, &w);
  convolve (&self->head, net->head.activation, self->map[0], h, w, self->map[1]);
  mean (self->map[1], net->head.out, h * w, self->map[0]);
  for (guint i = 0; i < net->n_classifiers; i++) {
    gboolean last = i + 1 == net->n_classifiers;

    convolve (&self->classifier[i], net->classifier[i].activation,
        self->map[0], 1, 1, last ? logits : self->map[1]);
    memcpy (self->map[0], self->map[1], net->classifier[i].out * sizeof (float));
  }
}

static gboolean
cpu_run (RexnetSession * session, const float *input, guint batch,
    float *logits, GError ** error)
{
  Session *self = (Session *) session;

  for (guint i = 0; i < batch; i++)
    run_image (self, input + (gsize) i * 3 * self->width * self->height,
        logits + (gsize) i * rexnet_network_classes (self->net));
  return TRUE;
}

static void
cpu_close (RexnetSession * session)
{
  Session *self = (Session *) session;

  for (guint i = 0; i < self->net->n_blocks; i++) {
    layer_close (&self->blocks[i].expand);
    layer_close (&self->blocks[i].depthwise);
    layer_close (&self->blocks[i].se_reduce);
    layer_close (&self->blocks[i].se_expand);
    layer_close (&self->blocks[i].project);
  }
  layer_close (&self->stem);
  layer_close (&self->head);
  for (guint i = 0; i < self->net->n_classifiers; i++)
    layer_close (&self->classifier[i]);
  for (guint i = 0; i < G_N_ELEMENTS (self->map); i++)
    g_free (self->map[i]);
  g_free (self->blocks);
  g_free (self);
}

/* The most floats any map between two layers takes. */
static gsize
largest_map (const RexnetNetwork * net, guint h, guint w)
{
  gsize most;

  h = rexnet_conv_out_size (&net->stem, h);
  w = rexnet_conv_out_size (&net->stem, w);
  most = (gsize) net->stem.out * h * w;
  for (guint i = 0; i < net->n_blocks; i++) {
    const RexnetBlock *block = &net->blocks[i];

    most = MAX (most, (gsize) block->depthwise.in * h * w);
    h = rexnet_conv_out_size (&block->depthwise, h);
    w = rexnet_conv_out_size (&block->depthwise, w);
    most = MAX (most, (gsize) block->project.out * h * w);
  }
  most = MAX (most, (gsize) net->head.out * h * w);
  for (guint i = 0; i < net->n_classifiers; i++)
    most = MAX (most, net->classifier[i].out);
  return most;
}

static RexnetSession *
cpu_open (const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, GError ** error)
{
  Session *self;

  if (!rexnet_cpu_check_environment (error))
    return NULL;
  self = g_new0 (Session, 1);
  self->parent.backend = &rexnet_backend_cpu;
  self->net = net;
  self->width = input->width;
  self->height = input->height;
  layer_open (self, &self->stem, &net->stem);
  self->blocks = g_new0 (Block, net->n_blocks);
  for (guint i = 0; i < net->n_blocks; i++) {
    layer_open (self, &self->blocks[i].expand, &net->blocks[i].expand);
    layer_open (self, &self->blocks[i].depthwise, &net->blocks[i].depthwise);
    layer_open (self, &self->blocks[i].se_reduce, &net->blocks[i].se_reduce);
    layer_open (self, &self->blocks[i].se_expand, &net->blocks[i].se_expand);
    layer_open (self, &self->blocks[i].project, &net->blocks[i].project);
  }
  layer_open (self, &self->head, &net->head);
  for (guint i = 0; i < net->n_classifiers; i++)
    layer_open (self, &self->classifier[i], &net->classifier[i]);
  self->largest = largest_map (net, self->height, self->width);
  for (guint i = 0; i < G_N_ELEMENTS (self->map); i++)
    self->map[i] = g_new0 (float, self->largest);
  return &self->parent;
}

static gboolean
cpu_handles (const char *device)
{
  return strcmp (device, "cpu") == 0;
}

static void
cpu_get_info (RexnetSession * session, RexnetEngineInfo * info)
{
  Session *self = (Session *) session;

  info->device = "cpu";
  info->isa = "c";
  info->threads = 1;
  info->weight_bytes = self->weights;
  info->scratch_bytes = G_N_ELEMENTS (self->map) * self->largest * sizeof (float);
}

static GArray *
cpu_profile (RexnetSession * session, guint runs, GError ** error)
{
  Session *self = (Session *) session;
  GArray *plan = g_array_new (FALSE, TRUE, sizeof (RexnetPhase));
  RexnetPhase phase = {.name = "network",.detail = "plain C, unfused" };
  g_autofree float *image = NULL, *logits = NULL;
  gint64 start;

  if (runs) {
    image = g_new0 (float, (gsize) 3 * self->width * self->height);
    logits = g_new (float, rexnet_network_classes (self->net));
    start = g_get_monotonic_time ();
    for (guint i = 0; i < runs; i++)
      run_image (self, image, logits);
    phase.ms = (g_get_monotonic_time () - start) / 1e3 / runs;
  }
  g_array_append_val (plan, phase);
  return plan;
}

const RexnetBackend rexnet_backend_cpu = {
  .name = "cpu",
  .handles = cpu_handles,
  .open = cpu_open,
  .close = cpu_close,
  .run = cpu_run,
  .get_info = cpu_get_info,
  .profile = cpu_profile,
};
