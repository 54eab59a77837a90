/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetlook.h"

RexnetLook *
rexnet_look_new (RexnetEngine * engine, const GstVideoInfo * info)
{
  RexnetModel *model = rexnet_engine_get_model (engine);
  RexnetLook *self = g_new0 (RexnetLook, 1);

  self->scores = g_new (float, rexnet_model_get_info (model)->classes);
  if (!rexnet_frame_setup (&self->frame, info,
          &rexnet_engine_get_info (engine)->input)) {
    rexnet_look_free (self);
    return NULL;
  }
  return self;
}

void
rexnet_look_free (RexnetLook * self)
{
  rexnet_frame_clear (&self->frame);
  g_free (self->scores);
  g_clear_pointer (&self->features, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static void
classify (RexnetLook * self, RexnetEngine * engine, const RexnetImage * image,
    gboolean want_features)
{
  RexnetModel *model = rexnet_engine_get_model (engine);
  gsize size = rexnet_model_get_info (model)->features * sizeof (float);
  float *features = want_features ? g_malloc (size) : NULL;

  RexnetAnswer answer = {.scores = self->scores,.features = features };
  gint64 mapped = g_get_monotonic_time () - self->start;

  if (rexnet_engine_classify_full (engine, image, 1, &answer, &self->error)) {
    self->device = answer.info->device;
    self->preprocess_us = answer.info->on_cpu ?
        mapped + answer.preprocess_us : 0;
  }
  if (features)
    self->features = g_bytes_new_take (features, size);
}

void
rexnet_look_run (RexnetLook * self, RexnetEngine * engine, GstBuffer * buffer,
    gboolean want_features)
{
  const RexnetImage *image;

  self->start = g_get_monotonic_time ();
  g_clear_pointer (&self->features, g_bytes_unref);
  g_clear_error (&self->error);
  image = rexnet_frame_map (&self->frame, buffer, &self->error);
  self->unreadable = image == NULL;
  if (!image)
    return;
  classify (self, engine, image, want_features);
  rexnet_frame_unmap (&self->frame);
  self->end = g_get_monotonic_time ();
}
