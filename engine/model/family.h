/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Families: the keys and facts of one published code base each. */
#pragma once

#include "state_dict.h"

typedef struct
{
  const char *name;             /* for errors */
  gboolean (*matches) (RexnetStateDict * dict);
  /* Fills @net, whose blocks are then the caller's to free also on failure. */
  gboolean (*build) (RexnetStateDict * dict, RexnetNetwork * net,
      RexnetVariant * variant, GError ** error);
} RexnetFamily;

extern const RexnetFamily rexnet_family_rexnet;
extern const RexnetFamily rexnet_family_timm;

/* What a convolution must look like; 0 is anything. */
typedef struct
{
  guint in, out;
  guint kernel;                 /* 0: 3 or 5 */
} RexnetConvShape;

/*
 * Takes @key.weight, @key.bias if there is one, and the batch norm @norm
 * (nullable), into @conv, whose stride, depthwise and activation are set.
 * A 2-D weight is a 1 x 1 convolution.
 */
gboolean rexnet_take_conv (RexnetStateDict * dict, RexnetConv * conv,
    RexnetConvShape shape, const char *key, const char *norm, GError ** error);

/* Room for a key made with g_snprintf(). */
typedef char RexnetKey[96];

/* Where a block's layers are found; an empty key is a layer it lacks. */
typedef struct
{
  RexnetKey expand, expand_norm;
  RexnetKey depthwise, depthwise_norm;
  RexnetKey reduce, reduce_norm, excite;        /* the squeeze-excite */
  RexnetKey project, project_norm;
} RexnetBlockKeys;

/*
 * Takes a ReXNet block of @in channels into @block.
 * @activation: of the expansion
 */
gboolean rexnet_take_block (RexnetStateDict * dict, RexnetBlock * block,
    const RexnetBlockKeys * keys, guint in, RexnetActivation activation,
    GError ** error);

/* Sets the depthwise stride and the residual of every block. */
gboolean rexnet_take_strides (RexnetStateDict * dict, RexnetNetwork * net,
    GError ** error);

/* Stage lengths of @n_blocks, or FALSE when no depth multiplier gives them.
 * @stages: REXNET_N_STAGES numbers */
#define REXNET_N_STAGES 6
gboolean rexnet_stages (guint n_blocks, guint * stages);
