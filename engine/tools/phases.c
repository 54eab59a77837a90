/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An engine's plan, with times or without. */
#include <stdio.h>

#include "tool.h"

static double
phase_gmacs (const RexnetPhase * phase)
{
  return phase->ms > 0 ? phase->macs / (phase->ms * 1e6) : 0;
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
    if (timed) {
      tool_json_set_double (builder, "ms", phase->ms);
      tool_json_set_double (builder, "gmacs", phase_gmacs (phase));
    }
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

void
tool_print_phases (GArray * phases, gboolean timed)
{
  double ms = 0;

  printf ("\n%-24s%s %9s  %s\n", "phase",
      timed ? "        ms   GMAC/s" : "", "MMACs", "how");
  for (guint i = 0; i < phases->len; i++) {
    const RexnetPhase *phase = &g_array_index (phases, RexnetPhase, i);

    printf ("%-24s", phase->name);
    if (timed)
      printf (" %9.4f %8.2f", phase->ms, phase_gmacs (phase));
    printf (" %9.3f  %s\n", phase->macs / 1e6, phase->detail);
    ms += phase->ms;
  }
  if (timed)
    printf ("%-24s %9.4f\n", "sum", ms);
}
