/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "tool.h"
#include "worst.h"

#define MAX_CONFUSED 3

/* Pictures of a class that were taken for another. */
typedef struct
{
  guint class_index, images;
} Confusion;

typedef struct
{
  guint class_index;
  Confusion confused[MAX_CONFUSED];     /* most pictures first */
  guint n_confused;
} Entry;

struct _Worst
{
  const Accuracy *by_class;
  RexnetModel *model;
  GArray *entries;              /* Entry, the worst first */
};

/* By the rate, then those with more pictures first. */
static int
compare_entries (gconstpointer a, gconstpointer b, gpointer by_class)
{
  const guint i = ((const Entry *) a)->class_index;
  const guint j = ((const Entry *) b)->class_index;
  const Accuracy *x = (const Accuracy *) by_class + i;
  const Accuracy *y = (const Accuracy *) by_class + j;
  const guint64 left = (guint64) x->top1 * y->images;
  const guint64 right = (guint64) y->top1 * x->images;

  if (left != right)
    return left < right ? -1 : 1;
  if (x->images != y->images)
    return x->images > y->images ? -1 : 1;
  return i < j ? -1 : 1;
}

static int
compare_confusions (gconstpointer a, gconstpointer b)
{
  const Confusion *x = a, *y = b;

  if (x->images != y->images)
    return x->images > y->images ? -1 : 1;
  return x->class_index < y->class_index ? -1 : 1;
}

/* @counts: scratch for each class */
static void
find_confusions (Entry * entry, Dataset * dataset, const Outcome * outcomes,
    guint total, Confusion * counts, guint classes)
{
  for (guint i = 0; i < classes; i++)
    counts[i] = (Confusion) { i, 0 };
  for (guint i = 0; i < total; i++) {
    const Outcome *o = &outcomes[i];

    if (o->state == OUTCOME_CLASSIFIED && o->n > 0
        && dataset_get_class (dataset, i) == entry->class_index
        && o->best[0] != entry->class_index)
      counts[o->best[0]].images++;
  }
  qsort (counts, classes, sizeof *counts, compare_confusions);
  for (guint i = 0; i < MIN (classes, MAX_CONFUSED) && counts[i].images; i++)
    entry->confused[entry->n_confused++] = counts[i];
}

Worst *
worst_find (Dataset * dataset, const Outcome * outcomes, guint total,
    const Accuracy * by_class, RexnetModel * model, guint n)
{
  const guint classes = rexnet_model_get_info (model)->classes;
  g_autofree Confusion *counts = g_new (Confusion, classes);
  Worst *self = g_new0 (Worst, 1);

  self->by_class = by_class;
  self->model = model;
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  for (guint i = 0; i < classes; i++) {
    const Entry entry = { i };

    if (by_class[i].images > 0)
      g_array_append_val (self->entries, entry);
  }
  g_array_sort_with_data (self->entries, compare_entries, (gpointer) by_class);
  g_array_set_size (self->entries, MIN (n, self->entries->len));
  for (guint i = 0; i < self->entries->len; i++)
    find_confusions (&g_array_index (self->entries, Entry, i), dataset,
        outcomes, total, counts, classes);
  return self;
}

/* Returns: (transfer full): the label, or the number */
static char *
name_of (const Worst * self, guint class_index)
{
  const char *label = rexnet_model_get_label (self->model, class_index);

  return label ? g_strdup (label) : g_strdup_printf ("class %u", class_index);
}

void
worst_print (const Worst * self)
{
  puts ("worst classes, and what they are taken for:");
  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = &g_array_index (self->entries, Entry, i);
    const Accuracy *a = &self->by_class[entry->class_index];
    g_autofree char *name = name_of (self, entry->class_index);

    printf ("  %6.2f %% of %u  %s", 100. * a->top1 / a->images, a->images,
        name);
    for (guint c = 0; c < entry->n_confused; c++) {
      const Confusion *confusion = &entry->confused[c];
      g_autofree char *other = name_of (self, confusion->class_index);

      printf ("%s%s (%u)", c ? ", " : ": ", other, confusion->images);
    }
    putchar ('\n');
  }
}

static void
add_class (const Worst * self, JsonBuilder * builder, guint class_index)
{
  tool_json_set_int (builder, "class", class_index);
  tool_json_set_string (builder, "label",
      rexnet_model_get_label (self->model, class_index));
}

static void
add_entry (const Worst * self, JsonBuilder * builder, const Entry * entry)
{
  const Accuracy *a = &self->by_class[entry->class_index];

  json_builder_begin_object (builder);
  add_class (self, builder, entry->class_index);
  tool_json_set_int (builder, "images", a->images);
  tool_json_set_int (builder, "top1_correct", a->top1);
  tool_json_set_int (builder, "top5_correct", a->top5);
  json_builder_set_member_name (builder, "taken_for");
  json_builder_begin_array (builder);
  for (guint c = 0; c < entry->n_confused; c++) {
    json_builder_begin_object (builder);
    add_class (self, builder, entry->confused[c].class_index);
    tool_json_set_int (builder, "images", entry->confused[c].images);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

void
worst_add_json (const Worst * self, JsonBuilder * builder)
{
  json_builder_set_member_name (builder, "worst");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->entries->len; i++)
    add_entry (self, builder, &g_array_index (self->entries, Entry, i));
  json_builder_end_array (builder);
}

void
worst_free (Worst * self)
{
  if (!self)
    return;
  g_array_unref (self->entries);
  g_free (self);
}
