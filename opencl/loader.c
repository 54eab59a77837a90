/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>

#include "loader.h"

RexnetClFunctions rexnet_cl;

static gboolean
find_functions (GModule * module, const char *path, char **why)
{
  static const struct
  {
    const char *name;
    gsize offset;
  } functions[] = {
#define X(function) \
    { #function, G_STRUCT_OFFSET (RexnetClFunctions, function) },
    REXNET_CL_FUNCTIONS (X)
#undef X
  };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    if (!g_module_symbol (module, functions[i].name,
            G_STRUCT_MEMBER_P (&rexnet_cl, functions[i].offset))) {
      *why = g_strdup_printf ("no OpenCL 1.2: %s has no %s", path,
          functions[i].name);
      return FALSE;
    }
  if (!g_module_symbol (module, "clGetKernelSubGroupInfo",
          &rexnet_cl.clGetKernelSubGroupInfo))
    rexnet_cl.clGetKernelSubGroupInfo = NULL;
  return TRUE;
}

/* The module stays open: drivers leave threads and exit handlers behind. */
static char *
load (void)
{
  const char *path = g_getenv ("REXNET_OPENCL_LIBRARY");
  GModule *module;
  char *why = NULL;

  if (!path || !*path)
    path = "libOpenCL.so.1";
  module = g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (!module)
    return g_strdup_printf ("no OpenCL: %s (install an OpenCL ICD loader, such "
        "as ocl-icd-libopencl1)", g_module_error ());
  if (find_functions (module, path, &why))
    g_module_make_resident (module);
  else
    g_module_close (module);
  return why;
}

gboolean
rexnet_cl_load (GError ** error)
{
  static gsize once = 0;
  static char *failure;

  if (g_once_init_enter (&once)) {
    failure = load ();
    g_once_init_leave (&once, 1);
  }
  if (failure)
    g_set_error_literal (error, REXNET_ERROR, REXNET_ERROR_DEVICE, failure);
  return failure == NULL;
}

const char *
rexnet_cl_status_to_string (cl_int status)
{
  switch (status) {
#define X(code) case code: return #code;
    X (CL_DEVICE_NOT_FOUND)
    X (CL_DEVICE_NOT_AVAILABLE)
    X (CL_COMPILER_NOT_AVAILABLE)
    X (CL_MEM_OBJECT_ALLOCATION_FAILURE)
    X (CL_OUT_OF_RESOURCES)
    X (CL_OUT_OF_HOST_MEMORY)
    X (CL_BUILD_PROGRAM_FAILURE)
    X (CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
    X (CL_INVALID_VALUE)
    X (CL_INVALID_DEVICE)
    X (CL_INVALID_CONTEXT)
    X (CL_INVALID_COMMAND_QUEUE)
    X (CL_INVALID_MEM_OBJECT)
    X (CL_INVALID_BINARY)
    X (CL_INVALID_BUILD_OPTIONS)
    X (CL_INVALID_KERNEL_NAME)
    X (CL_INVALID_KERNEL_ARGS)
    X (CL_INVALID_ARG_INDEX)
    X (CL_INVALID_ARG_SIZE)
    X (CL_INVALID_WORK_GROUP_SIZE)
    X (CL_INVALID_WORK_ITEM_SIZE)
    X (CL_INVALID_BUFFER_SIZE)
    X (CL_INVALID_GLOBAL_WORK_SIZE)
    X (CL_PLATFORM_NOT_FOUND_KHR)
#undef X
    default:{
      g_autofree char *number = g_strdup_printf ("error %d", status);
      return g_intern_string (number);
    }
  }
}

gboolean
rexnet_cl_check (cl_int status, GError ** error, const char *what, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (status == CL_SUCCESS)
    return TRUE;
  va_start (args, what);
  text = g_strdup_vprintf (what, args);
  va_end (args);
  g_set_error (error, REXNET_ERROR,
      status == CL_MEM_OBJECT_ALLOCATION_FAILURE ? REXNET_ERROR_MEMORY
      : REXNET_ERROR_DEVICE, "OpenCL cannot %s: %s", text,
      rexnet_cl_status_to_string (status));
  return FALSE;
}
