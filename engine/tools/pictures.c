/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "interrupt.h"
#include "pictures.h"
#include "progress.h"
#include "tool.h"

/* Portions in hand or waiting for their turn, for each thread: so many may be
 * done while one takes long. */
#define AHEAD 8
/* Decoded, but not yet seen by the network, in each thread. */
#define MAX_BYTES ((gsize) 64 << 20)

/* A picture, until it is delivered. */
typedef struct
{
  gpointer digest;
  GError *failure;
} Slot;

/* Pictures that a thread takes at a time. */
typedef struct
{
  guint first, n;
  gboolean done;
  Slot slots[];
} Portion;

typedef struct
{
  const Pictures *pictures;
  RexnetEngine *engine;
  guint batch, threads;
  guint classes, features;

  GMutex lock;                  /* of what follows */
  GCond room;                   /* in the queue */
  GQueue queue;                 /* Portions, the next to deliver first */
  guint next;                   /* picture to take */
  Progress progress;
  GError *error;                /* the first, which ends all threads */
} Run;

/* Where a thread works: pictures on their way into the engine. */
typedef struct
{
  guint n;
  gsize bytes;
  guint *index;                 /* in the portion */
  GdkPixbuf **pixbufs;
  RexnetImage *images;
  float *scores, *features;
} Desk;

static void
portion_free (Portion * portion)
{
  for (guint i = 0; i < portion->n; i++) {
    g_free (portion->slots[i].digest);
    g_clear_error (&portion->slots[i].failure);
  }
  g_free (portion);
}

/* ---- a thread's work ---------------------------------------------------- */

static void
desk_init (Desk * desk, const Run * self)
{
  const gsize n = self->batch;

  *desk = (Desk) {
    .index = g_new (guint, n),
    .pixbufs = g_new0 (GdkPixbuf *, n),
    .images = g_new (RexnetImage, n),
    .scores = g_new (float, n * self->classes),
    .features = g_new (float, n * self->features),
  };
}

static void
desk_clear (Desk * desk)
{
  g_free (desk->index);
  g_free (desk->pixbufs);
  g_free (desk->images);
  g_free (desk->scores);
  g_free (desk->features);
}

/* Runs the network on what lies on the desk, and clears it. */
static gboolean
classify (Run * self, Desk * desk, Portion * portion, GError ** error)
{
  const Pictures *p = self->pictures;
  const gboolean ok = desk->n == 0
      || rexnet_engine_classify_features (self->engine, desk->images, desk->n,
      desk->scores, desk->features, error);

  for (guint i = 0; i < desk->n; i++) {
    g_clear_object (&desk->pixbufs[i]);
    if (ok)
      portion->slots[desk->index[i]].digest =
          p->digest (portion->first + desk->index[i],
          desk->scores + (gsize) i * self->classes,
          desk->features + (gsize) i * self->features, p->data);
  }
  desk->n = 0;
  desk->bytes = 0;
  return ok;
}

static gboolean
process (Run * self, Desk * desk, Portion * portion, GError ** error)
{
  const Pictures *p = self->pictures;

  for (guint i = 0; i < portion->n; i++) {
    GdkPixbuf **pixbuf = &desk->pixbufs[desk->n];

    if (!p->load (portion->first + i, &desk->images[desk->n], pixbuf, p->data,
            &portion->slots[i].failure))
      continue;
    desk->index[desk->n++] = i;
    if (*pixbuf)
      desk->bytes += gdk_pixbuf_get_byte_length (*pixbuf);
    if (desk->bytes > MAX_BYTES && !classify (self, desk, portion, error))
      return FALSE;
  }
  return classify (self, desk, portion, error);
}

/* ---- in turn, with the lock --------------------------------------------- */

/* Returns: (nullable): NULL when nothing is left to do */
static Portion *
take (Run * self)
{
  const guint total = self->pictures->n;
  Portion *portion;
  guint n;

  while (!self->error && self->queue.length >= AHEAD * self->threads)
    g_cond_wait (&self->room, &self->lock);
  if (self->error || self->next == total || tool_interrupted ())
    return NULL;
  n = MIN (self->batch, total - self->next);
  portion = g_malloc0 (sizeof *portion + n * sizeof portion->slots[0]);
  portion->first = self->next;
  portion->n = n;
  self->next += n;
  g_queue_push_tail (&self->queue, portion);
  return portion;
}

static void
report (Run * self, guint i, const GError * failure)
{
  g_autofree char *name = self->pictures->get_name (i, self->pictures->data);

  progress_clear (&self->progress);
  tool_error (name, "%s", failure->message);
}

static void
deliver (Run * self, const Portion * portion)
{
  const Pictures *p = self->pictures;

  for (guint i = 0; i < portion->n && !self->error; i++) {
    const Slot *slot = &portion->slots[i];

    if (slot->failure)
      report (self, portion->first + i, slot->failure);
    p->deliver (portion->first + i, slot->digest, slot->failure, p->data,
        &self->error);
  }
  if (p->show_progress)
    progress_update (&self->progress, portion->first + portion->n);
}

/* Delivers it, and what waited for it. @error: taken; the reason why it is not
 * done */
static void
hand_over (Run * self, Portion * portion, GError * error)
{
  if (error && !self->error)
    self->error = g_steal_pointer (&error);
  g_clear_error (&error);
  portion->done = TRUE;
  while ((portion = g_queue_peek_head (&self->queue)) && portion->done) {
    deliver (self, portion);
    portion_free (g_queue_pop_head (&self->queue));
  }
  g_cond_broadcast (&self->room);
}

static gpointer
work (gpointer data)
{
  Run *self = data;
  Portion *portion;
  Desk desk;

  desk_init (&desk, self);
  g_mutex_lock (&self->lock);
  while ((portion = take (self))) {
    GError *error = NULL;

    g_mutex_unlock (&self->lock);
    process (self, &desk, portion, &error);
    g_mutex_lock (&self->lock);
    hand_over (self, portion, error);
  }
  g_mutex_unlock (&self->lock);
  desk_clear (&desk);
  return NULL;
}

/* ---- all threads -------------------------------------------------------- */

static void
join (gpointer thread, gpointer data)
{
  g_thread_join (thread);
}

/* On this thread, and on others if they can be had. */
static void
work_on_threads (Run * self)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new ();

  for (guint i = 1; i < self->threads; i++) {
    GThread *thread = g_thread_try_new ("pictures", work, self, NULL);

    if (thread)
      g_ptr_array_add (others, thread);
  }
  work (self);
  g_ptr_array_foreach (others, join, NULL);
}

/* The CPU backend runs a call on the thread that makes it, as many at once as
 * it has threads; for another device threads only decode. */
static guint
count_threads (const RexnetEngineInfo * info, guint pictures)
{
  const guint threads = info->on_cpu ? info->threads
      : tool_options.threads ? tool_options.threads : g_get_num_processors ();

  return CLAMP (pictures, 1, threads);
}

gboolean
pictures_run (const Pictures * pictures, RexnetEngine * engine,
    GError ** error)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));
  Run self = {
    .pictures = pictures,.engine = engine,
    .threads = count_threads (info, pictures->n),
    .classes = model->classes,.features = model->features,
  };

  self.batch = info->on_cpu && !tool_options.batch ? 1
      : CLAMP (pictures->n / self.threads, 1, info->batch);
  g_mutex_init (&self.lock);
  g_cond_init (&self.room);
  progress_start (&self.progress, pictures->n);
  work_on_threads (&self);
  progress_clear (&self.progress);
  g_mutex_clear (&self.lock);
  g_cond_clear (&self.room);
  if (!self.error)
    return TRUE;
  g_propagate_error (error, self.error);
  return FALSE;
}
