/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Families: the keys and facts of one published code base each. */
#pragma once

#include "state_dict.h"

typedef struct
{
  const char *name;             /* for errors */
  gboolean (*matches) (RexnetStateDict * dict);
  /* Optional: sets what an input of this network is, where nothing says it. */
  void (*defaults) (RexnetStateDict * dict, RexnetInput * input);
  /* Fills @net, whose blocks are then the caller's to free also on failure. */
  gboolean (*build) (RexnetStateDict * dict, RexnetNetwork * net,
      RexnetVariant * variant, GError ** error);
} RexnetFamily;

extern const RexnetFamily rexnet_family_rexnet;
extern const RexnetFamily rexnet_family_timm;
extern const RexnetFamily rexnet_family_efficientnet;

/* The family whose keys @dict has, or NULL. */
const RexnetFamily *rexnet_family_of (RexnetStateDict * dict);

/* What a convolution must look like; 0 is anything. */
typedef struct
{
  guint in, out;
  guint kernel;                 /* 0: 3 or 5 */
} RexnetConvShape;

/*
 * Takes @key.weight, @key.bias if there is one, and the batch norm @norm
 * (nullable), into @conv, whose stride, depthwise, activation and bn_eps are
 * set; zero stands for stride 1 and epsilon 1e-5.
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

/* What the blocks of a network have in common. */
typedef struct
{
  RexnetActivation expand, depthwise, reduce;
  gboolean se_first;
  double bn_eps;                /* 0: 1e-5 */
} RexnetBlockStyle;

/* A ReXNet's; @expand: of the expansion. */
RexnetBlockStyle rexnet_block_style (RexnetActivation expand);

/* Takes a block of @in channels into @block. */
gboolean rexnet_take_block (RexnetStateDict * dict, RexnetBlock * block,
    const RexnetBlockKeys * keys, guint in, const RexnetBlockStyle * style,
    GError ** error);

/* Sets the depthwise stride and the residual of a ReXNet's blocks. */
gboolean rexnet_take_strides (RexnetStateDict * dict, RexnetNetwork * net,
    GError ** error);

/* Stage lengths of @n_blocks, or FALSE when no depth multiplier gives them.
 * @stages: REXNET_N_STAGES numbers */
#define REXNET_N_STAGES 6
gboolean rexnet_stages (guint n_blocks, guint * stages);
