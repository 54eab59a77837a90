/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "backend.h"
#include "image/preprocess.h"
#include "model/model.h"

struct _RexnetEngine
{
  RexnetModel *model;
  RexnetEngineOptions options;
  RexnetEngineInfo info;
  RexnetSession *session;

  GMutex lock;                  /* of what follows, and of a session that is not concurrent */
  RexnetPreprocessor *preprocessor;
  float *input;                 /* options.batch images */
};

#define MAX_THREADS 256
#define MAX_BATCH 1024
#define MIN_PIXELS 32
#define MAX_PIXELS 4096

/* The order in which device names are offered to them. */
static const RexnetBackend *const backends[] = {
  &rexnet_backend_cpu,
};

const char *
rexnet_version (void)
{
  return REXNET_VERSION;
}

static const RexnetBackend *
find_backend (const char *device, GError ** error)
{
  if (strcmp (device, "auto") == 0)
    return &rexnet_backend_cpu;
  for (guint i = 0; i < G_N_ELEMENTS (backends); i++)
    if (backends[i]->handles (device))
      return backends[i];
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
      "no device '%s': use auto or cpu", device);
  return NULL;
}

static gboolean
in_range (const char *what, guint value, guint low, guint high, GError ** error)
{
  if (value >= low && value <= high)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "%s is %u, but must be between %u and %u", what, value, low, high);
  return FALSE;
}

/* Puts the defaults in and checks the rest. */
static gboolean
complete_options (RexnetEngineOptions * o, const RexnetInput * input,
    GError ** error)
{
  if (o->device == NULL)
    o->device = "auto";
  if (o->threads == 0)
    o->threads = MIN (g_get_num_processors (), MAX_THREADS);
  if (o->batch == 0)
    o->batch = 1;
  if (o->width == 0)
    o->width = input->width;
  if (o->height == 0)
    o->height = input->height;
  if (o->isa == REXNET_ISA_AUTO || o->isa > rexnet_isa_best ())
    o->isa = rexnet_isa_best ();
  return in_range ("threads", o->threads, 1, MAX_THREADS, error)
      && in_range ("batch", o->batch, 1, MAX_BATCH, error)
      && in_range ("the input's width", o->width, MIN_PIXELS, MAX_PIXELS, error)
      && in_range ("the input's height", o->height, MIN_PIXELS, MAX_PIXELS,
      error);
}

RexnetEngine *
rexnet_engine_new (RexnetModel * model, const RexnetEngineOptions * options,
    GError ** error)
{
  const RexnetModelInfo *model_info = rexnet_model_get_info (model);
  RexnetEngineOptions complete = options ? *options : (RexnetEngineOptions) { 0 };
  const RexnetBackend *backend;

  if (!complete_options (&complete, &model_info->input, error)
      || !(backend = find_backend (complete.device, error)))
    return NULL;

  RexnetEngine *self = g_new0 (RexnetEngine, 1);
  g_mutex_init (&self->lock);
  self->model = rexnet_model_ref (model);
  self->options = complete;
  self->info.batch = complete.batch;
  self->info.input = model_info->input;
  self->info.input.width = complete.width;
  self->info.input.height = complete.height;
  self->session = backend->open (rexnet_model_get_network (model),
      &self->info.input, &self->options, error);
  if (!self->session) {
    rexnet_engine_free (self);
    return NULL;
  }
  backend->get_info (self->session, &self->info);
  self->options.device = self->info.device;
  return self;
}

void
rexnet_engine_free (RexnetEngine * self)
{
  if (!self)
    return;
  if (self->session)
    self->session->backend->close (self->session);
  rexnet_preprocessor_free (self->preprocessor);
  g_free (self->input);
  rexnet_model_unref (self->model);
  g_mutex_clear (&self->lock);
  g_free (self);
}

RexnetModel *
rexnet_engine_get_model (RexnetEngine * self)
{
  return self->model;
}

const RexnetEngineInfo *
rexnet_engine_get_info (RexnetEngine * self)
{
  return &self->info;
}

gboolean
rexnet_engine_run (RexnetEngine * self, const float *input, guint batch,
    float *logits, GError ** error)
{
  const RexnetBackend *backend = self->session->backend;
  gboolean ok;

  if (!in_range ("batch", batch, 1, self->options.batch, error))
    return FALSE;
  if (backend->concurrent)
    return backend->run (self->session, input, batch, logits, error);

  g_mutex_lock (&self->lock);
  ok = backend->run (self->session, input, batch, logits, error);
  g_mutex_unlock (&self->lock);
  return ok;
}

/* With the lock held. */
static gboolean
classify_on_cpu (RexnetEngine * self, const RexnetImage * images, guint batch,
    float *scores, GError ** error)
{
  const RexnetInput *in = &self->info.input;
  gsize pixels = (gsize) 3 * in->width * in->height;
  guint classes = rexnet_model_get_info (self->model)->classes;

  if (!self->input) {
    self->preprocessor = rexnet_preprocessor_new (in, self->options.isa);
    self->input = g_new (float, pixels * self->options.batch);
  }
  for (guint i = 0; i < batch; i++)
    if (!rexnet_preprocessor_run (self->preprocessor, &images[i],
            self->input + i * pixels, error))
      return FALSE;
  if (!self->session->backend->run (self->session, self->input, batch, scores,
          error))
    return FALSE;
  for (guint i = 0; i < batch; i++)
    rexnet_softmax (scores + i * classes, scores + i * classes, classes);
  return TRUE;
}

gboolean
rexnet_engine_classify (RexnetEngine * self, const RexnetImage * images,
    guint batch, float *scores, GError ** error)
{
  const RexnetBackend *backend = self->session->backend;
  gboolean ok;

  if (!in_range ("batch", batch, 1, self->options.batch, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  if (backend->classify)
    ok = backend->classify (self->session, images, batch, scores, error);
  else
    ok = classify_on_cpu (self, images, batch, scores, error);
  g_mutex_unlock (&self->lock);
  return ok;
}

GArray *
rexnet_engine_get_plan (RexnetEngine * self)
{
  GArray *plan;

  g_mutex_lock (&self->lock);
  plan = self->session->backend->profile (self->session, 0, NULL);
  g_mutex_unlock (&self->lock);
  return plan;
}

GArray *
rexnet_engine_profile (RexnetEngine * self, guint runs, GError ** error)
{
  GArray *profile;

  if (!in_range ("runs", runs, 1, 1000000, error))
    return NULL;
  g_mutex_lock (&self->lock);
  profile = self->session->backend->profile (self->session, runs, error);
  g_mutex_unlock (&self->lock);
  return profile;
}
