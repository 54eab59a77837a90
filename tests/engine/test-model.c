/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models that are generated, and the one that is built in. */
#include <math.h>
#include <string.h>

#include "model/model.h"
#include "models.h"

#define GOLDEN "golden"

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
  g_test_add_func ("/model/check", test_check);
  return g_test_run ();
}
