/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models read from every kind of file, with what lies beside it. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "model/model.h"
#include "models.h"

/* As make.py draws it. */
static float *
picture (guint size)
{
  float *pixels = g_new (float, 3 * size * size), *p = pixels;

  for (guint c = 0; c < 3; c++)
    for (guint y = 0; y < size; y++)
      for (guint x = 0; x < size; x++)
        *p++ = (c * 31 + y * 7 + x * 3) % 17 / 8.f - 1;
  return pixels;
}

static void
check_numbers (const float *values, guint n, JsonArray * expected)
{
  double worst = 0, largest = 0;

  g_assert_cmpuint (json_array_get_length (expected), ==, n);
  for (guint i = 0; i < n; i++) {
    const double value = json_array_get_double_element (expected, i);

    largest = MAX (largest, fabs (value));
    worst = MAX (worst, fabs (value - values[i]));
  }
  g_assert_cmpfloat (largest, >, 0.1);
  g_assert_cmpfloat (worst / largest, <, 1e-4);
}

static void
check_outputs (RexnetModel * model, guint size, JsonObject * expected)
{
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  RexnetEngineOptions options = {.device = "cpu",.threads = 1,.width = size,
    .height = size };
  g_autoptr (GError) error = NULL;
  g_autofree float *input = picture (size);
  g_autofree float *logits = g_new (float, info->classes);
  g_autofree float *features = g_new (float, info->features);
  RexnetEngine *engine = rexnet_engine_new (model, &options, &error);

  g_assert_no_error (error);
  g_assert_true (rexnet_engine_run_features (engine, input, 1, logits,
          features, &error));
  rexnet_engine_free (engine);
  check_numbers (logits, info->classes,
      json_object_get_array_member (expected, "logits"));
  check_numbers (features, info->features,
      json_object_get_array_member (expected, "features"));
}

/* Every container and layout against PyTorch's logits and features. */
static void
test_fixture (gconstpointer data)
{
  const char *name = data;
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, MODELS,
      "expected.json", NULL);
  g_autoptr (JsonNode) root = read_json (path);
  JsonObject *all = json_node_get_object (root);
  JsonObject *expected = json_object_get_object_member
      (json_object_get_object_member (all, "files"), name);
  RexnetModel *model = load_fixture (name);
  const RexnetModelInfo *info = rexnet_model_get_info (model);

  g_assert_cmpstr (rexnet_variant_to_string (info->variant), ==,
      json_object_get_string_member (expected, "variant"));
  g_assert_cmpuint (info->parameters, ==,
      json_object_get_int_member (expected, "parameters"));
  check_outputs (model, json_object_get_int_member (all, "size"), expected);
  rexnet_model_unref (model);
}

static void
add_fixtures (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, MODELS,
      "expected.json", NULL);
  g_autoptr (JsonNode) root = read_json (path);
  g_autoptr (GList) names = json_object_get_members
      (json_object_get_object_member (json_node_get_object (root), "files"));

  g_assert_cmpuint (g_list_length (names), >=, 18);
  for (GList * l = names; l; l = l->next) {
    g_autofree char *test = g_strdup_printf ("/model/file/%s",
        (const char *) l->data);
    g_test_add_data_func_full (test, g_strdup (l->data), test_fixture, g_free);
  }
}

static void
test_settings (void)
{
  RexnetModel *model = load_fixture ("settings.safetensors");
  const RexnetModelInfo *info = rexnet_model_get_info (model);

  g_assert_cmpstr (info->name, ==, "tiny");
  g_assert_cmpuint (info->depth, ==, 6);
  g_assert_cmpuint (info->features, ==, 24);
  g_assert_cmpuint (info->input.width, ==, 40);
  g_assert_cmpuint (info->input.height, ==, 48);
  g_assert_cmpint (info->input.interpolation, ==,
      REXNET_INTERPOLATION_BILINEAR);
  g_assert_cmpfloat (info->input.crop_pct, ==, 0.75);
  g_assert_cmpfloat (info->input.mean[1], ==, 0.25f);
  g_assert_cmpfloat (info->input.std[2], ==, 1.0f);
  g_assert_cmpstr (rexnet_model_get_label (model, 4), ==, "vierzig");
  rexnet_model_unref (model);

  model = load_fixture ("zip.pth");
  info = rexnet_model_get_info (model);
  g_assert_cmpstr (info->name, ==, "zip");
  g_assert_cmpuint (info->input.width, ==, 224);
  g_assert_cmpfloat (info->input.crop_pct, ==, 0.875);
  g_assert_null (rexnet_model_get_label (model, 0));
  rexnet_model_unref (model);
}

/* Stages of 1, 2, 1, 2, 1, 2, 1 blocks, which efficientnet-pytorch's keys do
 * not show, and what differs between its models and timm's. */
static void
test_efficientnet (void)
{
  static const char *const names[] = { "efficientnet.safetensors",
    "tf_efficientnet.safetensors", "efficientnet-pytorch.pth",
    "efficientnet-lite-pytorch.pth"
  };
  static const guint strides[] = { 1, 2, 1, 2, 2, 1, 1, 2, 1, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    RexnetModel *model = load_fixture (names[i]);
    const RexnetNetwork *net = rexnet_model_get_network (model);
    const RexnetModelInfo *info = rexnet_model_get_info (model);
    const gboolean lite = i == 3, same = i > 0;

    g_assert_cmpuint (net->n_blocks, ==, G_N_ELEMENTS (strides));
    for (guint b = 0; b < net->n_blocks; b++) {
      const RexnetBlock *block = &net->blocks[b];

      g_assert_cmpuint (block->depthwise.stride, ==, strides[b]);
      g_assert_cmpint (block->depthwise.same, ==, same);
      g_assert_cmpint (rexnet_conv_present (&block->se_reduce), ==, !lite);
      g_assert_false (block->se_first);
    }
    g_assert_cmpint (net->stem.same, ==, same);
    g_assert_cmpfloat (net->head.bn_eps, ==, i == 0 ? 1e-5 : 1e-3);
    g_assert_cmpfloat (info->input.mean[2], ==, lite ? 127 / 255.f : 0.406f);
    rexnet_model_unref (model);
  }
}

/* Blocks at depth 1.2: 2 + 3 + 3 + 4 + 4 + 6. */
static void
test_depth (void)
{
  RexnetModel *model = load_fixture ("deep.pth");
  const RexnetNetwork *net = rexnet_model_get_network (model);
  static const guint strided[] = { 2, 5, 8, 16 };

  g_assert_cmpuint (net->n_blocks, ==, 22);
  for (guint b = 0, i = 0; b < net->n_blocks; b++) {
    const gboolean down = i < G_N_ELEMENTS (strided) && strided[i] == b;

    i += down;
    g_assert_cmpuint (net->blocks[b].depthwise.stride, ==, down ? 2 : 1);
  }
  rexnet_model_unref (model);
}

/* A tensor with gaps between its elements reads as the packed one. */
static void
test_strides (void)
{
  RexnetModel *packed = load_fixture ("zip.pth");
  RexnetModel *strided = load_fixture ("strided.pth");
  const RexnetConv *a = &rexnet_model_get_network (packed)->blocks[1].expand;
  const RexnetConv *b = &rexnet_model_get_network (strided)->blocks[1].expand;
  const gsize n = (gsize) a->in * a->out;
  g_autofree float *x = g_new (float, n), *y = g_new (float, n);

  g_assert_cmpint (a->weight.stride[0], !=, b->weight.stride[0]);
  rexnet_tensor_read (&a->weight, x);
  rexnet_tensor_read (&b->weight, y);
  g_assert_cmpmem (x, n * sizeof (float), y, n * sizeof (float));
  rexnet_model_unref (packed);
  rexnet_model_unref (strided);
}

/* Every float16 against the arithmetic of its definition. */
static void
test_half (void)
{
  guint16 bits[65536];
  g_autofree float *values = g_new (float, G_N_ELEMENTS (bits));
  const RexnetTensor tensor = {.data = (const guint8 *) bits,
    .dtype = REXNET_DTYPE_F16,.n_dims = 1,.shape = { 65536 },.stride = { 1 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (bits); i++)
    bits[i] = i;
  rexnet_tensor_read (&tensor, values);
  for (guint i = 0; i < G_N_ELEMENTS (bits); i++) {
    const int exponent = i >> 10 & 31, mantissa = i & 1023;
    const float sign = i & 0x8000 ? -1 : 1;

    if (exponent == 31 && mantissa)
      g_assert_true (isnan (values[i]));
    else if (exponent == 31)
      g_assert_cmpfloat (values[i], ==, sign * INFINITY);
    else if (exponent == 0)
      g_assert_cmpfloat (values[i], ==, sign * ldexpf (mantissa, -24));
    else
      g_assert_cmpfloat (values[i], ==, sign * ldexpf (1024 + mantissa,
              exponent - 25));
  }
}

/* Dropping the file's pages loses nothing. */
static void
test_release_pages (void)
{
  RexnetModel *model = load_fixture ("zip.pth");
  const RexnetTensor *weight =
      &rexnet_model_get_network (model)->head.weight;
  float before[24 * 64], after[24 * 64];

  g_assert_cmpuint (rexnet_tensor_count (weight), <=, G_N_ELEMENTS (before));
  rexnet_tensor_read (weight, before);
  rexnet_model_release_pages (model);
  rexnet_tensor_read (weight, after);
  g_assert_cmpmem (before, rexnet_tensor_count (weight) * sizeof (float),
      after, rexnet_tensor_count (weight) * sizeof (float));
  rexnet_model_unref (model);
}

static void
assert_load_error (const char *path, int code, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rexnet_model_load (path, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, REXNET_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_label_files (Folder * folder, gconstpointer data)
{
  g_autofree char *path = copy_fixture (folder, "zip.pth", "net.v2.pth");
  g_autofree char *labels = write_file (folder, "labels.txt",
      "\xef\xbb\xbf" "a\r\nb \nc\nd\ne", -1);
  RexnetModel *model = load_model (folder->path, "net.v2.pth"), *other;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (rexnet_model_get_info (model)->name, ==, "net.v2");
  g_assert_cmpstr (rexnet_model_get_label (model, 0), ==, "a");
  g_assert_cmpstr (rexnet_model_get_label (model, 1), ==, "b");
  g_assert_cmpstr (rexnet_model_get_label (model, 4), ==, "e");

  g_free (labels);
  labels = write_file (folder, "net.v2.labels.txt", "1\n2\n3\n4\nfünf\n", -1);
  other = rexnet_model_with_labels (model, labels, &error);
  g_assert_no_error (error);
  rexnet_model_unref (model);
  g_assert_cmpstr (rexnet_model_get_label (other, 4), ==, "fünf");
  g_assert_cmpstr (rexnet_model_get_info (other)->name, ==, "net.v2");
  g_assert_cmpuint (rexnet_model_get_network (other)->n_blocks, ==, 6);
  rexnet_model_unref (other);

  model = load_model (folder->path, "net.v2.pth");
  g_assert_cmpstr (rexnet_model_get_label (model, 4), ==, "fünf");
  rexnet_model_unref (model);

  g_free (write_file (folder, "net.v2.labels.txt", "1\n2\n3\n4\n", -1));
  assert_load_error (path, REXNET_ERROR_MISMATCH,
      "net.v2.labels.txt: has 4 labels");
  g_free (write_file (folder, "net.v2.labels.txt", "", -1));
  assert_load_error (path, REXNET_ERROR_CORRUPT, "is empty");
  g_free (write_file (folder, "net.v2.labels.txt", "\xff\n2\n3\n4\n5\n", -1));
  assert_load_error (path, REXNET_ERROR_CORRUPT, "UTF-8");
}

static void
test_list_files (void)
{
  static const char *const expected[] = {
    "a/net.v2.pth", "a/config.json", "a/net.v2.labels.txt", "a/labels.txt", NULL
  };
  g_auto (GStrv) files = rexnet_model_list_files ("a/net.v2.pth");
  g_auto (GStrv) bare = rexnet_model_list_files (".pth");

  g_assert_cmpstrv (files, expected);
  g_assert_cmpstr (bare[0], ==, ".pth");
  g_assert_cmpstr (bare[2], ==, "./.pth.labels.txt");
}

static void
test_hub_folder (Folder * folder, gconstpointer data)
{
  g_autofree char *path = copy_fixture (folder, "timm.safetensors",
      "rexnet_002.test/model.safetensors");
  RexnetModel *model;

  g_free (write_file (folder, "rexnet_002.test/config.json",
          "{\"architecture\": \"rexnet_100\", \"num_classes\": 5,"
          " \"label_names\": [\"n1\", \"n2\", \"n3\", \"n4\", \"n5\"],"
          " \"label_descriptions\": {\"n2\": \"zwei\", \"n9\": 3},"
          " \"pretrained_cfg\": {\"input_size\": [3, 64, 96],"
          " \"interpolation\": \"bilinear\", \"crop_pct\": 0.95,"
          " \"mean\": [0.5, 0.4, 0.3], \"std\": [1, 2, 3]}}", -1));
  model = load_model (folder->path, "rexnet_002.test/model.safetensors");
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  g_assert_cmpstr (info->name, ==, "rexnet_002.test");
  g_assert_cmpuint (info->input.height, ==, 64);
  g_assert_cmpuint (info->input.width, ==, 96);
  g_assert_cmpfloat (info->input.crop_pct, ==, 0.95);
  g_assert_cmpfloat (info->input.std[2], ==, 3);
  g_assert_cmpstr (rexnet_model_get_label (model, 0), ==, "n1");
  g_assert_cmpstr (rexnet_model_get_label (model, 1), ==, "zwei");
  rexnet_model_unref (model);

  g_free (write_file (folder, "rexnet_002.test/config.json",
          "{\"num_classes\": 1000}", -1));
  assert_load_error (path, REXNET_ERROR_MISMATCH, "1000 classes");
  g_free (write_file (folder, "rexnet_002.test/config.json", "{\"a\": ", -1));
  assert_load_error (path, REXNET_ERROR_CORRUPT, "config.json");

  g_free (copy_fixture (folder, "efficientnet.safetensors",
          "rexnet_002.test/model.safetensors"));
  g_free (write_file (folder, "rexnet_002.test/config.json",
          "{\"architecture\": \"tf_efficientnet_b0\"}", -1));
  model = load_model (folder->path, "rexnet_002.test/model.safetensors");
  g_assert_true (rexnet_model_get_network (model)->stem.same);
  rexnet_model_unref (model);
  g_free (copy_fixture (folder, "efficientnet.safetensors",
          "efficientnet_b1_pruned.in1k/model.safetensors"));
  model = load_model (folder->path, "efficientnet_b1_pruned.in1k/model.safetensors");
  g_assert_true (rexnet_model_get_network (model)->stem.same);
  rexnet_model_unref (model);
}

static void
test_not_a_file (Folder * folder, gconstpointer data)
{
  g_autofree char *fifo = g_build_filename (folder->path, "fifo", NULL);
  g_autofree char *missing = g_build_filename (folder->path, "none", NULL);
  g_autofree char *empty = write_file (folder, "empty", "", 0);
  g_autofree char *text = write_file (folder, "text", "what is this", -1);

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_load_error (fifo, REXNET_ERROR_UNSUPPORTED, "no regular file");
  assert_load_error (folder->path, REXNET_ERROR_UNSUPPORTED, "a folder");
  assert_load_error (missing, REXNET_ERROR_NOT_FOUND, "none");
  assert_load_error (empty, REXNET_ERROR_UNSUPPORTED, "neither");
  assert_load_error (text, REXNET_ERROR_UNSUPPORTED, "neither");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_fixtures ();
  g_test_add_func ("/model/settings", test_settings);
  g_test_add_func ("/model/efficientnet", test_efficientnet);
  g_test_add_func ("/model/depth", test_depth);
  g_test_add_func ("/model/strides", test_strides);
  g_test_add_func ("/model/half", test_half);
  g_test_add_func ("/model/release-pages", test_release_pages);
  g_test_add_func ("/model/list-files", test_list_files);
  add_with_folder ("/model/label-files", test_label_files);
  add_with_folder ("/model/hub-folder", test_hub_folder);
  add_with_folder ("/model/not-a-file", test_not_a_file);
  return g_test_run ();
}
