/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the planner needs to know of this processor. Safe from any thread. */
#pragma once

#include <rexnet/rexnet.h>

typedef struct
{
  gsize l1, l2;                 /* bytes of data cache a core has */
  guint cores;                  /* that this process may use */
  gboolean adders;              /* it has as many of them beside those that
                                 * multiply and add, or $REXNET_PAIRED is 1 */
  gint sparse;                  /* whether zeros are passed over: $REXNET_SPARSE; -1:
                                 * where that pays */
} RexnetCpuInfo;

/* Read once. */
const RexnetCpuInfo *rexnet_cpu_info (void);

/* FALSE with REXNET_ERROR_ARGUMENT when $REXNET_ISA names no level or
 * $REXNET_PAIRED or $REXNET_SPARSE is neither 0 nor 1. */
gboolean rexnet_cpu_check_environment (GError ** error);
