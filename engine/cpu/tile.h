/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The register tile of the matrix product that suits this processor. */
#pragma once

#include "kernels/kernels.h"

/*
 * Vectors in a panel, 2 to REXNET_MAX_COLUMNS. Wide panels load less for each
 * multiply-add, tall ones reuse weights more; which is faster depends on how
 * many multiply-adds and loads a core starts in a cycle. Timed once for each
 * level in a process, in about a millisecond. No result depends on it.
 */
guint rexnet_tile_columns (const RexnetKernels * kernels);
