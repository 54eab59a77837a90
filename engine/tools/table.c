/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "progress.h"
#include "table.h"
#include "timing.h"
#include "tool.h"

#define CLASSES 1000
#define ROUNDS 3
#define DEFAULT_RUNS 20         /* calls a round */

static void
clear_row (gpointer data)
{
  Row *row = data;

  g_array_unref (row->cpu);
  g_array_unref (row->opencl);
}

/* A hyphen is as good as an underscore. */
static gboolean
is_called (const Published * published, const char *name)
{
  g_autofree char *canonical = g_strdelimit (g_strdup (name), "-", '_');

  return strcmp (canonical, published->name) == 0;
}

/* Whether the options leave @model in the table. */
static gboolean
is_wanted (const Published * published, const RexnetModelInfo * model)
{
  const ToolOptions *o = &tool_options;

  return (!o->has_variant || o->variant == model->variant)
      && (o->width == 0 || fabs (o->width - model->width) < 5e-4)
      && (!o->network || is_called (published, o->network));
}

static gboolean
add_row (Table * table, const Published * published, GError ** error)
{
  g_autoptr (RexnetModel) model =
      rexnet_model_generate_named (published->name, CLASSES, error);
  const RexnetModelInfo *info;
  Row row = { published };

  if (!model)
    return FALSE;
  info = rexnet_model_get_info (model);
  if (!is_wanted (published, info))
    return TRUE;
  row.variant = info->variant;
  row.width = info->width;
  row.width_px = tool_options.width_px ? tool_options.width_px
      : info->input.width;
  row.height_px = tool_options.height_px ? tool_options.height_px
      : info->input.height;
  row.parameters = info->parameters;
  row.macs = tool_macs (model, row.width_px, row.height_px);
  row.cpu = g_array_new (FALSE, FALSE, sizeof (double));
  row.opencl = g_array_new (FALSE, FALSE, sizeof (double));
  g_array_append_val (table->rows, row);
  return TRUE;
}

/* The first OpenCL device that is not the CPU again, or NULL. */
static char *
find_accelerator (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();

  for (guint i = 0; i < devices->len; i++) {
    const RexnetDevice *device = devices->pdata[i];

    if (strcmp (device->type, "cpu") != 0)
      return g_strdup (device->device);
  }
  return NULL;
}

/* Adds a round of @model on @device to @ms. @what: (inout): filled in when
 * first known. */
static gboolean
time_on (RexnetModel * model, const char *device, GArray * ms, char **what,
    GError ** error)
{
  const gboolean cpu = strcmp (device, "cpu") == 0;
  const RexnetEngineOptions options = {
    .device = device,
    .no_fallback = TRUE,
    .precision = cpu ? REXNET_PRECISION_F32 : tool_options.precision,
    .cache_dir = tool_options.cache_dir,
    .threads = tool_options.threads,
    .isa = tool_options.isa,
    .width = tool_options.width_px,
    .height = tool_options.height_px,
  };
  g_autoptr (RexnetEngine) engine = rexnet_engine_new (model, &options, error);
  const RexnetEngineInfo *info;

  if (!engine || !timing_append (engine, tool_options.runs, ms, error))
    return FALSE;
  info = rexnet_engine_get_info (engine);
  if (!*what)
    *what = cpu ? g_strdup_printf ("%s, %u thread%s", info->isa, info->threads,
        info->threads == 1 ? "" : "s") : g_strdup (info->device);
  return TRUE;
}

/* A device that was not asked for is no reason to give up. */
static void
leave_accelerator (Table * table, const GError * failure)
{
  tool_error (NULL, "%s is left out of the table: %s", table->accelerator,
      failure->message);
  g_clear_pointer (&table->accelerator, g_free);
  g_clear_pointer (&table->opencl, g_free);
  for (guint i = 0; i < table->rows->len; i++)
    g_array_set_size (g_array_index (table->rows, Row, i).opencl, 0);
}

static gboolean
time_row (Table * table, Row * row, GError ** error)
{
  g_autoptr (RexnetModel) model =
      rexnet_model_generate_named (row->published->name, CLASSES, error);
  g_autoptr (GError) failure = NULL;

  if (!model || !time_on (model, "cpu", row->cpu, &table->cpu, error))
    return FALSE;
  if (!table->accelerator || time_on (model, table->accelerator, row->opencl,
          &table->opencl, &failure))
    return TRUE;
  if (tool_options.device && strcmp (tool_options.device, "auto") != 0) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  leave_accelerator (table, failure);
  return TRUE;
}

/* All networks in turn, and that several times, so that what disturbs the
 * machine for a while falls on all of them. One at a time is in memory. */
static gboolean
time_rows (Table * table, GError ** error)
{
  const guint total = ROUNDS * table->rows->len;
  Progress progress;

  progress_start (&progress, total);
  for (guint i = 0; i < total; i++) {
    Row *row = &g_array_index (table->rows, Row, i % table->rows->len);

    if (!time_row (table, row, error)) {
      progress_clear (&progress);
      g_prefix_error (error, "%s: ", row->published->name);
      return FALSE;
    }
    progress_update (&progress, i + 1);
  }
  progress_clear (&progress);
  return TRUE;
}

static gboolean
fill (Table * table, GError ** error)
{
  const char *device = tool_options.device;

  for (guint i = 0; i < n_published; i++)
    if (!add_row (table, &published[i], error))
      return FALSE;
  if (table->rows->len == 0) {
    g_set_error_literal (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND,
        "no network of the table is of that name, variant and width");
    return FALSE;
  }
  if (tool_options.no_time)
    return TRUE;
  if (!device || strcmp (device, "auto") == 0)
    table->accelerator = find_accelerator ();
  else if (strcmp (device, "cpu") != 0)
    table->accelerator = g_strdup (device);
  return time_rows (table, error);
}

int
table_run (void)
{
  Table table = { g_array_new (FALSE, FALSE, sizeof (Row)) };
  g_autoptr (GError) error = NULL;
  gboolean ok;

  g_array_set_clear_func (table.rows, clear_row);
  if (!tool_options.runs)
    tool_options.runs = DEFAULT_RUNS;
  ok = fill (&table, &error);
  if (!ok)
    tool_error (NULL, "%s", error->message);
  else if (tool_options.json)
    table_print_json (&table);
  else
    table_print (&table, tool_options.markdown);
  g_array_unref (table.rows);
  g_free (table.cpu);
  g_free (table.opencl);
  g_free (table.accelerator);
  return ok ? TOOL_OK : TOOL_FAILED;
}
