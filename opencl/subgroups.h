/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a device's sub-groups are as kernels/subgroup.cl takes them. */
#pragma once

#include "graph.h"

/* With @graph's programs compiled. TRUE where its tiles need none. */
gboolean rexnet_cl_subgroups_fit (const RexnetClGraph * graph);
