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

#include "rexnetahead.h"
#include "rexnetenums.h"
#include "rexnetreport.h"

GST_DEBUG_CATEGORY (rexnet_classify_debug);
#define GST_CAT_DEFAULT rexnet_classify_debug

#define MAX_PIXELS 32768

struct _GstRexnetClassify
{
  GstBaseTransform parent;

  RexnetSettings settings;      /* guarded by the object lock */
  RexnetClassifier classifier;
  gboolean fell_back;           /* to the CPU, and that has been said */

  RexnetAhead ahead;            /* on where scheduling=throughput */
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

/* Says once that a device was left for the CPU. */
static void
check_fallback (GstRexnetClassify * self)
{
  const RexnetEngineInfo *info =
      rexnet_engine_get_info (self->classifier.engine);

  if (!info->fallback || self->fell_back)
    return;
  self->fell_back = TRUE;
  GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
      ("The device failed, going on on the CPU: %s", info->fallback), (NULL));
  rexnet_ahead_update (&self->ahead);
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
  self->ahead.on = self->settings.scheduling == REXNET_SCHEDULING_THROUGHPUT
      && GST_PAD_MODE (src) != GST_PAD_MODE_PULL;
  GST_OBJECT_UNLOCK (self);
  if (rexnet_ahead_start (&self->ahead, error))
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

  rexnet_ahead_stop (&self->ahead);
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
  g_autoptr (GError) error = NULL;

  if (!active)
    rexnet_ahead_stop (&self->ahead);
  else if (!rexnet_ahead_start (&self->ahead, &error)) {
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

  rexnet_ahead_drain (&self->ahead);
  if (!gst_video_info_from_caps (&info, in)
      || !rexnet_classifier_set_info (&self->classifier, &info)) {
    GST_ERROR_OBJECT (self, "no way to read %" GST_PTR_FORMAT, in);
    return FALSE;
  }
  return TRUE;
}

/* ---- frames ------------------------------------------------------------ */

static RexnetTuning
get_tuning (GstRexnetClassify * self)
{
  RexnetTuning tuning;

  GST_OBJECT_LOCK (self);
  tuning = self->settings.tuning;
  GST_OBJECT_UNLOCK (self);
  return tuning;
}

static GstFlowReturn
finish (GstBaseTransform * trans, RexnetPassage * passage)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);

  if (!rexnet_classifier_finish (&self->classifier, passage, &trans->segment))
    return GST_FLOW_ERROR;
  check_fallback (self);
  return GST_FLOW_OK;
}

/* One frame at a time, in the streaming thread. */
static GstFlowReturn
gst_rexnet_classify_transform_ip (GstBaseTransform * trans, GstBuffer * buffer)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);
  RexnetTuning tuning = get_tuning (self);
  RexnetPassage passage;

  if (!rexnet_classifier_begin (&self->classifier, &passage, buffer,
          &trans->segment, &tuning))
    return GST_FLOW_ERROR;
  if (passage.look)
    rexnet_classifier_look (&self->classifier, &passage);
  return finish (trans, &passage);
}

static GstFlowReturn
gst_rexnet_classify_generate_output (GstBaseTransform * trans,
    GstBuffer ** buffer)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);
  RexnetTuning tuning;

  if (!self->ahead.on || !trans->queued_buf)
    return GST_BASE_TRANSFORM_CLASS (parent_class)->generate_output (trans,
        buffer);
  *buffer = NULL;
  tuning = get_tuning (self);
  return rexnet_ahead_enter (&self->ahead,
      g_steal_pointer (&trans->queued_buf), &tuning);
}

/* ---- events and queries ------------------------------------------------ */

static gboolean
gst_rexnet_classify_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);

  rexnet_ahead_make_way (&self->ahead, event);
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

static gboolean
gst_rexnet_classify_propose_allocation (GstBaseTransform * trans,
    GstQuery * decide_query, GstQuery * query)
{
  GstRexnetClassify *self = GST_REXNET_CLASSIFY (trans);
  gboolean ok = GST_BASE_TRANSFORM_CLASS (parent_class)->propose_allocation
      (trans, decide_query, query);

  rexnet_frame_refuse_crop (query);
  return rexnet_ahead_propose (&self->ahead, query) || ok;
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

  if (direction == GST_PAD_SINK && GST_QUERY_IS_SERIALIZED (query))
    rexnet_ahead_drain (&self->ahead);
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
  rexnet_ahead_clear (&self->ahead);
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
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  GstPad *src = GST_BASE_TRANSFORM_SRC_PAD (trans);

  gst_base_transform_set_in_place (trans, TRUE);
  rexnet_settings_init (&self->settings);
  rexnet_classifier_init (&self->classifier, GST_ELEMENT (self));
  rexnet_ahead_init (&self->ahead, trans, &self->classifier, finish);
  self->activate_src = GST_PAD_ACTIVATEMODEFUNC (src);
  gst_pad_set_activatemode_function (src, gst_rexnet_classify_activate_src);
}
