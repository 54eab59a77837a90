/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The classes that a model confuses most, and with what. */
#pragma once

#include "accuracy.h"

typedef struct _Worst Worst;

/*
 * Finds the @n classes with the lowest top-1 rate among those that the first
 * @total pictures show.
 * @by_class: from accuracy_by_class(); lives as long as the result
 * @model: for the labels; lives as long as the result
 */
Worst *worst_find (Dataset * dataset, const Outcome * outcomes, guint total,
    const Accuracy * by_class, RexnetModel * model, guint n);
void worst_print (const Worst * self);
void worst_add_json (const Worst * self, JsonBuilder * builder);
/* @self: (nullable) */
void worst_free (Worst * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Worst, worst_free)
