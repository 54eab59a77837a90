/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libOpenCL that fails on command: it stands before the real one, which it
 * is linked with, and replaces the functions below. $FAILING_CL is
 *   alloc:N     the Nth clCreateBuffer and all after it fail
 *   compile     clBuildProgram fails
 *   enqueue:N   the Nth launch and all after it fail
 *   map:N       the Nth clEnqueueMapBuffer and all after it fail
 *   lost:N      from the Nth reading on the device is gone
 */
#include <dlfcn.h>
#include <glib.h>
#include <string.h>

#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

static gboolean lost;

/* Counts a call of @what; TRUE when it is to fail. */
static gboolean
fails (const char *what, int *calls)
{
  const char *plan = g_getenv ("FAILING_CL");
  gsize n = strlen (what);

  if (!plan || strncmp (plan, what, n) != 0)
    return FALSE;
  return plan[n] != ':'
      || g_atomic_int_add (calls, 1) + 1 >= (int) g_ascii_strtoll (plan + n + 1,
      NULL, 10);
}

static gpointer
next (const char *function)
{
  gpointer symbol = dlsym (RTLD_NEXT, function);

  g_assert_nonnull (symbol);
  return symbol;
}

cl_mem CL_API_CALL
clCreateBuffer (cl_context context, cl_mem_flags flags, size_t size,
    void *content, cl_int * status)
{
  static int calls;
  __typeof__ (&clCreateBuffer) real = next ("clCreateBuffer");

  if (!fails ("alloc", &calls))
    return real (context, flags, size, content, status);
  *status = CL_MEM_OBJECT_ALLOCATION_FAILURE;
  return NULL;
}

cl_int CL_API_CALL
clBuildProgram (cl_program program, cl_uint n, const cl_device_id * devices,
    const char *options, void (CL_CALLBACK * notify) (cl_program, void *),
    void *data)
{
  static int calls;
  __typeof__ (&clBuildProgram) real = next ("clBuildProgram");

  if (fails ("compile", &calls))
    return CL_BUILD_PROGRAM_FAILURE;
  return real (program, n, devices, options, notify, data);
}

static gboolean
launch_fails (void)
{
  static int calls;

  return lost || fails ("enqueue", &calls);
}

cl_int CL_API_CALL
clEnqueueNDRangeKernel (cl_command_queue queue, cl_kernel kernel,
    cl_uint dimensions, const size_t *offset, const size_t *global,
    const size_t *local, cl_uint n, const cl_event * events, cl_event * event)
{
  __typeof__ (&clEnqueueNDRangeKernel) real = next ("clEnqueueNDRangeKernel");

  if (launch_fails ())
    return lost ? CL_DEVICE_NOT_AVAILABLE : CL_OUT_OF_RESOURCES;
  return real (queue, kernel, dimensions, offset, global, local, n, events,
      event);
}

/* The launches of a command buffer count as one. */
typedef cl_int (CL_API_CALL * ReplayFunc) (cl_uint n_queues,
    cl_command_queue * queues, gpointer buffer, cl_uint n,
    const cl_event * events, cl_event * event);
static ReplayFunc replay;

static cl_int CL_API_CALL
failing_replay (cl_uint n_queues, cl_command_queue * queues, gpointer buffer,
    cl_uint n, const cl_event * events, cl_event * event)
{
  if (launch_fails ())
    return lost ? CL_DEVICE_NOT_AVAILABLE : CL_OUT_OF_RESOURCES;
  return replay (n_queues, queues, buffer, n, events, event);
}

void *CL_API_CALL
clGetExtensionFunctionAddressForPlatform (cl_platform_id platform,
    const char *name)
{
  __typeof__ (&clGetExtensionFunctionAddressForPlatform) real =
      next ("clGetExtensionFunctionAddressForPlatform");
  gpointer function = real (platform, name);

  if (!function || strcmp (name, "clEnqueueCommandBufferKHR") != 0)
    return function;
  replay = (ReplayFunc) function;
  return (gpointer) failing_replay;
}

void *CL_API_CALL
clEnqueueMapBuffer (cl_command_queue queue, cl_mem buffer, cl_bool blocking,
    cl_map_flags flags, size_t offset, size_t size, cl_uint n,
    const cl_event * events, cl_event * event, cl_int * status)
{
  static int calls;
  __typeof__ (&clEnqueueMapBuffer) real = next ("clEnqueueMapBuffer");

  if (!fails ("map", &calls))
    return real (queue, buffer, blocking, flags, offset, size, n, events,
        event, status);
  *status = CL_MAP_FAILURE;
  return NULL;
}

cl_int CL_API_CALL
clEnqueueReadBuffer (cl_command_queue queue, cl_mem buffer, cl_bool blocking,
    size_t offset, size_t size, void *data, cl_uint n, const cl_event * events,
    cl_event * event)
{
  static int calls;
  __typeof__ (&clEnqueueReadBuffer) real = next ("clEnqueueReadBuffer");

  if (fails ("lost", &calls)) {
    lost = TRUE;
    return CL_DEVICE_NOT_AVAILABLE;
  }
  return real (queue, buffer, blocking, offset, size, data, n, events, event);
}
