/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "model/model.h"
#include "tune.h"

#define RUNS 15
#define MAX_SIZES 8

/* Kernels that share sizes; groups do not influence each other, so one round
 * tries a set of sizes in each. */
typedef struct
{
  const char *name;
  const char *const *steps;     /* parts of their steps' names; NULL: all */
  gsize fields[MAX_SIZES];      /* in RexnetClTiles */
  guint n_fields;
  const guint (*cpu)[MAX_SIZES], (*gpu)[MAX_SIZES];
  guint n_cpu, n_gpu;
} Family;

#define FIELD(name) G_STRUCT_OFFSET (RexnetClTiles, name)

static const char *const pointwise_steps[] =
    { "expand", "project", "head", NULL };
static const char *const depthwise_steps[] = { "depthwise", NULL };
static const char *const stem_steps[] = { "stem", NULL };
static const char *const dense_steps[] =
    { "squeeze", "excite", "neck", "classifier", "softmax", NULL };

/* pixels, blocks, items along pixels and blocks, slab, staged; lanes of a
 * sub-group and outputs of a lane */
static const guint pointwise_cpu[][MAX_SIZES] = {
  {7, 2, 1, 1, 16, 0, 0, 1}, {7, 3, 1, 1, 16, 0, 0, 1},
  {7, 2, 1, 1, 64, 0, 0, 1}, {6, 4, 1, 1, 16, 0, 0, 1},
  {12, 2, 1, 1, 16, 0, 0, 1}, {14, 1, 1, 1, 16, 0, 0, 1},
  {8, 3, 1, 1, 64, 0, 0, 1},
};

static const guint pointwise_gpu[][MAX_SIZES] = {
  {4, 2, 16, 4, 16, 1, 0, 1}, {4, 1, 16, 4, 16, 1, 0, 1},
  {4, 2, 16, 8, 16, 1, 0, 1}, {4, 4, 8, 8, 16, 1, 0, 1},
  {2, 2, 16, 8, 16, 1, 0, 1}, {2, 1, 16, 8, 16, 1, 0, 1},
  {4, 2, 16, 4, 32, 1, 0, 1}, {4, 2, 16, 4, 8, 1, 0, 1},
  {4, 2, 16, 4, 16, 0, 0, 1}, {8, 2, 8, 8, 16, 1, 0, 1},
  {4, 4, 8, 8, 16, 0, 0, 1}, {1, 4, 32, 4, 16, 1, 0, 1},
  {4, 2, 16, 4, 16, 1, 8, 1}, {4, 2, 16, 4, 16, 1, 8, 4},
  {4, 2, 16, 4, 16, 1, 16, 1}, {4, 2, 16, 4, 16, 1, 16, 2},
  {4, 2, 16, 4, 16, 1, 32, 1}, {4, 2, 16, 4, 16, 1, 64, 1},
};

static const guint depthwise_cpu[][MAX_SIZES] =
    { {7, 1}, {4, 1}, {2, 1}, {14, 1} };
static const guint depthwise_gpu[][MAX_SIZES] =
    { {2, 64}, {1, 64}, {4, 64}, {2, 128}, {1, 128}, {4, 32}, {2, 256} };
static const guint stem_cpu[][MAX_SIZES] =
    { {14, 2, 1, 1}, {8, 2, 1, 1}, {8, 1, 1, 1}, {4, 2, 1, 1} };
static const guint stem_gpu[][MAX_SIZES] = {
  {2, 1, 16, 4}, {4, 1, 16, 4}, {1, 1, 32, 4}, {2, 2, 16, 4}, {4, 2, 8, 8},
  {2, 4, 8, 8},
};
/* items; sums by sub-groups */
static const guint dense_cpu[][MAX_SIZES] = { {1, 0}, {2, 0}, {4, 0} };
static const guint dense_gpu[][MAX_SIZES] =
    { {64, 0}, {64, 1}, {32, 0}, {32, 1}, {128, 1}, {128, 0}, {256, 1} };
/* items, KiB of a strip; no items: two launches */
static const guint fused_cpu[][MAX_SIZES] =
    { {0, 512}, {1, 512}, {1, 256}, {1, 128} };
static const guint fused_gpu[][MAX_SIZES] =
    { {0, 32}, {128, 32}, {64, 32}, {256, 32}, {128, 16}, {256, 64} };

#define SETS(family) family##_cpu, family##_gpu, \
    G_N_ELEMENTS (family##_cpu), G_N_ELEMENTS (family##_gpu)

static const Family families[] = {
  {"1 x 1", pointwise_steps, {FIELD (pw_p), FIELD (pw_t), FIELD (pw_x),
            FIELD (pw_y), FIELD (pw_slab), FIELD (pw_stage), FIELD (sg_x),
            FIELD (sg_t)}, 8, SETS (pointwise)},
  {"depthwise", depthwise_steps, {FIELD (dw_r), FIELD (dw_x)}, 2,
        SETS (depthwise)},
  {"stem", stem_steps, {FIELD (st_r), FIELD (st_t), FIELD (st_x),
            FIELD (st_y)}, 4, SETS (stem)},
  {"dense", dense_steps, {FIELD (fc_x), FIELD (sg)}, 2, SETS (dense)},
};

/* Of the kernels with the sizes found before, in rounds of its own: it takes
 * launches of other families away. */
static const Family fused = {
  "fused", NULL, {FIELD (fu_x), FIELD (fu_kb)}, 2, SETS (fused)
};

#define N_FAMILIES G_N_ELEMENTS (families)

static guint
n_sets (const Family * family, gboolean cpu)
{
  return cpu ? family->n_cpu : family->n_gpu;
}

/* Sets @family's sizes in @tiles to its set @i; FALSE: there is none, or the
 * device cannot run it. */
static gboolean
apply (const Family * family, gboolean cpu, guint i,
    const RexnetClDevice * device, RexnetClTiles * tiles)
{
  RexnetClTiles changed = *tiles;

  if (i >= n_sets (family, cpu))
    return FALSE;
  for (guint f = 0; f < family->n_fields; f++)
    G_STRUCT_MEMBER (guint, &changed, family->fields[f])
        = cpu ? family->cpu[i][f] : family->gpu[i][f];
  if (!rexnet_cl_tiles_fit (&changed, device))
    return FALSE;
  *tiles = changed;
  return TRUE;
}

static double
family_time (const Family * family, GArray * profile)
{
  double ms = 0;

  for (guint i = 0; i < profile->len; i++) {
    const RexnetPhase *phase = &g_array_index (profile, RexnetPhase, i);

    if (!family->steps)
      ms += phase->ms;
    for (const char *const *step = family->steps; step && *step; step++)
      if (strstr (phase->name, *step)) {
        ms += phase->ms;
        break;
      }
  }
  return ms;
}

typedef struct
{
  const RexnetNetwork *net;
  const RexnetInput *input;
  const RexnetEngineOptions *options;
  const RexnetClDevice *device;
  gboolean cpu;
  guint round, rounds;
  GString *report;
} Tuning;

/* @tiles: those that the session fell back to may differ */
static GArray *
measure (Tuning * self, RexnetClTiles * tiles, GError ** error)
{
  RexnetEngineOptions quiet = *self->options;
  RexnetSession *session;
  GArray *profile;

  if (self->options->progress)
    self->options->progress ("timing OpenCL kernels",
        (double) self->round++ / self->rounds, self->options->progress_data);

  quiet.cache_dir = "";         /* most of these are compiled once only */
  quiet.progress = NULL;
  session = rexnet_cl_session_open (self->net, self->input, &quiet, tiles,
      error);
  if (!session)
    return NULL;
  *tiles = ((RexnetClSession *) session)->graph.tiles;
  profile = rexnet_cl_session_profile (session, RUNS, error);
  session->backend->close (session);
  return profile;
}

static void
report_set (GString * report, const Family * family,
    const RexnetClTiles * tiles, double ms)
{
  g_string_append_printf (report, "%-10s", family->name);
  for (guint f = 0; f < MAX_SIZES; f++)
    if (f < family->n_fields)
      g_string_append_printf (report, " %4u",
          G_STRUCT_MEMBER (guint, tiles, family->fields[f]));
    else
      g_string_append (report, "     ");
  g_string_append_printf (report, " %9.4f ms\n", ms);
}

/* Takes over @family's sizes. */
static void
copy_sizes (const Family * family, const RexnetClTiles * from,
    RexnetClTiles * to)
{
  for (guint f = 0; f < family->n_fields; f++)
    G_STRUCT_MEMBER (guint, to, family->fields[f])
        = G_STRUCT_MEMBER (guint, from, family->fields[f]);
}

static gboolean
same_sizes (const Family * family, const RexnetClTiles * a,
    const RexnetClTiles * b)
{
  for (guint f = 0; f < family->n_fields; f++)
    if (G_STRUCT_MEMBER (guint, a, family->fields[f])
        != G_STRUCT_MEMBER (guint, b, family->fields[f]))
      return FALSE;
  return TRUE;
}

/* Takes @tiles' sizes for @best when they are the fastest so far. */
static void
judge (Tuning * self, const Family * family, const RexnetClTiles * tiles,
    GArray * profile, double *least, RexnetClTiles * best)
{
  double ms = family_time (family, profile);

  report_set (self->report, family, tiles, ms);
  if (*least > 0 && ms >= *least)
    return;
  *least = ms;
  copy_sizes (family, tiles, best);
}

/* A round tries the next set of each family; round 0 is for the defaults. */
static gboolean
tune_families (Tuning * self, guint rounds, RexnetClTiles * best,
    GError ** error)
{
  double least[N_FAMILIES] = { 0 };

  for (guint round = 0; round < rounds; round++) {
    RexnetClTiles tiles = *best, actual;
    g_autoptr (GArray) profile = NULL;
    gboolean fresh[N_FAMILIES];

    for (guint f = 0; f < N_FAMILIES; f++)
      fresh[f] = round == 0 || apply (&families[f], self->cpu, round - 1,
          self->device, &tiles);
    tiles.fu_x = 0;
    actual = tiles;
    profile = measure (self, &actual, error);
    if (!profile)
      return FALSE;
    for (guint f = 0; f < N_FAMILIES; f++)
      if (fresh[f] && (round == 0 || same_sizes (&families[f], &actual,
                  &tiles)))
        judge (self, &families[f], &actual, profile, &least[f], best);
  }
  return TRUE;
}

static gboolean
tune_fused (Tuning * self, guint rounds, RexnetClTiles * best, GError ** error)
{
  double least = 0;

  for (guint round = 0; round < rounds; round++) {
    RexnetClTiles tiles = *best;
    g_autoptr (GArray) profile = NULL;

    if (!apply (&fused, self->cpu, round, self->device, &tiles))
      continue;
    profile = measure (self, &tiles, error);
    if (!profile)
      return FALSE;
    judge (self, &fused, &tiles, profile, &least, best);
  }
  return TRUE;
}

gboolean
rexnet_cl_tune (const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, guint most, RexnetClTiles * best,
    GString * report, GError ** error)
{
  Tuning self = { net, input, options,
    rexnet_cl_device_find (options->device, error), FALSE, 0, 0, report
  };
  guint rounds = 0, fused_rounds;

  if (!self.device)
    return FALSE;
  *best = rexnet_cl_tiles_default (self.device);
  self.cpu = best->cb > 4;
  for (guint f = 0; f < N_FAMILIES; f++)
    rounds = MAX (rounds, n_sets (&families[f], self.cpu) + 1);
  rounds = MIN (rounds, most);
  fused_rounds = MIN (n_sets (&fused, self.cpu), most - rounds);
  self.rounds = rounds + fused_rounds;
  if (!tune_families (&self, rounds, best, error)
      || !tune_fused (&self, fused_rounds, best, error))
    return FALSE;
  if (options->progress)
    options->progress ("timing OpenCL kernels", 1., options->progress_data);
  return TRUE;
}

#define DEFAULT_PIXELS 224
#define ALL_ROUNDS G_MAXUINT

gboolean
rexnet_opencl_tune (const RexnetEngineOptions * options, char **report,
    GError ** error)
{
  RexnetEngineOptions complete = *options;
  RexnetModel *model = rexnet_model_generate (REXNET_VARIANT_REXNET, 1.0, 1000,
      error);
  g_autoptr (GString) text = g_string_new (NULL);
  RexnetInput input;
  RexnetClTiles best;
  gboolean ok;

  if (!model)
    return FALSE;
  if (!complete.device)
    complete.device = "opencl";
  complete.batch = 1;
  input = rexnet_model_get_info (model)->input;
  input.width = options->width ? options->width : DEFAULT_PIXELS;
  input.height = options->height ? options->height : DEFAULT_PIXELS;
  ok = rexnet_cl_tune (rexnet_model_get_network (model), &input, &complete,
      ALL_ROUNDS, &best, text, error)
      && rexnet_cl_tiles_save (&best, rexnet_cl_device_find (complete.device,
          NULL), complete.cache_dir, error);
  rexnet_model_unref (model);
  if (ok) {
    g_autofree char *flags = rexnet_cl_tiles_to_options (&best,
        rexnet_cl_device_find (complete.device, NULL),
        complete.precision == REXNET_PRECISION_F16);

    g_string_append_printf (text, "best: %s, strips of %u KiB\n", flags,
        best.fu_kb);
    *report = g_string_free (g_steal_pointer (&text), FALSE);
  }
  return ok;
}
