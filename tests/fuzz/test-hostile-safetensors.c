/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Safetensors files that lie: headers, settings, tensors. */
#include <string.h>

#include <json-glib/json-glib.h>

#include "hostile.h"

static GBytes *
safetensors (const char *header, gsize header_length, gsize data_length)
{
  GByteArray *file = g_byte_array_new ();
  const guint64 length = GUINT64_TO_LE (header_length);
  g_autofree guint8 *data = g_malloc0 (data_length + 1);

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) header, strlen (header));
  g_byte_array_append (file, data, data_length);
  return g_byte_array_free_to_bytes (file);
}

static const struct
{
  const char *header;
  gsize data;
  int code;
  const char *part;
} headers[] = {
  { "{\"a\":", 0, REXNET_ERROR_CORRUPT, "invalid JSON" },
  { "{\"a\":\xff}", 0, REXNET_ERROR_CORRUPT, "UTF-8" },
  { "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0, REXNET_ERROR_CORRUPT,
        "nested" },
  { "{}", 0, REXNET_ERROR_UNSUPPORTED, "no ReXNet" },
  { "{}", 3, REXNET_ERROR_CORRUPT, "3 bytes behind" },
  { "{\"a\":1}", 0, REXNET_ERROR_CORRUPT, "a: must be a JSON object" },
  { "{\"a\":{}}", 0, REXNET_ERROR_CORRUPT, "\"dtype\" must be" },
  { "{\"a\":{\"dtype\":3}}", 0, REXNET_ERROR_CORRUPT, "\"dtype\" must be" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,4]}}", 4,
        REXNET_ERROR_CORRUPT, "\"shape\" must be" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
        REXNET_ERROR_CORRUPT, "no size" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4,
        REXNET_ERROR_CORRUPT, "no size" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e30],\"data_offsets\":[0,4]}}", 4,
        REXNET_ERROR_CORRUPT, "no size" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
        REXNET_ERROR_CORRUPT, "no size for a weight" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],"
        "\"data_offsets\":[0,4]}}", 4, REXNET_ERROR_CORRUPT, "at most 4" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536,65536,65536],"
        "\"data_offsets\":[0,4]}}", 4, REXNET_ERROR_CORRUPT,
        "no size for a weight" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[40000,40000],"
        "\"data_offsets\":[0,4]}}", 4, REXNET_ERROR_CORRUPT,
        "40000 x 40000, which needs 6400000000 bytes" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, REXNET_ERROR_CORRUPT,
        "\"data_offsets\" must be" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4,
        REXNET_ERROR_CORRUPT, "no range" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4,
        REXNET_ERROR_CORRUPT, "truncated" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
        REXNET_ERROR_CORRUPT, "disagree" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
        REXNET_ERROR_CORRUPT, "leave a gap at byte 0" },
  { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
        REXNET_ERROR_CORRUPT, "overlap at byte 4" },
  { "{\"__metadata__\":{\"rexnet.version\":\"2\"}}", 0,
        REXNET_ERROR_UNSUPPORTED, "rexnet.version is 2" },
  { "{\"__metadata__\":{\"rexnet.settings\":{}}}", 0, REXNET_ERROR_CORRUPT,
        "\"rexnet.settings\" must be a string" },
};

static void
test_safetensors_header (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autoptr (GBytes) file = safetensors (headers[i].header,
        strlen (headers[i].header), headers[i].data);
    assert_refused (file, headers[i].code, headers[i].part);
  }
}

static void
test_safetensors_length (void)
{
  g_autoptr (GBytes) longer = safetensors ("{}", 3, 0);
  g_autoptr (GBytes) huge = safetensors ("{}", G_MAXSIZE, 0);

  assert_refused (longer, REXNET_ERROR_CORRUPT, "truncated");
  assert_refused (huge, REXNET_ERROR_CORRUPT, "8 MiB");
}

/* settings.safetensors with its header changed. */
typedef void (*EditFunc) (JsonObject * header, guint8 * data,
    gconstpointer user_data);

static GBytes *
edited (EditFunc edit, gconstpointer user_data)
{
  g_autoptr (GBytes) original = read_fixture ("settings.safetensors");
  g_autoptr (JsonParser) parser = json_parser_new ();
  GByteArray *file = g_byte_array_new ();
  gsize size, length;
  const guint8 *data = g_bytes_get_data (original, &size);
  g_autofree guint8 *values = NULL;
  g_autofree char *header = NULL;
  guint64 header_size;

  memcpy (&header_size, data, sizeof header_size);
  g_assert_true (json_parser_load_from_data (parser, (const char *) data + 8,
          header_size, NULL));
  values = g_memdup2 (data + 8 + header_size, size - 8 - header_size);
  edit (json_node_get_object (json_parser_get_root (parser)), values,
      user_data);
  header = json_to_string (json_parser_get_root (parser), FALSE);
  length = strlen (header);
  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) header, length);
  g_byte_array_append (file, values, size - 8 - header_size);
  return g_byte_array_free_to_bytes (file);
}

static void
assert_edit_refused (EditFunc edit, gconstpointer user_data, int code,
    const char *part)
{
  g_autoptr (GBytes) file = edited (edit, user_data);

  assert_refused (file, code, part);
}

static void
keep (JsonObject * header, guint8 * data, gconstpointer user_data)
{
}

static void
set_settings (JsonObject * header, guint8 * data, gconstpointer text)
{
  json_object_set_string_member (json_object_get_object_member (header,
          "__metadata__"), "rexnet.settings", text);
}

static void
set_labels (JsonObject * header, guint8 * data, gconstpointer text)
{
  json_object_set_string_member (json_object_get_object_member (header,
          "__metadata__"), "rexnet.labels", text);
}

static const struct
{
  const char *settings;
  int code;
  const char *part;
} settings[] = {
  { "", REXNET_ERROR_CORRUPT, "rexnet.settings: " },
  { "[]", REXNET_ERROR_CORRUPT, "must be a JSON object" },
  { "{\"name\": 3}", REXNET_ERROR_CORRUPT, "\"name\" must be a string" },
  { "{\"variant\": \"resnet\"}", REXNET_ERROR_ARGUMENT, "no variant" },
  { "{\"variant\": \"rexnet-lite\"}", REXNET_ERROR_MISMATCH,
        "say rexnet-lite, the tensors are rexnet" },
  { "{\"classes\": 6}", REXNET_ERROR_MISMATCH,
        "say 6 classes, the tensors have 5" },
  { "{\"classes\": \"5\"}", REXNET_ERROR_CORRUPT, "\"classes\" must be" },
  { "{\"width\": 0}", REXNET_ERROR_CORRUPT, "\"width\" must be" },
  { "{\"input_width\": 31}", REXNET_ERROR_CORRUPT, "between 32 and 4096" },
  { "{\"input_height\": 40.5}", REXNET_ERROR_CORRUPT, "whole number" },
  { "{\"interpolation\": \"lanczos\"}", REXNET_ERROR_UNSUPPORTED,
        "\"lanczos\"" },
  { "{\"crop_pct\": 1.5}", REXNET_ERROR_CORRUPT, "\"crop_pct\" must be" },
  { "{\"mean\": [0.5, 0.5]}", REXNET_ERROR_CORRUPT, "\"mean\" must be 3" },
  { "{\"std\": [0.5, 0, 0.5]}", REXNET_ERROR_CORRUPT, "\"std\" must be 3" },
  { "{\"std\": {\"r\": 1}}", REXNET_ERROR_CORRUPT, "\"std\" must be 3" },
};

static void
test_settings (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    assert_edit_refused (set_settings, settings[i].settings, settings[i].code,
        settings[i].part);
  assert_edit_refused (set_labels, "{}", REXNET_ERROR_CORRUPT,
      "must be a JSON array");
  assert_edit_refused (set_labels, "[1, 2, 3, 4, 5]", REXNET_ERROR_CORRUPT,
      "array of strings");
  assert_edit_refused (set_labels, "[\"a\"]", REXNET_ERROR_MISMATCH,
      "has 1 labels");
}

static JsonArray *
member (JsonObject * header, const char *key, const char *name)
{
  return json_object_get_array_member (json_object_get_object_member (header,
          key), name);
}

static void
rename_tensor (JsonObject * header, guint8 * data, gconstpointer key)
{
  JsonNode *node = json_object_dup_member (header, key);

  json_object_remove_member (header, key);
  json_object_set_member (header, "renamed", node);
}

/* 24 x 9 x 1 x 1 becomes 9 x 24 x 1 x 1. */
static void
turn_tensor (JsonObject * header, guint8 * data, gconstpointer key)
{
  JsonArray *shape = member (header, key, "shape");
  JsonNode *first = json_array_dup_element (shape, 0);

  json_array_remove_element (shape, 0);
  g_assert_cmpuint (json_array_get_length (shape), ==, 3);
  JsonNode *second = json_array_dup_element (shape, 0);
  json_array_remove_element (shape, 0);
  json_array_add_element (shape, second);
  json_array_add_element (shape, first);
  /* [1, 1, in, out] now: rotate the ones behind */
  for (guint i = 0; i < 2; i++) {
    JsonNode *one = json_array_dup_element (shape, 0);
    json_array_remove_element (shape, 0);
    json_array_add_element (shape, one);
  }
}

typedef struct
{
  const char *key;
  float value;
} Value;

static void
set_last_value (JsonObject * header, guint8 * data, gconstpointer user_data)
{
  const Value *value = user_data;
  const gint64 end = json_array_get_int_element (member (header, value->key,
          "data_offsets"), 1);

  memcpy (data + end - sizeof (float), &value->value, sizeof (float));
}

static void
retype_tensor (JsonObject * header, guint8 * data, gconstpointer key)
{
  json_object_set_string_member (json_object_get_object_member (header, key),
      "dtype", "I32");
}

static void
test_tensors (void)
{
  const Value nan = { "output.1.weight", __builtin_nanf ("") };
  const Value infinite = { "features.3.out.1.running_mean",
    -__builtin_inff ()
  };
  const Value negative = { "features.4.out.4.running_var", -0.5f };
  g_autoptr (GBytes) unchanged = edited (keep, NULL);
  RexnetModel *model = rexnet_model_load_bytes (unchanged, "FILE", NULL);

  g_assert_nonnull (model);     /* so that the edits are what is refused */
  rexnet_model_unref (model);
  assert_edit_refused (rename_tensor, "features.5.out.1.bias",
      REXNET_ERROR_CORRUPT, "features.5.out.1.bias is missing");
  assert_edit_refused (rename_tensor, "features.3.out.0.weight",
      REXNET_ERROR_UNSUPPORTED, "no ReXNet");
  assert_edit_refused (rename_tensor, "features.5.out.0.weight",
      REXNET_ERROR_UNSUPPORTED, "2 blocks");
  assert_edit_refused (rename_tensor, "features.6.out.5.fc.0.bias",
      REXNET_ERROR_UNSUPPORTED, "among them renamed");
  assert_edit_refused (turn_tensor, "features.4.out.0.weight",
      REXNET_ERROR_CORRUPT,
      "features.4.out.0.weight is 4 x 24 x 1 x 1, expected N x 4 x 1 x 1");
  assert_edit_refused (turn_tensor, "features.4.out.3.weight",
      REXNET_ERROR_CORRUPT, "expected 24 x 1 x 3 x 3 or 5 x 5");
  assert_edit_refused (retype_tensor, "features.1.weight",
      REXNET_ERROR_UNSUPPORTED, "features.1.weight is of type I32");
  assert_edit_refused (set_last_value, &nan, REXNET_ERROR_CORRUPT,
      "output.1.weight holds a value that is not a finite");
  assert_edit_refused (set_last_value, &infinite, REXNET_ERROR_CORRUPT,
      "features.3.out.1.running_mean holds");
  assert_edit_refused (set_last_value, &negative, REXNET_ERROR_CORRUPT,
      "variance -0.5 in channel 23");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hostile/safetensors/header", test_safetensors_header);
  g_test_add_func ("/hostile/safetensors/length", test_safetensors_length);
  g_test_add_func ("/hostile/settings", test_settings);
  g_test_add_func ("/hostile/tensors", test_tensors);
  return g_test_run ();
}
