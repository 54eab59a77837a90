/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3. */
#include <string.h>

#include "zip_offsets.h"

#define LOCAL_HEADER 30
#define CENTRAL_HEADER 46
#define END_RECORD 22
#define END64_LOCATOR 20
#define END64_RECORD 56
#define MAX_COMMENT 65535
#define EXTRA_ZIP64 1
#define METHOD_STORED 0

static guint64
get_uint (const guint8 * p, guint n)
{
  guint64 value = 0;

  for (guint i = 0; i < n; i++)
    value |= (guint64) p[i] << (8 * i);
  return value;
}

static gboolean
has_signature (const guint8 * p, guint8 a, guint8 b)
{
  return p[0] == 'P' && p[1] == 'K' && p[2] == a && p[3] == b;
}

/* Whether [offset, offset + length) lies inside the file. */
static gboolean
inside (gsize size, guint64 offset, guint64 length)
{
  return offset <= size && length <= size - offset;
}

static const guint8 *
find_end_record (const guint8 * data, gsize size)
{
  for (gsize back = END_RECORD;
      back <= size && back <= END_RECORD + MAX_COMMENT; back++) {
    const guint8 *p = data + size - back;

    if (has_signature (p, 5, 6) && get_uint (p + 20, 2) == back - END_RECORD)
      return p;
  }
  return NULL;
}

/* Where the central directory starts and how many entries it has. */
static gboolean
find_directory (const guint8 * data, gsize size, guint64 * offset,
    guint64 * entries)
{
  const guint8 *end = find_end_record (data, size);
  guint64 end64;

  if (!end)
    return FALSE;
  *entries = get_uint (end + 10, 2);
  *offset = get_uint (end + 16, 4);
  if (end - data < END64_LOCATOR || !has_signature (end - END64_LOCATOR, 6, 7))
    return TRUE;

  end64 = get_uint (end - END64_LOCATOR + 8, 8);
  if (!inside (size, end64, END64_RECORD)
      || !has_signature (data + end64, 6, 6))
    return FALSE;
  *entries = get_uint (data + end64 + 32, 8);
  *offset = get_uint (data + end64 + 48, 8);
  return TRUE;
}

/* An entry's offset of 32 ones stands in its zip64 field, behind those sizes
 * that are 32 ones too. */
static gboolean
local_offset (const guint8 * entry, guint64 * offset)
{
  const guint name = get_uint (entry + 28, 2), extra = get_uint (entry + 30, 2);
  const guint8 *p = entry + CENTRAL_HEADER + name, *end = p + extra;
  const guint skip = 8 * ((get_uint (entry + 20, 4) == G_MAXUINT32)
      + (get_uint (entry + 24, 4) == G_MAXUINT32));

  *offset = get_uint (entry + 42, 4);
  if (*offset != G_MAXUINT32)
    return TRUE;
  while (end - p >= 4) {
    const guint id = get_uint (p, 2), length = get_uint (p + 2, 2);

    if (length > end - p - 4)
      return FALSE;
    if (id == EXTRA_ZIP64 && length >= skip + 8) {
      *offset = get_uint (p + 4 + skip, 8);
      return TRUE;
    }
    p += 4 + length;
  }
  return FALSE;
}

GHashTable *
rexnet_zip_offsets (const guint8 * data, gsize size)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal,
      g_free, g_free);
  guint64 at, entries;

  if (!find_directory (data, size, &at, &entries))
    return NULL;
  for (guint64 i = 0; i < entries; i++) {
    const guint8 *entry = data + at;
    guint64 length, offset;

    if (!inside (size, at, CENTRAL_HEADER) || !has_signature (entry, 1, 2))
      return NULL;
    length = CENTRAL_HEADER + get_uint (entry + 28, 2)
        + get_uint (entry + 30, 2) + get_uint (entry + 32, 2);
    if (!inside (size, at, length) || !local_offset (entry, &offset))
      return NULL;
    g_hash_table_insert (table,
        g_strndup ((const char *) entry + CENTRAL_HEADER,
            get_uint (entry + 28, 2)), g_memdup2 (&offset, sizeof offset));
    at += length;
  }
  return g_steal_pointer (&table);
}

const guint8 *
rexnet_zip_stored (const guint8 * data, gsize size, guint64 offset,
    guint64 length)
{
  const guint8 *header = data + offset;
  guint64 begin;

  if (!inside (size, offset, LOCAL_HEADER) || !has_signature (header, 3, 4)
      || get_uint (header + 6, 2) & 1   /* encrypted */
      || get_uint (header + 8, 2) != METHOD_STORED)
    return NULL;
  begin = offset + LOCAL_HEADER + get_uint (header + 26, 2)
      + get_uint (header + 28, 2);
  return inside (size, begin, length) ? data + begin : NULL;
}
