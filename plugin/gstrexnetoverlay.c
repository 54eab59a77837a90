/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rexnetoverlay
 * @title: rexnetoverlay
 * @short_description: draws classifications on video frames
 * @see_also: rexnetclassify
 *
 * Draws the labels and scores that rexnetclassify has attached to a frame. A
 * sink or encoder that composes overlays itself gets them as
 * GstVideoOverlayCompositionMeta; for others they are blended into the frame.
 * The letters grow with the frame.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=clip.webm ! decodebin ! rexnetclassify ! rexnetoverlay position=bottom-left ! videoconvert ! autovideosink
 * ]|
 *
 * Since: 0.1
 */
#include "gstrexnetoverlay.h"

#include <gst/video/video.h>

#include "rexnetboxes.h"
#include "rexnetenums.h"
#include "rexnetframe.h"
#include "rexnetoverlaycaps.h"
#include "rexnetsegment.h"

GST_DEBUG_CATEGORY_STATIC (rexnet_overlay_debug);
#define GST_CAT_DEFAULT rexnet_overlay_debug

#define DEFAULT_FONT "Sans"
#define DEFAULT_COLOR 0xffffffff
#define DEFAULT_BAR 0xff4dd0e1
#define DEFAULT_BACKGROUND 0xb0101418
#define DEFAULT_MAX_LABELS 5

struct _GstRexnetOverlay
{
  GstBaseTransform parent;

  /* Guarded by the object lock. */
  char *font;
  RexnetBoxStyle style;         /* but for its font */
  guint max_labels;
  gboolean analytics;
  guint style_serial;           /* counts changes */

  /* Of the streaming thread. */
  GstVideoInfo info;
  gboolean can_blend;           /* the frames are in system memory */
  gboolean may_attach;          /* the caps announce composition meta */
  gboolean attach;              /* and downstream's allocation takes it */
  gint ask;                     /* atomic: attach is not known */
  RexnetLabelBox *box;
  GString *drawn, *wanted;      /* what a picture shows, as text */
  GstVideoOverlayComposition *composition;      /* of drawn; may be NULL */
};

enum
{
  PROP_0,
  PROP_FONT,
  PROP_POSITION,
  PROP_COLOR,
  PROP_BAR_COLOR,
  PROP_BACKGROUND_COLOR,
  PROP_MAX_LABELS,
  PROP_SHOW_SCORES,
  PROP_ANALYTICS,
  N_PROPS
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE
        (GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS) "; "
        "video/x-raw(ANY)"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE
        (GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS) "; "
        "video/x-raw(ANY)"));

#define gst_rexnet_overlay_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE (GstRexnetOverlay, gst_rexnet_overlay,
    GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (rexnet_overlay_debug, "rexnetoverlay", 0,
        "ReXNet overlay"));
GST_ELEMENT_REGISTER_DEFINE (rexnetoverlay, "rexnetoverlay", GST_RANK_NONE,
    GST_TYPE_REXNET_OVERLAY);

/* ---- properties -------------------------------------------------------- */

static void
gst_rexnet_overlay_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_FONT:
      g_free (self->font);
      self->font = g_value_dup_string (value);
      break;
    case PROP_POSITION:
      self->style.position = g_value_get_enum (value);
      break;
    case PROP_COLOR:
      self->style.color = g_value_get_uint (value);
      break;
    case PROP_BAR_COLOR:
      self->style.bar = g_value_get_uint (value);
      break;
    case PROP_BACKGROUND_COLOR:
      self->style.background = g_value_get_uint (value);
      break;
    case PROP_MAX_LABELS:
      self->max_labels = g_value_get_uint (value);
      break;
    case PROP_SHOW_SCORES:
      self->style.scores = g_value_get_boolean (value);
      break;
    case PROP_ANALYTICS:
      self->analytics = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  self->style_serial++;
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rexnet_overlay_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_FONT:
      g_value_set_string (value, self->font);
      break;
    case PROP_POSITION:
      g_value_set_enum (value, self->style.position);
      break;
    case PROP_COLOR:
      g_value_set_uint (value, self->style.color);
      break;
    case PROP_BAR_COLOR:
      g_value_set_uint (value, self->style.bar);
      break;
    case PROP_BACKGROUND_COLOR:
      g_value_set_uint (value, self->style.background);
      break;
    case PROP_MAX_LABELS:
      g_value_set_uint (value, self->max_labels);
      break;
    case PROP_SHOW_SCORES:
      g_value_set_boolean (value, self->style.scores);
      break;
    case PROP_ANALYTICS:
      g_value_set_boolean (value, self->analytics);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- caps -------------------------------------------------------------- */

static GstCaps *
gst_rexnet_overlay_transform_caps (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, GstCaps * filter)
{
  g_autoptr (GstCaps) all = rexnet_overlay_caps_transform (direction, caps);

  return filter ? gst_caps_intersect_full (filter, all,
      GST_CAPS_INTERSECT_FIRST) : g_steal_pointer (&all);
}

static void
forget_picture (GstRexnetOverlay * self)
{
  g_string_truncate (self->drawn, 0);
  if (self->composition)
    gst_video_overlay_composition_unref (self->composition);
  self->composition = NULL;
}

/* All that is needed where frames are not touched. Not every GStreamer knows
 * their formats, such as DMA_DRM. */
static gboolean
read_size (GstVideoInfo * info, const GstCaps * caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);

  gst_video_info_init (info);
  return gst_structure_get_int (s, "width", &info->width)
      && gst_structure_get_int (s, "height", &info->height);
}

static gboolean
gst_rexnet_overlay_set_caps (GstBaseTransform * trans, GstCaps * in,
    GstCaps * out)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (trans);

  self->can_blend = rexnet_overlay_caps_blend (gst_caps_get_features (in, 0));
  if (self->can_blend ? !gst_video_info_from_caps (&self->info, in)
      : !read_size (&self->info, in))
    return FALSE;
  self->may_attach =
      rexnet_overlay_caps_compose (gst_caps_get_features (out, 0));
  g_atomic_int_set (&self->ask, TRUE);
  forget_picture (self);
  return TRUE;
}

/* ---- pictures ---------------------------------------------------------- */

static GstVideoOverlayComposition *
draw (GstRexnetOverlay * self, const RexnetBoxStyle * style, GArray * boxes)
{
  GstVideoOverlayComposition *composition = NULL;

  for (guint i = 0; i < boxes->len; i++) {
    const RexnetBox *box = &g_array_index (boxes, RexnetBox, i);
    GstVideoOverlayRectangle *rectangle;

    if (box->rows->len == 0)
      continue;
    rectangle = rexnet_label_box_draw (self->box, style, self->info.width,
        self->info.height, &box->area, (RexnetRow *) box->rows->data,
        box->rows->len);
    if (!rectangle)
      continue;
    if (composition)
      gst_video_overlay_composition_add_rectangle (composition, rectangle);
    else
      composition = gst_video_overlay_composition_new (rectangle);
    gst_video_overlay_rectangle_unref (rectangle);
  }
  return composition;
}

/* Sets self->composition for @buffer; a picture that shows the same again is
 * used again. */
static void
update_picture (GstRexnetOverlay * self, GstBuffer * buffer)
{
  g_autofree char *font = NULL;
  g_autoptr (GArray) boxes = NULL;
  RexnetBoxStyle style;
  guint max_labels;
  gboolean analytics;

  GST_OBJECT_LOCK (self);
  style = self->style;
  style.font = font = g_strdup (self->font ? self->font : DEFAULT_FONT);
  max_labels = self->max_labels;
  analytics = self->analytics;
  g_string_printf (self->wanted, "%u\n", self->style_serial);
  GST_OBJECT_UNLOCK (self);

  boxes = rexnet_boxes_collect (buffer, self->info.width, self->info.height,
      max_labels, analytics);
  rexnet_boxes_describe (boxes, self->wanted);
  if (g_string_equal (self->wanted, self->drawn))
    return;
  forget_picture (self);
  self->composition = draw (self, &style, boxes);
  g_string_assign (self->drawn, self->wanted->str);
}

/* Caps that announce composition meta only allow it; the answer to an
 * allocation query says that downstream reads it. */
static gboolean
downstream_composes (GstRexnetOverlay * self)
{
  GstPad *pad = GST_BASE_TRANSFORM (self)->srcpad;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstQuery) query = NULL;

  if (!self->may_attach || !caps)
    return FALSE;
  query = gst_query_new_allocation (caps, FALSE);
  return gst_pad_peer_query (pad, query) && gst_query_find_allocation_meta
      (query, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
}

static void
attach (GstRexnetOverlay * self, GstBuffer * buffer)
{
  GstVideoOverlayCompositionMeta *meta =
      gst_buffer_get_video_overlay_composition_meta (buffer);
  GstVideoOverlayComposition *both;
  guint n;

  if (!meta) {
    gst_buffer_add_video_overlay_composition_meta (buffer, self->composition);
    return;
  }
  both = gst_video_overlay_composition_copy (meta->overlay);
  n = gst_video_overlay_composition_n_rectangles (self->composition);
  for (guint i = 0; i < n; i++)
    gst_video_overlay_composition_add_rectangle (both,
        gst_video_overlay_composition_get_rectangle (self->composition, i));
  gst_video_overlay_composition_unref (meta->overlay);
  meta->overlay = both;
}

static gboolean
blend (GstRexnetOverlay * self, GstBuffer * buffer)
{
  GstVideoFrame frame;

  if (!gst_video_frame_map (&frame, &self->info, buffer, GST_MAP_READWRITE)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer of %" G_GSIZE_FORMAT " bytes does not hold the %d x %d %s "
            "frame that its caps announce.", gst_buffer_get_size (buffer),
            self->info.width, self->info.height, self->info.finfo->name),
        (NULL));
    return FALSE;
  }
  gst_video_overlay_composition_blend (self->composition, &frame);
  gst_video_frame_unmap (&frame);
  return TRUE;
}

static void
choose (GstRexnetOverlay * self)
{
  self->attach = downstream_composes (self);
  if (!self->attach && !self->can_blend)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("Labels can't be drawn: the frames are not in system memory and "
            "nothing downstream composes overlays."), (NULL));
}

/* Controlled properties follow the stream. */
static void
gst_rexnet_overlay_before_transform (GstBaseTransform * trans,
    GstBuffer * buffer)
{
  GstClockTime time = rexnet_segment_stream_time (&trans->segment,
      GST_BUFFER_PTS (buffer));

  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (trans), time);
}

static GstFlowReturn
gst_rexnet_overlay_transform_ip (GstBaseTransform * trans, GstBuffer * buffer)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (trans);

  update_picture (self, buffer);
  if (!self->composition)
    return GST_FLOW_OK;
  if (g_atomic_int_compare_and_exchange (&self->ask, TRUE, FALSE))
    choose (self);
  if (self->attach)
    attach (self, buffer);
  else if (self->can_blend && !blend (self, buffer))
    return GST_FLOW_ERROR;
  return GST_FLOW_OK;
}

/* The box is placed in what the caps say is the picture. */
static gboolean
gst_rexnet_overlay_propose_allocation (GstBaseTransform * trans,
    GstQuery * decide_query, GstQuery * query)
{
  gboolean ok = GST_BASE_TRANSFORM_CLASS (parent_class)->propose_allocation
      (trans, decide_query, query);

  rexnet_frame_refuse_crop (query);
  return ok;
}

static gboolean
gst_rexnet_overlay_src_event (GstBaseTransform * trans, GstEvent * event)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (trans);

  /* What is downstream now may be another. */
  if (GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE)
    g_atomic_int_set (&self->ask, TRUE);
  return GST_BASE_TRANSFORM_CLASS (parent_class)->src_event (trans, event);
}

static gboolean
gst_rexnet_overlay_start (GstBaseTransform * trans)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (trans);

  self->box = rexnet_label_box_new ();
  return TRUE;
}

static gboolean
gst_rexnet_overlay_stop (GstBaseTransform * trans)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (trans);

  forget_picture (self);
  g_clear_pointer (&self->box, rexnet_label_box_free);
  return TRUE;
}

/* ---- class ------------------------------------------------------------- */

static void
gst_rexnet_overlay_finalize (GObject * object)
{
  GstRexnetOverlay *self = GST_REXNET_OVERLAY (object);

  g_free (self->font);
  g_string_free (self->drawn, TRUE);
  g_string_free (self->wanted, TRUE);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
install_properties (GObjectClass * class)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE;

  g_object_class_install_property (class, PROP_FONT,
      g_param_spec_string ("font", "Font",
          "Pango font description; without a size the letters grow with the "
          "frame", DEFAULT_FONT, flags));
  g_object_class_install_property (class, PROP_POSITION,
      g_param_spec_enum ("position", "Position",
          "Where the box stands in the frame or region",
          GST_TYPE_REXNET_POSITION, REXNET_POSITION_TOP_LEFT, flags));
  g_object_class_install_property (class, PROP_COLOR,
      g_param_spec_uint ("color", "Colour",
          "Colour of the letters, big-endian ARGB", 0, G_MAXUINT32,
          DEFAULT_COLOR, flags));
  g_object_class_install_property (class, PROP_BAR_COLOR,
      g_param_spec_uint ("bar-color", "Bar colour",
          "Colour of the score bars, big-endian ARGB", 0, G_MAXUINT32,
          DEFAULT_BAR, flags));
  g_object_class_install_property (class, PROP_BACKGROUND_COLOR,
      g_param_spec_uint ("background-color", "Background colour",
          "Colour of the box behind them, big-endian ARGB", 0, G_MAXUINT32,
          DEFAULT_BACKGROUND, flags));
  g_object_class_install_property (class, PROP_MAX_LABELS,
      g_param_spec_uint ("max-labels", "Most labels",
          "Most labels drawn of one result", 0, 100, DEFAULT_MAX_LABELS,
          flags));
  g_object_class_install_property (class, PROP_SHOW_SCORES,
      g_param_spec_boolean ("show-scores", "Show scores",
          "Draw a bar and a percentage with each label", TRUE, flags));
#ifdef HAVE_ANALYTICS
  g_object_class_install_property (class, PROP_ANALYTICS,
      g_param_spec_boolean ("analytics", "Analytics",
          "Draw GstAnalytics classifications where there is no result of "
          "rexnetclassify", TRUE, flags));
#endif
}

static void
gst_rexnet_overlay_class_init (GstRexnetOverlayClass * class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GstElementClass *element_class = GST_ELEMENT_CLASS (class);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (class);

  object_class->set_property = gst_rexnet_overlay_set_property;
  object_class->get_property = gst_rexnet_overlay_get_property;
  object_class->finalize = gst_rexnet_overlay_finalize;
  install_properties (object_class);
  gst_type_mark_as_plugin_api (GST_TYPE_REXNET_POSITION, 0);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "ReXNet overlay", "Filter/Editor/Video",
      "Draws the labels of a classifier on video frames", "gst-rexnet");

  trans_class->start = gst_rexnet_overlay_start;
  trans_class->stop = gst_rexnet_overlay_stop;
  trans_class->transform_caps = gst_rexnet_overlay_transform_caps;
  trans_class->set_caps = gst_rexnet_overlay_set_caps;
  trans_class->before_transform = gst_rexnet_overlay_before_transform;
  trans_class->transform_ip = gst_rexnet_overlay_transform_ip;
  trans_class->propose_allocation = gst_rexnet_overlay_propose_allocation;
  trans_class->src_event = gst_rexnet_overlay_src_event;
}

static void
gst_rexnet_overlay_init (GstRexnetOverlay * self)
{
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  self->font = g_strdup (DEFAULT_FONT);
  self->style = (RexnetBoxStyle) {
    .color = DEFAULT_COLOR, .bar = DEFAULT_BAR,
    .background = DEFAULT_BACKGROUND, .scores = TRUE,
  };
  self->max_labels = DEFAULT_MAX_LABELS;
  self->analytics = TRUE;
  self->drawn = g_string_new (NULL);
  self->wanted = g_string_new (NULL);
}
