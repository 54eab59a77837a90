/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evaluate.h"
#include "pictures.h"
#include "tool.h"

typedef struct
{
  Dataset *dataset;
  GArray *pending;              /* guint: numbers in the data set */
  Outcome *outcomes;
  guint classes;
  Journal *journal;
} Evaluation;

static guint
index_of (const Evaluation * self, guint i)
{
  return g_array_index (self->pending, guint, i);
}

static gboolean
load (guint i, RexnetImage * image, GdkPixbuf ** pixbuf, gpointer data,
    GError ** error)
{
  const Evaluation *self = data;

  return dataset_load (self->dataset, index_of (self, i), image, pixbuf, error);
}

static gpointer
rank (guint i, const float *scores, const float *features, gpointer data)
{
  const Evaluation *self = data;
  Outcome *outcome = g_new0 (Outcome, 1);
  RexnetScore best[OUTCOME_TOP];

  outcome->state = OUTCOME_CLASSIFIED;
  outcome->n = rexnet_top_k (scores, self->classes, OUTCOME_TOP, 0, best);
  for (guint n = 0; n < outcome->n; n++)
    outcome->best[n] = best[n].index;
  return outcome;
}

static char *
get_name (guint i, gpointer data)
{
  const Evaluation *self = data;

  return dataset_get_name (self->dataset, index_of (self, i));
}

static gboolean
deliver (guint i, gconstpointer digest, const GError * failure, gpointer data,
    GError ** error)
{
  const Evaluation *self = data;
  const guint index = index_of (self, i);
  Outcome *outcome = &self->outcomes[index];

  *outcome = failure ? (Outcome) { OUTCOME_UNREADABLE }
      : *(const Outcome *) digest;
  return !self->journal || journal_add (self->journal, index, outcome,
      failure ? failure->message : NULL, error);
}

static GArray *
list_pending (const Outcome * outcomes, guint total)
{
  GArray *pending = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < total; i++)
    if (outcomes[i].state == OUTCOME_PENDING)
      g_array_append_val (pending, i);
  return pending;
}

gboolean
evaluate (RexnetEngine * engine, Dataset * dataset, Outcome * outcomes,
    guint total, Journal * journal, double *seconds, GError ** error)
{
  g_autoptr (GArray) pending = list_pending (outcomes, total);
  const gint64 start = g_get_monotonic_time ();
  Evaluation self = {
    .dataset = dataset,.pending = pending,.outcomes = outcomes,
    .classes = rexnet_model_get_info (rexnet_engine_get_model
        (engine))->classes,
    .journal = journal,
  };
  const Pictures pictures = {
    .n = pending->len,.show_progress = TRUE,.data = &self,
    .load = load,.digest = rank,.get_name = get_name,.deliver = deliver,
  };
  const gboolean ok = pictures_run (&pictures, engine, error)
      && (!journal || journal_sync (journal, error));

  *seconds = (g_get_monotonic_time () - start) / 1e6;
  return ok;
}
