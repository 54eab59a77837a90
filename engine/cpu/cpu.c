/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "cpuinfo.h"
#include "float_mode.h"
#include "plan.h"
#include "pool.h"

/*
 * A session has one plan and as many slots, each the memory of one call, as
 * calls may run side by side: one for all threads when they work on the same
 * image, one for each thread when they don't.
 */
typedef struct
{
  RexnetSession parent;
  RexnetPlan *plan;
  RexnetIsa isa;
  guint threads;
  gboolean apart;               /* a thread an image */
  RexnetPool *pool;
  pthread_mutex_t pool_lock;    /* of the pool, where slots are many */

  guint n_slots, n_free;
  float **slots;
  float **free;                 /* a stack of them */
  pthread_mutex_t lock;         /* these, and not GLib's: race detectors know them */
  pthread_cond_t freed;
} Session;

/* ---- slots ------------------------------------------------------------------- */

static float *
take_slot (Session * self)
{
  float *slot;

  pthread_mutex_lock (&self->lock);
  while (self->n_free == 0)
    pthread_cond_wait (&self->freed, &self->lock);
  slot = self->free[--self->n_free];
  pthread_mutex_unlock (&self->lock);
  return slot;
}

static void
give_slot (Session * self, float *slot)
{
  pthread_mutex_lock (&self->lock);
  self->free[self->n_free++] = slot;
  pthread_cond_signal (&self->freed);
  pthread_mutex_unlock (&self->lock);
}

static gboolean
make_slots (Session * self, guint n, GError ** error)
{
  self->slots = g_new0 (float *, n);
  self->free = g_new0 (float *, n);
  for (guint i = 0; i < n; i++) {
    self->slots[i] = rexnet_memory_map (self->plan->layout.size
        * sizeof (float), error);
    if (!self->slots[i])
      return FALSE;
    self->free[self->n_free++] = self->slots[i];
    self->n_slots++;
  }
  return TRUE;
}

/* ---- running ----------------------------------------------------------------- */

/* One call of the network. */
typedef struct
{
  Session *self;
  const float *input;
  guint batch;
  RexnetOutput output;
  RexnetPrepareFunc prepare;    /* what makes the input; NULL: it exists */
  gpointer prepare_data;
  float *slot;
  double *seconds;              /* for each step, or NULL */
} Call;

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static RexnetFrame
make_frame (const Call * call, float *slot, guint first, guint batch)
{
  const RexnetPlan *plan = call->self->plan;

  return (RexnetFrame) {
    .plan = plan,.memory = slot,.batch = batch,
    .input = call->input + (gsize) first * 3 * plan->width * plan->height,
    .logits = call->output.scores
        + (gsize) first * rexnet_network_classes (plan->net)
  };
}

/* @first: the image of the call that is the frame's first */
static void
read_features (const Call * call, const RexnetFrame * frame, guint first)
{
  if (call->output.features)
    rexnet_frame_read_features (frame, call->output.features
        + (gsize) first * rexnet_network_features (frame->plan->net));
}

/* All threads on each image: the steps before the classifiers image by image,
 * those once for the whole call. */
static void
run_together (gpointer data, guint thread)
{
  const Call *call = data;
  const RexnetPlan *plan = call->self->plan;
  RexnetFrame frame = make_frame (call, call->slot, 0, call->batch);
  double start = call->seconds ? now () : 0.;

  for (frame.image = 0; frame.image < call->batch; frame.image++) {
    if (call->prepare) {
      call->prepare (call->prepare_data, frame.image, thread, thread,
          plan->threads);
      rexnet_pool_barrier (call->self->pool);
    }
    for (guint i = 0; i < plan->steps->len; i++) {
      const RexnetStep *step = &g_array_index (plan->steps, RexnetStep, i);

      if (step->once && frame.image + 1 < call->batch)
        break;
      step->run (&frame, step, thread);
      rexnet_pool_barrier (call->self->pool);
      if (call->seconds && thread == 0) {
        double end = now ();

        call->seconds[i] = end - start;
        start = end;
      }
    }
    frame.input += (gsize) 3 *plan->width * plan->height;
  }
}

static void
run_alone (const Call * call, float *slot, guint image, guint thread)
{
  const RexnetPlan *plan = call->self->plan;
  RexnetFrame frame = make_frame (call, slot, image, 1);
  double start = call->seconds ? now () : 0.;

  if (call->prepare)
    call->prepare (call->prepare_data, image, thread, 0, 1);
  for (guint i = 0; i < plan->steps->len; i++) {
    const RexnetStep *step = &g_array_index (plan->steps, RexnetStep, i);

    step->run (&frame, step, 0);
    if (call->seconds) {
      double end = now ();

      call->seconds[i] = end - start;
      start = end;
    }
  }
  read_features (call, &frame, image);
}

/* Each thread on its own images. */
static void
run_apart (gpointer data, guint thread)
{
  const Call *call = data;
  float *slot = take_slot (call->self);
  guint threads = MIN (call->self->threads, call->batch);

  for (guint i = thread; i < call->batch; i += threads)
    run_alone (call, slot, i, thread);
  give_slot (call->self, slot);
}

static void
run_call (Call * call)
{
  Session *self = call->self;
  guint64 mode = rexnet_float_mode_enter ();
  RexnetFrame frame;

  if (!self->apart) {
    call->slot = take_slot (self);
    rexnet_pool_run (self->pool, run_together, call);
    frame = make_frame (call, call->slot, 0, call->batch);
    read_features (call, &frame, 0);
    give_slot (self, call->slot);
  } else if (call->batch > 1 && pthread_mutex_trylock (&self->pool_lock) == 0) {
    rexnet_pool_run (self->pool, run_apart, call);
    pthread_mutex_unlock (&self->pool_lock);
  } else {
    float *slot = take_slot (self);

    for (guint i = 0; i < call->batch; i++)
      run_alone (call, slot, i, 0);
    give_slot (self, slot);
  }
  rexnet_float_mode_leave (mode);
}

static gboolean
cpu_run (RexnetSession * session, const float *input, guint batch,
    const RexnetOutput * output, GError ** error)
{
  Call call = {
    .self = (Session *) session,.input = input,.batch = batch,.output = *output
  };

  run_call (&call);
  return TRUE;
}

static gboolean
cpu_run_prepared (RexnetSession * session, RexnetPrepareFunc prepare,
    gpointer data, const float *input, guint batch,
    const RexnetOutput * output, GError ** error)
{
  Call call = {
    .self = (Session *) session,.input = input,.batch = batch,
    .output = *output,.prepare = prepare,.prepare_data = data
  };

  run_call (&call);
  return TRUE;
}

/* ---- sessions ---------------------------------------------------------------- */

static void
cpu_close (RexnetSession * session)
{
  Session *self = (Session *) session;

  rexnet_pool_free (self->pool);
  for (guint i = 0; i < self->n_slots; i++)
    rexnet_memory_unmap (self->slots[i],
        self->plan->layout.size * sizeof (float));
  rexnet_plan_free (self->plan);
  g_free (self->slots);
  g_free (self->free);
  pthread_mutex_destroy (&self->lock);
  pthread_mutex_destroy (&self->pool_lock);
  pthread_cond_destroy (&self->freed);
  g_free (self);
}

static void
pack (gpointer data, guint thread)
{
  Session *self = data;

  rexnet_plan_pack (self->plan, thread, self->threads);
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
  self->isa = options->isa;
  self->threads = options->threads;
  self->apart = options->scheduling == REXNET_SCHEDULING_THROUGHPUT;
  pthread_mutex_init (&self->lock, NULL);
  pthread_mutex_init (&self->pool_lock, NULL);
  pthread_cond_init (&self->freed, NULL);
  self->plan = rexnet_plan_new (net, self->isa, self->apart ? 1 : self->threads,
      self->apart ? 1 : options->batch, input->width, input->height, error);
  if (!self->plan
      || !make_slots (self, self->apart ? self->threads : 1, error)
      || !(self->pool = rexnet_pool_new (self->threads, error))) {
    cpu_close (&self->parent);
    return NULL;
  }
  rexnet_pool_run (self->pool, pack, self);
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
  info->isa = rexnet_isa_to_string (self->isa);
  info->threads = self->threads;
  info->weight_bytes = self->plan->weight_bytes;
  info->scratch_bytes = self->n_slots * self->plan->layout.size
      * sizeof (float);
}

/* ---- profile ------------------------------------------------------------------ */

static int
compare_seconds (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* seconds: runs rows, a column for each of @n steps. */
static double
median (const double *seconds, guint runs, guint n, guint step)
{
  g_autofree double *sorted = g_new (double, runs);

  for (guint i = 0; i < runs; i++)
    sorted[i] = seconds[(gsize) i * n + step];
  qsort (sorted, runs, sizeof *sorted, compare_seconds);
  return sorted[runs / 2];
}

static void
fill_noise (float *input, gsize n)
{
  guint32 state = 1;

  for (gsize i = 0; i < n; i++) {
    state = state * 1664525u + 1013904223u;
    input[i] = (state >> 8) * (4.f / (1 << 24)) - 2.f;
  }
}

/* One image, on every thread or on one, as the session schedules them. */
static void
time_steps (Session * self, guint runs, double *seconds)
{
  const RexnetPlan *plan = self->plan;
  gsize n = (gsize) 3 *plan->width * plan->height;
  g_autofree float *input = g_new (float, n);
  g_autofree float *logits = g_new (float, rexnet_network_classes (plan->net));
  Call call = {
    .self = self,.input = input,.batch = 1,.output.scores = logits
  };

  fill_noise (input, n);
  run_call (&call);
  for (guint i = 0; i < runs; i++) {
    call.seconds = seconds + (gsize) i * plan->steps->len;
    run_call (&call);
  }
}

static GArray *
cpu_profile (RexnetSession * session, guint runs, GError ** error)
{
  Session *self = (Session *) session;
  guint n = self->plan->steps->len;
  GArray *phases = g_array_new (FALSE, TRUE, sizeof (RexnetPhase));
  g_autofree double *seconds = g_new0 (double, (gsize) runs * n + 1);

  if (runs > 0)
    time_steps (self, runs, seconds);
  for (guint i = 0; i < n; i++) {
    RexnetPhase phase = g_array_index (self->plan->steps, RexnetStep, i).phase;

    if (runs > 0)
      phase.ms = 1e3 * median (seconds, runs, n, i);
    g_array_append_val (phases, phase);
  }
  return phases;
}

const RexnetBackend rexnet_backend_cpu = {
  .name = "cpu",
  .handles = cpu_handles,
  .open = cpu_open,
  .close = cpu_close,
  .run = cpu_run,
  .run_prepared = cpu_run_prepared,
  .get_info = cpu_get_info,
  .profile = cpu_profile,
  .concurrent = TRUE,
};
