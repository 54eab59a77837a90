/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An engine's plan, with times or without. */
#include <stdio.h>
#include <string.h>

#include "tool.h"

/* Of @count in @ms milliseconds: 10^9 a second. */
static double
giga_rate (guint64 count, double ms)
{
  return ms > 0 ? count / (ms * 1e6) : 0;
}

void
tool_json_add_phases (JsonBuilder * builder, const char *name, GArray * phases,
    gboolean timed)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < phases->len; i++) {
    const RexnetPhase *phase = &g_array_index (phases, RexnetPhase, i);

    json_builder_begin_object (builder);
    tool_json_set_string (builder, "name", phase->name);
    tool_json_set_string (builder, "detail", phase->detail);
    tool_json_set_int (builder, "macs", phase->macs);
    tool_json_set_int (builder, "bytes", phase->bytes);
    if (timed) {
      tool_json_set_double (builder, "ms", phase->ms);
      tool_json_set_double (builder, "gmacs",
          giga_rate (phase->macs, phase->ms));
      tool_json_set_double (builder, "gbytes",
          giga_rate (phase->bytes, phase->ms));
    }
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static gboolean
has_bytes (GArray * phases)
{
  for (guint i = 0; i < phases->len; i++)
    if (g_array_index (phases, RexnetPhase, i).bytes > 0)
      return TRUE;
  return FALSE;
}

static int
name_width (GArray * phases)
{
  gsize width = 0;

  for (guint i = 0; i < phases->len; i++)
    width = MAX (width, strlen (g_array_index (phases, RexnetPhase, i).name));
  return MAX (width, strlen ("phase"));
}

static void
print_phase (const RexnetPhase * phase, gboolean timed, gboolean bytes,
    double peak_gmacs)
{
  double gmacs = giga_rate (phase->macs, phase->ms);

  if (timed)
    printf (" %9.4f", phase->ms);
  printf (" %9.3f", phase->macs / 1e6);
  if (timed)
    printf (" %8.2f", gmacs);
  if (peak_gmacs > 0)
    printf (" %5.1f", 100 * gmacs / peak_gmacs);
  if (bytes)
    printf (" %8.3f", phase->bytes / 1e6);
  if (bytes && timed)
    printf (" %7.2f", giga_rate (phase->bytes, phase->ms));
  printf ("  %s\n", phase->detail);
}

/* Columns for bytes where the device counts them. */
void
tool_print_phases (GArray * phases, gboolean timed, double peak_gmacs)
{
  gboolean bytes = has_bytes (phases);
  int width = name_width (phases);
  double ms = 0;

  printf ("\n%-*s%s     MMACs%s%s%s%s  how\n", width, "phase",
      timed ? "        ms" : "", timed ? "   GMAC/s" : "",
      peak_gmacs > 0 ? "     %" : "", bytes ? "       MB" : "",
      bytes && timed ? "    GB/s" : "");
  for (guint i = 0; i < phases->len; i++) {
    const RexnetPhase *phase = &g_array_index (phases, RexnetPhase, i);

    printf ("%-*s", width, phase->name);
    print_phase (phase, timed, bytes, peak_gmacs);
    ms += phase->ms;
  }
  if (timed)
    printf ("%-*s %9.4f\n", width, "sum", ms);
}
