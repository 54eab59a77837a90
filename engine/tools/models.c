/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models and engines by the options of the command line. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define DEFAULT_CLASSES 1000

static RexnetModel *
load_file (const char *path, GError ** error)
{
  const ToolOptions *o = &tool_options;
  g_autoptr (RexnetModel) model = rexnet_model_load (path, error);
  const RexnetModelInfo *info = model ? rexnet_model_get_info (model) : NULL;

  if (!model)
    return NULL;
  if (!rexnet_model_check (model, o->has_variant ? o->variant : info->variant,
          o->width, error)) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  tool_options.model_path = g_strdup (path);
  return g_steal_pointer (&model);
}

static RexnetModel *
generate (GError ** error)
{
  const ToolOptions *o = &tool_options;
  const guint classes = o->classes ? o->classes : DEFAULT_CLASSES;

  if (!o->network)
    return rexnet_model_generate (o->variant, o->width > 0 ? o->width : 1.0,
        classes, error);
  if (!o->has_variant && o->width == 0)
    return rexnet_model_generate_named (o->network, classes, error);
  g_set_error_literal (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "--model-name says what --variant and --width would: give one of them");
  return NULL;
}

static RexnetModel *
load (ToolModelSource source, GError ** error)
{
  const ToolOptions *o = &tool_options;
  gboolean named = o->width > 0 || o->has_variant;

  if (o->model && (o->network || o->classes)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "%s is for generated weights: leave it or the model out",
        o->network ? "--model-name" : "--classes");
    return NULL;
  }
  if (o->model && !*o->model) {
    g_set_error_literal (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "the name of the model is empty");
    return NULL;
  }
  if (o->model) {
    g_autofree char *path = rexnet_model_find_named (o->model, error);

    return path ? load_file (path, error) : NULL;
  }
  if (source == TOOL_MODEL_FIND && named) {
    g_autofree char *path = rexnet_model_find (o->variant, o->width, error);

    return path ? load_file (path, error) : NULL;
  }
  if (source == TOOL_MODEL_GENERATE || named || o->classes || o->network)
    return generate (error);
  return rexnet_model_load_default (error);
}

RexnetModel *
tool_load_model (ToolModelSource source)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (GError) error = NULL;
  RexnetModel *result;

  model = load (source, &error);
  if (model && tool_options.labels)
    result = rexnet_model_with_labels (model, tool_options.labels, &error);
  else
    result = g_steal_pointer (&model);
  if (!result)
    tool_error (NULL, "%s", error->message);
  return result;
}

static void
show_progress (const char *what, double fraction, gpointer data)
{
  fprintf (stderr, "\r%s, %.0f %%\033[K%s", what, 100 * fraction,
      fraction < 1 ? "" : "\n");
}

/* A device that was asked for by name is not replaced by another. */
RexnetEngine *
tool_new_engine (RexnetModel * model)
{
  const char *device = tool_options.device;
  const RexnetEngineOptions options = {
    .device = device,
    .precision = tool_options.precision,
    .cache_dir = tool_options.cache_dir,
    .no_fallback = device && strcmp (device, "auto") != 0,
    .progress = isatty (STDERR_FILENO) ? show_progress : NULL,
    .threads = tool_options.threads,
    .isa = tool_options.isa,
    .scheduling = tool_options.scheduling,
    .batch = tool_options.batch ? tool_options.batch
        : tool_options.default_batch,
    .width = tool_options.width_px,
    .height = tool_options.height_px,
  };
  g_autoptr (GError) error = NULL;
  RexnetEngine *engine = rexnet_engine_new (model, &options, &error);

  if (!engine)
    tool_error (NULL, "%s", error->message);
  return engine;
}

void
tool_warn_fallback (RexnetEngine * engine)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (engine);

  if (info->fallback)
    tool_error (NULL, "went on on the CPU: %s", info->fallback);
}

guint64
tool_macs (RexnetModel * model, guint width, guint height)
{
  g_autoptr (GArray) layers = rexnet_model_get_layers (model, width, height);
  guint64 macs = 0;

  for (guint i = 0; i < layers->len; i++)
    macs += g_array_index (layers, RexnetLayer, i).macs;
  return macs;
}

const char *
tool_interpolation_name (RexnetInterpolation interpolation)
{
  return interpolation == REXNET_INTERPOLATION_BILINEAR ? "bilinear"
      : "bicubic";
}
