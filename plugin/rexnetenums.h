/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The enumerations of the elements' properties. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* A RexnetVariant, or this. */
#define REXNET_VARIANT_ANY (-1)
#define GST_TYPE_REXNET_VARIANT (gst_rexnet_variant_get_type ())
GType gst_rexnet_variant_get_type (void);

/* RexnetScheduling. */
#define GST_TYPE_REXNET_SCHEDULING (gst_rexnet_scheduling_get_type ())
GType gst_rexnet_scheduling_get_type (void);

/* RexnetPrecision. */
#define GST_TYPE_REXNET_PRECISION (gst_rexnet_precision_get_type ())
GType gst_rexnet_precision_get_type (void);

/* RexnetPosition. */
#define GST_TYPE_REXNET_POSITION (gst_rexnet_position_get_type ())
GType gst_rexnet_position_get_type (void);

G_END_DECLS
