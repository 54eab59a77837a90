/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetoverlaycaps.h"

#include <gst/video/video.h>

#define META_FEATURE GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION

gboolean
rexnet_overlay_caps_compose (const GstCapsFeatures * features)
{
  return !gst_caps_features_is_any (features)
      && gst_caps_features_contains (features, META_FEATURE);
}

static GstCapsFeatures *
with_meta_feature (const GstCapsFeatures * features, gboolean with)
{
  GstCapsFeatures *copy = gst_caps_features_copy (features);

  if (gst_caps_features_is_any (copy))
    return copy;
  if (with)
    gst_caps_features_add (copy, META_FEATURE);
  else
    gst_caps_features_remove (copy, META_FEATURE);
  return copy;
}

gboolean
rexnet_overlay_caps_blend (const GstCapsFeatures * features)
{
  g_autoptr (GstCapsFeatures) bare = with_meta_feature (features, FALSE);

  return gst_caps_features_is_equal (bare,
      GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY);
}

GstCaps *
rexnet_overlay_caps_transform (GstPadDirection direction, const GstCaps * caps)
{
  GstCaps *meta = gst_caps_new_empty (), *plain = gst_caps_new_empty ();

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    GstStructure *s = gst_caps_get_structure (caps, i);
    GstCapsFeatures *f = gst_caps_get_features (caps, i);
    gboolean has_meta = rexnet_overlay_caps_compose (f)
        || gst_caps_features_is_any (f);
    gboolean may_lack = direction == GST_PAD_SINK ?
        !has_meta && rexnet_overlay_caps_blend (f)
        : has_meta || rexnet_overlay_caps_blend (f);

    if (direction == GST_PAD_SINK || has_meta)
      gst_caps_append_structure_full (meta, gst_structure_copy (s),
          with_meta_feature (f, TRUE));
    if (may_lack)
      gst_caps_append_structure_full (plain, gst_structure_copy (s),
          with_meta_feature (f, FALSE));
  }
  return gst_caps_merge (meta, plain);
}
