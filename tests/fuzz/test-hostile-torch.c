/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of torch.save() that lie: pickles and archives. */
#include <string.h>

#include <glib/gstdio.h>
#include <zip.h>

#include "hostile.h"

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

#define CASE(object, code, part) { object, sizeof object - 1, code, part }
static const struct
{
  const char *object;
  gsize length;
  int code;
  const char *part;
} objects[] = {
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

static void
test_pickles (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_autoptr (GBytes) file = legacy (objects[i].object, objects[i].length);
    assert_refused (file, objects[i].code, objects[i].part);
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
  g_test_add_func ("/hostile/pickles", test_pickles);
  g_test_add_func ("/hostile/pickle-limits", test_pickle_limits);
  g_test_add_func ("/hostile/archives", test_archives);
  return g_test_run ();
}
