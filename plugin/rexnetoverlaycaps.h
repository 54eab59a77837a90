/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which caps rexnetoverlay can make of which. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Whether frames may carry composition meta. */
gboolean rexnet_overlay_caps_compose (const GstCapsFeatures * features);

/* Whether they are plain frames in system memory, whose pixels can be
 * reached. */
gboolean rexnet_overlay_caps_blend (const GstCapsFeatures * features);

/*
 * For GstBaseTransform's transform_caps, without a filter. Frames that can't be
 * blended into must leave with composition meta. The meta is preferred for all:
 * composing in the sink is cheaper.
 *
 * Returns: (transfer full): what @caps on the pad of @direction allow on the
 *   other one
 */
GstCaps *rexnet_overlay_caps_transform (GstPadDirection direction,
    const GstCaps * caps);

G_END_DECLS
