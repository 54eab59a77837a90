/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comma-separated values as RFC 4180 has them; lines may end in LF alone, and
 * empty ones are passed over. */
#pragma once

#include <gio/gio.h>

typedef struct
{
  const char *at, *end;         /* what is left of the text */
  guint line;                   /* of @at, from 1 */
} Csv;

/* @text: lives as long as @self; a byte order mark is passed over. */
void csv_init (Csv * self, const char *text, gsize length);

/*
 * Reads the next record.
 * @line: (out): where it begins
 *
 * Returns: (transfer full) (element-type char*): its fields, of which there is
 *   at least one; NULL at the end, or with an error that tells the line
 */
GPtrArray *csv_read (Csv * self, guint * line, GError ** error);
