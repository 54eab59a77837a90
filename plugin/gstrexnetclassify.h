/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_REXNET_CLASSIFY (gst_rexnet_classify_get_type ())
G_DECLARE_FINAL_TYPE (GstRexnetClassify, gst_rexnet_classify, GST,
    REXNET_CLASSIFY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (rexnetclassify);

G_END_DECLS
