/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How models with generated weights are put together. */
#pragma once

#include "state_dict.h"

/* Adds tensors to @dict; after a failure, of which @error tells, nothing. */
typedef struct
{
  RexnetStateDict *dict;
  GError **error;
  gboolean failed;
} RexnetGenerator;

/* Each adds what belongs to the layer @key: weights, and a bias where the name
 * says so, or the four vectors of a batch norm. */
void rexnet_generate_conv (RexnetGenerator * g, guint out, guint in,
    guint kernel, const char *key);
void rexnet_generate_conv_bias (RexnetGenerator * g, guint out, guint in,
    const char *key);
void rexnet_generate_linear (RexnetGenerator * g, guint out, guint in,
    const char *key);
void rexnet_generate_norm (RexnetGenerator * g, guint channels,
    const char *key);

/* What a generated network is. */
typedef struct
{
  RexnetVariant variant;
  double width;                 /* multiplier */
  double depth;                 /* multiplier; of EfficientNets alone */
  guint classes;
} RexnetRecipe;

/* Adds all tensors of a network: ReXNet and ReXNet-lite under the official
 * keys, the others under timm's. */
void rexnet_generate_network (RexnetGenerator * g, const RexnetRecipe * recipe);
