/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "backend.h"
#include "model/model.h"
#include "stages.h"

struct _RexnetEngine
{
  RexnetModel *model;
  RexnetEngineOptions options;
  RexnetEngineInfo first, after;        /* on the device, and once it was left */
  const RexnetEngineInfo *info; /* atomic: the one that holds */
  GRWLock session_lock;         /* for writing: of leaving a device */
  RexnetSession *session;
  char *fallback;               /* why the first device was left */

  GMutex lock;                  /* of a session that is not concurrent */
  RexnetStages *stages;
};

#define MAX_THREADS 256
#define MAX_BATCH 1024
#define MIN_PIXELS 32
#define MAX_PIXELS 4096

/* The order in which device names are offered to them. */
static const RexnetBackend *const backends[] = {
  &rexnet_backend_cpu,
#ifdef HAVE_OPENCL
  &rexnet_backend_opencl,
#endif
};

const char *
rexnet_version (void)
{
  return REXNET_VERSION;
}

static const RexnetBackend *
find_backend (const RexnetEngineOptions * options, GError ** error)
{
  const char *device = options->device;

  if (strcmp (device, "cpu") == 0
      && options->precision == REXNET_PRECISION_F16) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_UNSUPPORTED,
        "the CPU backend computes in float32: precision f16 needs device "
        "opencl or auto");
    return NULL;
  }
  for (guint i = 0; i < G_N_ELEMENTS (backends); i++)
    if (backends[i]->handles (device))
      return backends[i];
  if (strcmp (device, "auto") == 0)
    return &rexnet_backend_cpu;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
      "no device '%s': use auto, cpu, opencl, opencl:INDEX or part of an "
      "OpenCL device's name", device);
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

/* @info: filled in, and what rexnet_engine_get_info() returns from then on */
static gboolean
open_session (RexnetEngine * self, const RexnetBackend * backend,
    RexnetEngineInfo * info, GError ** error)
{
  self->session = backend->open (rexnet_model_get_network (self->model),
      &self->first.input, &self->options, error);
  if (!self->session)
    return FALSE;
  /* the session has packed the weights */
  rexnet_model_release_pages (self->model);
  backend->get_info (self->session, info);
  info->on_cpu = backend == &rexnet_backend_cpu;
  /* It may be read while the device is left. */
  info->device = g_intern_string (info->device);
  g_atomic_pointer_set (&self->info, info);
  return TRUE;
}

/* Whether the CPU can do better than the device that reported @failure. */
static gboolean
may_fall_back (RexnetEngine * self, const RexnetBackend * backend,
    const GError * failure)
{
  return backend != &rexnet_backend_cpu && !self->options.no_fallback
      && (g_error_matches (failure, REXNET_ERROR, REXNET_ERROR_DEVICE)
      || g_error_matches (failure, REXNET_ERROR, REXNET_ERROR_MEMORY));
}

static void
set_no_device (RexnetEngine * self, GError ** error)
{
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
      "the engine has no device left: %s", self->fallback);
}

/* Leaves the device for the CPU, for good. @failure: why; taken. */
static gboolean
fall_back (RexnetEngine * self, GError * failure, GError ** error)
{
  if (self->session)
    self->session->backend->close (self->session);
  self->session = NULL;
  self->fallback = g_strdup (failure->message);
  g_error_free (failure);
  self->options.device = "cpu";
  self->options.precision = REXNET_PRECISION_F32;
  self->after = self->first;
  self->after.fallback = self->fallback;
  return open_session (self, &rexnet_backend_cpu, &self->after, error);
}

RexnetEngine *
rexnet_engine_new (RexnetModel * model, const RexnetEngineOptions * options,
    GError ** error)
{
  const RexnetModelInfo *model_info = rexnet_model_get_info (model);
  RexnetEngineOptions complete = options ? *options : (RexnetEngineOptions) { 0 };
  const RexnetBackend *backend;
  GError *failure = NULL;

  if (!complete_options (&complete, &model_info->input, error)
      || !(backend = find_backend (&complete, error)))
    return NULL;

  RexnetEngine *self = g_new0 (RexnetEngine, 1);
  g_mutex_init (&self->lock);
  g_rw_lock_init (&self->session_lock);
  self->model = rexnet_model_ref (model);
  self->options = complete;
  self->first.batch = complete.batch;
  self->first.input = model_info->input;
  self->first.input.width = complete.width;
  self->first.input.height = complete.height;
  self->stages = rexnet_stages_new (&self->first.input, &self->options);
  if (!open_session (self, backend, &self->first, &failure)) {
    if (!may_fall_back (self, backend, failure))
      g_propagate_error (error, failure);
    else
      fall_back (self, failure, error);
  }
  if (!self->session) {
    rexnet_engine_free (self);
    return NULL;
  }
  /* The caller's strings need not outlive this call. */
  self->options.device = self->info->device;
  self->options.cache_dir = NULL;
  return self;
}

void
rexnet_engine_free (RexnetEngine * self)
{
  if (!self)
    return;
  if (self->session)
    self->session->backend->close (self->session);
  rexnet_stages_free (self->stages);
  g_free (self->fallback);
  rexnet_model_unref (self->model);
  g_mutex_clear (&self->lock);
  g_rw_lock_clear (&self->session_lock);
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
  return g_atomic_pointer_get (&self->info);
}

/* What rexnet_engine_run() and _classify() do with the session. */
typedef gboolean (*SessionFunc) (RexnetEngine * self, gconstpointer input,
    guint batch, RexnetAnswer * answer, GError ** error);

/* @session: what failed, or would have been called. */
static gboolean
call_once (RexnetEngine * self, SessionFunc func, gconstpointer input,
    guint batch, RexnetAnswer * answer, RexnetSession ** session,
    GError ** error)
{
  gboolean ok = FALSE, alone;

  g_rw_lock_reader_lock (&self->session_lock);
  *session = self->session;
  answer->info = self->info;
  alone = *session && !(*session)->backend->concurrent;
  if (alone)
    g_mutex_lock (&self->lock);
  if (*session)
    ok = func (self, input, batch, answer, error);
  else
    set_no_device (self, error);
  if (alone)
    g_mutex_unlock (&self->lock);
  g_rw_lock_reader_unlock (&self->session_lock);
  return ok;
}

/* Calls @func, and once more on the CPU when the device failed. */
static gboolean
call (RexnetEngine * self, SessionFunc func, gconstpointer input, guint batch,
    RexnetAnswer * answer, GError ** error)
{
  GError *failure = NULL;
  RexnetSession *session;
  gboolean again = FALSE;

  if (call_once (self, func, input, batch, answer, &session, &failure))
    return TRUE;
  g_rw_lock_writer_lock (&self->session_lock);
  if (session && self->session != session) {
    /* Another thread saw the failure first. */
    g_clear_error (&failure);
    again = TRUE;
  } else if (session && may_fall_back (self, session->backend, failure))
    again = fall_back (self, g_steal_pointer (&failure), &failure);
  g_rw_lock_writer_unlock (&self->session_lock);
  if (again)
    return call_once (self, func, input, batch, answer, &session, error);
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
run (RexnetEngine * self, gconstpointer input, guint batch,
    RexnetAnswer * answer, GError ** error)
{
  const RexnetOutput output = { answer->scores, answer->features };

  return self->session->backend->run (self->session, input, batch, &output,
      error);
}

gboolean
rexnet_engine_run (RexnetEngine * self, const float *input, guint batch,
    float *logits, GError ** error)
{
  return rexnet_engine_run_features (self, input, batch, logits, NULL, error);
}

gboolean
rexnet_engine_run_features (RexnetEngine * self, const float *input,
    guint batch, float *logits, float *features, GError ** error)
{
  RexnetAnswer answer = {.scores = logits,.features = features };

  return in_range ("batch", batch, 1, self->options.batch, error)
      && call (self, run, input, batch, &answer, error);
}

static gboolean
classify_on_cpu (RexnetEngine * self, const RexnetImage * images, guint batch,
    RexnetAnswer * answer, GError ** error)
{
  const RexnetOutput output = { answer->scores, answer->features };
  guint classes = rexnet_model_get_info (self->model)->classes;

  if (!rexnet_stages_run (self->stages, self->session, images, batch, &output,
          &answer->preprocess_us, error))
    return FALSE;
  for (guint i = 0; i < batch; i++)
    rexnet_softmax (output.scores + i * classes, output.scores + i * classes,
        classes);
  return TRUE;
}

static gboolean
classify (RexnetEngine * self, gconstpointer images, guint batch,
    RexnetAnswer * answer, GError ** error)
{
  const RexnetBackend *backend = self->session->backend;
  const RexnetOutput output = { answer->scores, answer->features };

  answer->preprocess_us = 0;
  if (backend->classify)
    return backend->classify (self->session, images, batch, &output, error);
  return classify_on_cpu (self, images, batch, answer, error);
}

gboolean
rexnet_engine_classify (RexnetEngine * self, const RexnetImage * images,
    guint batch, float *scores, GError ** error)
{
  return rexnet_engine_classify_features (self, images, batch, scores, NULL,
      error);
}

gboolean
rexnet_engine_classify_features (RexnetEngine * self,
    const RexnetImage * images, guint batch, float *scores, float *features,
    GError ** error)
{
  RexnetAnswer answer = {.scores = scores,.features = features };

  return rexnet_engine_classify_full (self, images, batch, &answer, error);
}

gboolean
rexnet_engine_classify_full (RexnetEngine * self, const RexnetImage * images,
    guint batch, RexnetAnswer * answer, GError ** error)
{
  return in_range ("batch", batch, 1, self->options.batch, error)
      && call (self, classify, images, batch, answer, error);
}

static GArray *
get_profile (RexnetEngine * self, guint runs, GError ** error)
{
  GArray *profile = NULL;

  g_rw_lock_writer_lock (&self->session_lock);
  if (self->session)
    profile = self->session->backend->profile (self->session, runs, error);
  else if (runs == 0)
    profile = g_array_new (FALSE, TRUE, sizeof (RexnetPhase));
  else
    set_no_device (self, error);
  g_rw_lock_writer_unlock (&self->session_lock);
  return profile;
}

GArray *
rexnet_engine_get_plan (RexnetEngine * self)
{
  return get_profile (self, 0, NULL);
}

GArray *
rexnet_engine_profile (RexnetEngine * self, guint runs, GError ** error)
{
  if (!in_range ("runs", runs, 1, 1000000, error))
    return NULL;
  return get_profile (self, runs, error);
}
