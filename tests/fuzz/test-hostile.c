/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Model files that are truncated, damaged or lie. */
#include <string.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <zip.h>

#include <rexnet/rexnet.h>

#include "fuzz.h"

#define MODELS "data/models"

static const char *const fixtures[] = {
  "zip.pth", "legacy.pth", "settings.safetensors", "deflated.pth", "timm.bin",
};

static GBytes *
read_fixture (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, MODELS, name,
      NULL);
  char *content;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  return g_bytes_new_take (content, length);
}

/* Loading fails with @code and a message that holds the file's name and
 * @part. */
static void
assert_refused (GBytes * bytes, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_load_bytes (bytes, "FILE", &error);

  g_assert_null (model);
  g_test_message ("%s", error->message);
  g_assert_error (error, REXNET_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, "FILE: "));
  if (!strstr (error->message, part))
    g_error ("'%s' is not in '%s'", part, error->message);
}

/* ---- truncated and damaged ---------------------------------------------- */

/* No prefix of a file is a model. */
static void
check_prefix (GBytes * file, gsize length)
{
  g_autoptr (GBytes) prefix =
      g_bytes_new (g_bytes_get_data (file, NULL), length);
  g_autoptr (GError) error = NULL;

  g_assert_null (rexnet_model_load_bytes (prefix, "FILE", &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == REXNET_ERROR);
}

static void
test_truncated (gconstpointer name)
{
  g_autoptr (GBytes) file = read_fixture (name);
  const gsize size = g_bytes_get_size (file);

  for (gsize length = 0; length < 256; length++)
    check_prefix (file, length);
  for (gsize back = 1; back < 256; back++)
    check_prefix (file, size - back);
  for (guint i = 0; i < 256; i++)
    check_prefix (file, g_test_rand_int_range (256, size));
}

/* Where the structure is: a header in front, a directory at the end. */
static gsize
random_place (gsize size)
{
  switch (g_test_rand_int_range (0, 3)) {
    case 0:
      return g_test_rand_int_range (0, MIN (size, 8192));
    case 1:
      return size - 1 - g_test_rand_int_range (0, MIN (size, 16384));
    default:
      return g_test_rand_int_range (0, size);
  }
}

static void
test_damaged (gconstpointer name)
{
  g_autoptr (GBytes) file = read_fixture (name);
  gsize size = g_bytes_get_size (file);
  g_autofree guint8 *copy = g_malloc (size);

  for (guint i = 0; i < 800; i++) {
    const guint n = g_test_rand_int_range (1, 9);

    memcpy (copy, g_bytes_get_data (file, NULL), size);
    for (guint k = 0; k < n; k++)
      copy[random_place (size)] = g_test_rand_bit () ?
          g_test_rand_int_range (0, 256) : g_test_rand_bit () ? 0xff : 0;
    LLVMFuzzerTestOneInput (copy, size);
  }
}

/* ---- safetensors -------------------------------------------------------- */

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

static void
test_safetensors_header (void)
{
  static const struct
  {
    const char *header;
    gsize data;
    int code;
    const char *part;
  } cases[] = {
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

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) file = safetensors (cases[i].header,
        strlen (cases[i].header), cases[i].data);
    assert_refused (file, cases[i].code, cases[i].part);
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

static void
test_settings (void)
{
  static const struct
  {
    const char *settings;
    int code;
    const char *part;
  } cases[] = {
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

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_edit_refused (set_settings, cases[i].settings, cases[i].code,
        cases[i].part);
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

/* ---- pickles ------------------------------------------------------------ */

#define MAGIC "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define PREAMBLE MAGIC "\x80\x02M\xe9\x03." "\x80\x02}."

/* A legacy file with @object as its object and, when that names storages, one
 * of 4 floats. */
static GBytes *
legacy (const char *object, gsize length)
{
  static const char tail[] = "\x80\x02]X\1\0\0\0000a."
      "\4\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
  static const char empty[] = "\x80\x02].";
  GByteArray *file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *) PREAMBLE, sizeof PREAMBLE - 1);
  g_byte_array_append (file, (const guint8 *) object, length);
  if (memmem (object, length, "storage", strlen ("storage")))
    g_byte_array_append (file, (const guint8 *) tail, sizeof tail - 1);
  else
    g_byte_array_append (file, (const guint8 *) empty, sizeof empty - 1);
  return g_byte_array_free_to_bytes (file);
}

#define STORAGE(count) "(X\7\0\0\0storagectorch\nFloatStorage\n" \
  "X\1\0\0\0000X\3\0\0\0cpuK" count "NtQ"
#define TENSOR(storage, geometry) "\x80\x02}X\1\0\0\0w" \
  "ctorch._utils\n_rebuild_tensor_v2\n(" storage geometry "\x89}tRs."

static void
test_pickles (void)
{
#define CASE(object, code, part) { object, sizeof object - 1, code, part }
  static const struct
  {
    const char *object;
    gsize length;
    int code;
    const char *part;
  } cases[] = {
    /* opcodes */
    CASE ("\x80\x09N.", REXNET_ERROR_UNSUPPORTED, "protocol newer"),
    CASE ("\x80\x02I1\n.", REXNET_ERROR_UNSUPPORTED, "opcode 0x49 at byte"),
    CASE ("\x80\x02.", REXNET_ERROR_CORRUPT, "stack is too short"),
    CASE ("\x80\x02t.", REXNET_ERROR_CORRUPT, "there is no mark"),
    CASE ("\x80\x02N(R.", REXNET_ERROR_CORRUPT, "stack is too short"),
    CASE ("\x80\x02h\x05.", REXNET_ERROR_CORRUPT, "nothing was stored"),
    CASE ("\x80\x02NNs.", REXNET_ERROR_CORRUPT, "nothing to add to"),
    CASE ("\x80\x02NNNs.", REXNET_ERROR_CORRUPT, "takes no items"),
    CASE ("\x80\x02}(Nu.", REXNET_ERROR_CORRUPT, "key without a value"),
    CASE ("\x80\x02NN\x93.", REXNET_ERROR_CORRUPT, "must be a string"),
    CASE ("\x80\x02" "cos.", REXNET_ERROR_CORRUPT, "truncated"),
    CASE ("\x80\x02X\xff\xff\xff\x7f", REXNET_ERROR_CORRUPT, "truncated"),
    CASE ("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff", REXNET_ERROR_CORRUPT,
        "truncated"),
    /* what is called is not called, and is no state_dict */
    CASE ("\x80\x02" "cposix\nsystem\nX\4\0\0\0exit\x85R.",
        REXNET_ERROR_UNSUPPORTED, "no state_dict"),
    CASE ("\x80\x02N.", REXNET_ERROR_UNSUPPORTED, "no state_dict"),
    /* values that hold themselves */
    CASE ("\x80\x02}q\0X\12\0\0\0state_dicth\0s.", REXNET_ERROR_UNSUPPORTED,
        "no state_dict"),
    CASE ("\x80\x02]q\0h\0a.", REXNET_ERROR_UNSUPPORTED, "no state_dict"),
    CASE ("\x80\x02)q\0Nbq\0h\0Q.", REXNET_ERROR_CORRUPT, "names no storage"),
    /* storages */
    CASE ("\x80\x02NQ.", REXNET_ERROR_CORRUPT, "names no storage"),
    CASE ("\x80\x02(X\7\0\0\0storagecos\nsystem\nX\1\0\0\0000NK\4NtQ.",
        REXNET_ERROR_UNSUPPORTED, "type that is not known"),
    CASE ("\x80\x02(X\7\0\0\0storagectorch\nFloatStorage\n"
        "X\1\0\0\0009X\3\0\0\0cpuK\4NtQ.", REXNET_ERROR_CORRUPT,
        "belongs to nothing"),
    CASE ("\x80\x02(X\7\0\0\0storagectorch\nFloatStorage\n"
        "X\1\0\0\0000X\3\0\0\0cpuJ\xff\xff\xff\xffNtQ.", REXNET_ERROR_CORRUPT,
        "names no storage"),
    CASE ("\x80\x02" STORAGE ("\4")
        "0(X\7\0\0\0storagectorch\nLongStorage\n"
        "X\1\0\0\0000X\3\0\0\0cpuK\4NtQ.", REXNET_ERROR_CORRUPT, "two types"),
    CASE ("\x80\x02(X\7\0\0\0storagectorch\nDoubleStorage\n"
        "X\1\0\0\0000X\3\0\0\0cpuK\4NtQ.", REXNET_ERROR_CORRUPT,
        "it is truncated"),
    /* tensors */
    CASE (TENSOR (STORAGE ("\4"), "K\0K\4\x85K\1\x85"),
        REXNET_ERROR_UNSUPPORTED, "no ReXNet"),
    CASE (TENSOR (STORAGE ("\5"), "K\0K\4\x85K\1\x85"), REXNET_ERROR_CORRUPT,
        "20 bytes of storage 0 are wanted, but the file has 16"),
    CASE (TENSOR (STORAGE ("\4"), "K\1K\4\x85K\1\x85"), REXNET_ERROR_CORRUPT,
        "w is 4, which needs 16 bytes from byte 4"),
    CASE (TENSOR (STORAGE ("\4"), "K\0K\4\x85K\2\x85"), REXNET_ERROR_CORRUPT,
        "needs 28 bytes"),
    CASE (TENSOR (STORAGE ("\4"), "K\0K\5\x85K\0\x85"), REXNET_ERROR_CORRUPT,
        "needs 20 bytes"),
    CASE (TENSOR (STORAGE ("\4"), "K\0K\0\x85K\1\x85"), REXNET_ERROR_CORRUPT,
        "no size for a weight"),
    CASE (TENSOR (STORAGE ("\4"), "K\0J\xff\xff\xff\xff\x85K\1\x85"),
        REXNET_ERROR_CORRUPT, "w is no tensor"),
    CASE (TENSOR (STORAGE ("\4"), "K\0K\4\x85J\xff\xff\xff\xff\x85"),
        REXNET_ERROR_CORRUPT, "w is no tensor"),
    CASE (TENSOR (STORAGE ("\4"), "K\0(K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1t"),
        REXNET_ERROR_CORRUPT, "at most 4 dimensions"),
    CASE (TENSOR (STORAGE ("\4"),
            "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\4\x85K\1\x85"),
        REXNET_ERROR_CORRUPT, "w is no tensor"),
    CASE (TENSOR ("N", "K\0K\4\x85K\1\x85"), REXNET_ERROR_CORRUPT,
        "w is no tensor"),
  };
#undef CASE

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) file = legacy (cases[i].object, cases[i].length);
    assert_refused (file, cases[i].code, cases[i].part);
  }
}

/* Small programs that would make a large heap. */
static void
test_pickle_limits (void)
{
  static const char *const loops[] = { "N", "]", "(", "2" };

  for (guint i = 0; i < G_N_ELEMENTS (loops); i++) {
    g_autoptr (GString) object = g_string_new ("\x80\x02N");
    g_autoptr (GBytes) file = NULL;

    for (guint n = 0; n < 5000000; n++)
      g_string_append (object, loops[i]);
    g_string_append_c (object, '.');
    file = legacy (object->str, object->len);
    assert_refused (file, REXNET_ERROR_UNSUPPORTED, "for a state_dict");
  }
}

/* ---- zip archives ------------------------------------------------------- */

static void
add_member (zip_t * archive, const char *name, const void *data, gsize size,
    zip_int32_t method)
{
  zip_source_t *source = zip_source_buffer (archive, data, size, 0);
  zip_int64_t index = zip_file_add (archive, name, source, 0);

  g_assert_cmpint (index, >=, 0);
  g_assert_cmpint (zip_set_file_compression (archive, index, method, 9), ==, 0);
}

/* An archive with these members, NULL names left out. */
static GBytes *
archive_of (const char *first, const void *first_data, gsize first_size,
    const char *second, const void *second_data, gsize second_size)
{
  g_autofree char *folder = g_dir_make_tmp ("rexnet-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "archive.zip", NULL);
  zip_t *archive = zip_open (path, ZIP_CREATE, NULL);
  char *content;
  gsize length;

  g_assert_nonnull (archive);
  add_member (archive, first, first_data, first_size, ZIP_CM_STORE);
  if (second)
    add_member (archive, second, second_data, second_size, ZIP_CM_DEFLATE);
  g_assert_cmpint (zip_close (archive), ==, 0);
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_remove (path);
  g_rmdir (folder);
  return g_bytes_new_take (content, length);
}

static void
test_archives (void)
{
  static const char object[] = TENSOR ("(X\7\0\0\0storage"
      "ctorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpu"
      "J\0\0\0\1tQ", "K\0J\0\0\0\1\x85K\1\x85");
  const gsize size = 4 << 24;
  g_autofree guint8 *zeros = g_malloc0 (size);
  g_autoptr (GBytes) text = archive_of ("readme.txt", "hi", 2, NULL, NULL, 0);
  g_autoptr (GBytes) alone = archive_of ("a/data.pkl", object,
      sizeof object - 1, NULL, NULL, 0);
  g_autoptr (GBytes) other = archive_of ("a/data.pkl", object,
      sizeof object - 1, "a/data/0", zeros, 100);
  g_autoptr (GBytes) bomb = archive_of ("a/data.pkl", object,
      sizeof object - 1, "a/data/0", zeros, size);
  g_autoptr (GBytes) big_endian = archive_of ("a/byteorder", "big", 3,
      "a/data.pkl", object, sizeof object - 1);

  assert_refused (text, REXNET_ERROR_UNSUPPORTED, "without data.pkl");
  assert_refused (alone, REXNET_ERROR_CORRUPT, "a/data/0 is missing");
  assert_refused (other, REXNET_ERROR_CORRUPT,
      "a/data/0 has 100 bytes, but should hold 16777216 of type float32");
  assert_refused (bomb, REXNET_ERROR_UNSUPPORTED, "more than weights would");
  assert_refused (big_endian, REXNET_ERROR_UNSUPPORTED, "big-endian");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++) {
    g_autofree char *truncated = g_strdup_printf ("/hostile/truncated/%s",
        fixtures[i]);
    g_autofree char *damaged = g_strdup_printf ("/hostile/damaged/%s",
        fixtures[i]);
    g_test_add_data_func (truncated, fixtures[i], test_truncated);
    g_test_add_data_func (damaged, fixtures[i], test_damaged);
  }
  g_test_add_func ("/hostile/safetensors/header", test_safetensors_header);
  g_test_add_func ("/hostile/safetensors/length", test_safetensors_length);
  g_test_add_func ("/hostile/settings", test_settings);
  g_test_add_func ("/hostile/tensors", test_tensors);
  g_test_add_func ("/hostile/pickles", test_pickles);
  g_test_add_func ("/hostile/pickle-limits", test_pickle_limits);
  g_test_add_func ("/hostile/archives", test_archives);
  return g_test_run ();
}
