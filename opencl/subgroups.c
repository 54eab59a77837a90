/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "subgroups.h"

/* Of OpenCL 2.1, before which it was part of cl_khr_subgroups. */
typedef cl_int (CL_API_CALL * InfoFunc) (cl_kernel kernel, cl_device_id device,
    cl_uint what, size_t input_size, const void *input, size_t size,
    void *value, size_t *actual);

#define MAX_SUB_GROUP_SIZE 0x2033       /* for a group of the size in input */

gboolean
rexnet_cl_subgroups_fit (const RexnetClGraph * graph)
{
  const gsize group[3] = { graph->tiles.sg_x, 1, 1 };
  InfoFunc get_info;
  cl_kernel kernel;
  gsize size = 0;
  cl_int status;

  if (graph->tiles.sg_x == 0)
    return TRUE;
  get_info = cl.clGetKernelSubGroupInfo ? (InfoFunc) cl.clGetKernelSubGroupInfo
      : (InfoFunc) cl.clGetExtensionFunctionAddressForPlatform
      (graph->device->platform, "clGetKernelSubGroupInfoKHR");
  kernel = cl.clCreateKernel (graph->programs[0], "project_subgroup", &status);
  if (status != CL_SUCCESS)
    return FALSE;
  if (!get_info || get_info (kernel, graph->device->id, MAX_SUB_GROUP_SIZE,
          sizeof group, group, sizeof size, &size, NULL) != CL_SUCCESS)
    size = 0;
  cl.clReleaseKernel (kernel);
  return size == graph->tiles.sg_x;
}
