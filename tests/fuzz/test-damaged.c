/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Model files that are truncated or damaged. */
#include <string.h>

#include "fuzz.h"
#include "hostile.h"

static const char *const fixtures[] = {
  "zip.pth", "legacy.pth", "settings.safetensors", "deflated.pth", "timm.bin",
};

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
  return g_test_run ();
}
