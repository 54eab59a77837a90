/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model that pipelines are timed with. */
#pragma once

#include <rexnet/rexnet.h>

/*
 * Makes a ReXNet of 1000 classes, and a file of it that elements of this
 * process can load. The file has no name and goes with the process, however
 * that ends. Says what is wrong and exits where it can't be made.
 *
 * @path: (out) (transfer full): of the file
 *
 * Returns: (transfer full): the model
 */
RexnetModel *make_model (double width, char **path);
