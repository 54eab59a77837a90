/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fail.h"
#include "state_dict.h"

/* More than any ReXNet has: bounds what a small file can make us store. */
#define MAX_ENTRIES 65536

typedef struct
{
  RexnetTensor tensor;
  char *dtype;                  /* of a tensor without data */
  gboolean taken;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->dtype);
  g_free (entry);
}

RexnetStateDict *
rexnet_state_dict_new (const char *source)
{
  RexnetStateDict *dict = g_new0 (RexnetStateDict, 1);

  dict->source = g_strdup (source);
  dict->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      entry_free);
  dict->blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return dict;
}

void
rexnet_state_dict_free (RexnetStateDict * dict)
{
  g_free (dict->source);
  g_hash_table_unref (dict->entries);
  g_ptr_array_unref (dict->blobs);
  g_clear_pointer (&dict->mapped, g_mapped_file_unref);
  g_free (dict->settings);
  g_free (dict->labels);
  g_free (dict);
}

gboolean
rexnet_state_dict_add (RexnetStateDict * dict, const char *key,
    const RexnetTensor * tensor, const char *dtype, GError ** error)
{
  Entry *entry;

  if (g_hash_table_contains (dict->entries, key))
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: holds %s twice", dict->source, key);
  if (g_hash_table_size (dict->entries) == MAX_ENTRIES)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: holds more than %u tensors", dict->source, MAX_ENTRIES);
  entry = g_new0 (Entry, 1);
  entry->tensor = *tensor;
  entry->dtype = g_strdup (dtype);
  g_hash_table_insert (dict->entries, g_strdup (key), entry);
  return TRUE;
}

gboolean
rexnet_state_dict_has (RexnetStateDict * dict, const char *format, ...)
{
  g_autofree char *key = NULL;
  va_list args;

  va_start (args, format);
  key = g_strdup_vprintf (format, args);
  va_end (args);
  return g_hash_table_contains (dict->entries, key);
}

const RexnetTensor *
rexnet_state_dict_peek (RexnetStateDict * dict, const char *key)
{
  Entry *entry = g_hash_table_lookup (dict->entries, key);

  return entry && entry->tensor.data ? &entry->tensor : NULL;
}

const RexnetTensor *
rexnet_state_dict_take (RexnetStateDict * dict, const char *key,
    GError ** error)
{
  Entry *entry = g_hash_table_lookup (dict->entries, key);

  if (!entry) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: %s is missing", dict->source, key);
    return NULL;
  }
  if (!entry->tensor.data) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_UNSUPPORTED,
        "%s: %s is of type %s, but weights can be float32, float16, bfloat16 "
        "or float64", dict->source, key, entry->dtype);
    return NULL;
  }
  if (!rexnet_tensor_is_finite (&entry->tensor)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: %s holds a value that is not a finite float32", dict->source, key);
    return NULL;
  }
  entry->taken = TRUE;
  return &entry->tensor;
}

static void
clear_named (gpointer data)
{
  g_free (((RexnetNamedTensor *) data)->key);
}

static gint
compare_named (gconstpointer a, gconstpointer b)
{
  return strcmp (((const RexnetNamedTensor *) a)->key,
      ((const RexnetNamedTensor *) b)->key);
}

GArray *
rexnet_state_dict_list_taken (RexnetStateDict * dict)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (RexnetNamedTensor));
  GHashTableIter iter;
  gpointer key, value;

  g_array_set_clear_func (list, clear_named);
  g_hash_table_iter_init (&iter, dict->entries);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    Entry *entry = value;
    const RexnetNamedTensor named = { g_strdup (key), entry->tensor };

    if (entry->taken)
      g_array_append_val (list, named);
    else
      g_free (named.key);
  }
  g_array_sort (list, compare_named);
  return list;
}

gboolean
rexnet_state_dict_all_taken (RexnetStateDict * dict, GError ** error)
{
  const char *first = NULL;
  guint n = 0;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, dict->entries);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    Entry *entry = value;

    if (entry->taken || !entry->tensor.data
        || rexnet_tensor_count (&entry->tensor) <= 1)
      continue;
    n++;
    if (!first || strcmp (key, first) < 0)
      first = key;
  }
  if (n == 0)
    return TRUE;
  return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: holds %u tensors that are no part of the ReXNet in it, among them "
      "%s", dict->source, n, first);
}
