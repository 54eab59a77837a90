/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>

#include "gstrexnetclassify.h"
#include "gstrexnetjson.h"
#include "gstrexnetoverlay.h"
#include "rexnetmeta.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  rexnet_meta_register ();
  return GST_ELEMENT_REGISTER (rexnetclassify, plugin)
      && GST_ELEMENT_REGISTER (rexnetoverlay, plugin)
      && GST_ELEMENT_REGISTER (rexnetjson, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, rexnet,
    "Image classification with ReXNet", plugin_init, PACKAGE_VERSION, "LGPL",
    "gst-rexnet", "Unknown package origin")
