/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "tool.h"

ToolOptions tool_options = { .top_k = 5, .timeout = 30, .retries = 5 };

#define BAD_VALUE(error, ...) \
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, __VA_ARGS__)

static const struct
{
  const char *option;
  guint *value;
  guint low, high;
} counts[] = {
  {"--batch", &tool_options.batch, 1, 1024},
  {"--classes", &tool_options.classes, 1, 65536},
  {"--limit", &tool_options.limit, 1, G_MAXINT},
  {"--retries", &tool_options.retries, 0, 100},
  {"--runs", &tool_options.runs, 1, 1000000},
  {"--threads", &tool_options.threads, 1, 256},
  {"--timeout", &tool_options.timeout, 1, 3600},
  {"--top-k", &tool_options.top_k, 1, 65536},
  {"--worst", &tool_options.worst, 1, 65536},
};

gboolean
tool_parse_count (const char *option, const char *value, gpointer data,
    GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    guint64 number;

    if (strcmp (counts[i].option, option) != 0)
      continue;
    if (!g_ascii_string_to_unsigned (value, 10, counts[i].low, counts[i].high,
            &number, NULL)) {
      BAD_VALUE (error, "%s is '%s', but must be a number from %u to %u",
          option, value, counts[i].low, counts[i].high);
      return FALSE;
    }
    *counts[i].value = number;
    return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

gboolean
tool_parse_size (const char *option, const char *value, gpointer data,
    GError ** error)
{
  g_auto (GStrv) parts = g_strsplit (value, "x", 3);
  guint64 width, height;

  if (g_strv_length (parts) != 2
      || !g_ascii_string_to_unsigned (parts[0], 10, 32, 4096, &width, NULL)
      || !g_ascii_string_to_unsigned (parts[1], 10, 32, 4096, &height, NULL)) {
    BAD_VALUE (error, "%s is '%s', but must be WIDTHxHEIGHT in pixels, each "
        "from 32 to 4096, as in 224x224", option, value);
    return FALSE;
  }
  tool_options.width_px = width;
  tool_options.height_px = height;
  return TRUE;
}

/* Decimal numbers with a point, whatever the locale. */
static gboolean
parse_double (const char *option, const char *value, double low, double high,
    double *out, GError ** error)
{
  char *end;
  double number = g_ascii_strtod (value, &end);

  if (end == value || *end != '\0' || !(number >= low && number <= high)) {
    BAD_VALUE (error, "%s is '%s', but must be a number from %g to %g", option,
        value, low, high);
    return FALSE;
  }
  *out = number;
  return TRUE;
}

static gboolean
parse_width (const char *option, const char *value, gpointer data,
    GError ** error)
{
  return parse_double (option, value, 0.1, 10, &tool_options.width, error);
}

static gboolean
parse_variant (const char *option, const char *value, gpointer data,
    GError ** error)
{
  tool_options.has_variant = TRUE;
  return rexnet_variant_from_string (value, &tool_options.variant, error);
}

static gboolean
parse_isa (const char *option, const char *value, gpointer data,
    GError ** error)
{
  return rexnet_isa_from_string (value, &tool_options.isa, error);
}

static gboolean
parse_precision (const char *option, const char *value, gpointer data,
    GError ** error)
{
  if (strcmp (value, "auto") == 0)
    tool_options.precision = REXNET_PRECISION_AUTO;
  else if (strcmp (value, "f32") == 0)
    tool_options.precision = REXNET_PRECISION_F32;
  else if (strcmp (value, "f16") == 0)
    tool_options.precision = REXNET_PRECISION_F16;
  else {
    BAD_VALUE (error, "%s is '%s', but must be auto, f32 or f16", option,
        value);
    return FALSE;
  }
  return TRUE;
}

static gboolean
parse_scheduling (const char *option, const char *value, gpointer data,
    GError ** error)
{
  if (strcmp (value, "latency") == 0)
    tool_options.scheduling = REXNET_SCHEDULING_LATENCY;
  else if (strcmp (value, "throughput") == 0)
    tool_options.scheduling = REXNET_SCHEDULING_THROUGHPUT;
  else {
    BAD_VALUE (error, "%s is '%s', but must be latency or throughput", option,
        value);
    return FALSE;
  }
  return TRUE;
}

gboolean
tool_parse_threshold (const char *option, const char *value, gpointer data,
    GError ** error)
{
  return parse_double (option, value, 0, 1, &tool_options.threshold, error);
}

const GOptionEntry tool_model_entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.model,
      "A .safetensors, .pth or .bin file, or the name of a model that 'rexnet "
      "pull' installed; without it the model built in", "FILE"},
  {"width", 0, 0, G_OPTION_ARG_CALLBACK, parse_width,
      "Look for the model with this width multiplier", "W"},
  {"variant", 0, 0, G_OPTION_ARG_CALLBACK, parse_variant,
      "Look for a model of this variant: rexnet, rexnet-lite, rexnetr, "
      "efficientnet or efficientnet-lite",
      "V"},
  {"labels", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.labels,
      "A text file with a label a line, in place of the model's own", "FILE"},
  {NULL}
};

const GOptionEntry tool_network_entries[] = {
  {"model-name", 0, 0, G_OPTION_ARG_STRING, &tool_options.network,
        "A published network with generated weights: rexnet_100, rexnetr_100, "
      "rexnet_lite_100, efficientnet_b0, efficientnet_lite0, ...", "NAME"},
  {"variant", 0, 0, G_OPTION_ARG_CALLBACK, parse_variant,
        "A network with generated weights: rexnet, rexnet-lite, rexnetr, "
      "efficientnet or efficientnet-lite", "V"},
  {"width", 0, 0, G_OPTION_ARG_CALLBACK, parse_width,
      "Its width multiplier, from 0.1 to 10; 1.0 if not given", "W"},
  {"classes", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Its number of classes; 1000 if not given", "N"},
  {NULL}
};

const GOptionEntry tool_engine_entries[] = {
  {"device", 0, 0, G_OPTION_ARG_STRING, &tool_options.device,
      "Where to compute: auto, cpu, opencl, opencl:INDEX or part of an OpenCL "
      "device's name", "D"},
  {"precision", 0, 0, G_OPTION_ARG_CALLBACK, parse_precision,
      "Of weights and activations: auto, f32 or f16", "P"},
  {"cache-dir", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.cache_dir,
        "Where compiled OpenCL programs are kept; rexnet in the user's cache "
      "folder if not given", "FOLDER"},
  {"threads", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "CPU threads; one a core if not given", "N"},
  {"isa", 0, 0, G_OPTION_ARG_CALLBACK, parse_isa,
      "Highest instruction set to use: auto, c, avx2 or avx512", "L"},
  {NULL}
};

const GOptionEntry tool_schedule_entries[] = {
  {"size", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_size,
      "Input size in pixels; the model's own if not given", "WIDTHxHEIGHT"},
  {"batch", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Images a call", "N"},
  {"scheduling", 0, 0, G_OPTION_ARG_CALLBACK, parse_scheduling,
      "latency: all threads on one image; throughput: one image a thread",
      "S"},
  {NULL}
};

int
tool_parse (const ToolCommand * command, int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new (command->arguments);
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_strconcat ("rexnet ", command->name, NULL);

  g_set_prgname (program);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->description);
  for (guint i = 0; command->entries[i]; i++)
    g_option_context_add_main_entries (context, command->entries[i], NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return tool_usage_error ("%s", error->message);
  if (argc > 1)
    return tool_usage_error ("'%s' is one argument too many", argv[1]);
  return TOOL_OK;
}

int
tool_usage_error (const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "rexnet: %s\nTry '%s --help'.\n", message, g_get_prgname ());
  return TOOL_USAGE;
}
