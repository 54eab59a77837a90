/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The OpenCL devices of this machine, and which one a name means. */
#pragma once

#include "loader.h"

typedef enum
{
  REXNET_CL_VENDOR_OTHER,
  REXNET_CL_VENDOR_CPU,         /* type CPU, a group is a loop */
  REXNET_CL_VENDOR_INTEL,
  REXNET_CL_VENDOR_AMD,
  REXNET_CL_VENDOR_NVIDIA,
  REXNET_CL_VENDOR_ARM,
  REXNET_CL_VENDOR_QUALCOMM,
} RexnetClVendor;

typedef struct
{
  cl_platform_id platform;
  cl_device_id id;
  cl_device_type type;
  RexnetClVendor vendor;
  guint lanes;                  /* floats of a native vector */
  gboolean unified;             /* it works in the host's memory */
  guint alignment;              /* bytes, of a part of a buffer */
  const char *subgroups;        /* the compiler's option; NULL: it has none */
  gboolean sets_subgroup;       /* a kernel can ask for their size */
  RexnetDevice info;
} RexnetClDevice;

/*
 * Returns: (transfer container) (element-type RexnetClDevice): empty when
 * libOpenCL is missing or has no platform. Listed once per process, as the
 * devices an ICD loader knows do not change; the elements live as long.
 */
GPtrArray *rexnet_cl_devices (void);

/*
 * @name: "opencl" or "auto": the first GPU, else the first accelerator, else
 *   (never for "auto") the first of any type; "opencl:INDEX"; or part of a
 *   device's or platform's name, in any case of letters
 * Returns: (transfer none): or NULL with an error that lists what there is
 */
const RexnetClDevice *rexnet_cl_device_find (const char *name,
    GError ** error);

/* Whether @name is for this backend, and, for "auto", has a device here. */
gboolean rexnet_cl_handles (const char *name);
