/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the commands of the `rexnet` tool share. A command is a row of a table:
 * its options, and a function that runs after they were parsed into
 * tool_options. Commands print results to standard output and report trouble
 * through tool_error(); they return the exit status.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <rexnet/rexnet.h>

#define TOOL_OK 0
#define TOOL_FAILED 1
#define TOOL_USAGE 2

typedef struct
{
  const char *name;
  const char *arguments;        /* of the usage line, or NULL */
  const char *summary;          /* one line */
  const char *description;      /* after the options */
  const GOptionEntry *entries[5];       /* tables, NULL-terminated */
  int (*run) (void);
} ToolCommand;

extern const ToolCommand tool_info, tool_classify, tool_logits, tool_bench,
    tool_eval, tool_features, tool_devices, tool_tune, tool_convert, tool_pull;

/* ---- options ----------------------------------------------------------- */

/* The command line. 0 and NULL: not given. */
typedef struct
{
  char *model, *labels, *input, *device, *cache_dir, *resume;
  char *network;                /* of generated weights, by name */
  gboolean has_variant;
  RexnetVariant variant;
  double width, threshold;
  guint classes, top_k, threads, batch, runs, limit, timeout, retries, worst;
  guint default_batch;          /* of the command's engine; 0 is 1 */
  guint width_px, height_px;
  RexnetIsa isa;
  RexnetPrecision precision;
  RexnetScheduling scheduling;
  gboolean json, plan, profile, table, markdown, no_time;
  char **files;
  char *model_path;             /* of the file that was loaded */
} ToolOptions;

/* One process runs one command, so there is one of these. */
extern ToolOptions tool_options;

extern const GOptionEntry tool_model_entries[]; /* a file, or one to find */
extern const GOptionEntry tool_network_entries[];       /* generated weights */
extern const GOptionEntry tool_engine_entries[];
extern const GOptionEntry tool_schedule_entries[];

/* Parses one of these options' values: functions for GOptionEntry.arg_data. */
gboolean tool_parse_count (const char *option, const char *value, gpointer data,
    GError ** error);
gboolean tool_parse_size (const char *option, const char *value, gpointer data,
    GError ** error);
gboolean tool_parse_threshold (const char *option, const char *value,
    gpointer data, GError ** error);

/* Parses @argv and returns TOOL_OK, or TOOL_USAGE after an error message. */
int tool_parse (const ToolCommand * command, int argc, char **argv);

/* Reports a mistake on the command line; returns TOOL_USAGE. */
int tool_usage_error (const char *format, ...) G_GNUC_PRINTF (1, 2);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetModel, rexnet_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetEngine, rexnet_engine_free)

/* What stands in for a model when no file is named. */
typedef enum
{
  TOOL_MODEL_FIND,              /* by width or variant, else the default one */
  TOOL_MODEL_GENERATE_OR_DEFAULT,       /* generated for a width or variant */
  TOOL_MODEL_GENERATE,
} ToolModelSource;

/* Loads the model that the options ask for; reports the error itself and
 * returns NULL. */
RexnetModel *tool_load_model (ToolModelSource source);

/* Makes the engine that the options ask for; reports the error itself and
 * returns NULL. */
RexnetEngine *tool_new_engine (RexnetModel * model);

/* Warns when @engine went on on the CPU because its device failed. */
void tool_warn_fallback (RexnetEngine * engine);

/* ---- files and output -------------------------------------------------- */

/* Prints "rexnet: FILE: message" to standard error. @file: (nullable), in the
 * file name encoding. */
void tool_error (const char *file, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* Flushes what was printed. Returns: FALSE with an error, to be reported, when
 * that failed for the first time. */
gboolean tool_check_output (GError ** error);

/* Opens @path for reading, a gzip file decompressed on the way if @gunzip.
 * The error does not repeat the path. */
GInputStream *tool_open (const char *path, gboolean gunzip, GError ** error);

/* Reads exactly @size bytes up to the end of @stream. An error names both
 * sizes. Returns NULL with the error. */
guint8 *tool_read (GInputStream * stream, gsize size, GError ** error);

/* Orders the strings of a GPtrArray by their bytes. */
int tool_compare_strings (gconstpointer a, gconstpointer b);

/* Prints one line. Takes @root. */
void tool_print_json (JsonNode * root);

/* Sets member @name of @builder's object to @string, or to null. */
void tool_json_set_string (JsonBuilder * builder, const char *name,
    const char *string);
void tool_json_set_int (JsonBuilder * builder, const char *name, gint64 value);
void tool_json_set_double (JsonBuilder * builder, const char *name,
    double value);

/* Adds name, detail, macs, bytes and, where @timed, ms, gmacs and gbytes (a
 * second) of each phase. */
void tool_json_add_phases (JsonBuilder * builder, const char *name,
    GArray * phases, gboolean timed);
/* @peak_gmacs: of which a percentage is printed, or 0. */
void tool_print_phases (GArray * phases, gboolean timed, double peak_gmacs);

/* Returns: "bicubic" or "bilinear". Static. */
const char *tool_interpolation_name (RexnetInterpolation interpolation);

/* Multiply-adds for one image, at the model's own size where @width is 0. */
guint64 tool_macs (RexnetModel * model, guint width, guint height);
