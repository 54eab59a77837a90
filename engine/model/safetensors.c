/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fail.h"
#include "json.h"
#include "safetensors.h"

#define PREFIX 8                /* the header's length, little endian */
#define MAX_HEADER (8 << 20)
#define SETTINGS_VERSION "1"

static const struct
{
  const char *name;
  guint size;                   /* bytes of an element */
  gboolean usable;
  RexnetDtype dtype;
} dtypes[] = {
  { "F32", 4, TRUE, REXNET_DTYPE_F32 },
  { "F16", 2, TRUE, REXNET_DTYPE_F16 },
  { "BF16", 2, TRUE, REXNET_DTYPE_BF16 },
  { "F64", 8, TRUE, REXNET_DTYPE_F64 },
  { "I64", 8 }, { "U64", 8 }, { "I32", 4 }, { "U32", 4 }, { "I16", 2 },
  { "U16", 2 }, { "I8", 1 }, { "U8", 1 }, { "BOOL", 1 },
};

typedef struct
{
  guint64 begin, end;           /* bytes from the end of the header */
} Span;

typedef struct
{
  RexnetStateDict *dict;
  const guint8 *data;           /* behind the header */
  guint64 size;
  GArray *spans;                /* of Span */
} Reader;

static guint64
header_length (const guint8 * file)
{
  guint64 length;

  memcpy (&length, file, sizeof length);
  return GUINT64_FROM_LE (length);
}

gboolean
rexnet_safetensors_matches (GBytes * bytes)
{
  gsize size;
  const guint8 *file = g_bytes_get_data (bytes, &size);

  return size > PREFIX && file[PREFIX] == '{';
}

static gboolean
corrupt (Reader * reader, const char *key, const char *what, GError ** error)
{
  return rexnet_fail (error, REXNET_ERROR_CORRUPT, "%s: %s: %s",
      reader->dict->source, key, what);
}

static JsonArray *
get_array (JsonObject * object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
      : NULL;
}

static gboolean
read_shape (Reader * reader, const char *key, JsonObject * entry,
    RexnetTensor * tensor, GError ** error)
{
  JsonArray *shape = get_array (entry, "shape");

  if (!shape || json_array_get_length (shape) > G_N_ELEMENTS (tensor->shape))
    return corrupt (reader, key,
        "\"shape\" must be an array of at most 4 sizes", error);
  tensor->n_dims = json_array_get_length (shape);
  for (guint i = 0; i < tensor->n_dims; i++) {
    const gint64 size = rexnet_json_array_get_size (shape, i);

    if (size < 0 || size > G_MAXINT32)
      return corrupt (reader, key, "\"shape\" holds something that is no size",
          error);
    tensor->shape[i] = size;
  }
  rexnet_tensor_set_contiguous (tensor);
  return TRUE;
}

static gboolean
read_span (Reader * reader, const char *key, JsonObject * entry, Span * span,
    GError ** error)
{
  JsonArray *offsets = get_array (entry, "data_offsets");
  gint64 begin, end;

  if (!offsets || json_array_get_length (offsets) != 2)
    return corrupt (reader, key, "\"data_offsets\" must be two numbers", error);
  begin = rexnet_json_array_get_size (offsets, 0);
  end = rexnet_json_array_get_size (offsets, 1);
  if (begin < 0 || end < begin)
    return corrupt (reader, key, "\"data_offsets\" is no range", error);
  if ((guint64) end > reader->size)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: %s ends at byte %" G_GINT64_FORMAT " of the data, of which there "
        "are %" G_GUINT64_FORMAT ": the file is truncated",
        reader->dict->source, key, end, reader->size);
  *span = (Span) { begin, end };
  g_array_append_val (reader->spans, *span);
  return TRUE;
}

static gboolean
read_tensor (Reader * reader, const char *key, JsonObject * entry,
    GError ** error)
{
  const char *dtype;
  JsonNode *type = json_object_get_member (entry, "dtype");
  RexnetTensor tensor = { 0 };
  Span span;
  guint t = 0;

  if (!type || json_node_get_value_type (type) != G_TYPE_STRING)
    return corrupt (reader, key, "\"dtype\" must be a string", error);
  dtype = json_node_get_string (type);
  if (!read_shape (reader, key, entry, &tensor, error)
      || !read_span (reader, key, entry, &span, error))
    return FALSE;

  while (t < G_N_ELEMENTS (dtypes) && strcmp (dtypes[t].name, dtype) != 0)
    t++;
  if (t == G_N_ELEMENTS (dtypes) || !dtypes[t].usable)
    return rexnet_state_dict_add (reader->dict, key, &tensor, dtype, error);

  tensor.dtype = dtypes[t].dtype;
  if (!rexnet_tensor_place (&tensor, reader->data + span.begin,
          span.end - span.begin, 0, reader->dict->source, key, error))
    return FALSE;
  if ((guint64) rexnet_tensor_count (&tensor) * dtypes[t].size
      != span.end - span.begin)
    return corrupt (reader, key, "\"data_offsets\" and \"shape\" disagree",
        error);
  return rexnet_state_dict_add (reader->dict, key, &tensor, NULL, error);
}

static gboolean
read_metadata (Reader * reader, JsonObject * metadata, GError ** error)
{
  g_autofree char *where = g_strdup_printf ("%s: __metadata__",
      reader->dict->source);
  const char *version = NULL, *settings = NULL, *labels = NULL;

  if (!rexnet_json_get_string (metadata, "rexnet.version", &version, where,
          error)
      || !rexnet_json_get_string (metadata, "rexnet.settings", &settings, where,
          error)
      || !rexnet_json_get_string (metadata, "rexnet.labels", &labels, where,
          error))
    return FALSE;
  if (version && strcmp (version, SETTINGS_VERSION) != 0)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: rexnet.version is %s, but this library reads " SETTINGS_VERSION,
        reader->dict->source, version);
  reader->dict->settings = g_strdup (settings);
  reader->dict->labels = g_strdup (labels);
  return TRUE;
}

static gint
compare_spans (gconstpointer a, gconstpointer b)
{
  const Span *x = a, *y = b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  return x->end < y->end ? -1 : x->end > y->end;
}

/* The format wants the tensors to cover the data without gap or overlap. */
static gboolean
check_coverage (Reader * reader, GError ** error)
{
  guint64 at = 0;

  g_array_sort (reader->spans, compare_spans);
  for (guint i = 0; i < reader->spans->len; i++) {
    const Span *span = &g_array_index (reader->spans, Span, i);

    if (span->begin != at)
      return rexnet_fail (error, REXNET_ERROR_CORRUPT,
          "%s: tensors %s at byte %" G_GUINT64_FORMAT " of the data",
          reader->dict->source, span->begin < at ? "overlap" : "leave a gap",
          MIN (span->begin, at));
    at = span->end;
  }
  if (at == reader->size)
    return TRUE;
  return rexnet_fail (error, REXNET_ERROR_CORRUPT,
      "%s: %" G_GUINT64_FORMAT " bytes behind the last tensor",
      reader->dict->source, reader->size - at);
}

static gboolean
read_header (Reader * reader, JsonObject * header, GError ** error)
{
  JsonObjectIter iter;
  const char *key;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, header);
  while (json_object_iter_next_ordered (&iter, &key, &node)) {
    JsonObject *entry;

    if (!JSON_NODE_HOLDS_OBJECT (node))
      return corrupt (reader, key, "must be a JSON object", error);
    entry = json_node_get_object (node);
    if (strcmp (key, "__metadata__") == 0) {
      if (!read_metadata (reader, entry, error))
        return FALSE;
    } else if (!read_tensor (reader, key, entry, error)) {
      return FALSE;
    }
  }
  return check_coverage (reader, error);
}

gboolean
rexnet_safetensors_read (RexnetStateDict * dict, GBytes * bytes,
    GError ** error)
{
  gsize size;
  const guint8 *file = g_bytes_get_data (bytes, &size);
  const guint64 length = header_length (file);
  g_autofree char *where = g_strdup_printf ("%s: safetensors header",
      dict->source);
  g_autoptr (JsonNode) root = NULL;
  gboolean ok;

  if (length > size - PREFIX || length > MAX_HEADER)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: the header is said to be %" G_GUINT64_FORMAT " bytes, but %s",
        dict->source, length, length > MAX_HEADER ? "8 MiB is the limit"
        : "the file is shorter: it is truncated");
  root = rexnet_json_parse_typed ((const char *) file + PREFIX, length,
      JSON_NODE_OBJECT, where, error);
  if (!root)
    return FALSE;

  Reader reader = {
    .dict = dict,
    .data = file + PREFIX + length,
    .size = size - PREFIX - length,
    .spans = g_array_new (FALSE, FALSE, sizeof (Span)),
  };
  g_ptr_array_add (dict->blobs, g_bytes_ref (bytes));
  ok = read_header (&reader, json_node_get_object (root), error);
  g_array_unref (reader.spans);
  return ok;
}
