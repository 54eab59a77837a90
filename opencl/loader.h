/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libOpenCL, opened at run time. Its functions are called through `cl`:
 *
 *     if (rexnet_cl_load (&error))
 *       status = cl.clFinish (queue);
 */
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>

#include <rexnet/rexnet.h>

#define REXNET_CL_FUNCTIONS(X) \
  X (clGetPlatformIDs) \
  X (clGetPlatformInfo) \
  X (clGetDeviceIDs) \
  X (clGetDeviceInfo) \
  X (clGetExtensionFunctionAddressForPlatform) \
  X (clCreateContext) \
  X (clReleaseContext) \
  X (clCreateCommandQueue) \
  X (clReleaseCommandQueue) \
  X (clCreateBuffer) \
  X (clCreateSubBuffer) \
  X (clReleaseMemObject) \
  X (clCreateProgramWithSource) \
  X (clCreateProgramWithBinary) \
  X (clBuildProgram) \
  X (clGetProgramInfo) \
  X (clGetProgramBuildInfo) \
  X (clReleaseProgram) \
  X (clCreateKernel) \
  X (clReleaseKernel) \
  X (clSetKernelArg) \
  X (clEnqueueNDRangeKernel) \
  X (clEnqueueReadBuffer) \
  X (clEnqueueReadBufferRect) \
  X (clEnqueueWriteBuffer) \
  X (clEnqueueWriteBufferRect) \
  X (clEnqueueFillBuffer) \
  X (clEnqueueMapBuffer) \
  X (clEnqueueUnmapMemObject) \
  X (clEnqueueMarkerWithWaitList) \
  X (clGetEventProfilingInfo) \
  X (clReleaseEvent) \
  X (clWaitForEvents) \
  X (clFlush) \
  X (clFinish)

typedef struct
{
#define X(function) __typeof__ (&function) function;
  REXNET_CL_FUNCTIONS (X)
#undef X
  gpointer clGetKernelSubGroupInfo;     /* of OpenCL 2.1; NULL: not there */
} RexnetClFunctions;

/* Filled by rexnet_cl_load(); then constant. */
extern RexnetClFunctions rexnet_cl;
#define cl rexnet_cl

/*
 * Opens $REXNET_OPENCL_LIBRARY, or libOpenCL.so.1, once per process; later
 * calls give the first one's answer. Any thread.
 */
gboolean rexnet_cl_load (GError ** error);

/* "CL_OUT_OF_RESOURCES", or the number. Static or interned. */
const char *rexnet_cl_status_to_string (cl_int status);

/* TRUE for CL_SUCCESS; otherwise sets REXNET_ERROR_DEVICE (or _MEMORY) with
 * @what, which names the call's purpose: "allocate 12 MB". */
gboolean rexnet_cl_check (cl_int status, GError ** error, const char *what,
    ...) G_GNUC_PRINTF (3, 4);
