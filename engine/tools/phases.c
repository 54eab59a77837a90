/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An engine's plan, with times or without. */
#include <stdio.h>

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

static void
print_bytes (const RexnetPhase * phase, gboolean timed)
{
  printf (" %8.3f", phase->bytes / 1e6);
  if (timed)
    printf (" %7.2f", giga_rate (phase->bytes, phase->ms));
}

/* Columns for bytes where the device counts them. */
void
tool_print_phases (GArray * phases, gboolean timed)
{
  gboolean bytes = FALSE;
  double ms = 0;

  for (guint i = 0; i < phases->len; i++)
    bytes |= g_array_index (phases, RexnetPhase, i).bytes != 0;
  printf ("\n%-24s%s     MMACs%s%s%s  how\n", "phase",
      timed ? "        ms" : "", timed ? "   GMAC/s" : "",
      bytes ? "       MB" : "", bytes && timed ? "    GB/s" : "");
  for (guint i = 0; i < phases->len; i++) {
    const RexnetPhase *phase = &g_array_index (phases, RexnetPhase, i);

    printf ("%-24s", phase->name);
    if (timed)
      printf (" %9.4f", phase->ms);
    printf (" %9.3f", phase->macs / 1e6);
    if (timed)
      printf (" %8.2f", giga_rate (phase->macs, phase->ms));
    if (bytes)
      print_bytes (phase, timed);
    printf ("  %s\n", phase->detail);
    ms += phase->ms;
  }
  if (timed)
    printf ("%-24s %9.4f\n", "sum", ms);
}
