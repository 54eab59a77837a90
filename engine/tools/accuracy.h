/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the outcomes of a data set's pictures amount to. */
#pragma once

#include <json-glib/json-glib.h>

#include "dataset.h"
#include "outcome.h"

typedef struct
{
  guint images;                 /* that were classified */
  guint top1, top5;             /* how many were right */
  guint errors;                 /* could not be read */
} Accuracy;

/* Returns: (transfer full): for each of @classes that of the first @total
 * pictures. */
Accuracy *accuracy_by_class (Dataset * dataset, const Outcome * outcomes,
    guint total, guint classes);

Accuracy accuracy_sum (const Accuracy * by_class, guint classes);

/* Both rates with their 95 % confidence intervals. @self: has images */
void accuracy_print (const Accuracy * self);
void accuracy_add_json (const Accuracy * self, JsonBuilder * builder);
