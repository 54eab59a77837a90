/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rexnetclassify
 * @title: rexnetclassify
 * @short_description: classifies video frames with ReXNet
 * @see_also: rexnetoverlay, rexnetjson
 *
 * Classifies frames and attaches what it found to them as metadata, see
 * docs/metadata.md. Every frame is passed on, its pixels and times untouched.
 * Frames of any raw format are read as they are; no videoconvert or videoscale
 * is needed in front.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=clip.webm ! decodebin ! rexnetclassify ! rexnetoverlay ! videoconvert ! autovideosink
 * ]|
 *
 * Since: 0.1
 */
#include "gstrexnetclassify.h"

#include <gst/video/video.h>

#include "rexnetclassifier.h"
#include "rexnetenums.h"
#include "rexnetflight.h"
#include "rexnetreport.h"

GST_DEBUG_CATEGORY_STATIC (rexnet_classify_debug);
#define GST_CAT_DEFAULT rexnet_classify_debug

#define MAX_PIXELS 32768

/* Of an OpenCL device: one frame is uploaded while the other is computed. */
#define FRAMES_ON_DEVICE 2
/* With scheduling=throughput, the frames that come on top of one a thread: one
 * that a thread goes on with at once when it is done, so that it does not wait
 * for the next to come; with an interval, those that wait for the results of
 * others. */
#define QUEUED 1
#define MOST_WAITING 16

struct _GstRexnetClassify
{
  GstBaseTransform parent;

  RexnetSettings settings;      /* guarded by the object lock */
  RexnetClassifier classifier;
  gboolean fell_back;           /* to the CPU, and that has been said */

  gboolean ahead;               /* several frames are in flight */
  RexnetFlight *flight;         /* started where scheduling=throughput */
  GstPadActivateModeFunction activate_src;      /* the base class's own */
};

enum
{
  PROP_ACTIVE_DEVICE = REXNET_N_SETTINGS,
  PROP_STATS,
};

static GParamSpec *active_device;

#define gst_rexnet_classify_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE (GstRexnetClassify, gst_rexnet_classify,
    GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (rexnet_classify_debug, "rexnetclassify", 0,
        "ReXNet classification"));
GST_ELEMENT_REGISTER_DEFINE (rexnetclassify, "rexnetclassify", GST_RANK_NONE,
    GST_TYPE_REXNET_CLASSIFY);

/* ---- properties -------------------------------------------------------- */

static void
gst_rexnet_classify_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (object);

  GST_OBJECT_LOCK (self);
  rexnet_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rexnet_classify_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (object);
  RexnetEngine *engine;

  GST_OBJECT_LOCK (self);
  engine = self->classifier.engine;
  switch (id) {
    case PROP_ACTIVE_DEVICE:
      g_value_set_string (value, engine ?
          rexnet_engine_get_info (engine)->device : NULL);
      break;
    case PROP_STATS:
      g_value_take_boxed (value,
          rexnet_classifier_get_stats (&self->classifier));
      break;
    default:
      rexnet_settings_get (&self->settings, id, value);
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- start and stop ---------------------------------------------------- */

static RexnetEngine *
acquire_engine (GstRexnetClassify * self, GError ** error)
{
  g_auto (RexnetSettings) settings = { 0 };
  RexnetStart start = { GST_ELEMENT (self), FALSE };
  RexnetRequest request;
  RexnetEngine *engine;

  GST_OBJECT_LOCK (self);
  rexnet_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);

  rexnet_settings_to_request (&settings, &request);
  engine = rexnet_share_acquire (&request, rexnet_report_progress, &start,
      error);
  rexnet_report_started (&start, engine != NULL);
  return engine;
}

/* How many frames the engine works on at a time. */
static guint
frames_at_once (RexnetEngine * engine)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);

  return g_str_equal (info->device, "cpu") ? info->threads : FRAMES_ON_DEVICE;
}

/* Says once that a device was left for the CPU. */
static void
check_fallback (GstRexnetClassify * self)
{
  RexnetEngine *engine = self->classifier.engine;
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);

  if (!info->fallback || self->fell_back)
    return;
  self->fell_back = TRUE;
  GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
      ("The device failed, going on on the CPU: %s", info->fallback), (NULL));
  if (self->ahead)
    rexnet_flight_set_workers (self->flight, frames_at_once (engine));
  g_object_notify_by_pspec (G_OBJECT (self), active_device);
}

static gboolean
start (GstRexnetClassify * self, GError ** error)
{
  GstPad *src = GST_BASE_TRANSFORM_SRC_PAD (self);
  RexnetEngine *engine = acquire_engine (self, error);

  if (!engine || !rexnet_classifier_start (&self->classifier, engine, error))
    return FALSE;
  GST_OBJECT_LOCK (self);
  /* A frame that is pulled is waited for. */
  self->ahead = self->settings.scheduling == REXNET_SCHEDULING_THROUGHPUT
      && GST_PAD_MODE (src) != GST_PAD_MODE_PULL;
  GST_OBJECT_UNLOCK (self);
  if (!self->ahead
      || rexnet_flight_start (self->flight, frames_at_once (engine), error))
    return TRUE;
  rexnet_classifier_stop (&self->classifier);
  return FALSE;
}

static gboolean
gst_rexnet_classify_start (GstBaseTransform * trans)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);
  g_autoptr (GError) error = NULL;

  if (!start (self, &error)) {
    rexnet_report_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "model %s on %s",
      rexnet_model_get_info (self->classifier.last.model)->name,
      rexnet_engine_get_info (self->classifier.engine)->device);
  self->fell_back = FALSE;
  check_fallback (self);
  g_object_notify_by_pspec (G_OBJECT (self), active_device);
  return TRUE;
}

static gboolean
gst_rexnet_classify_stop (GstBaseTransform * trans)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);

  rexnet_flight_stop (self->flight);
  rexnet_classifier_stop (&self->classifier);
  g_object_notify_by_pspec (G_OBJECT (self), active_device);
  return TRUE;
}

/* Deactivating the pad waits for its task, which must end before. */
static gboolean
gst_rexnet_classify_activate_src (GstPad * pad, GstObject * parent,
    GstPadMode mode, gboolean active)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (parent);
  RexnetEngine *engine = self->classifier.engine;
  g_autoptr (GError) error = NULL;

  if (!active)
    rexnet_flight_stop (self->flight);
  else if (engine && self->ahead
      && !rexnet_flight_start (self->flight, frames_at_once (engine), &error)) {
    rexnet_report_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  return self->activate_src (pad, parent, mode, active);
}

static gboolean
gst_rexnet_classify_set_caps (GstBaseTransform * trans, GstCaps * in,
    GstCaps * out)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);
  GstVideoInfo info;

  if (self->ahead)
    rexnet_flight_drain (self->flight);
  if (!gst_video_info_from_caps (&info, in)
      || !rexnet_classifier_set_info (&self->classifier, &info)) {
    GST_ERROR_OBJECT (self, "no way to read %" GST_PTR_FORMAT, in);
    return FALSE;
  }
  return TRUE;
}

/* ---- frames ------------------------------------------------------------ */

static gboolean
begin (GstRexnetClassify * self, RexnetPassage * passage, GstBuffer * buffer)
{
  RexnetTuning tuning;

  GST_OBJECT_LOCK (self);
  tuning = self->settings.tuning;
  GST_OBJECT_UNLOCK (self);
  return rexnet_classifier_begin (&self->classifier, passage, buffer,
      &GST_BASE_TRANSFORM (self)->segment, &tuning);
}

static GstFlowReturn
finish (GstRexnetClassify * self, RexnetPassage * passage)
{
  if (!rexnet_classifier_finish (&self->classifier, passage,
          &GST_BASE_TRANSFORM (self)->segment))
    return GST_FLOW_ERROR;
  check_fallback (self);
  return GST_FLOW_OK;
}

/* One frame at a time, in the streaming thread. */
static GstFlowReturn
gst_rexnet_classify_transform_ip (GstBaseTransform * trans, GstBuffer * buffer)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);
  RexnetPassage passage;

  if (!begin (self, &passage, buffer))
    return GST_FLOW_ERROR;
  if (passage.look)
    rexnet_classifier_look (&self->classifier, &passage);
  return finish (self, &passage);
}

/* ---- several frames at a time ------------------------------------------ */

static void
work (gpointer item, gpointer data)
{
  rexnet_classifier_look (&GST_REXNET_CLASSIFY (data)->classifier, item);
}

static void
drop (gpointer item, gpointer data)
{
  RexnetPassage *passage = item;

  rexnet_classifier_abandon (&GST_REXNET_CLASSIFY (data)->classifier, passage);
  gst_clear_buffer (&passage->buffer);
  g_free (passage);
}

/* The base class answers POSITION queries with it. */
static void
note_position (GstSegment * segment, GstBuffer * buffer)
{
  GstClockTime end = GST_BUFFER_PTS (buffer);

  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (end))
    return;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  segment->position = end;
}

static GstFlowReturn
output (gpointer item, gpointer data)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (data);
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  RexnetPassage *passage = item;
  GstFlowReturn flow;

  passage->buffer = gst_buffer_make_writable (passage->buffer);
  flow = finish (self, passage);
  if (flow == GST_FLOW_OK) {
    GstBuffer *buffer = g_steal_pointer (&passage->buffer);

    note_position (&trans->segment, buffer);
    flow = gst_pad_push (trans->srcpad, buffer);
  }
  drop (passage, self);
  return flow;
}

static const RexnetFlightFuncs flight_funcs = { work, output, drop };

/* Takes @buffer, and returns when the next one may come. */
static GstFlowReturn
enter (GstRexnetClassify * self, GstBuffer * buffer)
{
  GstFlowReturn flow;
  RexnetPassage *passage;
  guint queued, waiting;

  GST_OBJECT_LOCK (self);
  /* What waits in a live stream grows old. */
  queued = self->classifier.pacer.live ? 0 : QUEUED;
  waiting = self->settings.tuning.interval == 1 ? 0 : MOST_WAITING;
  GST_OBJECT_UNLOCK (self);
  flow = rexnet_flight_wait (self->flight, queued + waiting);
  if (flow != GST_FLOW_OK) {
    gst_buffer_unref (buffer);
    return flow;
  }
  passage = g_new (RexnetPassage, 1);
  if (!begin (self, passage, buffer)) {
    drop (passage, self);
    return GST_FLOW_ERROR;
  }
  return rexnet_flight_enter (self->flight, passage, passage->look != NULL,
      queued);
}

static GstFlowReturn
gst_rexnet_classify_generate_output (GstBaseTransform * trans,
    GstBuffer ** buffer)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);

  if (!self->ahead || !trans->queued_buf)
    return GST_BASE_TRANSFORM_CLASS (parent_class)->generate_output (trans,
        buffer);
  *buffer = NULL;
  return enter (self, g_steal_pointer (&trans->queued_buf));
}

/* Lets the frames out that come before @event. */
static void
make_way (GstRexnetClassify * self, GstEvent * event)
{
  GstFlowReturn flow;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      rexnet_flight_flush_start (self->flight);
      break;
    case GST_EVENT_FLUSH_STOP:
      rexnet_flight_flush_stop (self->flight);
      break;
    case GST_EVENT_EOS:
      rexnet_flight_drain (self->flight);
      flow = rexnet_flight_take_flow (self->flight);
      /* No frame is left to return it for. */
      if (flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS)
        GST_ELEMENT_FLOW_ERROR (self, flow);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
      rexnet_flight_drain (self->flight);
      rexnet_flight_forget_eos (self->flight);
      break;
    default:
      if (GST_EVENT_IS_SERIALIZED (event))
        rexnet_flight_drain (self->flight);
  }
}

/* ---- events and queries ------------------------------------------------ */

static gboolean
gst_rexnet_classify_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);

  if (self->ahead)
    make_way (self, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_FLUSH_STOP:
      rexnet_classifier_forget (&self->classifier, TRUE);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (parent_class)->sink_event (trans, event);
}

static gboolean
gst_rexnet_classify_src_event (GstBaseTransform * trans, GstEvent * event)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);

  GST_OBJECT_LOCK (self);
  rexnet_pacer_event (&self->classifier.pacer, event);
  GST_OBJECT_UNLOCK (self);
  /* The base class must not see it: with qos=true it would drop frames. */
  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS)
    return gst_pad_push_event (trans->sinkpad, event);
  return GST_BASE_TRANSFORM_CLASS (parent_class)->src_event (trans, event);
}

/* Frames in flight are buffers that upstream can't use. */
static gboolean
gst_rexnet_classify_propose_allocation (GstBaseTransform * trans,
    GstQuery * decide_query, GstQuery * query)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);
  gboolean ok = GST_BASE_TRANSFORM_CLASS (parent_class)->propose_allocation
      (trans, decide_query, query);
  guint n = gst_query_get_n_allocation_pools (query);
  /* A query may come when the element is stopped already. */
  guint held = rexnet_flight_get_workers (self->flight);
  GstVideoInfo info;
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  if (held == 0 || !caps || !gst_video_info_from_caps (&info, caps))
    return ok;
  /* And the one that waits to enter, and the one that is pushed. */
  held += QUEUED + 2;
  for (guint i = 0; i < n; i++) {
    g_autoptr (GstBufferPool) pool = NULL;
    guint size, min, max;

    gst_query_parse_nth_allocation_pool (query, i, &pool, &size, &min, &max);
    min = max == 0 ? min + held : MIN (min + held, max);
    gst_query_set_nth_allocation_pool (query, i, pool, size, min, max);
  }
  if (n == 0)
    gst_query_add_allocation_pool (query, NULL, info.size, held, 0);
  return TRUE;
}

/* So that a source with a choice takes a format that is read in place. */
static void
sort_caps (GstQuery * query)
{
  g_autoptr (GstCaps) sorted = NULL;
  GstCaps *caps;

  gst_query_parse_caps_result (query, &caps);
  sorted = rexnet_frame_sort_caps (caps);
  gst_query_set_caps_result (query, sorted);
}

static gboolean
gst_rexnet_classify_query (GstBaseTransform * trans, GstPadDirection direction,
    GstQuery * query)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);

  if (self->ahead && direction == GST_PAD_SINK
      && GST_QUERY_IS_SERIALIZED (query))
    rexnet_flight_drain (self->flight);
  if (!GST_BASE_TRANSFORM_CLASS (parent_class)->query (trans, direction, query))
    return FALSE;
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS && direction == GST_PAD_SINK)
    sort_caps (query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY
      && direction == GST_PAD_SRC) {
    GST_OBJECT_LOCK (self);
    rexnet_pacer_answer (&self->classifier.pacer, query);
    GST_OBJECT_UNLOCK (self);
  }
  return TRUE;
}

/* ---- class ------------------------------------------------------------- */

static void
gst_rexnet_classify_finalize (GObject * object)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (object);

  rexnet_settings_clear (&self->settings);
  rexnet_flight_free (self->flight);
  rexnet_classifier_clear (&self->classifier);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
install_properties (GObjectClass * class)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  rexnet_settings_install (class);
  active_device = g_param_spec_string ("active-device", "Active device",
      "Where it runs; NULL while stopped", NULL, flags);
  g_object_class_install_property (class, PROP_ACTIVE_DEVICE, active_device);
  g_object_class_install_property (class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Frames, inferences, and the time they took", GST_TYPE_STRUCTURE,
          flags));
}

static void
add_templates (GstElementClass * class)
{
  g_autoptr (GstCaps) caps = rexnet_frame_caps ();

  gst_caps_set_simple (caps,
      "width", GST_TYPE_INT_RANGE, 1, MAX_PIXELS,
      "height", GST_TYPE_INT_RANGE, 1, MAX_PIXELS, NULL);
  gst_element_class_add_pad_template (class,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template (class,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
}

static void
gst_rexnet_classify_class_init (GstRexnetClassifyClass * class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GstElementClass *element_class = GST_ELEMENT_CLASS (class);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (class);

  object_class->set_property = gst_rexnet_classify_set_property;
  object_class->get_property = gst_rexnet_classify_get_property;
  object_class->finalize = gst_rexnet_classify_finalize;
  install_properties (object_class);
  gst_type_mark_as_plugin_api (GST_TYPE_REXNET_VARIANT, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_REXNET_SCHEDULING, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_REXNET_PRECISION, 0);

  add_templates (element_class);
  gst_element_class_set_static_metadata (element_class,
      "ReXNet classifier", "Filter/Analyzer/Video",
      "Classifies video frames with ReXNet and attaches the labels to them",
      "gst-rexnet");

  trans_class->start = gst_rexnet_classify_start;
  trans_class->stop = gst_rexnet_classify_stop;
  trans_class->set_caps = gst_rexnet_classify_set_caps;
  trans_class->transform_ip = gst_rexnet_classify_transform_ip;
  trans_class->generate_output = gst_rexnet_classify_generate_output;
  trans_class->propose_allocation = gst_rexnet_classify_propose_allocation;
  trans_class->sink_event = gst_rexnet_classify_sink_event;
  trans_class->src_event = gst_rexnet_classify_src_event;
  trans_class->query = gst_rexnet_classify_query;
}

static void
gst_rexnet_classify_init (GstRexnetClassify * self)
{
  GstPad *src = GST_BASE_TRANSFORM_SRC_PAD (self);

  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  rexnet_settings_init (&self->settings);
  rexnet_classifier_init (&self->classifier, GST_ELEMENT (self));
  self->flight = rexnet_flight_new (src, &flight_funcs, self);
  self->activate_src = GST_PAD_ACTIVATEMODEFUNC (src);
  gst_pad_set_activatemode_function (src, gst_rexnet_classify_activate_src);
}
