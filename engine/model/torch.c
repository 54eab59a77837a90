/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From pickled records to tensors. */
#include <string.h>

#include "fail.h"
#include "torch.h"

static const struct
{
  const char *global;
  const char *dtype;
  guint item;
  gboolean usable;
  RexnetDtype element;
} storages[] = {
  { "FloatStorage", "float32", 4, TRUE, REXNET_DTYPE_F32 },
  { "HalfStorage", "float16", 2, TRUE, REXNET_DTYPE_F16 },
  { "BFloat16Storage", "bfloat16", 2, TRUE, REXNET_DTYPE_BF16 },
  { "DoubleStorage", "float64", 8, TRUE, REXNET_DTYPE_F64 },
  { "LongStorage", "int64", 8 },
  { "IntStorage", "int32", 4 },
  { "ShortStorage", "int16", 2 },
  { "CharStorage", "int8", 1 },
  { "ByteStorage", "uint8", 1 },
  { "BoolStorage", "bool", 1 },
  { "ComplexFloatStorage", "complex64", 8 },
  { "ComplexDoubleStorage", "complex128", 16 },
};

static char *
dup_text (const RexnetPickleValue * value)
{
  return g_strndup (value->text, value->length);
}

static gboolean
is_type (const RexnetPickleValue * value, RexnetPickleType type)
{
  return value && value->type == type;
}

static gboolean
is_tuple_of (const RexnetPickleValue * value, guint n)
{
  return is_type (value, REXNET_PICKLE_TUPLE)
      && rexnet_pickle_n_items (value) >= n;
}

/* A whole number of at least 0. */
static gboolean
get_size (const RexnetPickleValue * value, guint64 * size)
{
  if (!is_type (value, REXNET_PICKLE_INT) || value->integer < 0)
    return FALSE;
  *size = value->integer;
  return TRUE;
}

void
rexnet_torch_storage_clear (RexnetTorchStorage * storage)
{
  g_clear_pointer (&storage->key, g_free);
}

/* The legacy format's (key, offset, size) of a storage that is part of
 * another. */
static gboolean
parse_view (RexnetTorchStorage * storage, const RexnetPickleValue * view)
{
  return is_type (view, REXNET_PICKLE_NONE) || (is_tuple_of (view, 3)
      && get_size (rexnet_pickle_item (view, 1), &storage->view_offset)
      && get_size (rexnet_pickle_item (view, 2), &storage->count));
}

gboolean
rexnet_torch_storage_parse (RexnetTorchStorage * storage,
    const RexnetPickleValue * id, const char *source, GError ** error)
{
  guint i = 0;

  *storage = (RexnetTorchStorage) { 0 };
  if (!is_tuple_of (id, 5)
      || !rexnet_pickle_is_string (rexnet_pickle_item (id, 0), "storage")
      || !is_type (rexnet_pickle_item (id, 2), REXNET_PICKLE_STRING)
      || !get_size (rexnet_pickle_item (id, 4), &storage->count)
      || (rexnet_pickle_n_items (id) > 5
          && !parse_view (storage, rexnet_pickle_item (id, 5))))
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: a persistent id that names no storage", source);

  while (i < G_N_ELEMENTS (storages)
      && !rexnet_pickle_is_global (rexnet_pickle_item (id, 1), "torch",
          storages[i].global))
    i++;
  if (i == G_N_ELEMENTS (storages))
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: a storage of a type that is not known", source);
  storage->dtype = storages[i].dtype;
  storage->usable = storages[i].usable;
  storage->element = storages[i].element;
  storage->item = storages[i].item;
  if (storage->count > G_MAXINT64 / 32
      || storage->view_offset > G_MAXINT64 / 32)
    return rexnet_fail (error, REXNET_ERROR_CORRUPT,
        "%s: a storage of %" G_GUINT64_FORMAT " elements", source,
        storage->count);
  storage->key = dup_text (rexnet_pickle_item (id, 2));
  return TRUE;
}

typedef struct
{
  RexnetStateDict *dict;
  RexnetTorchFind find;
  gpointer data;
  GError **error;
} Builder;

/* The call that rebuilds a tensor, found inside a Parameter too. */
static const RexnetPickleValue *
tensor_call (const RexnetPickleValue * value)
{
  if (is_type (value, REXNET_PICKLE_OBJECT)
      && rexnet_pickle_is_global (value->callable, "torch._utils",
          "_rebuild_parameter") && is_tuple_of (value->args, 1))
    value = rexnet_pickle_item (value->args, 0);
  if (is_type (value, REXNET_PICKLE_OBJECT)
      && (rexnet_pickle_is_global (value->callable, "torch._utils",
              "_rebuild_tensor_v2")
          || rexnet_pickle_is_global (value->callable, "torch._utils",
              "_rebuild_tensor")))
    return value;
  return NULL;
}

/* Reads (storage, offset, size, stride) but for the storage. */
static gboolean
parse_geometry (const RexnetPickleValue * args, RexnetTensor * tensor,
    guint64 * offset)
{
  const RexnetPickleValue *size, *stride;

  if (!is_tuple_of (args, 4)
      || !is_type (rexnet_pickle_item (args, 0), REXNET_PICKLE_PERSISTENT)
      || !get_size (rexnet_pickle_item (args, 1), offset)
      || *offset > G_MAXINT64 / 32)
    return FALSE;
  size = rexnet_pickle_item (args, 2);
  stride = rexnet_pickle_item (args, 3);
  tensor->n_dims = rexnet_pickle_n_items (size);
  if (!is_type (size, REXNET_PICKLE_TUPLE)
      || !is_type (stride, REXNET_PICKLE_TUPLE)
      || rexnet_pickle_n_items (stride) != tensor->n_dims
      || tensor->n_dims > G_N_ELEMENTS (tensor->shape))
    return FALSE;
  for (guint i = 0; i < tensor->n_dims; i++) {
    guint64 extent, step;

    if (!get_size (rexnet_pickle_item (size, i), &extent)
        || !get_size (rexnet_pickle_item (stride, i), &step)
        || extent > G_MAXINT32 || step > G_MAXINT32)
      return FALSE;
    tensor->shape[i] = extent;
    tensor->stride[i] = step;
  }
  return TRUE;
}

static gboolean
add_tensor (Builder * b, const char *key, const RexnetPickleValue * call)
{
  g_auto (RexnetTorchStorage) storage = { 0 };
  RexnetTensor tensor = { 0 };
  guint64 offset;
  const guint8 *bytes;

  if (!parse_geometry (call->args, &tensor, &offset))
    return rexnet_fail (b->error, REXNET_ERROR_CORRUPT,
        "%s: %s is no tensor of at most 4 dimensions", b->dict->source, key);
  if (!rexnet_torch_storage_parse (&storage,
          rexnet_pickle_item (call->args, 0)->args, b->dict->source, b->error))
    return FALSE;
  if (!storage.usable)
    return rexnet_state_dict_add (b->dict, key, &tensor, storage.dtype,
        b->error);
  if (!(bytes = b->find (&storage, b->data, b->error)))
    return FALSE;
  tensor.dtype = storage.element;
  return rexnet_tensor_place (&tensor, bytes, storage.count * storage.item,
      offset * storage.item, b->dict->source, key, b->error)
      && rexnet_state_dict_add (b->dict, key, &tensor, NULL, b->error);
}

static gboolean
holds_tensors (const RexnetPickleValue * value)
{
  if (!rexnet_pickle_is_dict (value))
    return FALSE;
  for (guint i = 0; i + 1 < rexnet_pickle_n_items (value); i += 2)
    if (tensor_call (rexnet_pickle_item (value, i + 1)))
      return TRUE;
  return FALSE;
}

/* Where training scripts put the weights, the averaged ones first. */
static const char *const nests[] = {
  "state_dict_ema", "model_ema", "state_dict", "model",
};

#define MAX_NESTS 4

static const RexnetPickleValue *
find_state_dict (const RexnetPickleValue * root)
{
  for (guint depth = 0; root && depth < MAX_NESTS; depth++) {
    const RexnetPickleValue *inner = NULL;

    if (holds_tensors (root))
      return root;
    for (guint i = 0; i < G_N_ELEMENTS (nests); i++) {
      const RexnetPickleValue *found = rexnet_pickle_lookup (root, nests[i]);

      if (found && rexnet_pickle_is_dict (found)) {
        inner = found;
        break;
      }
    }
    root = inner;
  }
  return NULL;
}

static const char *const prefixes[] = { "module.", "_orig_mod." };

static const char *
without_prefixes (const char *key)
{
  gboolean stripped = TRUE;

  while (stripped) {
    stripped = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++) {
      if (!g_str_has_prefix (key, prefixes[i]))
        continue;
      key += strlen (prefixes[i]);
      stripped = TRUE;
    }
  }
  return key;
}

gboolean
rexnet_torch_add_tensors (RexnetStateDict * dict,
    const RexnetPickleValue * root, RexnetTorchFind find, gpointer data,
    GError ** error)
{
  const RexnetPickleValue *items = find_state_dict (root);
  Builder b = { dict, find, data, error };

  if (!items)
    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: holds no state_dict: save model.state_dict (), not the model",
        dict->source);
  for (guint i = 0; i + 1 < rexnet_pickle_n_items (items); i += 2) {
    const RexnetPickleValue *name = rexnet_pickle_item (items, i);
    const RexnetPickleValue *call =
        tensor_call (rexnet_pickle_item (items, i + 1));
    g_autofree char *key = NULL;

    if (!call || name->type != REXNET_PICKLE_STRING)
      continue;
    key = dup_text (name);
    if (!g_utf8_validate (key, -1, NULL))
      return rexnet_fail (error, REXNET_ERROR_CORRUPT,
          "%s: a tensor's name is no UTF-8 text", dict->source);
    if (!add_tensor (&b, without_prefixes (key), call))
      return FALSE;
  }
  return TRUE;
}
