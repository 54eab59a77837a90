/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet eval: how often a model is right on pictures whose class is known. */
#include <stdio.h>

#include "accuracy.h"
#include "dataset.h"
#include "evaluate.h"
#include "images.h"
#include "tool.h"
#include "worst.h"

static const GOptionEntry entries[] = {
  {"limit", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Take the first N pictures only", "N"},
  {"resume", 0, 0, G_OPTION_ARG_FILENAME, &tool_options.resume,
        "Keep what becomes of each picture in FILE, and go on from there where "
      "it exists", "FILE"},
  {"worst", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
        "Also show the N classes that are right least often, and what they are "
      "taken for", "N"},
  {"batch", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Pictures a call, of each thread; 1 if not given", "N"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "Print one JSON object", NULL},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

typedef struct
{
  RexnetModel *model;
  RexnetEngine *engine;
  Dataset *dataset;
  Outcome *outcomes;            /* of all pictures */
  guint total;                  /* pictures to take */
  guint resumed;                /* of which an earlier run classified */
  double seconds;
} Run;

/* ---- what outcomes depend on -------------------------------------------- */

static void
clear_setting (gpointer setting)
{
  g_free (((JournalSetting *) setting)->value);
}

/* The SHA-256 of the file, or which model is built in. */
static char *
model_id (GError ** error)
{
  g_autoptr (GMappedFile) mapped = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (!tool_options.model_path)
    return g_strdup_printf ("built into librexnet %s", rexnet_version ());
  mapped = g_mapped_file_new (tool_options.model_path, FALSE, error);
  if (!mapped)
    return NULL;
  bytes = g_mapped_file_get_bytes (mapped);
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
}

static char *
describe_input (const RexnetInput * input)
{
  return g_strdup_printf ("%ux%u, %s, crop %g, mean %.6g %.6g %.6g, deviation "
      "%.6g %.6g %.6g", input->width, input->height,
      tool_interpolation_name (input->interpolation), input->crop_pct,
      input->mean[0], input->mean[1], input->mean[2], input->std[0],
      input->std[1], input->std[2]);
}

/* Returns: (element-type JournalSetting), or NULL with the error */
static GArray *
describe (const Run * self, GError ** error)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (self->engine);
  g_autoptr (GArray) settings =
      g_array_new (FALSE, FALSE, sizeof (JournalSetting));
  const JournalSetting all[] = {
    {"model", model_id (error)},
    {"input", describe_input (&info->input)},
    {"device", g_strdup_printf ("%s%s%s%s", info->device,
            info->isa[0] ? " " : "", info->isa,
            tool_options.precision == REXNET_PRECISION_F16 ? " f16" : "")},
    {"classes", g_strdup_printf ("%u",
            rexnet_model_get_info (self->model)->classes)},
    {"pictures", g_strdup_printf ("%u", dataset_get_size (self->dataset))},
  };

  g_array_set_clear_func (settings, clear_setting);
  g_array_append_vals (settings, all, G_N_ELEMENTS (all));
  return all[0].value ? g_steal_pointer (&settings) : NULL;
}

static gboolean
open_journal (Run * self, Journal ** journal, GError ** error)
{
  g_autoptr (GArray) settings = NULL;

  if (!tool_options.resume)
    return TRUE;
  if (!(settings = describe (self, error))
      || !(*journal = journal_open (tool_options.resume, settings,
              rexnet_model_get_info (self->model)->classes, self->dataset,
              self->outcomes, error)))
    return FALSE;
  for (guint i = 0; i < self->total; i++)
    self->resumed += self->outcomes[i].state == OUTCOME_CLASSIFIED;
  return TRUE;
}

/* ---- results ------------------------------------------------------------ */

static void
print_text (const Run * self, const Accuracy * all, const Worst * worst)
{
  const guint fresh = all->images - self->resumed;

  accuracy_print (all);
  if (fresh > 0)
    printf ("%.1f images/s\n", fresh / self->seconds);
  if (self->resumed > 0)
    printf ("%u from %s\n", self->resumed, tool_options.resume);
  if (all->errors > 0)
    printf ("%u could not be read\n", all->errors);
  if (worst)
    worst_print (worst);
}

static void
print_json (const Run * self, const Accuracy * all, const Worst * worst)
{
  const RexnetEngineInfo *info = rexnet_engine_get_info (self->engine);
  const guint fresh = all->images - self->resumed;
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  accuracy_add_json (all, builder);
  tool_json_set_int (builder, "resumed", self->resumed);
  if (fresh > 0)
    tool_json_set_double (builder, "images_per_second", fresh / self->seconds);
  else
    tool_json_set_string (builder, "images_per_second", NULL);
  tool_json_set_int (builder, "threads", info->threads);
  tool_json_set_string (builder, "isa", info->isa);
  tool_json_set_string (builder, "device", info->device);
  if (worst)
    worst_add_json (worst, builder);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static int
print_result (const Run * self)
{
  const guint classes = rexnet_model_get_info (self->model)->classes;
  g_autofree Accuracy *by_class = accuracy_by_class (self->dataset,
      self->outcomes, self->total, classes);
  const Accuracy all = accuracy_sum (by_class, classes);
  g_autoptr (Worst) worst = NULL;

  if (all.images == 0) {
    tool_error (NULL, "none of the pictures could be read");
    return TOOL_FAILED;
  }
  if (tool_options.worst)
    worst = worst_find (self->dataset, self->outcomes, self->total, by_class,
        self->model, tool_options.worst);
  if (tool_options.json)
    print_json (self, &all, worst);
  else
    print_text (self, &all, worst);
  return all.errors ? TOOL_FAILED : TOOL_OK;
}

/* ---- the command -------------------------------------------------------- */

static int
run_on (RexnetEngine * engine, Dataset * dataset)
{
  const guint size = dataset_get_size (dataset);
  g_autofree Outcome *outcomes = g_new0 (Outcome, size);
  g_autoptr (Journal) journal = NULL;
  g_autoptr (GError) error = NULL;
  Run self = {
    .model = rexnet_engine_get_model (engine),
    .engine = engine,
    .dataset = dataset,
    .outcomes = outcomes,
    .total = tool_options.limit ? MIN (size, tool_options.limit) : size,
  };

  if (!open_journal (&self, &journal, &error)
      || !evaluate (engine, dataset, outcomes, self.total, journal,
          &self.seconds, &error)) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  tool_warn_fallback (engine);
  return print_result (&self);
}

static int
run (void)
{
  g_autoptr (RexnetModel) model = NULL;
  g_autoptr (RexnetEngine) engine = NULL;
  g_autoptr (Dataset) dataset = NULL;
  g_autoptr (GError) error = NULL;

  if (!tool_options.files)
    return tool_usage_error ("no data set given");
  if (tool_options.files[1])
    return tool_usage_error ("'%s' is one data set too many",
        tool_options.files[1]);
  tool_options.scheduling = REXNET_SCHEDULING_THROUGHPUT;

  model = tool_load_model (TOOL_MODEL_FIND);
  if (!model)
    return TOOL_FAILED;
  dataset = dataset_open (tool_options.files[0], model, &error);
  if (!dataset) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  engine = tool_new_engine (model);
  return engine ? run_on (engine, dataset) : TOOL_FAILED;
}

const ToolCommand tool_eval = {
  .name = "eval",
  .arguments = "PATH",
  .summary = "Measure a model's top-1 and top-5 accuracy on a data set.",
  .description = "PATH is a folder with one folder of pictures a class; or a "
      ".csv file with a picture and its\nclass in each line, or with columns "
      "that a header calls file and class; or the idx files\nof MNIST and its "
      "like: a folder that holds t10k-images-idx3-ubyte, or a file of "
      "pictures\nwith its labels file beside it, each also compressed by "
      "gzip.\n\n"
      "Classes are called by the model's labels (with _ or - for a slash), by "
      "numbers, or by\nImageNet's synsets (n01440764). Other names stand for "
      "the classes in sorted order, if there\nare as many as classes.",
  .entries = {tool_model_entries, entries, tool_engine_entries},
  .run = run,
};
