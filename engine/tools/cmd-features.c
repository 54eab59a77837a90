/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet features: vectors of picture files, for search. */
#include <math.h>
#include <stdio.h>

#include "filelist.h"
#include "images.h"
#include "interrupt.h"
#include "npy.h"
#include "progress.h"
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
      "Pictures a call; 32 if not given", "N"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

/* A picture on its way to the engine. */
typedef struct
{
  const char *path;
  GdkPixbuf *pixbuf;
  GError *error;
} Slot;

typedef struct
{
  RexnetEngine *engine;
  const RexnetModelInfo *model;
  GPtrArray *files;
  NpyWriter *npy;               /* NULL: to standard output */
  JsonBuilder *names;           /* of the rows of @npy */
  Progress progress;

  Slot *slots;                  /* a batch */
  RexnetImage *images;
  float *scores, *features;
  guint done, errors;
} Extraction;

static void
load_slot (gpointer data, gpointer user_data)
{
  Slot *slot = data;

  slot->pixbuf = image_load (slot->path, &slot->error);
}

/* Decodes the first @n slots, side by side. */
static void
load_slots (Slot * slots, guint n)
{
  const guint threads = tool_options.threads ? tool_options.threads
      : g_get_num_processors ();
  GThreadPool *pool = g_thread_pool_new (load_slot, NULL, threads, FALSE,
      NULL);

  for (guint i = 0; i < n; i++)
    g_thread_pool_push (pool, &slots[i], NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
}

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
print_string (const char *name, const char *string)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_VALUE);
  g_autofree char *text = NULL;

  json_node_set_string (node, string);
  text = json_to_string (node, FALSE);
  printf ("\"%s\":%s,", name, text);
}

/* By hand: nine digits tell floats apart, and JsonGenerator prints 17. */
static void
print_features (const Extraction * self, const char *name,
    const float *features)
{
  putchar ('{');
  print_string ("file", name);
  print_string ("model", self->model->name);
  fputs ("\"features\":[", stdout);
  for (guint i = 0; i < self->model->features; i++) {
    if (i > 0)
      putchar (',');
    if (isfinite (features[i]))
      printf ("%.9g", features[i]);
    else
      fputs ("null", stdout);
  }
  puts ("]}");
}

static gboolean
put_out (Extraction * self, const char *path, float *features, GError ** error)
{
  g_autofree char *name = g_filename_display_name (path);

  if (normalize)
    scale_to_one (features, self->model->features);
  self->done++;
  if (!self->npy) {
    print_features (self, name, features);
    return TRUE;
  }
  json_builder_add_string_value (self->names, name);
  return npy_write (self->npy, features, 1, error);
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
  g_autofree char *path = g_strconcat (output, ".json", NULL);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_end_array (self->names);
  json_builder_end_object (self->names);
  root = json_builder_get_root (self->names);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  return npy_finish (self->npy, error)
      && json_generator_to_file (generator, path, error);
}

/* ---- running ----------------------------------------------------------- */

/* Reports the first @n slots that could not be read. Returns: how many could */
static guint
gather (Extraction * self, guint n)
{
  guint used = 0;

  for (guint i = 0; i < n; i++) {
    Slot *slot = &self->slots[i];

    if (slot->pixbuf) {
      self->images[used++] = image_view (slot->pixbuf);
      continue;
    }
    progress_clear (&self->progress);
    tool_error (slot->path, "%s", slot->error->message);
    g_clear_error (&slot->error);
    self->errors++;
  }
  return used;
}

static gboolean
run_batch (Extraction * self, guint n, GError ** error)
{
  guint used = gather (self, n), image = 0;
  gboolean ok = used == 0 || rexnet_engine_classify_features (self->engine,
      self->images, used, self->scores, self->features, error);

  for (guint i = 0; i < n; i++) {
    Slot *slot = &self->slots[i];

    if (ok && slot->pixbuf)
      ok = put_out (self, slot->path, self->features
          + (gsize) self->model->features * image++, error);
    g_clear_object (&slot->pixbuf);
  }
  return ok;
}

static gboolean
extract (Extraction * self, GError ** error)
{
  guint batch = rexnet_engine_get_info (self->engine)->batch;
  guint total = self->files->len;

  for (guint first = 0; first < total && !tool_interrupted (); first += batch) {
    guint n = MIN (batch, total - first);

    for (guint i = 0; i < n; i++)
      self->slots[i] = (Slot) { .path = self->files->pdata[first + i] };
    load_slots (self->slots, n);
    if (!run_batch (self, n, error))
      return FALSE;
    if (self->npy)
      progress_update (&self->progress, first + n);
  }
  progress_clear (&self->progress);
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
  guint batch = rexnet_engine_get_info (engine)->batch;
  g_autofree Slot *slots = g_new0 (Slot, batch);
  g_autofree RexnetImage *images = g_new (RexnetImage, batch);
  g_autofree float *scores = g_new (float, (gsize) batch * model->classes);
  g_autofree float *features = g_new (float, (gsize) batch * model->features);
  g_autoptr (JsonBuilder) names = start_names (model);
  g_autoptr (GError) error = NULL;
  g_autoptr (NpyWriter) npy = NULL;
  Extraction extraction = {
    .engine = engine,.model = model,.files = files,.names = names,
    .slots = slots,.images = images,.scores = scores,.features = features,
  };

  if (output && !(npy = npy_open (output, model->features, &error))) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  extraction.npy = npy;
  progress_start (&extraction.progress, files->len);
  if (!extract (&extraction, &error)) {
    progress_clear (&extraction.progress);
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
  if (!tool_options.batch)
    tool_options.batch = MIN (DEFAULT_BATCH, files->len);
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
