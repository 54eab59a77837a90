/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetclassifier.h"

#include "rexnetmeta.h"
#include "rexnetreport.h"
#include "rexnetsegment.h"
#include "rexnetshare.h"

#define GST_CAT_DEFAULT rexnet_classify_debug

void
rexnet_classifier_init (RexnetClassifier * self, GstElement * element)
{
  self->element = element;
  self->looks = g_async_queue_new ();
}

static void
free_looks (RexnetClassifier * self)
{
  RexnetLook *look;

  while ((look = g_async_queue_try_pop (self->looks)))
    rexnet_look_free (look);
}

void
rexnet_classifier_clear (RexnetClassifier * self)
{
  free_looks (self);
  g_async_queue_unref (self->looks);
}

/* ---- start and stop ---------------------------------------------------- */

static gboolean
warm_up (RexnetEngine * engine, float *scores, gint64 * us, GError ** error)
{
  static const guint8 grey[3] = { 128, 128, 128 };
  RexnetImage image = {
    .format = REXNET_FORMAT_RGB, .width = 1, .height = 1,
    .plane = { grey }, .stride = { sizeof grey },
  };

  for (int i = 0; i < 2; i++) {
    gint64 start = g_get_monotonic_time ();

    if (!rexnet_engine_classify (engine, &image, 1, scores, error))
      return FALSE;
    *us = g_get_monotonic_time () - start;
  }
  return TRUE;
}

gboolean
rexnet_classifier_start (RexnetClassifier * self, RexnetEngine * engine,
    GError ** error)
{
  gint64 us;

  rexnet_last_init (&self->last, rexnet_engine_get_model (engine));
  if (!warm_up (engine, self->last.scores, &us, error)) {
    rexnet_last_clear (&self->last);
    rexnet_share_release (engine);
    return FALSE;
  }
  rexnet_change_init (&self->change);
  GST_OBJECT_LOCK (self->element);
  self->engine = engine;
  self->frames = self->inferred = self->skipped = self->errors = 0;
  self->inference_times = self->preprocess_times = (RexnetTimes) { 0 };
  self->expecting = FALSE;
  rexnet_pacer_start (&self->pacer, us);
  GST_OBJECT_UNLOCK (self->element);
  return TRUE;
}

void
rexnet_classifier_stop (RexnetClassifier * self)
{
  RexnetEngine *engine;

  GST_OBJECT_LOCK (self->element);
  engine = g_steal_pointer (&self->engine);
  GST_OBJECT_UNLOCK (self->element);
  if (engine)
    rexnet_share_release (engine);
  free_looks (self);
  rexnet_last_clear (&self->last);
}

gboolean
rexnet_classifier_set_info (RexnetClassifier * self, const GstVideoInfo * info)
{
  RexnetLook *look;

  free_looks (self);
  rexnet_classifier_forget (self, FALSE);
  self->info = *info;
  look = rexnet_look_new (self->engine, info);
  if (look)
    g_async_queue_push (self->looks, look);
  return look != NULL;
}

void
rexnet_classifier_forget (RexnetClassifier * self, gboolean place)
{
  self->last.valid = FALSE;
  rexnet_change_interrupt (&self->change);
  GST_OBJECT_LOCK (self->element);
  self->expecting = FALSE;
  if (place)
    rexnet_pacer_reset (&self->pacer);
  GST_OBJECT_UNLOCK (self->element);
}

/* ---- frames ------------------------------------------------------------ */

/* Why a frame gets no inference of its own, or NULL. With the object lock. */
static const char *
why_not (RexnetClassifier * self, const RexnetPassage * passage,
    GstClockTime now)
{
  const char *late;

  if (GST_BUFFER_FLAG_IS_SET (passage->buffer, GST_BUFFER_FLAG_GAP))
    return "a gap";
  if (!self->expecting)
    return NULL;
  if (++self->phase < passage->tuning.interval)
    return "by the interval";
  late = rexnet_pacer_why_late (&self->pacer, passage->running, now);
  self->skipped += late != NULL;
  return late;
}

static gboolean
is_due (RexnetClassifier * self, const RexnetPassage * passage)
{
  GstClockTime now = GST_CLOCK_TIME_NONE;
  const char *why;

  if (GST_STATE (self->element) == GST_STATE_PLAYING)
    now = gst_element_get_current_running_time (self->element);
  GST_OBJECT_LOCK (self->element);
  why = why_not (self, passage, now);
  if (!why) {
    self->phase = 0;
    self->expecting = TRUE;
    rexnet_pacer_begin (&self->pacer, passage->running);
  }
  GST_OBJECT_UNLOCK (self->element);
  if (why)
    GST_DEBUG_OBJECT (self->element, "frame of running time %" GST_TIME_FORMAT
        " not classified at %" GST_TIME_FORMAT ": %s",
        GST_TIME_ARGS (passage->running), GST_TIME_ARGS (now), why);
  return !why;
}

gboolean
rexnet_classifier_begin (RexnetClassifier * self, RexnetPassage * passage,
    GstBuffer * buffer, const GstSegment * segment, const RexnetTuning * tuning)
{
  *passage = (RexnetPassage) {
    .buffer = buffer, .tuning = *tuning, .arrival = g_get_monotonic_time (),
    .running = rexnet_segment_running_time (segment, GST_BUFFER_PTS (buffer)),
  };
  GST_OBJECT_LOCK (self->element);
  self->frames++;
  GST_OBJECT_UNLOCK (self->element);
  if (!is_due (self, passage))
    return TRUE;
  passage->look = g_async_queue_try_pop (self->looks);
  if (!passage->look)
    passage->look = rexnet_look_new (self->engine, &self->info);
  if (!passage->look)
    GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT, (NULL),
        ("no memory to convert a frame"));
  return passage->look != NULL;
}

void
rexnet_classifier_look (RexnetClassifier * self, RexnetPassage * passage)
{
  rexnet_look_run (passage->look, self->engine, passage->buffer,
      passage->tuning.features);
}

void
rexnet_classifier_abandon (RexnetClassifier * self, RexnetPassage * passage)
{
  if (passage->look)
    g_async_queue_push (self->looks, g_steal_pointer (&passage->look));
}

/* ---- results ----------------------------------------------------------- */

static void
fail (RexnetClassifier * self, const GError * error, gboolean unreadable)
{
  GST_OBJECT_LOCK (self->element);
  self->errors += !unreadable;
  self->expecting = self->last.valid;
  GST_OBJECT_UNLOCK (self->element);
  if (unreadable)
    GST_ELEMENT_ERROR (self->element, STREAM, FORMAT, ("%s", error->message),
        (NULL));
  else
    rexnet_report_error (self->element, error);
}

/* Takes what came of the passage's look, and gives the look back. */
static gboolean
take_result (RexnetClassifier * self, RexnetPassage * passage)
{
  RexnetLook *look = passage->look;
  gboolean latency_changed;

  if (look->error) {
    fail (self, look->error, look->unreadable);
    rexnet_classifier_abandon (self, passage);
    return FALSE;
  }
  rexnet_last_take (&self->last, look, passage->buffer);
  GST_OBJECT_LOCK (self->element);
  self->inferred++;
  rexnet_times_add (&self->inference_times, look->end - look->start);
  rexnet_times_add (&self->preprocess_times, look->preprocess_us);
  latency_changed = rexnet_pacer_done (&self->pacer, passage->arrival,
      look->end);
  GST_OBJECT_UNLOCK (self->element);
  rexnet_classifier_abandon (self, passage);
  if (latency_changed)
    gst_element_post_message (self->element,
        gst_message_new_latency (GST_OBJECT (self->element)));
  return TRUE;
}

static void
report_change (RexnetClassifier * self, const RexnetPassage * passage,
    const GstSegment * segment, const GstStructure * result)
{
  RexnetLabel best = { .index = REXNET_NO_CLASS };
  RexnetChange *change = &self->change;
  g_autofree char *previous = NULL;
  RexnetResult seen;

  rexnet_result_from_structure (&seen, result);
  if (seen.n > 0)
    best = rexnet_result_get (&seen, 0);
  if (!rexnet_change_see (change, best.index, passage->running,
          passage->tuning.change_after))
    return;
  if (change->previous != REXNET_NO_CLASS)
    previous = rexnet_result_name (self->last.model, change->previous);
  rexnet_report_frame (self->element, segment, passage->buffer,
      gst_structure_new ("rexnet-label-changed",
          "model", G_TYPE_STRING, seen.model,
          "region-id", G_TYPE_INT, seen.region,
          "index", G_TYPE_INT, best.index,
          "label", G_TYPE_STRING, best.label,
          "score", G_TYPE_DOUBLE, best.score,
          "previous-index", G_TYPE_INT, change->previous,
          "previous-label", G_TYPE_STRING, previous,
          "since", G_TYPE_UINT64, change->since, NULL));
}

gboolean
rexnet_classifier_finish (RexnetClassifier * self, RexnetPassage * passage,
    const GstSegment * segment)
{
  gboolean fresh = passage->look != NULL;
  GstStructure *result;

  if (fresh && !take_result (self, passage))
    return FALSE;
  if (!self->last.valid)
    return TRUE;
  result = rexnet_last_attach (&self->last, passage->buffer, &passage->tuning,
      fresh);
  GST_LOG_OBJECT (self->element, "frame of running time %" GST_TIME_FORMAT
      ": %" GST_PTR_FORMAT, GST_TIME_ARGS (passage->running), result);
  if (passage->tuning.change_after > 0 && fresh)
    report_change (self, passage, segment, result);
  if (passage->tuning.post_messages && fresh)
    rexnet_report_frame (self->element, segment, passage->buffer, result);
  else
    gst_structure_free (result);
  return TRUE;
}

GstStructure *
rexnet_classifier_get_stats (const RexnetClassifier * self)
{
  const RexnetTimes *times = &self->pacer.times;

  return gst_structure_new ("rexnet-stats",
      "frames", G_TYPE_UINT64, self->frames,
      "inferred", G_TYPE_UINT64, self->inferred,
      "skipped", G_TYPE_UINT64, self->skipped,
      "errors", G_TYPE_UINT64, self->errors,
      "mean-ms", G_TYPE_DOUBLE, rexnet_times_mean (times) / 1000,
      "p50-ms", G_TYPE_DOUBLE, rexnet_times_quantile (times, 0.5) / 1000.,
      "p95-ms", G_TYPE_DOUBLE, rexnet_times_quantile (times, 0.95) / 1000.,
      "inference-ms", G_TYPE_DOUBLE,
      rexnet_times_mean (&self->inference_times) / 1000,
      "preprocess-ms", G_TYPE_DOUBLE,
      rexnet_times_mean (&self->preprocess_times) / 1000,
      "latency", G_TYPE_UINT64, self->pacer.latency, NULL);
}
