/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a data set's names of classes become the classes of a model. */
#pragma once

#include <gio/gio.h>
#include <rexnet/rexnet.h>

/*
 * Matches @names (element-type char*), which are sorted and all different. All
 * are labels of @model (with _ or - for a slash, or the synset that a label
 * begins with), or all are class numbers from 0, or all are synsets of
 * ImageNet-1k (n01440764) and the model has as many classes; or else there are
 * as many as classes, and they stand for these in order.
 * @where: what errors call their source
 *
 * Returns: (transfer full): a class for each, or NULL with the error
 */
guint *classes_match (GPtrArray * names, RexnetModel * model,
    const char *where, GError ** error);
