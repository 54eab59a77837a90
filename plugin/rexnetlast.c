/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetlast.h"

#include "rexnetanalytics.h"
#include "rexnetmeta.h"

void
rexnet_last_init (RexnetLast * self, RexnetModel * model)
{
  self->model = model;
  self->classes = rexnet_model_get_info (model)->classes;
  self->scores = g_new (float, self->classes);
  self->best = g_new (RexnetScore, self->classes);
}

void
rexnet_last_clear (RexnetLast * self)
{
  g_free (self->scores);
  g_free (self->best);
  g_clear_pointer (&self->features, g_bytes_unref);
  *self = (RexnetLast) { 0 };
}

void
rexnet_last_take (RexnetLast * self, RexnetLook * look, GstBuffer * buffer)
{
  float *scores = self->scores;

  self->scores = look->scores;
  look->scores = scores;
  g_clear_pointer (&self->features, g_bytes_unref);
  self->features = g_steal_pointer (&look->features);
  self->device = look->device;
  self->pts = GST_BUFFER_PTS (buffer);
  self->time = look->end;
  self->valid = TRUE;
}

/* In the stream's own time where it has one; never 0, which means "new". */
static GstClockTime
age (const RexnetLast * self, GstBuffer * buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer), age = 0;

  if (GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (self->pts))
    age = pts > self->pts ? pts - self->pts : self->pts - pts;
  if (age == 0)
    age = (g_get_monotonic_time () - self->time) * GST_USECOND;
  return MAX (age, 1);
}

GstStructure *
rexnet_last_attach (RexnetLast * self, GstBuffer * buffer,
    const RexnetTuning * tuning, gboolean fresh)
{
  guint n = rexnet_top_k (self->scores, self->classes,
      MIN (tuning->top_k, self->classes), tuning->threshold, self->best);
  GstStructure *structure = gst_structure_new_empty ("rexnet-classification");

  rexnet_result_to_structure (structure, self->model, self->device,
      REXNET_REGION_FRAME, fresh ? 0 : age (self, buffer), self->best, n);
  if (tuning->features && self->features)
    gst_structure_set (structure, "features", G_TYPE_BYTES, self->features,
        NULL);
  rexnet_meta_add (buffer, structure);
#ifdef HAVE_ANALYTICS
  rexnet_analytics_add (buffer, structure, tuning->analytics_top_k);
#endif
  return structure;
}
