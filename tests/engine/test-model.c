/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models: what is generated, embedded, read from every kind of file, found. */
#include <math.h>
#include <string.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "model/model.h"

#define GOLDEN "golden"
#define MODELS "data/models"

static JsonNode *
read_json (const char *path)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

static RexnetModel *
load (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_load (path, &error);

  g_assert_no_error (error);
  return model;
}

static RexnetModel *
load_fixture (const char *name)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, MODELS, NULL);

  return load (folder, name);
}

/* ---- generated and embedded --------------------------------------------- */

static RexnetModel *
generate_golden (JsonObject * golden)
{
  const guint classes = json_object_get_int_member (golden, "classes");
  g_autoptr (GError) error = NULL;
  RexnetVariant variant;
  RexnetModel *model;

  g_assert_true (rexnet_variant_from_string (json_object_get_string_member
          (golden, "variant"), &variant, &error));
  if (json_object_has_member (golden, "name"))
    model = rexnet_model_generate_named (json_object_get_string_member
        (golden, "name"), classes, &error);
  else
    model = rexnet_model_generate (variant,
        json_object_get_double_member (golden, "width"), classes, &error);
  g_assert_no_error (error);
  g_assert_cmpint (rexnet_model_get_info (model)->variant, ==, variant);
  g_assert_cmpfloat (rexnet_model_get_info (model)->width, ==,
      json_object_get_double_member (golden, "width"));
  return model;
}

/* Keys and shapes as PyTorch lists them. */
static void
check_golden_keys (RexnetModel * model, const char *expected)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const RexnetNamedTensor *tensors;
  guint n;

  tensors = rexnet_model_get_tensors (model, &n);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GString) line = g_string_new (tensors[i].key);

    for (guint d = 0; d < tensors[i].tensor.n_dims; d++)
      g_string_append_printf (line, "%c%u", d ? 'x' : ' ',
          tensors[i].tensor.shape[d]);
    g_string_append_c (line, '\n');
    g_checksum_update (sum, (const guchar *) line->str, line->len);
  }
  g_assert_cmpstr (g_checksum_get_string (sum), ==, expected);
}

static void
check_golden_parameters (const char *path)
{
  g_autoptr (JsonNode) root = read_json (path);
  JsonObject *golden = json_node_get_object (root);
  RexnetModel *model = generate_golden (golden);
  const RexnetModelInfo *info;

  info = rexnet_model_get_info (model);
  g_test_message ("%s", path);
  g_assert_cmpuint (info->parameters, ==,
      json_object_get_int_member (golden, "parameters"));
  g_assert_cmpuint (info->classes, ==,
      json_object_get_int_member (golden, "classes"));
  g_assert_cmpuint (info->depth, ==,
      json_array_get_length (json_object_get_array_member (golden, "blocks")));
  if (json_object_has_member (golden, "keys"))
    check_golden_keys (model, json_object_get_string_member (golden, "keys"));
  rexnet_model_unref (model);
}

static void
test_golden_parameters (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, GOLDEN, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_str_has_suffix (name, ".json")) {
      check_golden_parameters (path);
      n++;
    }
  }
  g_assert_cmpuint (n, >=, 29);
}

/* The values of the definition, computed with NumPy. */
static void
test_generated_values (void)
{
  RexnetModel *model = rexnet_model_generate (REXNET_VARIANT_REXNET, 1, 10,
      NULL);
  const RexnetConv *project =
      &rexnet_model_get_network (model)->blocks[0].project;
  float weight[16 * 32], bias[16];

  g_assert_cmpuint (project->in, ==, 32);
  g_assert_cmpuint (project->out, ==, 16);
  rexnet_conv_fold (project, weight, bias);
  g_assert_cmpfloat (weight[0], ==, 0.231914967f);
  g_assert_cmpfloat (weight[5], ==, 0.282218546f);
  g_assert_cmpfloat (bias[3], ==, -0.0786899403f);
  rexnet_model_unref (model);
}

static void
test_generate_arguments (void)
{
  static const struct
  {
    RexnetVariant variant;
    double width;
    guint classes;
  } bad[] = {
    { (RexnetVariant) 5, 1, 10 }, { REXNET_VARIANT_REXNET, 0.09, 10 },
    { REXNET_VARIANT_REXNET, 10.1, 10 }, { REXNET_VARIANT_REXNET, NAN, 10 },
    { REXNET_VARIANT_REXNET, 1, 0 }, { REXNET_VARIANT_REXNET, 1, 65537 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (rexnet_model_generate (bad[i].variant, bad[i].width,
            bad[i].classes, &error));
    g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
  }
}

static void
test_generate_names (void)
{
  static const struct
  {
    const char *name, *full;    /* full: NULL where there is no such network */
    RexnetVariant variant;
    double width;
    guint depth, size;
  } names[] = {
    { "rexnet_090", "rexnet_090-generated", REXNET_VARIANT_REXNET, 0.9, 16,
      224 },
    { "rexnet-lite-130", "rexnet_lite_130-generated",
      REXNET_VARIANT_REXNET_LITE, 1.3, 16, 224 },
    { "rexnetr_50", "rexnetr_50-generated", REXNET_VARIANT_REXNETR, 0.5, 16,
      224 },
    { "efficientnet_b1", "efficientnet_b1-generated",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 23, 240 },
    { "efficientnet-lite4", "efficientnet_lite4-generated",
      REXNET_VARIANT_EFFICIENTNET_LITE, 1.4, 30, 300 },
    { "efficientnet_b8" }, { "efficientnet_lite5" }, { "efficientnet" },
    { "rexnet_" }, { "rexnet_9" }, { "rexnet_1001" }, { "rexnet_100x" },
    { "rexnet_lite_" }, { "rexnetr_-100" }, { "" }, { "resnet_50" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;
    RexnetModel *model = rexnet_model_generate_named (names[i].name, 10,
        &error);
    const RexnetModelInfo *info;

    if (!names[i].full) {
      g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
      g_assert_null (model);
      continue;
    }
    g_assert_no_error (error);
    info = rexnet_model_get_info (model);
    g_assert_cmpstr (info->name, ==, names[i].full);
    g_assert_cmpint (info->variant, ==, names[i].variant);
    g_assert_cmpfloat (info->width, ==, names[i].width);
    g_assert_cmpuint (info->depth, ==, names[i].depth);
    g_assert_cmpuint (info->input.width, ==, names[i].size);
    g_assert_cmpuint (info->input.height, ==, names[i].size);
    rexnet_model_unref (model);
  }
}

/* By width alone an EfficientNet is the shallowest of that width. */
static void
test_generate_efficientnets (void)
{
  static const struct
  {
    double width;
    guint depth, size;
  } nets[] = {
    { 1.0, 16, 224 }, { 1.1, 23, 260 }, { 2.0, 55, 600 }, { 0.5, 16, 224 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (nets); i++) {
    RexnetModel *model = rexnet_model_generate (REXNET_VARIANT_EFFICIENTNET,
        nets[i].width, 10, NULL);
    const RexnetModelInfo *info = rexnet_model_get_info (model);

    g_assert_cmpuint (info->depth, ==, nets[i].depth);
    g_assert_cmpuint (info->input.width, ==, nets[i].size);
    rexnet_model_unref (model);
  }
}

/* Counted by hooks on the convolutions of PyTorch's model. */
static void
test_layers (void)
{
  RexnetModel *model = rexnet_model_generate (REXNET_VARIANT_REXNET, 1, 1000,
      NULL);
  g_autoptr (GArray) layers = rexnet_model_get_layers (model, 0, 0);
  g_autoptr (GArray) odd = rexnet_model_get_layers (model, 225, 33);
  const RexnetLayer *stem = &g_array_index (layers, RexnetLayer, 0);
  const RexnetLayer *expand = &g_array_index (layers, RexnetLayer, 3);
  guint64 macs = 0, parameters = 0;

  for (guint i = 0; i < layers->len; i++) {
    macs += g_array_index (layers, RexnetLayer, i).macs;
    parameters += g_array_index (layers, RexnetLayer, i).parameters;
  }
  g_assert_cmpuint (macs, ==, 398370392);
  g_assert_cmpuint (parameters, ==, rexnet_model_get_info (model)->parameters);
  g_assert_cmpstr (stem->name, ==, "stem");
  g_assert_cmpuint (stem->macs, ==, 32 * 27 * 112 * 112);
  g_assert_cmpstr (expand->name, ==, "block 2 expand");
  g_assert_cmpuint (expand->in, ==, 16);
  g_assert_cmpuint (expand->out, ==, 96);
  g_assert_cmpuint (g_array_index (odd, RexnetLayer, 0).width, ==, 113);
  g_assert_cmpuint (g_array_index (odd, RexnetLayer, 0).height, ==, 17);
  rexnet_model_unref (model);
}

static void
test_default (void)
{
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_load_default (&error);
  const RexnetModelInfo *info;

  g_assert_no_error (error);
  info = rexnet_model_get_info (model);
  g_assert_cmpuint (info->classes, ==, 10);
  g_assert_cmpstr (rexnet_model_get_label (model, 9), ==, "Ankle boot");
  g_assert_null (rexnet_model_get_label (model, 10));
  rexnet_model_unref (model);
}

/* ---- files -------------------------------------------------------------- */

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

/* ---- folders ------------------------------------------------------------ */

typedef struct
{
  char *path;
} Folder;

static void
folder_set_up (Folder * folder, gconstpointer data)
{
  folder->path = g_dir_make_tmp ("rexnet-XXXXXX", NULL);
  g_assert_nonnull (folder->path);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    remove_tree (child);
  }
  g_remove (path);
}

static void
folder_tear_down (Folder * folder, gconstpointer data)
{
  remove_tree (folder->path);
  g_free (folder->path);
}

static char *
write_file (Folder * folder, const char *name, const char *text, gssize length)
{
  char *path = g_build_filename (folder->path, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  return path;
}

static char *
copy_fixture (Folder * folder, const char *fixture, const char *name)
{
  g_autofree char *source = g_test_build_filename (G_TEST_DIST, MODELS, fixture,
      NULL);
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (source, &content, &length, NULL));
  return write_file (folder, name, content, length);
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
  RexnetModel *model = load (folder->path, "net.v2.pth"), *other;
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

  model = load (folder->path, "net.v2.pth");
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
  model = load (folder->path, "rexnet_002.test/model.safetensors");
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
  model = load (folder->path, "rexnet_002.test/model.safetensors");
  g_assert_true (rexnet_model_get_network (model)->stem.same);
  rexnet_model_unref (model);
  g_free (copy_fixture (folder, "efficientnet.safetensors",
          "efficientnet_b1_pruned.in1k/model.safetensors"));
  model = load (folder->path, "efficientnet_b1_pruned.in1k/model.safetensors");
  g_assert_true (rexnet_model_get_network (model)->stem.same);
  rexnet_model_unref (model);
}

static void
test_find (Folder * folder, gconstpointer data)
{
  static const struct
  {
    const char *file;
    RexnetVariant variant;
    double width;
  } cases[] = {
    { "rexnet-1.0.safetensors", REXNET_VARIANT_REXNET, 1.0 },
    { "rexnet-0.35-cats.safetensors", REXNET_VARIANT_REXNET, 0.35 },
    { "rexnetv1_1.3.pth", REXNET_VARIANT_REXNET, 1.3 },
    { "rexnetv1_1.5x.pth", REXNET_VARIANT_REXNET, 1.5 },
    { "rexnet_200.nav_in1k/model.safetensors", REXNET_VARIANT_REXNET, 2.0 },
    { "rexnet_220.bin", REXNET_VARIANT_REXNET, 2.2 },
    { "rexnet_300-c74dbc.pth", REXNET_VARIANT_REXNET, 3.0 },
    { "rexnet_lite_1.0.pth", REXNET_VARIANT_REXNET_LITE, 1.0 },
    { "rexnet-lite-0.5.safetensors", REXNET_VARIANT_REXNET_LITE, 0.5 },
    { "rexnetr_100.safetensors", REXNET_VARIANT_REXNETR, 1.0 },
    { "efficientnet_b0.ra_in1k/model.safetensors",
        REXNET_VARIANT_EFFICIENTNET, 1.0 },
    { "efficientnet-b3-5fb5a3c3.pth", REXNET_VARIANT_EFFICIENTNET, 1.2 },
    { "efficientnet-lite0-57934424.pth", REXNET_VARIANT_EFFICIENTNET_LITE, 1.0 },
    { "efficientnet_lite4.pth", REXNET_VARIANT_EFFICIENTNET_LITE, 1.4 },
    { "rexnetr_200.sw_in12k_ft_in1k/pytorch_model.bin", REXNET_VARIANT_REXNETR,
          2.0 },
    { "rexnetr_300.sw_in12k/model.safetensors", REXNET_VARIANT_REXNETR, 3.0 },
    { "tf_efficientnet_lite3.in1k/model.safetensors",
        REXNET_VARIANT_EFFICIENTNET_LITE, 1.2 },
    { "tf_efficientnet_b2.ns_jft_in1k/model.safetensors",
        REXNET_VARIANT_EFFICIENTNET, 1.1 },
  };
  g_autofree char *empty = g_build_filename (folder->path, "empty", NULL);
  g_autofree char *path = g_strdup_printf ("%s%s%s", empty,
      G_SEARCHPATH_SEPARATOR_S, folder->path);
  g_autofree char *any = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("REXNET_MODEL_PATH", path, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *file = NULL, *found = NULL;

    g_assert_null (rexnet_model_find (cases[i].variant, cases[i].width,
            &error));
    g_assert_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND);
    g_clear_error (&error);
    file = write_file (folder, cases[i].file, "", 0);
    found = rexnet_model_find (cases[i].variant, cases[i].width, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (found, ==, file);
  }
  any = rexnet_model_find (REXNET_VARIANT_REXNET_LITE, 0, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (any, "rexnet-lite-0.5.safetensors"));

  g_assert_null (rexnet_model_find (REXNET_VARIANT_REXNET, 0.7, &error));
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, folder->path));
  g_assert_nonnull (strstr (error->message, "rexnet-0.7.safetensors"));
  g_clear_error (&error);
  g_assert_null (rexnet_model_find (REXNET_VARIANT_REXNET, -1, &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
  g_unsetenv ("REXNET_MODEL_PATH");
}

static void
test_find_named (Folder * folder, gconstpointer data)
{
  static const struct
  {
    const char *file, *name;
  } cases[] = {
    { "mine.pth", "mine" },
    { "mine.pth", "mine.pth" },
    { "rexnet_100.nav_in1k/model.safetensors", "rexnet_100" },
    { "rexnet_100.nav_in1k/model.safetensors", "rexnet-100" },
    { "rexnet_100.nav_in1k/model.safetensors", "rexnet_100.nav_in1k" },
    { "rexnetr_200.sw_in12k/model.safetensors", "rexnetr_200" },
    { "rexnetr_200.sw_in12k_ft_in1k/model.safetensors", "rexnetr_200" },
    { "tf_efficientnet_lite1.in1k/model.safetensors", "efficientnet-lite1" },
    { "efficientnet_b0.mine/pytorch_model.bin", "efficientnet_b0" },
    { "someone--tiny/model.safetensors", "someone--tiny" },
    { "rexnet_130-a1b2c3.pth", "rexnet_130" },
  };
  static const char *const missing[] = {
    "rexnet_1", "rexnet", "rexnet_*", "*", "", ".", ".hidden", "%S", "mine.bin"
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_setenv ("REXNET_MODEL_PATH", folder->path, TRUE);
  g_free (write_file (folder, ".hidden.pth", "", 0));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *file = write_file (folder, cases[i].file, "", 0);
    g_autofree char *found = rexnet_model_find_named (cases[i].name, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (found, ==, file);
  }
  for (guint i = 0; i < G_N_ELEMENTS (missing); i++) {
    g_autofree char *found = rexnet_model_find_named (missing[i], &error);

    if (strcmp (missing[i], ".") == 0) {
      g_assert_cmpstr (found, ==, ".");
      continue;
    }
    g_assert_null (found);
    g_assert_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND);
    g_assert_nonnull (strstr (error->message, folder->path));
    g_assert_nonnull (strstr (error->message, "rexnet pull"));
    g_clear_error (&error);
  }
  path = rexnet_model_find_named ("no/such.pth", &error);
  g_assert_cmpstr (path, ==, "no/such.pth");
  g_unsetenv ("REXNET_MODEL_PATH");
}

static void
test_check (void)
{
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_generate (REXNET_VARIANT_REXNET, 1.3, 10,
      NULL);

  g_assert_true (rexnet_model_check (model, REXNET_VARIANT_REXNET, 1.3,
          &error));
  g_assert_true (rexnet_model_check (model, REXNET_VARIANT_REXNET, 0, &error));
  g_assert_false (rexnet_model_check (model, REXNET_VARIANT_REXNET, 1.5,
          &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "1.3"));
  g_assert_nonnull (strstr (error->message, "1.5"));
  g_clear_error (&error);
  g_assert_false (rexnet_model_check (model, REXNET_VARIANT_REXNET_LITE, 1.3,
          &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_MISMATCH);
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

static void
add_with_folder (const char *name, void (*test) (Folder *, gconstpointer))
{
  g_test_add (name, Folder, NULL, folder_set_up, test, folder_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/golden-parameters", test_golden_parameters);
  g_test_add_func ("/model/generate-names", test_generate_names);
  g_test_add_func ("/model/generate-efficientnets",
      test_generate_efficientnets);
  g_test_add_func ("/model/generated-values", test_generated_values);
  g_test_add_func ("/model/generate-arguments", test_generate_arguments);
  g_test_add_func ("/model/layers", test_layers);
  g_test_add_func ("/model/default", test_default);
  add_fixtures ();
  g_test_add_func ("/model/settings", test_settings);
  g_test_add_func ("/model/efficientnet", test_efficientnet);
  g_test_add_func ("/model/depth", test_depth);
  g_test_add_func ("/model/strides", test_strides);
  g_test_add_func ("/model/half", test_half);
  g_test_add_func ("/model/release-pages", test_release_pages);
  g_test_add_func ("/model/check", test_check);
  add_with_folder ("/model/label-files", test_label_files);
  add_with_folder ("/model/hub-folder", test_hub_folder);
  add_with_folder ("/model/find", test_find);
  add_with_folder ("/model/find-named", test_find_named);
  add_with_folder ("/model/not-a-file", test_not_a_file);
  return g_test_run ();
}
