/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "table.h"
#include "timing.h"
#include "tool.h"

#define RUNS 20

/*
 * The published networks and their accuracy on ImageNet's validation set, in
 * percent. Source: README.md of https://github.com/clovaai/rexnet, commit
 * 14d1a17; it gives none for width 0.9.
 */
static const struct
{
  RexnetVariant variant;
  double width, top1, top5;
} networks[] = {
  {REXNET_VARIANT_REXNET, 0.9},
  {REXNET_VARIANT_REXNET, 1.0, 77.9, 93.9},
  {REXNET_VARIANT_REXNET, 1.3, 79.5, 94.7},
  {REXNET_VARIANT_REXNET, 1.5, 80.3, 95.2},
  {REXNET_VARIANT_REXNET, 2.0, 81.6, 95.7},
  {REXNET_VARIANT_REXNET, 3.0, 82.8, 96.2},
  {REXNET_VARIANT_REXNET_LITE, 1.0, 76.2, 92.8},
  {REXNET_VARIANT_REXNET_LITE, 1.3, 77.8, 93.8},
  {REXNET_VARIANT_REXNET_LITE, 1.5, 78.6, 94.2},
  {REXNET_VARIANT_REXNET_LITE, 2.0, 80.2, 95.0},
};

static void
print_row_json (guint row, RexnetEngine * engine, const Timing * timing)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "variant",
      rexnet_variant_to_string (model->variant));
  tool_json_set_double (builder, "width", model->width);
  tool_json_set_int (builder, "width_px", info->input.width);
  tool_json_set_int (builder, "height_px", info->input.height);
  tool_json_set_int (builder, "parameters", model->parameters);
  tool_json_set_int (builder, "macs", timing->macs);
  if (networks[row].top1 > 0) {
    tool_json_set_double (builder, "published_top1", networks[row].top1);
    tool_json_set_double (builder, "published_top5", networks[row].top5);
  }
  tool_json_set_double (builder, "median_ms", timing->median_ms);
  tool_json_set_double (builder, "min_ms", timing->min_ms);
  tool_json_set_string (builder, "device", info->device);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static void
print_row_text (guint row, RexnetEngine * engine, const Timing * timing)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));
  g_autofree char *size =
      g_strdup_printf ("%ux%u", info->input.width, info->input.height);

  if (row == 0)
    printf ("on %s, %d calls each; top-1, top-5: published for 224x224\n\n"
        "%-11s %5s %9s %8s %8s %6s %6s %10s %8s\n", info->device, RUNS,
        "variant", "width", "input", "GMACs", "Mparams", "top-1", "top-5",
        "median ms", "min ms");
  printf ("%-11s %5.1f %9s %8.3f %8.2f", rexnet_variant_to_string
      (model->variant), model->width, size, timing->macs / 1e9,
      model->parameters / 1e6);
  if (networks[row].top1 > 0)
    printf (" %6.1f %6.1f", networks[row].top1, networks[row].top5);
  else
    printf (" %6s %6s", "-", "-");
  printf (" %10.3f %8.3f\n", timing->median_ms, timing->min_ms);
}

static int
print_row (guint row)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  Timing timing;

  tool_options.variant = networks[row].variant;
  tool_options.width = networks[row].width;
  model = tool_load_model (TOOL_MODEL_GENERATE);
  engine = model ? tool_new_engine (model) : NULL;
  if (!engine)
    return TOOL_FAILED;
  if (!timing_measure (engine, RUNS, &timing, &error)) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  if (tool_options.json)
    print_row_json (row, engine, &timing);
  else
    print_row_text (row, engine, &timing);
  fflush (stdout);
  tool_warn_fallback (engine);
  return TOOL_OK;
}

int
table_print (void)
{
  int status = TOOL_OK;

  for (guint i = 0; i < G_N_ELEMENTS (networks) && status == TOOL_OK; i++)
    status = print_row (i);
  return status;
}
