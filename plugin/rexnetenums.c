/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetenums.h"

#include <rexnet/rexnet.h>

#include "rexnetlabelbox.h"

GType
gst_rexnet_variant_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    {REXNET_VARIANT_ANY, "Whatever the model file holds", "any"},
    {REXNET_VARIANT_REXNET, "ReXNet", "rexnet"},
    {REXNET_VARIANT_REXNET_LITE, "ReXNet-lite", "rexnet-lite"},
    {REXNET_VARIANT_REXNETR, "ReXNet with channels in multiples of 8",
        "rexnetr"},
    {REXNET_VARIANT_EFFICIENTNET, "EfficientNet", "efficientnet"},
    {REXNET_VARIANT_EFFICIENTNET_LITE, "EfficientNet-Lite",
        "efficientnet-lite"},
    {0}
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstRexnetVariant", values));
  return type;
}

GType
gst_rexnet_scheduling_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    {REXNET_SCHEDULING_LATENCY, "All threads on one frame", "latency"},
    {REXNET_SCHEDULING_THROUGHPUT, "One frame a thread, as many in flight as "
          "there are threads", "throughput"},
    {0}
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstRexnetScheduling", values));
  return type;
}

GType
gst_rexnet_precision_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    {REXNET_PRECISION_AUTO, "What the device does best", "auto"},
    {REXNET_PRECISION_F32, "32-bit floating point", "f32"},
    {REXNET_PRECISION_F16, "16-bit floating point in memory, OpenCL only",
        "f16"},
    {0}
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstRexnetPrecision", values));
  return type;
}

GType
gst_rexnet_position_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    {REXNET_POSITION_TOP_LEFT, "Top left", "top-left"},
    {REXNET_POSITION_TOP, "Top", "top"},
    {REXNET_POSITION_TOP_RIGHT, "Top right", "top-right"},
    {REXNET_POSITION_LEFT, "Left", "left"},
    {REXNET_POSITION_CENTER, "Centre", "center"},
    {REXNET_POSITION_RIGHT, "Right", "right"},
    {REXNET_POSITION_BOTTOM_LEFT, "Bottom left", "bottom-left"},
    {REXNET_POSITION_BOTTOM, "Bottom", "bottom"},
    {REXNET_POSITION_BOTTOM_RIGHT, "Bottom right", "bottom-right"},
    {0}
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstRexnetPosition", values));
  return type;
}
