/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetflight.h"

typedef struct
{
  gpointer item;
  gboolean done;                /* worked on, or in no need of it */
  gboolean dropped;             /* not to be worked on any more, nor put out */
} Entry;

struct _RexnetFlight
{
  GstPad *pad;
  const RexnetFlightFuncs *funcs;
  gpointer data;

  GMutex lock;                  /* of all below */
  /* Each wakes whom it concerns alone, where items pass without the lock: on a
   * busy core the thread would displace who holds it, only to wait for it. */
  GCond head;                   /* the first entry is done: the task */
  GCond room;                   /* fewer entries, or none under way */
  GCond worker;                 /* fewer that are not done */
  GThreadPool *pool;            /* NULL: stopped */
  guint workers;
  guint working;                /* entries that are not done */
  GQueue entries;               /* in the order of the stream */
  gboolean putting_out;         /* one that is no longer among the entries */
  gboolean flushing;
  GstFlowReturn flow;           /* of an output, not reported yet */
};

RexnetFlight *
rexnet_flight_new (GstPad * pad, const RexnetFlightFuncs * funcs,
    gpointer data)
{
  RexnetFlight *self = g_new0 (RexnetFlight, 1);

  self->pad = pad;
  self->funcs = funcs;
  self->data = data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->head);
  g_cond_init (&self->room);
  g_cond_init (&self->worker);
  g_queue_init (&self->entries);
  return self;
}

void
rexnet_flight_free (RexnetFlight * self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->head);
  g_cond_clear (&self->room);
  g_cond_clear (&self->worker);
  g_free (self);
}

/* ---- threads ----------------------------------------------------------- */

static void
wake_all (RexnetFlight * self)
{
  g_cond_broadcast (&self->head);
  g_cond_broadcast (&self->room);
  g_cond_broadcast (&self->worker);
}

static void
work (gpointer data, gpointer flight)
{
  RexnetFlight *self = flight;
  Entry *entry = data;
  gboolean dropped, head;

  g_mutex_lock (&self->lock);
  dropped = entry->dropped;
  g_mutex_unlock (&self->lock);
  if (!dropped)
    self->funcs->work (entry->item, self->data);
  g_mutex_lock (&self->lock);
  entry->done = TRUE;
  self->working--;
  head = entry == g_queue_peek_head (&self->entries);
  g_mutex_unlock (&self->lock);
  if (head)
    g_cond_signal (&self->head);
  g_cond_signal (&self->worker);
}

/* With the lock. */
static void
drop_all (RexnetFlight * self)
{
  for (GList * l = self->entries.head; l; l = l->next)
    ((Entry *) l->data)->dropped = TRUE;
}

/* Waits for the entry that is next to go, with the lock; NULL: stopped. */
static Entry *
wait_for_head (RexnetFlight * self)
{
  while (self->pool) {
    Entry *head = g_queue_peek_head (&self->entries);

    if (head && head->done)
      return g_queue_pop_head (&self->entries);
    g_cond_wait (&self->head, &self->lock);
  }
  return NULL;
}

/* The pad's task. */
static void
put_out_next (gpointer flight)
{
  RexnetFlight *self = flight;
  GstFlowReturn flow = GST_FLOW_OK;
  Entry *entry;
  gboolean dropped;

  g_mutex_lock (&self->lock);
  entry = wait_for_head (self);
  if (!entry) {
    g_mutex_unlock (&self->lock);
    gst_pad_pause_task (self->pad);
    return;
  }
  dropped = entry->dropped;
  self->putting_out = TRUE;
  g_mutex_unlock (&self->lock);
  g_cond_broadcast (&self->room);

  if (dropped)
    self->funcs->drop (entry->item, self->data);
  else
    flow = self->funcs->output (entry->item, self->data);
  g_free (entry);

  g_mutex_lock (&self->lock);
  self->putting_out = FALSE;
  if (flow != GST_FLOW_OK) {
    self->flow = flow;
    drop_all (self);
    wake_all (self);
  } else if (self->entries.length == 0) {
    g_cond_broadcast (&self->room);
  }
  g_mutex_unlock (&self->lock);
}

gboolean
rexnet_flight_start (RexnetFlight * self, guint workers, GError ** error)
{
  GError *failure = NULL;
  GThreadPool *pool;

  if (rexnet_flight_get_workers (self) > 0)
    return TRUE;
  /* One thread first: where a later one is missing, GLib 2.84 would free the
   * new pool under those that run, and older ones would return it. */
  pool = g_thread_pool_new (work, self, 1, TRUE, &failure);
  if (!failure)
    g_thread_pool_set_max_threads (pool, workers, &failure);
  if (failure) {
    if (pool)
      g_thread_pool_free (pool, FALSE, TRUE);
    g_propagate_error (error, failure);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  self->pool = pool;
  self->workers = workers;
  self->flushing = FALSE;
  self->flow = GST_FLOW_OK;
  g_mutex_unlock (&self->lock);
  if (gst_pad_start_task (self->pad, put_out_next, self, NULL))
    return TRUE;
  rexnet_flight_stop (self);
  g_set_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN,
      "no thread for the source pad");
  return FALSE;
}

void
rexnet_flight_stop (RexnetFlight * self)
{
  g_autoptr (GList) left = NULL;
  GThreadPool *pool;

  g_mutex_lock (&self->lock);
  pool = g_steal_pointer (&self->pool);
  drop_all (self);
  wake_all (self);
  g_mutex_unlock (&self->lock);
  if (!pool)
    return;
  gst_pad_stop_task (self->pad);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_lock (&self->lock);
  left = self->entries.head;
  g_queue_init (&self->entries);
  g_mutex_unlock (&self->lock);
  for (GList * l = left; l; l = l->next) {
    self->funcs->drop (((Entry *) l->data)->item, self->data);
    g_free (l->data);
  }
}

void
rexnet_flight_set_workers (RexnetFlight * self, guint workers)
{
  g_mutex_lock (&self->lock);
  if (self->pool && workers != self->workers) {
    self->workers = workers;
    g_thread_pool_set_max_threads (self->pool, workers, NULL);
    wake_all (self);
  }
  g_mutex_unlock (&self->lock);
}

guint
rexnet_flight_get_workers (RexnetFlight * self)
{
  guint workers;

  g_mutex_lock (&self->lock);
  workers = self->pool ? self->workers : 0;
  g_mutex_unlock (&self->lock);
  return workers;
}

/* ---- the streaming thread ---------------------------------------------- */

/* Whether nothing holds an item up, with the lock. */
static gboolean
is_open (RexnetFlight * self)
{
  return self->pool && !self->flushing && self->flow == GST_FLOW_OK;
}

/* With the lock. */
static GstFlowReturn
take_flow (RexnetFlight * self)
{
  GstFlowReturn flow = self->flow;

  self->flow = GST_FLOW_OK;
  return self->flushing || !self->pool ? GST_FLOW_FLUSHING : flow;
}

GstFlowReturn
rexnet_flight_take_flow (RexnetFlight * self)
{
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  flow = take_flow (self);
  g_mutex_unlock (&self->lock);
  return flow;
}

void
rexnet_flight_forget_eos (RexnetFlight * self)
{
  g_mutex_lock (&self->lock);
  if (self->flow == GST_FLOW_EOS)
    self->flow = GST_FLOW_OK;
  g_mutex_unlock (&self->lock);
}

GstFlowReturn
rexnet_flight_wait (RexnetFlight * self, guint more)
{
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  while (is_open (self) && self->entries.length >= self->workers + more)
    g_cond_wait (&self->room, &self->lock);
  flow = take_flow (self);
  g_mutex_unlock (&self->lock);
  return flow;
}

/* With the lock. Returns: whether @item can be put out at once */
static gboolean
append (RexnetFlight * self, gpointer item, gboolean work)
{
  Entry *entry = g_new (Entry, 1);

  *entry = (Entry) { .item = item, .done = !work };
  g_queue_push_tail (&self->entries, entry);
  if (work) {
    self->working++;
    g_thread_pool_push (self->pool, entry, NULL);
  }
  return !work && self->entries.length == 1;
}

GstFlowReturn
rexnet_flight_enter (RexnetFlight * self, gpointer item, gboolean work,
    guint queued)
{
  gboolean head = FALSE;
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  while (is_open (self) && work && self->working >= self->workers + queued)
    g_cond_wait (&self->worker, &self->lock);
  flow = take_flow (self);
  if (flow == GST_FLOW_OK)
    head = append (self, item, work);
  g_mutex_unlock (&self->lock);
  if (head)
    g_cond_signal (&self->head);
  if (flow != GST_FLOW_OK)
    self->funcs->drop (item, self->data);
  return flow;
}

/* ---- draining and flushing --------------------------------------------- */

/* With the lock. */
static gboolean
is_under_way (RexnetFlight * self)
{
  return self->pool && (self->entries.length > 0 || self->putting_out);
}

void
rexnet_flight_drain (RexnetFlight * self)
{
  g_mutex_lock (&self->lock);
  while (is_under_way (self))
    g_cond_wait (&self->room, &self->lock);
  g_mutex_unlock (&self->lock);
}

void
rexnet_flight_flush_start (RexnetFlight * self)
{
  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  drop_all (self);
  wake_all (self);
  g_mutex_unlock (&self->lock);
}

void
rexnet_flight_flush_stop (RexnetFlight * self)
{
  g_mutex_lock (&self->lock);
  drop_all (self);
  while (is_under_way (self))
    g_cond_wait (&self->room, &self->lock);
  self->flushing = FALSE;
  self->flow = GST_FLOW_OK;
  g_mutex_unlock (&self->lock);
}
