/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet convert: one file that holds weights, settings and labels, for this
 * library or for other runtimes. */
#include "tool.h"

static gboolean fp16;

static const GOptionEntry entries[] = {
  {"fp16", 0, 0, G_OPTION_ARG_NONE, &fp16,
      "Store the weights of layers as float16; vectors stay float32", NULL},
  {"labels", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.labels,
      "A text file with a label a line, in place of the model's own", "FILE"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

typedef gboolean (*SaveFunc) (RexnetModel * model, const char *path,
    gboolean half, GError ** error);

static SaveFunc
save_function (const char *path)
{
  if (g_str_has_suffix (path, ".safetensors"))
    return rexnet_model_save;
  return g_str_has_suffix (path, ".onnx") ? rexnet_model_save_onnx : NULL;
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (GError) error = NULL;
  char **files = tool_options.files;
  SaveFunc save;

  if (!files || g_strv_length (files) != 2)
    return tool_usage_error ("INPUT and OUTPUT are needed, and nothing else");
  if (!(save = save_function (files[1])))
    return tool_usage_error ("OUTPUT is '%s', but must end in .safetensors or "
        ".onnx", files[1]);
  tool_options.model = g_strdup (files[0]);
  model = tool_load_model (TOOL_MODEL_FIND);
  if (!model)
    return TOOL_FAILED;
  if (!save (model, files[1], fp16, &error)) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  return TOOL_OK;
}

const ToolCommand tool_convert = {
  .name = "convert",
  .arguments = "INPUT OUTPUT.safetensors|OUTPUT.onnx",
  .summary = "Write a model with its settings and labels into one file.",
  .description = "INPUT is anything that --model takes elsewhere, with what "
      "lies beside it.\nOUTPUT appears whole or not at all. ONNX (opset 17) is "
      "for other runtimes: its batch\nnorms are folded, with --fp16 it "
      "computes in float32 all the same.",
  .entries = {entries},
  .run = run,
};
