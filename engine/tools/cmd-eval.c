/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet eval: how often a model is right on pictures whose class is known. */
#include <math.h>
#include <stdio.h>

#include "dataset.h"
#include "images.h"
#include "progress.h"
#include "tool.h"

#define DEFAULT_BATCH 32
#define TOP_K 5

static const GOptionEntry entries[] = {
  {"limit", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Take the first N pictures only", "N"},
  {"batch", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Pictures a call; 32 if not given", "N"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "Print one JSON object", NULL},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

/* A picture on its way from the data set to the engine. */
typedef struct
{
  guint index;                  /* in the data set */
  RexnetImage image;
  GdkPixbuf *pixbuf;
  GError *error;
} Slot;

typedef struct
{
  RexnetEngine *engine;
  Dataset *dataset;
  Slot *slots;                  /* a batch */
  RexnetImage *images;
  float *scores;
  guint evaluated, top1, top5, errors;
  double seconds;
} Evaluation;

static void
load_slot (gpointer data, gpointer dataset)
{
  Slot *slot = data;

  dataset_load (dataset, slot->index, &slot->image, &slot->pixbuf,
      &slot->error);
}

/* Decodes @n pictures from @first on into the slots, side by side. */
static gboolean
load_batch (Evaluation * self, guint first, guint n, GError ** error)
{
  GThreadPool *pool = g_thread_pool_new (load_slot, self->dataset,
      g_get_num_processors (), FALSE, error);

  if (!pool)
    return FALSE;
  for (guint i = 0; i < n; i++) {
    self->slots[i] = (Slot) { .index = first + i };
    g_thread_pool_push (pool, &self->slots[i], NULL);
  }
  g_thread_pool_free (pool, FALSE, TRUE);
  return TRUE;
}

static void
count_hits (Evaluation * self, const Slot * slot, const float *scores)
{
  guint classes = rexnet_model_get_info (rexnet_engine_get_model
      (self->engine))->classes;
  guint truth = dataset_get_class (self->dataset, slot->index), n;
  RexnetScore best[TOP_K];

  n = rexnet_top_k (scores, classes, TOP_K, 0, best);
  for (guint i = 0; i < n; i++)
    if (best[i].index == truth) {
      self->top1 += i == 0;
      self->top5++;
    }
  self->evaluated++;
}

static void
report_failures (Evaluation * self, guint n, Progress * progress)
{
  for (guint i = 0; i < n; i++) {
    Slot *slot = &self->slots[i];
    g_autofree char *name = NULL;

    if (!slot->error)
      continue;
    name = dataset_get_name (self->dataset, slot->index);
    progress_clear (progress);
    tool_error (name, "%s", slot->error->message);
    g_clear_error (&slot->error);
    self->errors++;
  }
}

/* Classifies what is in the first @n slots and empties them. */
static gboolean
classify_batch (Evaluation * self, guint n, GError ** error)
{
  guint classes = rexnet_model_get_info (rexnet_engine_get_model
      (self->engine))->classes;
  guint used = 0;
  gboolean ok;

  for (guint i = 0; i < n; i++)
    if (!self->slots[i].error)
      self->images[used++] = self->slots[i].image;
  ok = used == 0 || rexnet_engine_classify (self->engine, self->images, used,
      self->scores, error);
  used = 0;
  for (guint i = 0; i < n; i++) {
    if (ok && !self->slots[i].error)
      count_hits (self, &self->slots[i], self->scores + classes * used++);
    g_clear_object (&self->slots[i].pixbuf);
  }
  return ok;
}

static gboolean
evaluate (Evaluation * self, GError ** error)
{
  guint batch = rexnet_engine_get_info (self->engine)->batch;
  guint total = dataset_get_size (self->dataset);
  gint64 start = g_get_monotonic_time ();
  Progress progress;

  if (tool_options.limit)
    total = MIN (total, tool_options.limit);
  progress_start (&progress, total);
  for (guint first = 0; first < total; first += batch) {
    guint n = MIN (batch, total - first);

    if (!load_batch (self, first, n, error)
        || !classify_batch (self, n, error))
      return FALSE;
    report_failures (self, n, &progress);
    progress_update (&progress, first + n);
  }
  progress_clear (&progress);
  self->seconds = (g_get_monotonic_time () - start) / 1e6;
  return TRUE;
}

/* The 95 % confidence interval of @hits in @n trials, after Wilson (1927). */
static void
interval (guint hits, guint n, double *low, double *high)
{
  const double z = 1.959964, p = (double) hits / n;
  const double middle = p + z * z / (2 * n);
  const double reach = z * sqrt (p * (1 - p) / n + z * z / (4. * n * n));

  *low = MAX (0, (middle - reach) / (1 + z * z / n));
  *high = MIN (1, (middle + reach) / (1 + z * z / n));
}

static void
print_rate (const char *name, guint hits, guint n)
{
  double low, high;

  interval (hits, n, &low, &high);
  printf ("%s %.2f %% (%u of %u, 95 %% interval %.2f to %.2f)\n", name,
      100. * hits / n, hits, n, 100 * low, 100 * high);
}

static void
add_rate (JsonBuilder * builder, const char *name, guint hits, guint n)
{
  g_autofree char *correct = g_strconcat (name, "_correct", NULL);
  g_autofree char *bounds = g_strconcat (name, "_interval", NULL);
  double low, high;

  interval (hits, n, &low, &high);
  tool_json_set_double (builder, name, (double) hits / n);
  tool_json_set_int (builder, correct, hits);
  json_builder_set_member_name (builder, bounds);
  json_builder_begin_array (builder);
  json_builder_add_double_value (builder, low);
  json_builder_add_double_value (builder, high);
  json_builder_end_array (builder);
}

static void
print_result (const Evaluation * self)
{
  guint n = self->evaluated;
  double rate = self->evaluated / self->seconds;
  const RexnetEngineInfo *info = rexnet_engine_get_info (self->engine);
  g_autoptr (JsonBuilder) builder = NULL;

  if (!tool_options.json) {
    print_rate ("top-1", self->top1, n);
    print_rate ("top-5", self->top5, n);
    printf ("%.1f images/s\n", rate);
    if (self->errors)
      printf ("%u could not be read\n", self->errors);
    return;
  }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  tool_json_set_int (builder, "images", n);
  tool_json_set_int (builder, "errors", self->errors);
  add_rate (builder, "top1", self->top1, n);
  add_rate (builder, "top5", self->top5, n);
  tool_json_set_double (builder, "images_per_second", rate);
  tool_json_set_int (builder, "threads", info->threads);
  tool_json_set_string (builder, "isa", info->isa);
  tool_json_set_string (builder, "device", info->device);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static int
run_on (RexnetEngine * engine, Dataset * dataset)
{
  guint batch = rexnet_engine_get_info (engine)->batch;
  guint classes =
      rexnet_model_get_info (rexnet_engine_get_model (engine))->classes;
  g_autofree Slot *slots = g_new0 (Slot, batch);
  g_autofree RexnetImage *images = g_new (RexnetImage, batch);
  g_autofree float *scores = g_new (float, (gsize) batch * classes);
  g_autoptr (GError) error = NULL;
  Evaluation evaluation = {
    .engine = engine,
    .dataset = dataset,
    .slots = slots,
    .images = images,
    .scores = scores,
  };

  if (!evaluate (&evaluation, &error)) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  if (evaluation.evaluated == 0) {
    tool_error (NULL, "none of the pictures could be read");
    return TOOL_FAILED;
  }
  tool_warn_fallback (engine);
  print_result (&evaluation);
  return evaluation.errors ? TOOL_FAILED : TOOL_OK;
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
  if (!tool_options.batch)
    tool_options.batch = DEFAULT_BATCH;
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
  .description = "PATH is a folder with one folder of pictures a class, or the "
      "idx files of MNIST and its\nlike: a folder that holds "
      "t10k-images-idx3-ubyte, or a file of pictures with its\nlabels file "
      "beside it, each also compressed by gzip.\n\n"
      "Class folders are called by the model's labels (with _ or - for a "
      "slash), or by class\nnumbers. Names that are neither stand for the "
      "classes in sorted order, if there are as\nmany folders as classes.",
  .entries = {tool_model_entries, entries, tool_engine_entries},
  .run = run,
};
