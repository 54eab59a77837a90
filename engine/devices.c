/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend.h"

static void
device_free (gpointer data)
{
  RexnetDevice *device = data;

  g_free (device->device);
  g_free (device->name);
  g_free (device->platform);
  g_free (device->version);
  g_free (device->driver);
  g_free (device);
}

static RexnetDevice *
cpu_device (void)
{
  RexnetDevice *device = g_new0 (RexnetDevice, 1);

  device->device = g_strdup ("cpu");
  device->name = g_strdup_printf ("CPU backend (%s)",
      rexnet_isa_to_string (rexnet_isa_best ()));
  device->platform = g_strdup ("rexnet");
  device->version = g_strdup (rexnet_version ());
  device->driver = g_strdup ("");
  device->type = "cpu";
  device->compute_units = g_get_num_processors ();
  return device;
}

GPtrArray *
rexnet_devices_list (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (device_free);

  g_ptr_array_add (list, cpu_device ());
#ifdef HAVE_OPENCL
  rexnet_opencl_list (list);
#endif
  return list;
}

gboolean
rexnet_device_tune (const RexnetEngineOptions * options, char **report,
    GError ** error)
{
  *report = NULL;
#ifdef HAVE_OPENCL
  return rexnet_opencl_tune (options, report, error);
#else
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_UNSUPPORTED,
      "built without OpenCL, which is what there is to tune");
  return FALSE;
#endif
}
