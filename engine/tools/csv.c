/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "csv.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MAX_COLUMNS 1000

#define FAIL(error, ...) \
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, __VA_ARGS__)

void
csv_init (Csv * self, const char *text, gsize length)
{
  *self = (Csv) { text, text + length, 1 };
  if (length >= strlen (BYTE_ORDER_MARK)
      && memcmp (text, BYTE_ORDER_MARK, strlen (BYTE_ORDER_MARK)) == 0)
    self->at += strlen (BYTE_ORDER_MARK);
}

/* Passes over a line's end, if one is here. */
static gboolean
skip_end_of_line (Csv * self)
{
  if (self->at < self->end && *self->at == '\r'
      && (self->at + 1 == self->end || self->at[1] == '\n'))
    self->at++;
  else if (self->at == self->end || *self->at != '\n')
    return FALSE;
  if (self->at < self->end)
    self->at++;
  self->line++;
  return TRUE;
}

/* What stands between quotes; a doubled one is a quote. */
static gboolean
read_quoted (Csv * self, GString * field, GError ** error)
{
  const guint line = self->line;

  for (self->at++; self->at < self->end; self->at++) {
    if (*self->at == '"' && (self->at + 1 == self->end || self->at[1] != '"')) {
      self->at++;
      return TRUE;
    }
    self->at += *self->at == '"';
    self->line += *self->at == '\n';
    g_string_append_c (field, *self->at);
  }
  FAIL (error, "line %u: a quote that is opened there is never closed", line);
  return FALSE;
}

static gboolean
read_plain (Csv * self, GString * field, GError ** error)
{
  const char *start = self->at;

  while (self->at < self->end && !memchr (",\r\n\"", *self->at, 4))
    self->at++;
  g_string_append_len (field, start, self->at - start);
  if (self->at == self->end || *self->at != '"')
    return TRUE;
  FAIL (error, "line %u: a quote within a field; put the whole field in quotes "
      "and double those within", self->line);
  return FALSE;
}

static char *
read_field (Csv * self, GError ** error)
{
  g_autoptr (GString) field = g_string_new (NULL);
  const gboolean quoted = self->at < self->end && *self->at == '"';

  if (!(quoted ? read_quoted (self, field, error)
          : read_plain (self, field, error)))
    return NULL;
  if (strlen (field->str) == field->len)
    return g_string_free (g_steal_pointer (&field), FALSE);
  FAIL (error, "line %u: a NUL byte; the file should be UTF-8 text",
      self->line);
  return NULL;
}

GPtrArray *
csv_read (Csv * self, guint * line, GError ** error)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);

  while (skip_end_of_line (self));
  if (self->at == self->end)
    return NULL;
  *line = self->line;
  for (;;) {
    char *field = read_field (self, error);

    if (!field)
      return NULL;
    g_ptr_array_add (fields, field);
    if (self->at == self->end || skip_end_of_line (self))
      return g_steal_pointer (&fields);
    if (*self->at != ',') {
      FAIL (error, "line %u: something between a field and the comma behind it",
          self->line);
      return NULL;
    }
    if (fields->len == MAX_COLUMNS) {
      FAIL (error, "line %u: more than %d columns", self->line, MAX_COLUMNS);
      return NULL;
    }
    self->at++;
  }
}
