/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stages.h"

#include "image/layout.h"
#include "image/preprocess.h"

/* What one call uses. */
typedef struct
{
  RexnetPreprocessor *preprocessor;
  float *input;                 /* options.batch images */
} Stage;

struct _RexnetStages
{
  const RexnetInput *input;
  const RexnetEngineOptions *options;
  GMutex lock;
  GPtrArray *idle;              /* Stage: those that no call is using */
};

static void
stage_free (gpointer data)
{
  Stage *stage = data;

  rexnet_preprocessor_free (stage->preprocessor);
  g_free (stage->input);
  g_free (stage);
}

RexnetStages *
rexnet_stages_new (const RexnetInput * input,
    const RexnetEngineOptions * options)
{
  RexnetStages *self = g_new0 (RexnetStages, 1);

  self->input = input;
  self->options = options;
  g_mutex_init (&self->lock);
  self->idle = g_ptr_array_new_with_free_func (stage_free);
  return self;
}

void
rexnet_stages_free (RexnetStages * self)
{
  g_ptr_array_unref (self->idle);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Floats of one image's input. */
static gsize
image_size (const RexnetStages * self)
{
  return (gsize) 3 * self->input->width * self->input->height;
}

static Stage *
take (RexnetStages * self)
{
  Stage *stage = NULL;

  g_mutex_lock (&self->lock);
  if (self->idle->len > 0)
    stage = g_ptr_array_steal_index_fast (self->idle, self->idle->len - 1);
  g_mutex_unlock (&self->lock);
  if (stage)
    return stage;
  stage = g_new (Stage, 1);
  stage->preprocessor = rexnet_preprocessor_new (self->input,
      self->options->isa, self->options->threads);
  stage->input = g_new (float, image_size (self) * self->options->batch);
  return stage;
}

static void
give (RexnetStages * self, Stage * stage)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->idle, stage);
  g_mutex_unlock (&self->lock);
}

/* The images of one call on their way into its stage. */
typedef struct
{
  const RexnetStages *stages;
  Stage *stage;
  const RexnetImage *images;
  gint us;                      /* atomic: spent on the first parts */
} Preparation;

static void
prepare_part (gpointer data, guint image, guint thread, guint part,
    guint parts)
{
  Preparation *p = data;
  guint height = p->stages->input->height;
  gint64 start = g_get_monotonic_time ();

  rexnet_preprocessor_run_rows (p->stage->preprocessor, thread,
      &p->images[image], height * part / parts, height * (part + 1) / parts,
      p->stage->input + image_size (p->stages) * image);
  if (part == 0)
    g_atomic_int_add (&p->us, (gint) (g_get_monotonic_time () - start));
}

/* Whether one preparation fits all. */
static gboolean
same_kind (const RexnetImage * images, guint n)
{
  for (guint i = 1; i < n; i++)
    if (!rexnet_image_same_kind (&images[0], &images[i]))
      return FALSE;
  return TRUE;
}

/* Preprocesses the images, or gets ready to do it @inside the session. */
static gboolean
prepare (Preparation * p, guint batch, gboolean inside, GError ** error)
{
  RexnetPreprocessor *preprocessor = p->stage->preprocessor;
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < batch; i++)
    if (inside ? !rexnet_preprocessor_prepare (preprocessor, &p->images[i],
            error)
        : !rexnet_preprocessor_run (preprocessor, &p->images[i],
            p->stage->input + image_size (p->stages) * i, error))
      return FALSE;
  p->us = (gint) (g_get_monotonic_time () - start);
  return TRUE;
}

gboolean
rexnet_stages_run (RexnetStages * self, RexnetSession * session,
    const RexnetImage * images, guint batch, const RexnetOutput * output,
    guint * us, GError ** error)
{
  const RexnetBackend *backend = session->backend;
  gboolean inside = backend->run_prepared && same_kind (images, batch);
  Stage *stage = take (self);
  Preparation p = {.stages = self,.stage = stage,.images = images };
  gboolean ok = prepare (&p, batch, inside, error);

  if (ok && inside)
    ok = backend->run_prepared (session, prepare_part, &p, stage->input,
        batch, output, error);
  else if (ok)
    ok = backend->run (session, stage->input, batch, output, error);
  give (self, stage);
  *us = g_atomic_int_get (&p.us);
  return ok;
}
