/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "timing.h"
#include "tool.h"

enum
{
  COLUMN_NAME, COLUMN_INPUT,
  COLUMN_MACS, COLUMN_MACS_PUBLISHED,
  COLUMN_PARAMETERS, COLUMN_PARAMETERS_PUBLISHED,
  COLUMN_TOP1, COLUMN_TOP5, COLUMN_SOURCES,
  COLUMN_CPU, COLUMN_OPENCL,
  N_COLUMNS
};

static const char *const heads[N_COLUMNS] = {
  "network", "input", "GMACs", "publ.", "Mparams", "publ.", "top-1", "top-5",
  "source", "CPU ms", "OpenCL ms"
};

/* A row of texts, to be freed. */
typedef struct
{
  char *cell[N_COLUMNS];
} Line;

static char *
text_or_dash (const char *text)
{
  return g_strdup (text && *text ? text : "-");
}

/* Median (least). */
static char *
times_text (GArray * ms)
{
  return ms->len == 0 ? g_strdup ("-")
      : g_strdup_printf ("%.2f (%.2f)", timing_quantile (ms, 0.5),
      timing_quantile (ms, 0));
}

static Line
line_of (const Row * row)
{
  const Published *p = row->published;

  return (Line) {
    .cell = {
      [COLUMN_NAME] = g_strdup (p->name),
      [COLUMN_INPUT] = g_strdup_printf ("%ux%u", row->width_px, row->height_px),
      [COLUMN_MACS] = g_strdup_printf ("%.3f", row->macs / 1e9),
      [COLUMN_MACS_PUBLISHED] = text_or_dash (p->gmacs),
      [COLUMN_PARAMETERS] = g_strdup_printf ("%.2f", row->parameters / 1e6),
      [COLUMN_PARAMETERS_PUBLISHED] = text_or_dash (p->mparams),
      [COLUMN_TOP1] = text_or_dash (p->top1),
      [COLUMN_TOP5] = text_or_dash (p->top5),
      [COLUMN_SOURCES] = text_or_dash (p->sources),
      [COLUMN_CPU] = times_text (row->cpu),
      [COLUMN_OPENCL] = times_text (row->opencl),
    }
  };
}

static void
clear_line (gpointer data)
{
  Line *line = data;

  for (guint i = 0; i < N_COLUMNS; i++)
    g_free (line->cell[i]);
}

static gboolean
is_shown (const Table * table, guint column)
{
  return column == COLUMN_CPU ? table->cpu != NULL
      : column == COLUMN_OPENCL ? table->opencl != NULL : TRUE;
}

static void
print_line (const Table * table, char *const *cells, const guint * widths,
    gboolean markdown)
{
  for (guint i = 0; i < N_COLUMNS; i++) {
    if (!is_shown (table, i))
      continue;
    if (i == 0)
      printf ("%s%-*s", markdown ? "| " : "", (int) widths[i], cells[i]);
    else
      printf ("%s%*s", markdown ? " | " : "  ", (int) widths[i], cells[i]);
  }
  puts (markdown ? " |" : "");
}

static void
print_lines (const Table * table, GArray * lines, gboolean markdown)
{
  guint widths[N_COLUMNS];

  for (guint i = 0; i < N_COLUMNS; i++) {
    widths[i] = strlen (heads[i]);
    for (guint n = 0; n < lines->len; n++)
      widths[i] = MAX (widths[i],
          strlen (g_array_index (lines, Line, n).cell[i]));
  }
  print_line (table, (char *const *) heads, widths, markdown);
  for (guint i = 0; markdown && i < N_COLUMNS; i++)
    if (is_shown (table, i))
      fputs (i == 0 ? "|---" : "|--:", stdout);
  if (markdown)
    puts ("|");
  for (guint n = 0; n < lines->len; n++)
    print_line (table, g_array_index (lines, Line, n).cell, widths, markdown);
}

static void
print_notes (const Table * table, gboolean markdown)
{
  const char *item = markdown ? "- " : "";
  const guint calls = g_array_index (table->rows, Row, 0).cpu->len;

  putchar ('\n');
  if (table->cpu)
    printf ("%sCPU: %s. Median (least) of %u calls, the networks in turn.\n",
        item, table->cpu, calls);
  if (table->opencl)
    printf ("%sOpenCL: %s.\n", item, table->opencl);
  printf ("%sGMACs: 10^9 multiply-adds for an image; publ.: as published.\n"
      "%stop-1, top-5: published accuracy on ImageNet, in percent.\n", item,
      item);
  for (char letter = 'a'; published_source (letter); letter++)
    printf ("%s%c: %s.\n", item, letter, published_source (letter));
}

void
table_print (const Table * table, gboolean markdown)
{
  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (Line));

  g_array_set_clear_func (lines, clear_line);
  for (guint i = 0; i < table->rows->len; i++) {
    const Line line = line_of (&g_array_index (table->rows, Row, i));

    g_array_append_val (lines, line);
  }
  print_lines (table, lines, markdown);
  print_notes (table, markdown);
}

static void
add_number (JsonBuilder * builder, const char *name, const char *digits)
{
  if (digits)
    tool_json_set_double (builder, name, g_ascii_strtod (digits, NULL));
  else
    tool_json_set_string (builder, name, NULL);
}

static void
add_published (JsonBuilder * builder, const Published * p)
{
  json_builder_set_member_name (builder, "published");
  json_builder_begin_object (builder);
  add_number (builder, "gmacs", p->gmacs);
  add_number (builder, "mparams", p->mparams);
  add_number (builder, "top1", p->top1);
  add_number (builder, "top5", p->top5);
  json_builder_set_member_name (builder, "sources");
  json_builder_begin_array (builder);
  for (const char *letter = p->sources; *letter; letter++)
    json_builder_add_string_value (builder, published_source (*letter));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_times (JsonBuilder * builder, const char *name, GArray * ms,
    const char *what)
{
  json_builder_set_member_name (builder, name);
  if (ms->len == 0) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_object (builder);
  tool_json_set_string (builder, "device", what);
  tool_json_set_int (builder, "runs", ms->len);
  tool_json_set_double (builder, "median_ms",
      timing_quantile (ms, 0.5));
  tool_json_set_double (builder, "min_ms", timing_quantile (ms, 0));
  json_builder_end_object (builder);
}

void
table_print_json (const Table * table)
{
  for (guint i = 0; i < table->rows->len; i++) {
    const Row *row = &g_array_index (table->rows, Row, i);
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    json_builder_begin_object (builder);
    tool_json_set_string (builder, "name", row->published->name);
    tool_json_set_string (builder, "variant",
        rexnet_variant_to_string (row->variant));
    tool_json_set_double (builder, "width", row->width);
    tool_json_set_int (builder, "width_px", row->width_px);
    tool_json_set_int (builder, "height_px", row->height_px);
    tool_json_set_int (builder, "parameters", row->parameters);
    tool_json_set_int (builder, "macs", row->macs);
    add_published (builder, row->published);
    add_times (builder, "cpu", row->cpu, table->cpu);
    add_times (builder, "opencl", row->opencl, table->opencl);
    json_builder_end_object (builder);
    tool_print_json (json_builder_get_root (builder));
  }
}
