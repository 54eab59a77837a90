/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * torch.save() since 1.6: a zip archive with NAME/data.pkl and the storages as
 * NAME/data/KEY. PyTorch stores the members as they are, so the tensors are
 * views of the file; an archive that was packed again is inflated.
 */
#include <string.h>

#include <zip.h>

#include "fail.h"
#include "torch.h"
#include "zip_offsets.h"

/* What an inflated member may be: weights hardly compress. */
#define MAX_RATIO 64
#define MAX_SMALL (1 << 20)
#define MAX_INFLATED (G_GUINT64_CONSTANT (2) << 30)
#define MAX_MEMBERS 65536

typedef struct
{
  RexnetStateDict *dict;
  const guint8 *file;
  gsize size;
  zip_t *archive;
  GHashTable *offsets;          /* of member's name, guint64; or NULL */
  GHashTable *members;          /* of member's name, Member: those read */
  char *prefix;                 /* "archive/" */
  guint64 inflated;             /* bytes so far */
} Reader;

typedef struct
{
  const guint8 *data;
  guint64 size;
} Member;

gboolean
rexnet_torch_zip_matches (GBytes * bytes)
{
  gsize size;
  const guint8 *file = g_bytes_get_data (bytes, &size);

  return size >= 4 && memcmp (file, "PK\3\4", 4) == 0;
}

static gboolean
inflate_member (Reader * r, const char *name, const zip_stat_t * st,
    Member * member, GError ** error)
{
  zip_file_t *file;
  zip_int64_t n;
  guint8 *data;

  if (st->size > MAX_RATIO * st->comp_size + MAX_SMALL
      || st->size > MAX_INFLATED - r->inflated)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: %s is said to unpack from %" G_GUINT64_FORMAT " to %"
        G_GUINT64_FORMAT " bytes, more than weights would", r->dict->source,
        name, (guint64) st->comp_size, (guint64) st->size);
  if (!(data = g_try_malloc (MAX (st->size, 1))))
    return rexnet_fail (error, REXNET_ERROR_MEMORY,
        "%s: no memory for the %" G_GUINT64_FORMAT " bytes of %s",
        r->dict->source, (guint64) st->size, name);
  g_ptr_array_add (r->dict->blobs, g_bytes_new_take (data, st->size));
  r->inflated += st->size;
  file = zip_fopen_index (r->archive, st->index, 0);
  n = file ? zip_fread (file, data, st->size) : -1;
  if (file)
    zip_fclose (file);
  if (n < 0 || (guint64) n != st->size)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: %s cannot be unpacked: %s", r->dict->source, name,
        n < 0 ? zip_strerror (r->archive) : "it is shorter than said");
  *member = (Member) { data, st->size };
  return TRUE;
}

/* Returns: (nullable): the member, kept for the next time, or NULL. */
static const Member *
find_member (Reader * r, const char *name, GError ** error)
{
  Member *known = g_hash_table_lookup (r->members, name), member = { 0 };
  const guint64 *offset;
  zip_stat_t st;

  if (known)
    return known;
  if (zip_stat (r->archive, name, ZIP_FL_ENC_RAW, &st) != 0) {
    rexnet_fail (error, REXNET_ERROR_CORRUPT, "%s: %s is missing",
        r->dict->source, name);
    return NULL;
  }
  offset = r->offsets ? g_hash_table_lookup (r->offsets, name) : NULL;
  if (offset && st.comp_method == ZIP_CM_STORE && st.comp_size == st.size)
    member = (Member) {
      rexnet_zip_stored (r->file, r->size, *offset, st.size), st.size };
  if (!member.data && !inflate_member (r, name, &st, &member, error))
    return NULL;
  known = g_memdup2 (&member, sizeof member);
  g_hash_table_insert (r->members, g_strdup (name), known);
  return known;
}

/* Finds NAME/data.pkl and keeps "NAME/". */
static gboolean
find_prefix (Reader * r, GError ** error)
{
  const zip_int64_t n = zip_get_num_entries (r->archive, 0);

  if (n > MAX_MEMBERS)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: a zip archive of more than %d members", r->dict->source,
        MAX_MEMBERS);
  for (zip_int64_t i = 0; i < n; i++) {
    const char *name = zip_get_name (r->archive, i, ZIP_FL_ENC_RAW);

    if (name && (g_str_has_suffix (name, "/data.pkl")
            || strcmp (name, "data.pkl") == 0)) {
      r->prefix = g_strndup (name, strlen (name) - strlen ("data.pkl"));
      return TRUE;
    }
  }
  return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: a zip archive without data.pkl: PyTorch did not save it",
      r->dict->source);
}

static gboolean
check_byte_order (Reader * r, GError ** error)
{
  g_autofree char *name = g_strconcat (r->prefix, "byteorder", NULL);
  const Member *member;

  if (zip_name_locate (r->archive, name, ZIP_FL_ENC_RAW) < 0)
    return TRUE;
  if (!(member = find_member (r, name, error)))
    return FALSE;
  if (member->size >= 6 && memcmp (member->data, "little", 6) == 0)
    return TRUE;
  return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: written on a big-endian machine", r->dict->source);
}

static const guint8 *
find_storage (const RexnetTorchStorage * wanted, gpointer data, GError ** error)
{
  Reader *r = data;
  g_autofree char *name = g_strconcat (r->prefix, "data/", wanted->key, NULL);
  const Member *member = find_member (r, name, error);
  const guint64 bytes = wanted->count * wanted->item;

  if (!member)
    return NULL;
  if (wanted->view_offset == 0 && bytes == member->size)
    return member->data;
  rexnet_fail (error, REXNET_ERROR_CORRUPT,
      "%s: %s has %" G_GUINT64_FORMAT " bytes, but should hold %"
      G_GUINT64_FORMAT " of type %s", r->dict->source, name, member->size,
      wanted->count, wanted->dtype);
  return NULL;
}

static gboolean
read_archive (Reader * r, GError ** error)
{
  g_autofree char *name = NULL;
  g_autoptr (RexnetPickle) pickle = NULL;
  const Member *member;

  if (!find_prefix (r, error) || !check_byte_order (r, error))
    return FALSE;
  name = g_strconcat (r->prefix, "data.pkl", NULL);
  return (member = find_member (r, name, error))
      && (pickle = rexnet_pickle_read (member->data, member->size, 0,
          r->dict->source, error))
      && rexnet_torch_add_tensors (r->dict, pickle->root, find_storage, r,
      error);
}

static zip_t *
open_archive (RexnetStateDict * dict, const guint8 * file, gsize size,
    GError ** error)
{
  zip_error_t cause;
  zip_source_t *source;
  zip_t *archive = NULL;

  zip_error_init (&cause);
  source = zip_source_buffer_create (file, size, 0, &cause);
  if (source && !(archive = zip_open_from_source (source, ZIP_RDONLY, &cause)))
    zip_source_free (source);
  if (!archive)
    rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: %s in a zip archive of %" G_GSIZE_FORMAT
        " bytes: is it truncated?", dict->source, zip_error_strerror (&cause),
        size);
  zip_error_fini (&cause);
  return archive;
}

gboolean
rexnet_torch_zip_read (RexnetStateDict * dict, GBytes * bytes, GError ** error)
{
  Reader r = {.dict = dict };
  gboolean ok;

  r.file = g_bytes_get_data (bytes, &r.size);
  if (!(r.archive = open_archive (dict, r.file, r.size, error)))
    return FALSE;
  r.offsets = rexnet_zip_offsets (r.file, r.size);
  r.members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_ptr_array_add (dict->blobs, g_bytes_ref (bytes));
  ok = read_archive (&r, error);
  zip_discard (r.archive);
  g_clear_pointer (&r.offsets, g_hash_table_unref);
  g_hash_table_unref (r.members);
  g_free (r.prefix);
  return ok;
}
