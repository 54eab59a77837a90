/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each thread decodes pictures and classifies them, for itself. */
#include "evaluate.h"
#include "progress.h"
#include "tool.h"

typedef struct
{
  RexnetEngine *engine;
  Dataset *dataset;
  Outcome *outcomes;
  guint total, batch, classes;
  Journal *journal;

  GMutex lock;                  /* of what follows, and of the journal */
  guint next;                   /* picture to take */
  guint done;                   /* in this run */
  Progress progress;
  GError *error;                /* the first, which ends all threads */
} Evaluation;

/* Pictures that a thread has in hand. */
typedef struct
{
  guint index;                  /* in the data set */
  GdkPixbuf *pixbuf;
  Outcome outcome;
  GError *failure;
} Slot;

/* Where a thread works; room for a batch. */
typedef struct
{
  Slot *slots;
  RexnetImage *images;
  float *scores;
} Desk;

/* Takes up to a batch of pending pictures; none when all is done or lost. */
static guint
take (Evaluation * self, Desk * desk)
{
  guint n = 0;

  g_mutex_lock (&self->lock);
  for (; !self->error && n < self->batch && self->next < self->total;
      self->next++)
    if (self->outcomes[self->next].state == OUTCOME_PENDING)
      desk->slots[n++] = (Slot) { .index = self->next };
  g_mutex_unlock (&self->lock);
  return n;
}

static void
rank (Evaluation * self, Slot * slot, const float *scores)
{
  RexnetScore best[OUTCOME_TOP];

  slot->outcome.state = OUTCOME_CLASSIFIED;
  slot->outcome.n = rexnet_top_k (scores, self->classes, OUTCOME_TOP, 0, best);
  for (guint i = 0; i < slot->outcome.n; i++)
    slot->outcome.best[i] = best[i].index;
}

static gboolean
classify (Evaluation * self, Desk * desk, guint n, GError ** error)
{
  guint used = 0;

  for (guint i = 0; i < n; i++) {
    Slot *slot = &desk->slots[i];

    slot->outcome.state = OUTCOME_UNREADABLE;
    if (dataset_load (self->dataset, slot->index, &desk->images[used],
            &slot->pixbuf, &slot->failure))
      used++;
  }
  if (used > 0 && !rexnet_engine_classify (self->engine, desk->images, used,
          desk->scores, error))
    return FALSE;
  used = 0;
  for (guint i = 0; i < n; i++)
    if (!desk->slots[i].failure)
      rank (self, &desk->slots[i],
          desk->scores + (gsize) self->classes * used++);
  return TRUE;
}

static void
report (Evaluation * self, const Slot * slot)
{
  g_autofree char *name = dataset_get_name (self->dataset, slot->index);

  progress_clear (&self->progress);
  tool_error (name, "%s", slot->failure->message);
}

/* Hands over what came of @n pictures, but nothing after a failure: the journal
 * may end in half a line then. */
static void
deliver (Evaluation * self, Desk * desk, guint n, GError * error)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < n && !error && !self->error; i++) {
    const Slot *slot = &desk->slots[i];

    self->outcomes[slot->index] = slot->outcome;
    if (slot->failure)
      report (self, slot);
    if (self->journal)
      journal_add (self->journal, slot->index, &slot->outcome,
          slot->failure ? slot->failure->message : NULL, &error);
    self->done++;
  }
  progress_update (&self->progress, self->done);
  if (error && !self->error)
    self->error = error;
  else
    g_clear_error (&error);
  g_mutex_unlock (&self->lock);
}

static gpointer
work (gpointer data)
{
  Evaluation *self = data;
  g_autofree Slot *slots = g_new (Slot, self->batch);
  g_autofree RexnetImage *images = g_new (RexnetImage, self->batch);
  g_autofree float *scores =
      g_new (float, (gsize) self->batch * self->classes);
  Desk desk = { slots, images, scores };
  guint n;

  while ((n = take (self, &desk)) > 0) {
    GError *error = NULL;

    classify (self, &desk, n, &error);
    deliver (self, &desk, n, error);
    for (guint i = 0; i < n; i++) {
      g_clear_object (&slots[i].pixbuf);
      g_clear_error (&slots[i].failure);
    }
  }
  return NULL;
}

/* The CPU backend runs a call on the thread that makes it, as many at once as
 * it has threads; for another device threads only decode. */
static guint
count_threads (RexnetEngine * engine)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);

  return info->isa[0] ? info->threads
      : tool_options.threads ? tool_options.threads : g_get_num_processors ();
}

static guint
count_pending (const Outcome * outcomes, guint total)
{
  guint n = 0;

  for (guint i = 0; i < total; i++)
    n += outcomes[i].state == OUTCOME_PENDING;
  return n;
}

static void
join (gpointer thread, gpointer data)
{
  g_thread_join (thread);
}

gboolean
evaluate (RexnetEngine * engine, Dataset * dataset, Outcome * outcomes,
    guint total, Journal * journal, double *seconds, GError ** error)
{
  const guint pending = count_pending (outcomes, total);
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  const gint64 start = g_get_monotonic_time ();
  Evaluation self = {
    .engine = engine,.dataset = dataset,.outcomes = outcomes,.total = total,
    .batch = rexnet_engine_get_info (engine)->batch,
    .classes = rexnet_model_get_info (rexnet_engine_get_model
        (engine))->classes,
    .journal = journal,
  };

  g_mutex_init (&self.lock);
  progress_start (&self.progress, pending);
  for (guint i = MIN (count_threads (engine), pending); i > 0; i--) {
    GThread *thread = g_thread_try_new ("evaluate", work, &self, NULL);

    if (thread)
      g_ptr_array_add (threads, thread);
  }
  if (threads->len == 0)
    work (&self);
  g_ptr_array_foreach (threads, join, NULL);
  progress_clear (&self.progress);
  if (journal && !self.error)
    journal_sync (journal, &self.error);
  g_mutex_clear (&self.lock);
  *seconds = (g_get_monotonic_time () - start) / 1e6;
  if (!self.error)
    return TRUE;
  g_propagate_error (error, self.error);
  return FALSE;
}
