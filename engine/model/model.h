/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What backends, the engine and the loaders may see of a model. */
#pragma once

#include "settings.h"
#include "state_dict.h"
#include "tensor.h"

/* Lives as long as the model. */
const RexnetNetwork *rexnet_model_get_network (RexnetModel * model);

/* The tensors as the file named them. @n: (out). */
const RexnetNamedTensor *rexnet_model_get_tensors (RexnetModel * model,
    guint * n);

/*
 * Builds a model of the tensors in @dict, whose blobs it keeps references on.
 * @settings: must agree with the tensors; its name and labels are taken
 */
RexnetModel *rexnet_model_new (RexnetStateDict * dict,
    RexnetSettings * settings, GError ** error);

/* Lets the system drop the file's pages from memory until they are read again:
 * for after the weights were packed. */
void rexnet_model_release_pages (RexnetModel * model);

/* Trainable parameters, before batch norm is folded. */
guint64 rexnet_conv_parameters (const RexnetConv * conv);

/* @pooled: the convolution works on 1 x 1 maps. */
typedef void (*RexnetConvFunc) (const RexnetConv * conv, const char *name,
    gboolean pooled, gpointer data);

/* Calls @func for every convolution that is present, in order. */
void rexnet_network_foreach (const RexnetNetwork * net, RexnetConvFunc func,
    gpointer data);
