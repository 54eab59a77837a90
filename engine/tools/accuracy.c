/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>

#include "accuracy.h"
#include "tool.h"

static void
count (Accuracy * self, const Outcome * outcome, guint class_index)
{
  self->errors += outcome->state == OUTCOME_UNREADABLE;
  if (outcome->state != OUTCOME_CLASSIFIED)
    return;
  self->images++;
  for (guint i = 0; i < outcome->n; i++)
    if (outcome->best[i] == class_index) {
      self->top1 += i == 0;
      self->top5++;
    }
}

Accuracy *
accuracy_by_class (Dataset * dataset, const Outcome * outcomes, guint total,
    guint classes)
{
  Accuracy *by_class = g_new0 (Accuracy, classes);

  for (guint i = 0; i < total; i++) {
    const guint class_index = dataset_get_class (dataset, i);

    count (&by_class[class_index], &outcomes[i], class_index);
  }
  return by_class;
}

Accuracy
accuracy_sum (const Accuracy * by_class, guint classes)
{
  Accuracy sum = { 0 };

  for (guint i = 0; i < classes; i++) {
    sum.images += by_class[i].images;
    sum.top1 += by_class[i].top1;
    sum.top5 += by_class[i].top5;
    sum.errors += by_class[i].errors;
  }
  return sum;
}

/* The 95 % confidence interval of @hits in @n trials, after Wilson (1927). */
static void
interval (guint hits, guint n, double *low, double *high)
{
  const double z = 1.959964, p = (double) hits / n;
  const double middle = p + z * z / (2 * n);
  const double reach = z * sqrt (p * (1 - p) / n + z * z / (4. * n * n));

  *low = MAX (0, (middle - reach) / (1 + z * z / n));
  *high = MIN (1, (middle + reach) / (1 + z * z / n));
}

static void
print_rate (const char *name, guint hits, guint n)
{
  double low, high;

  interval (hits, n, &low, &high);
  printf ("%s %.2f %% (%u of %u, 95 %% interval %.2f to %.2f)\n", name,
      100. * hits / n, hits, n, 100 * low, 100 * high);
}

void
accuracy_print (const Accuracy * self)
{
  print_rate ("top-1", self->top1, self->images);
  print_rate ("top-5", self->top5, self->images);
}

static void
add_rate (JsonBuilder * builder, const char *name, guint hits, guint n)
{
  g_autofree char *correct = g_strconcat (name, "_correct", NULL);
  g_autofree char *bounds = g_strconcat (name, "_interval", NULL);
  double low, high;

  interval (hits, n, &low, &high);
  tool_json_set_double (builder, name, (double) hits / n);
  tool_json_set_int (builder, correct, hits);
  json_builder_set_member_name (builder, bounds);
  json_builder_begin_array (builder);
  json_builder_add_double_value (builder, low);
  json_builder_add_double_value (builder, high);
  json_builder_end_array (builder);
}

void
accuracy_add_json (const Accuracy * self, JsonBuilder * builder)
{
  tool_json_set_int (builder, "images", self->images);
  tool_json_set_int (builder, "errors", self->errors);
  add_rate (builder, "top1", self->top1, self->images);
  add_rate (builder, "top5", self->top5, self->images);
}
