/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_REXNET_JSON (gst_rexnet_json_get_type ())
G_DECLARE_FINAL_TYPE (GstRexnetJson, gst_rexnet_json, GST, REXNET_JSON,
    GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (rexnetjson);

G_END_DECLS
