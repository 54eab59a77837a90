/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The register tile of the matrix product that suits this processor. */
#pragma once

#include "kernels/kernels.h"

typedef struct
{
  guint columns;                /* vectors in a panel, 2 to REXNET_MAX_COLUMNS */
  gboolean paired;              /* for gemm_paired, up to REXNET_MAX_PAIRED */
} RexnetTile;

/*
 * Wide panels load less for each multiply-add, tall ones reuse weights more;
 * which is faster depends on how many multiply-adds and loads a core starts in
 * a cycle. Timed once for each level in a process, in about a millisecond; no
 * result depends on it. Whether products are paired does change the last
 * digits, so that is not timed but known of the processor: see
 * RexnetCpuInfo.adders.
 */
RexnetTile rexnet_tile_choose (const RexnetKernels * kernels);

/* The pixels of its tallest tile. */
guint rexnet_tile_rows (const RexnetKernels * kernels, RexnetTile tile);
