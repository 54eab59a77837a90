/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rexnet/rexnet.h>

#include "cpuinfo.h"
#include "float_mode.h"

#define SPINS 20000             /* pauses: 0.2 to 1 ms */
#define SPINS_A_LOOK 64         /* pauses between looks at who else is awake */
#define SPINS_ALONE 2048        /* and from here on others get the core at times:
                                 * one of them may be whom we wait for */
#define LINE 64

/* Written by one thread while others watch: each on a line of its own. */
typedef struct
{
  _Alignas (LINE) atomic_uint value;
} Word;

struct _RexnetPool
{
  Word job;                     /* changes when there is work */
  Word arrived;                 /* at the barrier */
  Word generation;              /* of the barrier */
  atomic_uint sleepers;
  GMutex lock;
  GCond wake;

  RexnetPoolFunc func;
  gpointer data;
  gboolean quit;
  guint threads;
  GThread **workers;            /* threads - 1 */
};

typedef struct
{
  RexnetPool *pool;
  guint thread;
} Start;

/* Threads of this process that run or spin. */
static atomic_uint awake;

static inline void
relax (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__)
  __asm__ volatile ("yield");
#endif
}

static inline guint
read_word (const Word * word)
{
  return atomic_load_explicit (&word->value, memory_order_acquire);
}

static gboolean
spin (const Word * word, guint old)
{
  guint cores = rexnet_cpu_info ()->cores;

  for (guint i = 0; i < SPINS; i += SPINS_A_LOOK) {
    for (guint j = 0; j < SPINS_A_LOOK; j++) {
      if (read_word (word) != old)
        return TRUE;
      relax ();
    }
    if (atomic_load_explicit (&awake, memory_order_relaxed) > cores)
      return FALSE;
    if (i >= SPINS_ALONE)
      sched_yield ();
  }
  return FALSE;
}

/*
 * Waits until @word is no longer @old. A sleeper announces itself before its
 * last look and a waker looks for sleepers after its change, both sequentially
 * consistent, so that one of them sees the other.
 */
static void
wait_for_change (RexnetPool * self, Word * word, guint old)
{
  if (spin (word, old))
    return;
  atomic_fetch_sub (&awake, 1);
  g_mutex_lock (&self->lock);
  atomic_fetch_add (&self->sleepers, 1);
  while (atomic_load (&word->value) == old)
    g_cond_wait (&self->wake, &self->lock);
  atomic_fetch_sub (&self->sleepers, 1);
  g_mutex_unlock (&self->lock);
  atomic_fetch_add (&awake, 1);
}

static void
change (RexnetPool * self, Word * word, guint value)
{
  atomic_store (&word->value, value);
  if (atomic_load (&self->sleepers) == 0)
    return;
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

void
rexnet_pool_barrier (RexnetPool * self)
{
  guint generation;

  if (self->threads == 1)
    return;
  generation = read_word (&self->generation);
  if (atomic_fetch_add (&self->arrived.value, 1) + 1 == self->threads) {
    atomic_store_explicit (&self->arrived.value, 0, memory_order_relaxed);
    change (self, &self->generation, generation + 1);
  } else {
    wait_for_change (self, &self->generation, generation);
  }
}

static gpointer
worker (gpointer data)
{
  Start *start = data;
  RexnetPool *self = start->pool;
  guint thread = start->thread, job = 0;

  g_free (start);
  rexnet_float_mode_enter ();
  atomic_fetch_add (&awake, 1);
  while (TRUE) {
    wait_for_change (self, &self->job, job);
    job = read_word (&self->job);
    if (self->quit)
      break;
    self->func (self->data, thread);
    rexnet_pool_barrier (self);
  }
  atomic_fetch_sub (&awake, 1);
  return NULL;
}

void
rexnet_pool_run (RexnetPool * self, RexnetPoolFunc func, gpointer data)
{
  atomic_fetch_add (&awake, 1);
  self->func = func;
  self->data = data;
  if (self->threads > 1)
    change (self, &self->job, read_word (&self->job) + 1);
  func (data, 0);
  rexnet_pool_barrier (self);
  atomic_fetch_sub (&awake, 1);
}

RexnetPool *
rexnet_pool_new (guint threads, GError ** error)
{
  RexnetPool *self = aligned_alloc (LINE, sizeof *self);
  g_autoptr (GError) reason = NULL;

  g_assert (self != NULL);
  memset (self, 0, sizeof *self);
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->workers = g_new0 (GThread *, threads);
  self->threads = 1;
  for (guint i = 1; i < threads; i++) {
    Start *start = g_new (Start, 1);
    GThread *thread;

    *start = (Start) { self, i };
    thread = g_thread_try_new ("rexnet", worker, start, &reason);
    if (!thread) {
      g_free (start);
      g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
          "cannot start %u threads: %s", threads, reason->message);
      rexnet_pool_free (self);
      return NULL;
    }
    self->workers[self->threads++ - 1] = thread;
  }
  return self;
}

void
rexnet_pool_free (RexnetPool * self)
{
  if (!self)
    return;
  self->quit = TRUE;
  change (self, &self->job, read_word (&self->job) + 1);
  for (guint i = 0; i + 1 < self->threads; i++)
    g_thread_join (self->workers[i]);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_free (self->workers);
  free (self);
}
