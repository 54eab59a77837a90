/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet info: what a model is made of. */
#include <stdio.h>

#include "table.h"
#include "tool.h"

static const GOptionEntry entries[] = {
  {"size", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_size,
        "Input size in pixels to show shapes for; the model's own if not given",
      "WIDTHxHEIGHT"},
  {"plan", 0, 0, G_OPTION_ARG_NONE, &tool_options.plan,
      "Also prepare the model and show the phases it runs in", NULL},
  {"table", 0, 0, G_OPTION_ARG_NONE, &tool_options.table,
      "Show the published networks in a table, with their times here", NULL},
  {"no-time", 0, 0, G_OPTION_ARG_NONE, &tool_options.no_time,
      "Leave the times out of the table", NULL},
  {"runs", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
        "Calls that the table times in each of three rounds; 20 if not given",
      "N"},
  {"markdown", 0, 0, G_OPTION_ARG_NONE, &tool_options.markdown,
      "Print the table as Markdown", NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "Print one JSON object, of the table one for each network", NULL},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

static guint
count_labels (RexnetModel * model)
{
  guint n = 0;

  while (rexnet_model_get_label (model, n))
    n++;
  return n;
}

static void
add_floats (JsonBuilder * builder, const char *name, const float *values,
    guint n)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++)
    json_builder_add_double_value (builder, values[i]);
  json_builder_end_array (builder);
}

static void
add_input (JsonBuilder * builder, const RexnetInput * input)
{
  json_builder_set_member_name (builder, "input");
  json_builder_begin_object (builder);
  tool_json_set_int (builder, "width", input->width);
  tool_json_set_int (builder, "height", input->height);
  tool_json_set_string (builder, "interpolation",
      tool_interpolation_name (input->interpolation));
  tool_json_set_double (builder, "crop_pct", input->crop_pct);
  add_floats (builder, "mean", input->mean, 3);
  add_floats (builder, "std", input->std, 3);
  json_builder_end_object (builder);
}

static void
add_layers (JsonBuilder * builder, GArray * layers)
{
  json_builder_set_member_name (builder, "layers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < layers->len; i++) {
    const RexnetLayer *layer = &g_array_index (layers, RexnetLayer, i);

    json_builder_begin_object (builder);
    tool_json_set_string (builder, "name", layer->name);
    tool_json_set_int (builder, "in", layer->in);
    tool_json_set_int (builder, "out", layer->out);
    tool_json_set_int (builder, "kernel", layer->kernel);
    tool_json_set_int (builder, "stride", layer->stride);
    tool_json_set_int (builder, "width", layer->width);
    tool_json_set_int (builder, "height", layer->height);
    tool_json_set_int (builder, "parameters", layer->parameters);
    tool_json_set_int (builder, "macs", layer->macs);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
print_json (RexnetModel * model, const RexnetInput * input, GArray * layers,
    GArray * plan, const RexnetEngineInfo * engine)
{
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "name", info->name);
  tool_json_set_string (builder, "variant",
      rexnet_variant_to_string (info->variant));
  tool_json_set_double (builder, "width", info->width);
  tool_json_set_int (builder, "depth", info->depth);
  tool_json_set_int (builder, "classes", info->classes);
  tool_json_set_int (builder, "labels", count_labels (model));
  tool_json_set_int (builder, "features", info->features);
  tool_json_set_int (builder, "parameters", info->parameters);
  tool_json_set_int (builder, "macs",
      tool_macs (model, input->width, input->height));
  add_input (builder, input);
  add_layers (builder, layers);
  if (plan) {
    tool_json_add_phases (builder, "plan", plan, FALSE);
    tool_json_set_int (builder, "weight_bytes", engine->weight_bytes);
    tool_json_set_int (builder, "scratch_bytes", engine->scratch_bytes);
  }
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static void
print_layers (GArray * layers)
{
  printf ("\n%-26s %5s %5s  %6s %6s  %9s  %11s %9s\n", "layer", "in", "out",
      "kernel", "stride", "size", "parameters", "MMACs");
  for (guint i = 0; i < layers->len; i++) {
    const RexnetLayer *layer = &g_array_index (layers, RexnetLayer, i);
    g_autofree char *size =
        g_strdup_printf ("%ux%u", layer->width, layer->height);

    printf ("%-26s %5u %5u  %6u %6u  %9s  %11" G_GUINT64_FORMAT " %9.3f\n",
        layer->name, layer->in, layer->out, layer->kernel, layer->stride, size,
        layer->parameters, layer->macs / 1e6);
  }
}

static void
print_text (RexnetModel * model, const RexnetInput * input, GArray * layers,
    GArray * plan, const RexnetEngineInfo * engine)
{
  const RexnetModelInfo *info = rexnet_model_get_info (model);

  printf ("%s: %s, width %g, %u blocks\n", info->name,
      rexnet_variant_to_string (info->variant), info->width, info->depth);
  printf ("input          %ux%u, %s, crop %g\n", input->width, input->height,
      tool_interpolation_name (input->interpolation), input->crop_pct);
  printf ("mean           %g %g %g\n", input->mean[0], input->mean[1],
      input->mean[2]);
  printf ("deviation      %g %g %g\n", input->std[0], input->std[1],
      input->std[2]);
  printf ("classes        %u (%u labels)\n", info->classes,
      count_labels (model));
  printf ("features       %u\n", info->features);
  printf ("parameters     %" G_GUINT64_FORMAT "\n", info->parameters);
  printf ("multiply-adds  %" G_GUINT64_FORMAT "\n",
      tool_macs (model, input->width, input->height));
  print_layers (layers);
  if (plan) {
    tool_print_phases (plan, FALSE, 0);
    printf ("memory         %.1f MB of weights, %.1f MB for what is computed on "
        "the way\n", engine->weight_bytes / 1e6, engine->scratch_bytes / 1e6);
  }
}

/* Returns: what is wrong with the options beside --table, or NULL */
static const char *
check_table_options (void)
{
  const ToolOptions *o = &tool_options;

  if (!o->table)
    return o->no_time ? "--no-time goes with --table"
        : o->runs ? "--runs goes with --table"
        : o->markdown ? "--markdown goes with --table" : NULL;
  if (o->markdown && o->json)
    return "--markdown and --json are two ways to print the table: give one";
  return o->files ? "--table takes no MODEL"
      : o->plan ? "--table shows no --plan: give one" : NULL;
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GArray) layers = NULL, plan = NULL;
  const RexnetEngineInfo *info = NULL;
  const char *wrong = check_table_options ();
  RexnetInput input;

  if (wrong)
    return tool_usage_error ("%s", wrong);
  if (tool_options.files && tool_options.files[1])
    return tool_usage_error ("'%s' is one model too many",
        tool_options.files[1]);
  if (tool_options.table)
    return table_run ();
  if (tool_options.files)
    tool_options.model = g_strdup (tool_options.files[0]);

  model = tool_load_model (TOOL_MODEL_GENERATE_OR_DEFAULT);
  if (!model)
    return TOOL_FAILED;
  input = rexnet_model_get_info (model)->input;
  if (tool_options.width_px) {
    input.width = tool_options.width_px;
    input.height = tool_options.height_px;
  }
  layers = rexnet_model_get_layers (model, input.width, input.height);
  if (tool_options.plan) {
    engine = tool_new_engine (model);
    if (!engine)
      return TOOL_FAILED;
    plan = rexnet_engine_get_plan (engine);
    info = rexnet_engine_get_info (engine);
  }
  if (tool_options.json)
    print_json (model, &input, layers, plan, info);
  else
    print_text (model, &input, layers, plan, info);
  return TOOL_OK;
}

const ToolCommand tool_info = {
  .name = "info",
  .arguments = "[MODEL]",
  .summary = "Show a model's settings, layers, parameters and multiply-adds.",
  .description = "Without MODEL, --model-name, --width and --variant, the "
      "model built into the library is\nshown. The options of the device "
      "matter to --plan and --table alone.\n\n"
      "--table times on the CPU, and on the OpenCL device that --device names "
      "or else the first\nthat is not the CPU again. --model-name, --variant "
      "and --width leave those networks in it.",
  .entries = {entries, tool_network_entries, tool_engine_entries},
  .run = run,
};
