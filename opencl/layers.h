/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layers of a network as launches of kernels. Each function packs the
 * layer's weights, appends a launch and returns the map that it writes, in the
 * memory that it is told.
 */
#pragma once

#include "graph.h"

RexnetClMap rexnet_cl_add_stem (RexnetClGraph * g, const RexnetConv * conv,
    const RexnetClPorts * ports, guint width, guint height, cl_mem to);

/* @half, here and below: whether weights, and the map if it is one inside a
 * block, are of half */
RexnetClMap rexnet_cl_add_expand (RexnetClGraph * g, const char *name,
    const RexnetConv * conv, RexnetClMap x, cl_mem to, gboolean half);

/* @act: in place of @conv's own
 * @mean: (nullable): receives the mean over pixels of the output */
RexnetClMap rexnet_cl_add_depthwise (RexnetClGraph * g, const char *name,
    const RexnetConv * conv, RexnetActivation act, RexnetClMap x, cl_mem to,
    cl_mem mean, gboolean half);

/*
 * Whether one launch shall expand and filter, see kernels/fused.cl. Memory
 * traffic is what that saves, of the map between the two; it costs the rows
 * computed twice, and reading the input once for each tile of output channels,
 * mostly from a cache that is taken for four times as fast. It is done where
 * the bytes saved outweigh both, on a device that computes 16 multiply-adds
 * in the time of a byte, and there are groups enough for its compute units.
 * Returns: output rows of a group; 0: two launches
 */
guint rexnet_cl_fused_strip (const RexnetClGraph * g,
    const RexnetBlock * block, guint width, guint height, gboolean half);

/* Both in one. @strip: of rexnet_cl_fused_strip() */
RexnetClMap rexnet_cl_add_expand_depthwise (RexnetClGraph * g,
    const char *name, const RexnetBlock * block, RexnetActivation act,
    RexnetClMap x, cl_mem to, cl_mem mean, guint strip, gboolean half);

RexnetClMap rexnet_cl_add_dense (RexnetClGraph * g, const char *name,
    const RexnetConv * conv, RexnetClMap x, cl_mem to, gboolean half);

/* @gate: (nullable); @residual: the block's input */
RexnetClMap rexnet_cl_add_project (RexnetClGraph * g, const char *name,
    const RexnetBlock * block, RexnetClMap x, cl_mem to, cl_mem gate,
    const RexnetClMap * residual, gboolean half);

/* The mean over pixels of the convolution's output, as a vector. */
RexnetClMap rexnet_cl_add_head (RexnetClGraph * g, const RexnetConv * conv,
    RexnetClMap x, cl_mem to);

void rexnet_cl_add_softmax (RexnetClGraph * g, const RexnetClPorts * ports,
    guint classes);
