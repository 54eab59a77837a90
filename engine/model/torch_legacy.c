/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * torch.save() before 1.6: pickles of a magic number, a protocol version, the
 * machine's properties, the object and the list of storage keys, and behind
 * them each storage as a count of elements and its bytes.
 */
#include <string.h>

#include "fail.h"
#include "torch.h"

/* 0x1950a86a20f9469cfc6c as Python pickles it. */
static const guint8 magic[] = {
  0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19
};

#define PROTOCOL 1001

typedef struct
{
  RexnetStateDict *dict;
  const guint8 *file;
  gsize size;
  GHashTable *storages;         /* of key, Storage */
} Reader;

typedef struct
{
  const guint8 *data;           /* NULL until the file's end was read */
  guint64 bytes;
  guint item;
} Storage;

gboolean
rexnet_torch_legacy_matches (GBytes * bytes)
{
  gsize size;
  const guint8 *file = g_bytes_get_data (bytes, &size);

  /* PROTO 2 or later, then LONG1 with ten bytes */
  return size >= 4 + sizeof magic && file[0] == 0x80
      && memcmp (file + 4, magic, sizeof magic) == 0;
}

/* Reads the pickle at *@at and moves behind it. */
static RexnetPickle *
next_pickle (Reader * r, gsize * at, GError ** error)
{
  RexnetPickle *pickle = rexnet_pickle_read (r->file, r->size, *at,
      r->dict->source, error);

  if (pickle)
    *at = pickle->end;
  return pickle;
}

static gboolean
read_preamble (Reader * r, gsize * at, GError ** error)
{
  g_autoptr (RexnetPickle) number = next_pickle (r, at, error);
  g_autoptr (RexnetPickle) protocol = number ? next_pickle (r, at, error)
      : NULL;
  g_autoptr (RexnetPickle) system = protocol ? next_pickle (r, at, error)
      : NULL;
  const RexnetPickleValue *little;

  if (!system)
    return FALSE;
  if (protocol->root->type != REXNET_PICKLE_INT
      || protocol->root->integer != PROTOCOL)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: not version %d of PyTorch's format", r->dict->source, PROTOCOL);
  little = rexnet_pickle_lookup (system->root, "little_endian");
  if (little && little->type == REXNET_PICKLE_BOOL && !little->integer)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: written on a big-endian machine", r->dict->source);
  return TRUE;
}

/* The element size of a storage is told by the object alone. */
static gboolean
collect_storages (Reader * r, const RexnetPickle * object, GError ** error)
{
  for (guint i = 0; i < object->persistent->len; i++) {
    const RexnetPickleValue *value =
        g_ptr_array_index (object->persistent, i);
    g_auto (RexnetTorchStorage) parsed = { 0 };
    Storage *storage;

    if (!rexnet_torch_storage_parse (&parsed, value->args, r->dict->source,
            error))
      return FALSE;
    storage = g_hash_table_lookup (r->storages, parsed.key);
    if (storage && storage->item != parsed.item)
      return rexnet_fail (error, REXNET_ERROR_CORRUPT,
          "%s: storage %s is said to be of two types", r->dict->source,
          parsed.key);
    if (storage)
      continue;
    storage = g_new0 (Storage, 1);
    storage->item = parsed.item;
    g_hash_table_insert (r->storages, g_steal_pointer (&parsed.key), storage);
  }
  return TRUE;
}

static gboolean
read_storage (Reader * r, const char *key, gsize * at, GError ** error)
{
  Storage *storage = g_hash_table_lookup (r->storages, key);
  guint64 count;

  if (!storage)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: storage %s belongs to nothing", r->dict->source, key);
  if (r->size - *at < sizeof count)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: the file is truncated at byte %" G_GSIZE_FORMAT
        ", before storage %s", r->dict->source, r->size, key);
  memcpy (&count, r->file + *at, sizeof count);
  count = GUINT64_FROM_LE (count);
  *at += sizeof count;
  if (count > (r->size - *at) / storage->item)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: storage %s is said to hold %" G_GUINT64_FORMAT " elements of %u "
        "bytes from byte %" G_GSIZE_FORMAT ", but the file ends at %"
        G_GSIZE_FORMAT ": it is truncated", r->dict->source, key, count,
        storage->item, *at, r->size);
  storage->data = r->file + *at;
  storage->bytes = count * storage->item;
  *at += storage->bytes;
  return TRUE;
}

static gboolean
read_storages (Reader * r, const RexnetPickle * keys, gsize at, GError ** error)
{
  if (keys->root->type != REXNET_PICKLE_LIST)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: the list of storages is missing", r->dict->source);
  for (guint i = 0; i < rexnet_pickle_n_items (keys->root); i++) {
    const RexnetPickleValue *item = rexnet_pickle_item (keys->root, i);
    g_autofree char *key = NULL;

    if (item->type != REXNET_PICKLE_STRING)
      return rexnet_fail (error, REXNET_ERROR_CORRUPT,
          "%s: a storage's key is no string", r->dict->source);
    key = g_strndup (item->text, item->length);
    if (!read_storage (r, key, &at, error))
      return FALSE;
  }
  return TRUE;
}

static const guint8 *
find_storage (const RexnetTorchStorage * wanted, gpointer data, GError ** error)
{
  Reader *r = data;
  const Storage *storage = g_hash_table_lookup (r->storages, wanted->key);
  const guint64 bytes = wanted->count * wanted->item;
  const guint64 offset = wanted->view_offset * wanted->item;

  if (storage && storage->data && offset <= storage->bytes
      && bytes <= storage->bytes - offset)
    return storage->data + offset;
  rexnet_fail (error, REXNET_ERROR_CORRUPT,
      "%s: %" G_GUINT64_FORMAT " bytes of storage %s are wanted, but the file "
      "has %" G_GUINT64_FORMAT, r->dict->source, offset + bytes, wanted->key,
      storage && storage->data ? storage->bytes : 0);
  return NULL;
}

static gboolean
read_file (Reader * r, GError ** error)
{
  g_autoptr (RexnetPickle) object = NULL;
  g_autoptr (RexnetPickle) keys = NULL;
  gsize at = 0;

  return read_preamble (r, &at, error)
      && (object = next_pickle (r, &at, error))
      && (keys = next_pickle (r, &at, error))
      && collect_storages (r, object, error)
      && read_storages (r, keys, at, error)
      && rexnet_torch_add_tensors (r->dict, object->root, find_storage, r,
      error);
}

gboolean
rexnet_torch_legacy_read (RexnetStateDict * dict, GBytes * bytes,
    GError ** error)
{
  Reader r = {.dict = dict };
  gboolean ok;

  r.file = g_bytes_get_data (bytes, &r.size);
  r.storages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_ptr_array_add (dict->blobs, g_bytes_ref (bytes));
  ok = read_file (&r, error);
  g_hash_table_unref (r.storages);
  return ok;
}
