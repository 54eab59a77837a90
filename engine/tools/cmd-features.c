/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet features: vectors of picture files, for search. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "filelist.h"
#include "images.h"
#include "interrupt.h"
#include "model/file_writer.h"
#include "npy.h"
#include "pictures.h"
#include "tool.h"

#define DEFAULT_BATCH 32

static char *output, *list;
static gboolean normalize;

static const GOptionEntry entries[] = {
  {"normalize", 0, 0, G_OPTION_ARG_NONE, &normalize,
      "Scale each vector to length 1", NULL},
  {"output", 0, 0, G_OPTION_ARG_FILENAME, &output,
      "Write an array for NumPy, and the pictures' names to FILE.npy.json",
      "FILE.npy"},
  {"files-from", 0, 0, G_OPTION_ARG_FILENAME, &list,
      "Take the pictures that FILE names as well, one a line; -: from standard "
      "input", "FILE"},
  {"batch", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Pictures a call; 1 on the CPU if not given, 32 elsewhere", "N"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

typedef struct
{
  const RexnetModelInfo *model;
  GPtrArray *files;
  NpyWriter *npy;               /* NULL: to standard output */
  JsonBuilder *names;           /* of the rows of @npy */
  RexnetFileWriter **names_file;
  guint done, errors;
} Extraction;

/* ---- output ------------------------------------------------------------ */

static void
scale_to_one (float *features, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += (double) features[i] * features[i];
  for (guint i = 0; i < n && sum > 0; i++)
    features[i] /= sqrt (sum);
}

/* @string: UTF-8 */
static void
append_string (GString * line, const char *name, const char *string)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_VALUE);
  g_autofree char *text = NULL;

  json_node_set_string (node, string);
  text = json_to_string (node, FALSE);
  g_string_append_printf (line, "\"%s\":%s,", name, text);
}

/* By hand: nine digits tell floats apart, and JsonGenerator prints 17. */
static char *
format_line (const Extraction * self, const char *path, const float *features)
{
  GString *line = g_string_new ("{");
  g_autofree char *name = g_filename_display_name (path);

  append_string (line, "file", name);
  append_string (line, "model", self->model->name);
  g_string_append (line, "\"features\":[");
  for (guint i = 0; i < self->model->features; i++) {
    if (i > 0)
      g_string_append_c (line, ',');
    if (isfinite (features[i]))
      g_string_append_printf (line, "%.9g", features[i]);
    else
      g_string_append (line, "null");
  }
  g_string_append (line, "]}");
  return g_string_free (line, FALSE);
}

static JsonBuilder *
start_names (const RexnetModelInfo * model)
{
  JsonBuilder *names = json_builder_new ();

  json_builder_begin_object (names);
  tool_json_set_string (names, "model", model->name);
  tool_json_set_int (names, "features", model->features);
  json_builder_set_member_name (names, "normalized");
  json_builder_add_boolean_value (names, normalize);
  json_builder_set_member_name (names, "files");
  json_builder_begin_array (names);
  return names;
}

static gboolean
finish_output (Extraction * self, GError ** error)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_end_array (self->names);
  json_builder_end_object (self->names);
  root = json_builder_get_root (self->names);
  text = json_to_string (root, TRUE);
  rexnet_file_writer_write (*self->names_file, text, strlen (text));
  return npy_finish (self->npy, error)
      && rexnet_file_writer_finish (g_steal_pointer (self->names_file), error);
}

/* ---- running ----------------------------------------------------------- */

static gboolean
load (guint i, RexnetImage * image, GdkPixbuf ** pixbuf, gpointer data,
    GError ** error)
{
  const Extraction *self = data;

  if (!(*pixbuf = image_load (self->files->pdata[i], error)))
    return FALSE;
  *image = image_view (*pixbuf);
  return TRUE;
}

/* Returns: a line of JSON, or the floats for the array */
static gpointer
digest (guint i, const float *scores, const float *features, gpointer data)
{
  const Extraction *self = data;
  const guint n = self->model->features;
  float *vector = g_memdup2 (features, n * sizeof *features);
  char *line;

  if (normalize)
    scale_to_one (vector, n);
  if (self->npy)
    return vector;
  line = format_line (self, self->files->pdata[i], vector);
  g_free (vector);
  return line;
}

static char *
get_name (guint i, gpointer data)
{
  return g_strdup (((Extraction *) data)->files->pdata[i]);
}

static gboolean
deliver (guint i, gconstpointer digest, const GError * failure, gpointer data,
    GError ** error)
{
  Extraction *self = data;
  g_autofree char *name = NULL;

  if (failure) {
    self->errors++;
    return TRUE;
  }
  self->done++;
  if (!self->npy) {
    puts (digest);
    return tool_check_output (error);
  }
  name = g_filename_display_name (self->files->pdata[i]);
  json_builder_add_string_value (self->names, name);
  return npy_write (self->npy, digest, 1, error);
}

static gboolean
extract (Extraction * self, RexnetEngine * engine, GError ** error)
{
  const Pictures pictures = {
    .n = self->files->len,.show_progress = self->npy != NULL,.data = self,
    .load = load,.digest = digest,.get_name = get_name,.deliver = deliver,
  };

  if (!pictures_run (&pictures, engine, error))
    return FALSE;
  if (tool_interrupted ()) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
        "interrupted");
    return FALSE;
  }
  if (self->done == 0) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "none of the pictures could be read");
    return FALSE;
  }
  return !self->npy || finish_output (self, error);
}

static int
run_on (RexnetEngine * engine, GPtrArray * files)
{
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));
  g_autoptr (JsonBuilder) names = start_names (model);
  g_autoptr (GError) error = NULL;
  g_autofree char *names_path = g_strconcat (output, ".json", NULL);
  g_autoptr (NpyWriter) npy = output
      ? npy_open (output, model->features, &error) : NULL;
  g_autoptr (RexnetFileWriter) names_file = npy
      ? rexnet_file_writer_open (names_path, &error) : NULL;
  Extraction extraction = {
    .model = model,.files = files,.npy = npy,.names = names,
    .names_file = &names_file,
  };

  if (error || !extract (&extraction, engine, &error)) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  tool_warn_fallback (engine);
  return extraction.errors ? TOOL_FAILED : TOOL_OK;
}

/* Returns: (transfer full): what is to be read, or NULL with the error */
static GPtrArray *
collect_files (GError ** error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);

  for (char **file = tool_options.files; file && *file; file++)
    if (!filelist_add (files, *file, error))
      return NULL;
  if (list && !filelist_add_lines (files, list, error))
    return NULL;
  if (files->len > 0)
    return g_steal_pointer (&files);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
      "there are no files in what was named");
  return NULL;
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (!tool_options.files && !list)
    return tool_usage_error ("no image given");
  if (output && !g_str_has_suffix (output, ".npy"))
    return tool_usage_error ("--output is '%s', but must end in .npy", output);
  files = collect_files (&error);
  if (!files) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  tool_options.default_batch = MIN (DEFAULT_BATCH, files->len);
  tool_options.scheduling = REXNET_SCHEDULING_THROUGHPUT;
  model = tool_load_model (TOOL_MODEL_FIND);
  engine = model ? tool_new_engine (model) : NULL;
  if (!engine)
    return TOOL_FAILED;
  if (output)
    tool_catch_signals ();
  status = run_on (engine, files);
  if (tool_interrupted ())
    tool_die_of_signal ();
  return status;
}

const ToolCommand tool_features = {
  .name = "features",
  .arguments = "IMAGE|FOLDER...",
  .summary = "Print the feature vectors of pictures, for search, a line of "
      "JSON each.",
  .description = "The vector is what the classifier's last layer sees. A "
      "folder stands for the files in it\nand below it. A file that cannot be "
      "read is reported, the others are taken all the\nsame, and the exit "
      "status is 1.",
  .entries = {tool_model_entries, entries, tool_engine_entries},
  .run = run,
};
