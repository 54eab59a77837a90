/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_REXNET_OVERLAY (gst_rexnet_overlay_get_type ())
G_DECLARE_FINAL_TYPE (GstRexnetOverlay, gst_rexnet_overlay, GST,
    REXNET_OVERLAY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (rexnetoverlay);

G_END_DECLS
