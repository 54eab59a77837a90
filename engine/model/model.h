/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What backends, the engine and the loaders may see of a model. */
#pragma once

#include "state_dict.h"

/* Lives as long as the model. */
const RexnetNetwork *rexnet_model_get_network (RexnetModel * model);

/*
 * Builds a model of the tensors in @dict, whose blobs it keeps references on.
 * @name: when the settings in @dict give none
 * @width: (nullable): the multiplier, where it is known
 */
RexnetModel *rexnet_model_new (RexnetStateDict * dict, const char *name,
    const double *width, GError ** error);

/* Trainable parameters, before batch norm is folded. */
guint64 rexnet_conv_parameters (const RexnetConv * conv);

/* @pooled: the convolution works on 1 x 1 maps. */
typedef void (*RexnetConvFunc) (const RexnetConv * conv, const char *name,
    gboolean pooled, gpointer data);

/* Calls @func for every convolution that is present, in order. */
void rexnet_network_foreach (const RexnetNetwork * net, RexnetConvFunc func,
    gpointer data);
