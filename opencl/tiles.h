/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes that the kernels are compiled with; kernels/ explains each. */
#pragma once

#include "device.h"

/* All .cl files, in the order in which they must be compiled. */
extern const char rexnet_cl_source[];

/* Field and macro; those without one matter to the host alone. */
#define REXNET_CL_TILES(X) \
  X (cb, "CB") \
  X (pw_p, "PW_P") \
  X (pw_t, "PW_T") \
  X (pw_x, "PW_X") \
  X (pw_y, "PW_Y") \
  X (pw_slab, "PW_SLAB") \
  X (pw_stage, "PW_STAGE") \
  X (dw_r, "DW_R") \
  X (dw_x, "DW_X") \
  X (st_r, "ST_R") \
  X (st_t, "ST_T") \
  X (st_x, "ST_X") \
  X (st_y, "ST_Y") \
  X (fc_x, "FC_X") \
  X (fu_x, "FU_X") \
  X (fu_kb, "") \
  X (sg, "SUBGROUPS") \
  X (sg_x, "SG_X") \
  X (sg_t, "SG_T") \
  X (fp16, "")

typedef struct
{
#define X(field, macro) guint field;
  REXNET_CL_TILES (X)
#undef X
} RexnetClTiles;

/* The defaults for @device's vendor. */
RexnetClTiles rexnet_cl_tiles_default (const RexnetClDevice * device);

/* What rexnet_cl_tiles_save() stored for @device, or the defaults when there is
 * nothing, or nothing that makes sense.
 * @cache_dir: (nullable): as in RexnetEngineOptions */
RexnetClTiles rexnet_cl_tiles_load (const RexnetClDevice * device,
    const char *cache_dir);

gboolean rexnet_cl_tiles_save (const RexnetClTiles * tiles,
    const RexnetClDevice * device, const char *cache_dir, GError ** error);

/* Whether the kernels can be compiled with these, and @device can run groups
 * that large with that much local memory. */
gboolean rexnet_cl_tiles_fit (const RexnetClTiles * tiles,
    const RexnetClDevice * device);

/* Returns: (transfer full): "-D CB=4 ..."
 * @half: see kernels/common.cl */
char *rexnet_cl_tiles_to_options (const RexnetClTiles * tiles,
    const RexnetClDevice * device, gboolean half);
