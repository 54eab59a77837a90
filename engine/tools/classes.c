/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "classes.h"
#include "rexnet-synsets.h"

#define SYNSET_LENGTH 9         /* n01440764 */
#define IMAGENET_CLASSES 1000
/* Sorted, a line each. */
#define SYNSETS "/rexnet/imagenet-1k.synsets.txt"

#define FAIL(error, ...) \
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, __VA_ARGS__)

/* Returns a class or -1, for a name that is none. */
typedef int (*ClassFunc) (const char *name, RexnetModel * model);

static gboolean
is_synset (const char *name)
{
  return name[0] == 'n' && strspn (name + 1, "0123456789") == SYNSET_LENGTH - 1
      && name[SYNSET_LENGTH] == '\0';
}

/* A '/' in a label, which no folder can have, is '_' or '-' in the name. */
static gboolean
is_label (const char *name, const char *label)
{
  for (; *name && *label; name++, label++)
    if (*name != *label && !(*label == '/' && (*name == '_' || *name == '-')))
      return FALSE;
  return *name == *label;
}

/* "n01440764 tench, Tinca tinca" */
static gboolean
begins_with_synset (const char *label, const char *synset)
{
  return strncmp (label, synset, SYNSET_LENGTH) == 0
      && !g_ascii_isalnum (label[SYNSET_LENGTH]);
}

static int
find_label (const char *name, RexnetModel * model)
{
  const guint classes = rexnet_model_get_info (model)->classes;
  const gboolean synset = is_synset (name);

  for (guint i = 0; i < classes; i++) {
    const char *label = rexnet_model_get_label (model, i);

    if (label && (is_label (name, label)
            || (synset && begins_with_synset (label, name))))
      return i;
  }
  return -1;
}

static int
find_number (const char *name, RexnetModel * model)
{
  guint64 number;

  return g_ascii_string_to_unsigned (name, 10, 0,
      rexnet_model_get_info (model)->classes - 1, &number, NULL)
      ? (int) number : -1;
}

/* ImageNet-1k's classes are in the order of their synsets. */
static int
find_synset (const char *name, RexnetModel * model)
{
  g_autoptr (GBytes) bytes = NULL;
  const char *synsets;
  guint low = 0, high = IMAGENET_CLASSES;

  if (rexnet_model_get_info (model)->classes != IMAGENET_CLASSES
      || !is_synset (name))
    return -1;
  bytes = g_resource_lookup_data (rexnet_synsets_get_resource (), SYNSETS,
      G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  synsets = g_bytes_get_data (bytes, NULL);
  while (low < high) {
    const guint middle = (low + high) / 2;
    const int order = strncmp (name, synsets + middle * (SYNSET_LENGTH + 1),
        SYNSET_LENGTH);

    if (order == 0)
      return middle;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return -1;
}

/* How many of @names are classes; the first that is none in @stranger. */
static guint
match (GPtrArray * names, RexnetModel * model, ClassFunc find, guint * classes,
    const char **stranger)
{
  guint matches = 0;

  *stranger = NULL;
  for (guint i = 0; i < names->len; i++) {
    int found = find (names->pdata[i], model);

    classes[i] = found;
    if (found >= 0)
      matches++;
    else if (!*stranger)
      *stranger = names->pdata[i];
  }
  return matches;
}

static gboolean
all_numbers (GPtrArray * names)
{
  for (guint i = 0; i < names->len; i++)
    if (!g_ascii_string_to_unsigned (names->pdata[i], 10, 0, G_MAXUINT64, NULL,
            NULL))
      return FALSE;
  return TRUE;
}

guint *
classes_match (GPtrArray * names, RexnetModel * model, const char *where,
    GError ** error)
{
  const guint n_classes = rexnet_model_get_info (model)->classes;
  g_autofree guint *classes = g_new (guint, names->len);
  const char *stranger, *no_number, *no_synset;
  guint labels;

  if ((labels = match (names, model, find_label, classes, &stranger))
      == names->len)
    return g_steal_pointer (&classes);
  if (all_numbers (names)) {
    if (match (names, model, find_number, classes, &no_number) == names->len)
      return g_steal_pointer (&classes);
    FAIL (error, "%s: '%s' is no class number of the model, which are 0 to %u",
        where, no_number, n_classes - 1);
    return NULL;
  }
  if (match (names, model, find_synset, classes, &no_synset) == names->len)
    return g_steal_pointer (&classes);
  if (labels == 0 && names->len == n_classes) {
    for (guint i = 0; i < names->len; i++)
      classes[i] = i;
    return g_steal_pointer (&classes);
  }
  FAIL (error, "%s: '%s' is none of the model's labels%s, and %u names are no "
      "list of its %u classes", where, stranger,
      n_classes == IMAGENET_CLASSES ? " and none of ImageNet's synsets" : "",
      names->len, n_classes);
  return NULL;
}
