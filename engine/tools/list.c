/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "csv.h"
#include "list.h"
#include "model/files.h"
#include "tool.h"

#define MAX_FILE (1 << 28)

#define FAIL(error, ...) \
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, __VA_ARGS__)

/* What a header may call the columns, by preference: an index may be the
 * number of the row. */
static const char *const file_names[] = {
  "file", "filename", "file_name", "filepath", "path", "image", "picture", NULL
};

static const char *const class_names[] = {
  "class", "class_index", "class_id", "target", "label", "category", "synset",
  "wnid", "index", NULL
};

/* Where the two columns are. */
typedef struct
{
  guint file, class_, n;
} Columns;

static void
clear_entry (gpointer entry)
{
  g_free (((ListEntry *) entry)->path);
}

/* Which of @fields has the first of @names that any of them has, or how many
 * they are. */
static guint
find_column (GPtrArray * fields, const char *const *names)
{
  for (; *names; names++)
    for (guint i = 0; i < fields->len; i++) {
      g_autofree char *field = g_strstrip (g_strdup (fields->pdata[i]));

      if (g_ascii_strcasecmp (field, *names) == 0)
        return i;
    }
  return fields->len;
}

/* Whether the first record is a header, which names both columns. */
static gboolean
read_header (GPtrArray * first, Columns * columns)
{
  const guint file = find_column (first, file_names);
  const guint class_ = find_column (first, class_names);
  const gboolean both = file < first->len && class_ < first->len;

  *columns = both ? (Columns) { file, class_, first->len }
      : (Columns) { 0, 1, 2 };
  return both;
}

static gboolean
check_record (GPtrArray * fields, const Columns * columns, guint line,
    GError ** error)
{
  if (fields->len != columns->n) {
    FAIL (error, "line %u has %u column%s, but should have %u: %s", line,
        fields->len, fields->len == 1 ? "" : "s", columns->n,
        columns->n == 2 ? "a file and its class, with a comma between"
        : "as many as the header");
    return FALSE;
  }
  if (*(char *) fields->pdata[columns->file]
      && *(char *) fields->pdata[columns->class_])
    return TRUE;
  FAIL (error, "line %u: the %s is empty", line,
      *(char *) fields->pdata[columns->file] ? "class" : "file name");
  return FALSE;
}

/* @positions: of names seen so far, by order of appearance */
static void
add_entry (List * self, GHashTable * positions, const char *folder,
    const char *file, const char *name)
{
  ListEntry entry = {
    g_path_is_absolute (file) ? g_strdup (file)
        : g_build_filename (folder, file, NULL)
  };
  gpointer position;

  if (g_hash_table_lookup_extended (positions, name, NULL, &position)) {
    entry.name = GPOINTER_TO_UINT (position);
  } else {
    char *copy = g_strdup (name);

    entry.name = self->names->len;
    g_ptr_array_add (self->names, copy);
    g_hash_table_insert (positions, copy, GUINT_TO_POINTER (entry.name));
  }
  g_array_append_val (self->entries, entry);
}

/* Sorts the names, and lets the entries follow. */
static void
sort_names (List * self, GHashTable * positions)
{
  g_autofree guint *sorted = g_new (guint, self->names->len);

  g_ptr_array_sort (self->names, tool_compare_strings);
  for (guint i = 0; i < self->names->len; i++)
    sorted[GPOINTER_TO_UINT (g_hash_table_lookup (positions,
                self->names->pdata[i]))] = i;
  for (guint i = 0; i < self->entries->len; i++) {
    ListEntry *entry = &g_array_index (self->entries, ListEntry, i);

    entry->name = sorted[entry->name];
  }
}

static gboolean
read_records (List * self, Csv * csv, const char *folder, GError ** error)
{
  g_autoptr (GHashTable) positions =
      g_hash_table_new (g_str_hash, g_str_equal);
  GError *failure = NULL;
  GPtrArray *fields;
  Columns columns;
  gboolean first = TRUE;
  guint line;

  while (!failure && (fields = csv_read (csv, &line, &failure))) {
    const gboolean header = first && read_header (fields, &columns);

    if (!header && check_record (fields, &columns, line, &failure))
      add_entry (self, positions, folder, fields->pdata[columns.file],
          fields->pdata[columns.class_]);
    g_ptr_array_unref (fields);
    first = FALSE;
  }
  if (!failure && self->entries->len == 0)
    FAIL (&failure, "lists no pictures");
  if (failure) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  sort_names (self, positions);
  return TRUE;
}

List *
list_read (const char *path, GError ** error)
{
  g_autoptr (List) self = g_new0 (List, 1);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = NULL;
  gsize length;
  Csv csv;

  self->entries = g_array_new (FALSE, FALSE, sizeof (ListEntry));
  g_array_set_clear_func (self->entries, clear_entry);
  self->names = g_ptr_array_new_with_free_func (g_free);
  if (!rexnet_file_read (path, MAX_FILE, &text, &length, error))
    return NULL;
  csv_init (&csv, text, length);
  if (read_records (self, &csv, folder, error))
    return g_steal_pointer (&self);
  g_prefix_error (error, "%s: ", path);
  return NULL;
}

void
list_free (List * self)
{
  if (!self)
    return;
  g_array_unref (self->entries);
  g_ptr_array_unref (self->names);
  g_free (self);
}
