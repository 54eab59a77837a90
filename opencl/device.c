/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glob.h>
#include <string.h>

#include "device.h"
#include "backend.h"

/* cl_khr_device_uuid; headers older than 2020 lack it. */
#ifndef CL_DEVICE_UUID_KHR
#define CL_DEVICE_UUID_KHR 0x106A
#endif
#define UUID_SIZE 16
/* OpenCL 3.0 */
#define DEVICE_OPENCL_C_FEATURES 0x106F

typedef struct
{
  cl_uint version;
  char name[64];
} NameVersion;

static char *
device_string (cl_device_id id, cl_device_info what)
{
  gsize size = 0;
  g_autofree char *text = NULL;

  if (cl.clGetDeviceInfo (id, what, 0, NULL, &size) != CL_SUCCESS || size == 0)
    return g_strdup ("");
  text = g_malloc0 (size + 1);
  cl.clGetDeviceInfo (id, what, size, text, NULL);
  return g_strstrip (g_utf8_make_valid (text, -1));
}

static char *
platform_string (cl_platform_id id, cl_platform_info what)
{
  gsize size = 0;
  g_autofree char *text = NULL;

  if (cl.clGetPlatformInfo (id, what, 0, NULL, &size) != CL_SUCCESS
      || size == 0)
    return g_strdup ("");
  text = g_malloc0 (size + 1);
  cl.clGetPlatformInfo (id, what, size, text, NULL);
  return g_strstrip (g_utf8_make_valid (text, -1));
}

static guint64
device_number (cl_device_id id, cl_device_info what)
{
  guint64 value = 0;            /* wide enough; hosts are little-endian */

  cl.clGetDeviceInfo (id, what, sizeof value, &value, NULL);
  return value;
}

static void
read_uuid (cl_device_id id, char uuid[37])
{
  guint8 u[UUID_SIZE];
  GString *text;

  if (cl.clGetDeviceInfo (id, CL_DEVICE_UUID_KHR, sizeof u, u, NULL)
      != CL_SUCCESS)
    return;
  text = g_string_new (NULL);
  for (guint i = 0; i < UUID_SIZE; i++)
    g_string_append_printf (text, "%s%02x",
        i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
  g_strlcpy (uuid, text->str, 37);
  g_string_free (text, TRUE);
}

static gboolean
has_feature (cl_device_id id, const char *name)
{
  NameVersion features[64];
  gsize size = 0;

  if (cl.clGetDeviceInfo (id, DEVICE_OPENCL_C_FEATURES, sizeof features,
          features, &size) != CL_SUCCESS)
    return FALSE;
  for (gsize i = 0; i < size / sizeof *features; i++)
    if (strncmp (features[i].name, name, sizeof features[i].name) == 0)
      return TRUE;
  return FALSE;
}

/* The language in which the device has sub-groups. */
static const char *
subgroups_option (cl_device_id id, const char *version,
    const char *extensions)
{
  if (has_feature (id, "__opencl_c_subgroups"))
    return "-cl-std=CL3.0";
  if (strstr (extensions, "cl_khr_subgroups")
      && !g_str_has_prefix (version, "OpenCL 1."))
    return "-cl-std=CL2.0";
  return strstr (extensions, "cl_intel_subgroups") ? "-cl-std=CL1.2" : NULL;
}

static const char *
type_to_string (cl_device_type type)
{
  return type & CL_DEVICE_TYPE_GPU ? "gpu" : type & CL_DEVICE_TYPE_CPU ? "cpu"
      : type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator" : "other";
}

static gboolean
contains (const char *text, const char *part)
{
  g_autofree char *a = g_utf8_casefold (text, -1);
  g_autofree char *b = g_utf8_casefold (part, -1);

  return strstr (a, b) != NULL;
}

static RexnetClVendor
find_vendor (cl_device_id id, cl_device_type type, const char *name,
    const char *platform)
{
  static const struct
  {
    const char *part;
    RexnetClVendor vendor;
  } vendors[] = {
    {"nvidia", REXNET_CL_VENDOR_NVIDIA},
    {"advanced micro devices", REXNET_CL_VENDOR_AMD},
    {"amd", REXNET_CL_VENDOR_AMD},
    {"radeon", REXNET_CL_VENDOR_AMD},
    {"intel", REXNET_CL_VENDOR_INTEL},
    {"qualcomm", REXNET_CL_VENDOR_QUALCOMM},
    {"adreno", REXNET_CL_VENDOR_QUALCOMM},
    {"mali", REXNET_CL_VENDOR_ARM},
    {"arm", REXNET_CL_VENDOR_ARM},
  };
  g_autofree char *vendor = device_string (id, CL_DEVICE_VENDOR);

  /* llvmpipe spreads a group over vector lanes, as a GPU does. */
  if (contains (platform, "rusticl") && contains (name, "llvmpipe"))
    return REXNET_CL_VENDOR_OTHER;
  if (type & CL_DEVICE_TYPE_CPU)
    return REXNET_CL_VENDOR_CPU;
  for (guint i = 0; i < G_N_ELEMENTS (vendors); i++)
    if (contains (vendor, vendors[i].part) || contains (name, vendors[i].part))
      return vendors[i].vendor;
  return REXNET_CL_VENDOR_OTHER;
}

static RexnetClDevice *
describe (cl_platform_id platform, cl_device_id id, guint index)
{
  RexnetClDevice *self = g_new0 (RexnetClDevice, 1);
  RexnetDevice *info = &self->info;
  g_autofree char *extensions = device_string (id, CL_DEVICE_EXTENSIONS);

  self->platform = platform;
  self->id = id;
  self->type = device_number (id, CL_DEVICE_TYPE);
  info->device = g_strdup_printf ("opencl:%u", index);
  info->name = device_string (id, CL_DEVICE_NAME);
  info->platform = platform_string (platform, CL_PLATFORM_NAME);
  info->version = device_string (id, CL_DEVICE_VERSION);
  info->driver = device_string (id, CL_DRIVER_VERSION);
  info->type = type_to_string (self->type);
  self->lanes = device_number (id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  self->alignment = MAX (device_number (id, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8,
      1);
  self->unified = device_number (id, CL_DEVICE_HOST_UNIFIED_MEMORY) & 0xff;
  self->vendor = find_vendor (id, self->type, info->name,
      info->platform);
  info->compute_units = device_number (id, CL_DEVICE_MAX_COMPUTE_UNITS);
  info->max_clock_mhz = device_number (id, CL_DEVICE_MAX_CLOCK_FREQUENCY);
  info->global_memory = device_number (id, CL_DEVICE_GLOBAL_MEM_SIZE);
  info->local_memory = device_number (id, CL_DEVICE_LOCAL_MEM_SIZE);
  info->max_allocation = device_number (id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  info->max_work_group = device_number (id, CL_DEVICE_MAX_WORK_GROUP_SIZE);
  info->fp16 = strstr (extensions, "cl_khr_fp16") != NULL;
  self->subgroups = subgroups_option (id, info->version, extensions);
  self->sets_subgroup = strstr (extensions, "cl_intel_required_subgroup_size")
      != NULL;
  info->subgroups = self->subgroups != NULL;
  info->command_buffer = strstr (extensions, "cl_khr_command_buffer") != NULL;
  if (strstr (extensions, "cl_khr_device_uuid"))
    read_uuid (id, info->uuid);
  return self;
}

/* A device that cannot compile, or has other sizes of numbers, is no use. */
static gboolean
is_usable (cl_device_id id)
{
  return device_number (id, CL_DEVICE_AVAILABLE) & 0xff
      && device_number (id, CL_DEVICE_COMPILER_AVAILABLE) & 0xff
      && device_number (id, CL_DEVICE_ENDIAN_LITTLE) & 0xff;
}

static GPtrArray *
list_devices (void)
{
  GPtrArray *list = g_ptr_array_new ();
  cl_platform_id platforms[32];
  cl_device_id ids[64];
  cl_uint n_platforms = 0, n = 0;

  if (!rexnet_cl_load (NULL) || cl.clGetPlatformIDs (G_N_ELEMENTS (platforms),
          platforms, &n_platforms) != CL_SUCCESS)
    return list;
  for (guint p = 0; p < MIN (n_platforms, G_N_ELEMENTS (platforms)); p++) {
    if (cl.clGetDeviceIDs (platforms[p], CL_DEVICE_TYPE_ALL,
            G_N_ELEMENTS (ids), ids, &n) != CL_SUCCESS)
      continue;
    for (guint i = 0; i < MIN (n, G_N_ELEMENTS (ids)); i++)
      if (is_usable (ids[i]))
        g_ptr_array_add (list, describe (platforms[p], ids[i], list->len));
  }
  return list;
}

GPtrArray *
rexnet_cl_devices (void)
{
  static gsize once = 0;
  static GPtrArray *list;

  if (g_once_init_enter (&once)) {
    list = list_devices ();
    g_once_init_leave (&once, 1);
  }
  return g_ptr_array_ref (list);
}

static const RexnetClDevice *
first_of_type (GPtrArray * list, cl_device_type type)
{
  for (guint i = 0; i < list->len; i++) {
    const RexnetClDevice *device = g_ptr_array_index (list, i);

    if (device->type & type)
      return device;
  }
  return NULL;
}

static const RexnetClDevice *
find (GPtrArray * list, const char *name)
{
  const RexnetClDevice *device = NULL;
  guint64 index;

  if (strcmp (name, "auto") == 0)
    return first_of_type (list, CL_DEVICE_TYPE_GPU);
  if (strcmp (name, "opencl") == 0) {
    device = first_of_type (list, CL_DEVICE_TYPE_GPU);
    if (!device)
      device = first_of_type (list, CL_DEVICE_TYPE_ACCELERATOR);
    return device ? device : first_of_type (list, CL_DEVICE_TYPE_ALL);
  }
  if (g_str_has_prefix (name, "opencl:"))
    return g_ascii_string_to_unsigned (name + 7, 10, 0, G_MAXUINT, &index, NULL)
        && index < list->len ? g_ptr_array_index (list, index) : NULL;
  for (guint i = 0; i < list->len && !device && *name; i++) {
    const RexnetClDevice *other = g_ptr_array_index (list, i);

    if (contains (other->info.name, name)
        || contains (other->info.platform, name))
      device = other;
  }
  return device;
}

const RexnetClDevice *
rexnet_cl_device_find (const char *name, GError ** error)
{
  g_autoptr (GPtrArray) list = NULL;
  const RexnetClDevice *device;
  GString *text;

  if (!rexnet_cl_load (error))
    return NULL;
  list = rexnet_cl_devices ();
  device = find (list, name);
  if (device)
    return device;
  text = g_string_new (NULL);
  for (guint i = 0; i < list->len; i++) {
    const RexnetClDevice *other = g_ptr_array_index (list, i);

    g_string_append_printf (text, "%s%s (%s)", i ? ", " : "",
        other->info.device, other->info.name);
  }
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
      "no OpenCL device '%s'; there is %s", name,
      list->len ? text->str : "none: install a driver (an ICD)");
  g_string_free (text, TRUE);
  return NULL;
}

/* Whether the kernel shows a graphics device; TRUE where that can't be told. */
static gboolean
may_have_gpu (void)
{
#ifdef __linux__
  static const char *const nodes[] = {
    "/dev/dri/renderD*", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg",
    "/dev/mali*", "/dev/kgsl-3d0", "/dev/pvr*",
  };

  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++) {
    glob_t found;
    int status = glob (nodes[i], GLOB_NOSORT, NULL, &found);

    if (status == 0)
      globfree (&found);
    if (status != GLOB_NOMATCH)
      return TRUE;
  }
  return FALSE;
#else
  return TRUE;
#endif
}

gboolean
rexnet_cl_handles (const char *name)
{
  g_autoptr (GPtrArray) list = NULL;

  /* Drivers take long to open and stay in memory: not for nothing. */
  if (strcmp (name, "auto") == 0 && !may_have_gpu ())
    return FALSE;

  if (strcmp (name, "opencl") == 0 || g_str_has_prefix (name, "opencl:"))
    return TRUE;
  list = rexnet_cl_devices ();
  return find (list, name) != NULL;
}

void
rexnet_opencl_list (GPtrArray * list)
{
  g_autoptr (GPtrArray) devices = rexnet_cl_devices ();

  for (guint i = 0; i < devices->len; i++) {
    const RexnetClDevice *device = g_ptr_array_index (devices, i);
    RexnetDevice *copy = g_new (RexnetDevice, 1);

    *copy = device->info;
    copy->device = g_strdup (copy->device);
    copy->name = g_strdup (copy->name);
    copy->platform = g_strdup (copy->platform);
    copy->version = g_strdup (copy->version);
    copy->driver = g_strdup (copy->driver);
    g_ptr_array_add (list, copy);
  }
}
