/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An ONNX graph (https://onnx.ai/onnx/repo-docs/IR.html) in the making. Values
 * are known by name; a node's one output bears the node's name. Nodes must be
 * added after what they read.
 */
#pragma once

#include <rexnet/rexnet.h>

#include "model/onnx.pb-c.h"

#define REXNET_ONNX_OPSET 17
#define REXNET_ONNX_IR_VERSION 8        /* of the release that has this opset */

typedef struct _RexnetOnnx RexnetOnnx;
typedef Onnx__NodeProto RexnetOnnxNode;

RexnetOnnx *rexnet_onnx_new (const char *name);
void rexnet_onnx_free (RexnetOnnx * onnx);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetOnnx, rexnet_onnx_free)

/* float32, of any batch. @dims: the @n_dims after the batch */
void rexnet_onnx_add_input (RexnetOnnx * onnx, const char *name, guint n_dims,
    const gint64 * dims);
void rexnet_onnx_add_output (RexnetOnnx * onnx, const char *name, guint n_dims,
    const gint64 * dims);
void rexnet_onnx_add_metadata (RexnetOnnx * onnx, const char *key,
    const char *value);

/* Adds a node that reads the values named by the other arguments, up to a NULL.
 * Returns: (transfer none) */
RexnetOnnxNode *rexnet_onnx_add_node (RexnetOnnx * onnx, const char *op,
    const char *name, ...) G_GNUC_NULL_TERMINATED;
void rexnet_onnx_node_set_int (RexnetOnnxNode * node, const char *name,
    gint64 value);
void rexnet_onnx_node_set_ints (RexnetOnnxNode * node, const char *name,
    guint n, const gint64 * values);

/*
 * Adds constants. @values: (transfer full): from g_malloc()
 * @half: hold them as float16, which a node turns back into float32
 */
gboolean rexnet_onnx_add_floats (RexnetOnnx * onnx, const char *name,
    guint n_dims, const gint64 * dims, float *values, gboolean half,
    GError ** error);
void rexnet_onnx_add_int64s (RexnetOnnx * onnx, const char *name, guint n,
    const gint64 * values);

/* Writes the file as rexnet_model_save_onnx() promises. */
gboolean rexnet_onnx_write (RexnetOnnx * onnx, const char *path,
    GError ** error);
