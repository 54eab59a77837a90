/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs golden files: the model and the input that a file defines go through
 * the engine, and its logits are compared. README.md says what is in a file.
 */
#include <json-glib/json-glib.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

#define TOLERANCE 1e-4          /* of the largest logit */
#define TOLERANCE_F16 1e-2
#define TOLERANCE_LAST 1e-5     /* of one layer */
#define SKIP 77                 /* exit status: the device is missing */
#define TOP 5

typedef struct
{
  char *name;                   /* of a published network, or NULL */
  RexnetVariant variant;
  double width;
  guint classes, pixels_high, pixels_wide;
  gint64 parameters;
  guint seed;
  float *logits;                /* classes */
} Golden;

/* One engine configuration. */
typedef struct
{
  RexnetIsa isa;
  guint threads, batch, repeat;
  RexnetScheduling scheduling;
  const char *device;
  RexnetPrecision precision;
} Setting;

static void
golden_free (Golden * golden)
{
  g_free (golden->name);
  g_free (golden->logits);
  g_free (golden);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Golden, golden_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetModel, rexnet_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetEngine, rexnet_engine_free)

/* ---- files --------------------------------------------------------------- */

static gboolean
read_number (JsonObject * object, const char *key, double low, double high,
    double *value, GError ** error)
{
  JsonNode *node = json_object_get_member (object, key);
  GType type = node && JSON_NODE_HOLDS_VALUE (node) ?
      json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "\"%s\" is missing or no number", key);
    return FALSE;
  }
  *value = json_node_get_double (node);
  if (*value >= low && *value <= high)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
      "\"%s\" is %g, but must be between %g and %g", key, *value, low, high);
  return FALSE;
}

static gboolean
read_logits (JsonObject * object, Golden * golden, GError ** error)
{
  JsonNode *node = json_object_get_member (object, "logits");
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ?
      json_node_get_array (node) : NULL;

  if (!array || json_array_get_length (array) != golden->classes) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "\"logits\" is no array of %u numbers, one a class", golden->classes);
    return FALSE;
  }
  golden->logits = g_new (float, golden->classes);
  for (guint i = 0; i < golden->classes; i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (!JSON_NODE_HOLDS_VALUE (element)
        || json_node_get_value_type (element) == G_TYPE_STRING) {
      g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
          "\"logits\"[%u] is no number", i);
      return FALSE;
    }
    golden->logits[i] = json_node_get_double (element);
  }
  return TRUE;
}

static gboolean
read_object (JsonObject * object, Golden * golden, GError ** error)
{
  JsonNode *variant = json_object_get_member (object, "variant");
  double classes, high, wide, seed;
  double parameters = -1.;

  if (!variant || !JSON_NODE_HOLDS_VALUE (variant)
      || json_node_get_value_type (variant) != G_TYPE_STRING) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "\"variant\" is missing or no string");
    return FALSE;
  }
  if (!rexnet_variant_from_string (json_node_get_string (variant),
          &golden->variant, error)
      || !read_number (object, "width", 0.1, 10, &golden->width, error)
      || !read_number (object, "classes", 1, 65536, &classes, error)
      || !read_number (object, "height", 32, 4096, &high, error)
      || !read_number (object, "width_px", 32, 4096, &wide, error)
      || !read_number (object, "input_seed", 0, 1e9, &seed, error)
      || (json_object_has_member (object, "parameters")
          && !read_number (object, "parameters", 0, 1e15, &parameters, error)))
    return FALSE;
  golden->classes = classes;
  golden->pixels_high = high;
  golden->pixels_wide = wide;
  golden->seed = seed;
  golden->parameters = parameters;
  if (json_object_has_member (object, "name"))
    golden->name = g_strdup (json_object_get_string_member (object, "name"));
  return read_logits (object, golden, error);
}

static Golden *
golden_load (const char *path, GError ** error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (Golden) golden = g_new0 (Golden, 1);
  JsonNode *root;

  if (!json_parser_load_from_mapped_file (parser, path, error))
    return NULL;
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "not a JSON object");
    return NULL;
  }
  if (!read_object (json_node_get_object (root), golden, error))
    return NULL;
  return g_steal_pointer (&golden);
}

/* ---- comparison ---------------------------------------------------------- */

typedef struct
{
  double error;                 /* largest, over the largest logit */
  guint top;                    /* ranks of the best five that agree */
  guint ranks;
} Comparison;

static double
largest (const float *values, guint n)
{
  double most = 0.;

  for (guint i = 0; i < n; i++)
    most = fmax (most, fabs (values[i]));
  return most;
}

/* Ranks agree when what they point at is as good, within the tolerance. */
static Comparison
compare (const float *logits, const float *golden, guint n, double tolerance)
{
  Comparison result = {.ranks = MIN (n, TOP) };
  RexnetScore ours[TOP], theirs[TOP];
  double scale = fmax (largest (golden, n), 1e-30);

  for (guint i = 0; i < n; i++) {
    double error = fabs ((double) logits[i] - golden[i]) / scale;

    /* NaN must not hide in a comparison. */
    if (!(error <= result.error))
      result.error = isnan (error) ? INFINITY : error;
  }
  if (rexnet_top_k (logits, n, TOP, -INFINITY, ours) < result.ranks)
    return result;
  rexnet_top_k (golden, n, TOP, -INFINITY, theirs);
  for (guint i = 0; i < result.ranks; i++)
    result.top += golden[theirs[i].index] - golden[ours[i].index]
        <= 2. * tolerance * scale;
  return result;
}

/* ---- running ------------------------------------------------------------- */

static Comparison
worse (Comparison a, Comparison b)
{
  a.error = fmax (a.error, b.error);
  a.top = MIN (a.top, b.top);
  return a;
}

static double
tolerance (const Setting * setting)
{
  return setting->precision == REXNET_PRECISION_F16 ? TOLERANCE_F16 : TOLERANCE;
}

/* The classifier's last layer on what it was given is what it gave. */
static gboolean
check_features (RexnetModel * model, const float *features,
    const float *logits, double tolerance, GError ** error)
{
  const RexnetNetwork *net = rexnet_model_get_network (model);
  const RexnetConv *last = &net->classifier[net->n_classifiers - 1];
  g_autofree float *weight = g_new (float, (gsize) last->in * last->out);
  g_autofree float *bias = g_new0 (float, last->out);
  double most = fmax (largest (logits, last->out), 1e-30);

  rexnet_conv_fold (last, weight, bias);
  for (guint o = 0; o < last->out; o++) {
    double sum = bias[o];

    for (guint i = 0; i < last->in; i++)
      sum += (double) weight[(gsize) o * last->in + i] * features[i];
    if (!(fabs (sum - logits[o]) <= tolerance * most)) {
      g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
          "the features make logit %u %.9g instead of %.9g", o, sum, logits[o]);
      return FALSE;
    }
  }
  return TRUE;
}

/* Asked for or not, features leave the logits as they are. */
static gboolean
run_features (RexnetEngine * engine, const float *input, guint batch,
    const float *logits, double tolerance, GError ** error)
{
  RexnetModel *model = rexnet_engine_get_model (engine);
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  g_autofree float *again = g_new (float, (gsize) batch * info->classes);
  g_autofree float *features = g_new (float, (gsize) batch * info->features);

  if (!rexnet_engine_run_features (engine, input, batch, again, features,
          error))
    return FALSE;
  if (memcmp (logits, again, sizeof (float) * batch * info->classes) != 0) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
        "a run for features gives other logits");
    return FALSE;
  }
  for (guint i = 0; i < batch; i++)
    if (!check_features (model, features + (gsize) i * info->features,
            logits + (gsize) i * info->classes, tolerance, error))
      return FALSE;
  return TRUE;
}

/* Even places of the batch hold the file's image, odd ones another. */
static gboolean
run_engine (RexnetEngine * engine, const Golden * golden,
    const Setting * setting, Comparison * result, GError ** error)
{
  gsize pixels = (gsize) 3 * golden->pixels_high * golden->pixels_wide;
  gsize outputs = (gsize) setting->batch * golden->classes;
  g_autofree float *input = g_new (float, pixels * setting->batch);
  g_autofree float *logits = g_new0 (float, outputs);
  g_autofree float *again = g_new0 (float, outputs);

  for (guint i = 0; i < setting->batch; i++)
    rexnet_generate_input (golden->seed + i % 2, golden->pixels_wide,
        golden->pixels_high, input + i * pixels);
  if (!rexnet_engine_run (engine, input, setting->batch, logits, error))
    return FALSE;
  *result = compare (logits, golden->logits, golden->classes,
      tolerance (setting));
  for (guint i = 2; i < setting->batch; i += 2)
    *result = worse (*result, compare (logits + (gsize) i * golden->classes,
            golden->logits, golden->classes, tolerance (setting)));
  for (guint i = 1; i < setting->repeat; i++) {
    if (!rexnet_engine_run (engine, input, setting->batch, again, error))
      return FALSE;
    if (memcmp (logits, again, outputs * sizeof (float)) != 0) {
      g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
          "run %u differs from the first", i + 1);
      return FALSE;
    }
  }
  return run_features (engine, input, setting->batch, logits,
      setting->precision == REXNET_PRECISION_F16 ? TOLERANCE_F16
      : TOLERANCE_LAST, error);
}

static gboolean
run_setting (const char *path, const Golden * golden, RexnetModel * model,
    const Setting * setting)
{
  RexnetEngineOptions options = {
    .device = setting->device,.threads = setting->threads,
    .isa = setting->isa,.scheduling = setting->scheduling,
    .batch = setting->batch,
    .width = golden->pixels_wide,.height = golden->pixels_high,
    .precision = setting->precision,.no_fallback = TRUE
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (RexnetEngine) engine = rexnet_engine_new (model, &options, &error);
  g_autofree char *name = g_path_get_basename (path);
  const RexnetEngineInfo *info;
  Comparison result;
  gboolean pass;

  if (!engine || !run_engine (engine, golden, setting, &result, &error)) {
    printf ("%s: FAIL: %s\n", path, error->message);
    return FALSE;
  }
  info = rexnet_engine_get_info (engine);
  pass = result.error <= tolerance (setting) && result.top == result.ranks;
  printf ("%-40s error %.2e  top-%u %u/%u  %s%s%s, threads %u, batch %u%s%s\n",
      name, result.error, result.ranks, result.top, result.ranks, info->device,
      *info->isa ? " " : "", info->isa, info->threads, setting->batch,
      setting->scheduling ? ", throughput" : "", pass ? "" : "  FAIL");
  return pass;
}

static RexnetModel *
make_model (const Golden * golden, GError ** error)
{
  g_autoptr (RexnetModel) model = golden->name
      ? rexnet_model_generate_named (golden->name, golden->classes, error)
      : rexnet_model_generate (golden->variant, golden->width,
      golden->classes, error);
  guint64 parameters;

  if (!model)
    return NULL;
  parameters = rexnet_model_get_info (model)->parameters;
  if (golden->parameters >= 0 && parameters != (guint64) golden->parameters) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_MISMATCH,
        "the model has %" G_GUINT64_FORMAT " parameters, the file says %"
        G_GINT64_FORMAT, parameters, golden->parameters);
    return NULL;
  }
  return g_steal_pointer (&model);
}

static gboolean
run_file (const char *path, const Setting * settings, guint n_settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Golden) golden = golden_load (path, &error);
  g_autoptr (RexnetModel) model = golden ? make_model (golden, &error) : NULL;
  gboolean pass = TRUE;

  if (!model) {
    printf ("%s: FAIL: %s\n", path, error->message);
    return FALSE;
  }
  for (guint i = 0; i < n_settings; i++)
    pass &= run_setting (path, golden, model, &settings[i]);
  fflush (stdout);
  return pass;
}

/* ---- options ------------------------------------------------------------- */

static gboolean
parse_count (const char *text, guint64 high, guint * value, GError ** error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 1, high, &number, error))
    return FALSE;
  *value = number;
  return TRUE;
}

static gboolean
parse_scheduling (const char *text, RexnetScheduling * scheduling,
    GError ** error)
{
  *scheduling = strcmp (text, "throughput") == 0 ?
      REXNET_SCHEDULING_THROUGHPUT : REXNET_SCHEDULING_LATENCY;
  if (*scheduling || strcmp (text, "latency") == 0)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "no scheduling '%s': use latency or throughput", text);
  return FALSE;
}

/* Every combination of what the comma-separated lists name. */
static GArray *
combine (const Setting * common, char **isas, char **schedulings,
    char **threads, char **batches, GError ** error)
{
  g_autoptr (GArray) settings = g_array_new (FALSE, FALSE, sizeof (Setting));
  Setting s = *common;

  for (char **i = isas; *i; i++)
    for (char **c = schedulings; *c; c++)
      for (char **t = threads; *t; t++)
        for (char **b = batches; *b; b++) {
          if (!rexnet_isa_from_string (*i, &s.isa, error)
              || !parse_scheduling (*c, &s.scheduling, error)
              || !parse_count (*t, 256, &s.threads, error)
              || !parse_count (*b, 1024, &s.batch, error))
            return NULL;
          /* A level this CPU lacks would repeat the one below it. */
          if (s.isa <= rexnet_isa_best ())
            g_array_append_val (settings, s);
        }
  return g_steal_pointer (&settings);
}

static gboolean
parse_precision (const char *text, RexnetPrecision * precision,
    GError ** error)
{
  *precision = strcmp (text, "fp16") == 0 ? REXNET_PRECISION_F16 :
      REXNET_PRECISION_F32;
  if (*precision == REXNET_PRECISION_F16 || strcmp (text, "fp32") == 0)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "no precision '%s': use fp32 or fp16", text);
  return FALSE;
}

/* Whether a device or platform of that name is there. */
static gboolean
has_device (const char *name)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();

  for (guint i = 0; i < devices->len; i++) {
    const RexnetDevice *device = g_ptr_array_index (devices, i);

    if (strcmp (device->device, name) == 0 || strstr (device->name, name)
        || strstr (device->platform, name))
      return TRUE;
  }
  return FALSE;
}

static GArray *
parse_settings (int *argc, char ***argv, GError ** error)
{
  g_autofree char *isa = NULL, *threads = NULL, *batch = NULL;
  g_autofree char *scheduling = NULL, *precision = NULL;
  char *device = NULL;
  gboolean optional = FALSE;
  Setting common = { 0 };
  int repeat = 1;
  const GOptionEntry entries[] = {
    {"isa", 0, 0, G_OPTION_ARG_STRING, &isa,
        "auto, c, avx2, avx512; levels this CPU lacks are left out", "LIST"},
    {"threads", 0, 0, G_OPTION_ARG_STRING, &threads, "Threads", "LIST"},
    {"batch", 0, 0, G_OPTION_ARG_STRING, &batch, "Images a call", "LIST"},
    {"scheduling", 0, 0, G_OPTION_ARG_STRING, &scheduling,
        "latency, throughput", "LIST"},
    {"device", 0, 0, G_OPTION_ARG_STRING, &device, "Device", "NAME"},
    {"optional", 0, 0, G_OPTION_ARG_NONE, &optional,
        "Exit with 77 when there is no such device", NULL},
    {"precision", 0, 0, G_OPTION_ARG_STRING, &precision, "fp32, fp16", "NAME"},
    {"repeat", 0, 0, G_OPTION_ARG_INT, &repeat,
        "Run so often; all must be bit-identical", "N"},
    {NULL}
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("FILE...");
  g_auto (GStrv) isas = NULL, counts = NULL, batches = NULL, schedulings = NULL;

  g_option_context_set_summary (context, "Compares the engine's logits with "
      "golden files.  Every combination of the LISTs\n(separated by commas) "
      "is run.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return NULL;
  if (!parse_precision (precision ? precision : "fp32", &common.precision,
          error))
    return NULL;
  if (optional && device && !has_device (device)) {
    printf ("no device '%s' here\n", device);
    exit (SKIP);
  }
  common.device = device;
  common.repeat = MAX (repeat, 1);
  isas = g_strsplit (isa ? isa : "auto", ",", -1);
  counts = g_strsplit (threads ? threads : "1", ",", -1);
  batches = g_strsplit (batch ? batch : "1", ",", -1);
  schedulings = g_strsplit (scheduling ? scheduling : "latency", ",", -1);
  return combine (&common, isas, schedulings, counts, batches, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) settings = NULL;
  gboolean pass = TRUE;

  setlocale (LC_ALL, "");
  settings = parse_settings (&argc, &argv, &error);
  if (settings && argc < 2)
    g_set_error (&error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "no golden file given; see --help");
  if (error) {
    fprintf (stderr, "golden: %s\n", error->message);
    return 2;
  }
  for (int i = 1; i < argc; i++)
    pass &= run_file (argv[i], (const Setting *) settings->data, settings->len);
  return pass ? 0 : 1;
}
