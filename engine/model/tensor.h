/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views of numbers in somebody else's bytes; see RexnetTensor. */
#pragma once

#include "network.h"

/* Bytes of one element. */
guint rexnet_dtype_size (RexnetDtype dtype);

/* Elements; the loader made sure that the product fits in 31 bits. */
guint rexnet_tensor_count (const RexnetTensor * tensor);

/*
 * Checks @tensor's shape and strides against a storage of @size bytes, of
 * which it starts at byte @offset, and sets @tensor->data.
 * @data: the storage's first byte
 * @key: what errors call the tensor, of the file @source
 */
gboolean rexnet_tensor_place (RexnetTensor * tensor, const guint8 * data,
    guint64 size, guint64 offset, const char *source, const char *key,
    GError ** error);

/* Row-major strides for @tensor's shape. */
void rexnet_tensor_set_contiguous (RexnetTensor * tensor);

/* Rows run along the last dimension; a row that is not there is empty.
 * @dst: tensor's last dimension long (1 for no dimensions) */
guint rexnet_tensor_rows (const RexnetTensor * tensor);
guint rexnet_tensor_row_size (const RexnetTensor * tensor);
void rexnet_tensor_read_row (const RexnetTensor * tensor, guint row,
    double *dst);

/* Whether every element is finite as a float32. */
gboolean rexnet_tensor_is_finite (const RexnetTensor * tensor);

/* "96 x 16 x 1 x 1" */
char *rexnet_tensor_shape_to_string (const RexnetTensor * tensor);
