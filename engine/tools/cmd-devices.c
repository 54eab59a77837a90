/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet devices: what an engine can run on here. */
#include <stdio.h>

#include "tool.h"

static const GOptionEntry entries[] = {
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "Print a line of JSON for each device", NULL},
  {NULL}
};

static void
set_boolean (JsonBuilder * builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
print_json (const RexnetDevice * d)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "device", d->device);
  tool_json_set_string (builder, "name", d->name);
  tool_json_set_string (builder, "platform", d->platform);
  tool_json_set_string (builder, "version", d->version);
  tool_json_set_string (builder, "driver", d->driver);
  tool_json_set_string (builder, "type", d->type);
  tool_json_set_int (builder, "compute_units", d->compute_units);
  tool_json_set_int (builder, "max_clock_mhz", d->max_clock_mhz);
  tool_json_set_int (builder, "global_memory", d->global_memory);
  tool_json_set_int (builder, "local_memory", d->local_memory);
  tool_json_set_int (builder, "max_allocation", d->max_allocation);
  tool_json_set_int (builder, "max_work_group", d->max_work_group);
  set_boolean (builder, "fp16", d->fp16);
  set_boolean (builder, "subgroups", d->subgroups);
  set_boolean (builder, "command_buffer", d->command_buffer);
  tool_json_set_string (builder, "uuid", d->uuid[0] ? d->uuid : NULL);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

/* What the system did not tell is left out. */
static void
print_text (const RexnetDevice * d)
{
  printf ("%s: %s\n", d->device, d->name);
  printf ("  platform     %s, %s\n", d->platform, d->version);
  if (d->driver[0])
    printf ("  driver       %s\n", d->driver);
  printf ("  type         %s, %u compute unit%s", d->type, d->compute_units,
      d->compute_units == 1 ? "" : "s");
  if (d->max_clock_mhz)
    printf (", %u MHz", d->max_clock_mhz);
  putchar ('\n');
  if (d->global_memory)
    printf ("  memory       %.1f GiB, %.1f GiB in one piece, %.0f KiB local\n",
        d->global_memory / 0x1p30, d->max_allocation / 0x1p30,
        d->local_memory / 0x1p10);
  if (d->max_work_group)
    printf ("  work group   %u\n", d->max_work_group);
  if (d->fp16 || d->subgroups || d->command_buffer)
    printf ("  extensions  %s%s%s\n", d->fp16 ? " fp16" : "",
        d->subgroups ? " subgroups" : "",
        d->command_buffer ? " command-buffer" : "");
  if (d->uuid[0])
    printf ("  UUID         %s\n", d->uuid);
}

static int
run (void)
{
  g_autoptr (GPtrArray) devices = rexnet_devices_list ();

  for (guint i = 0; i < devices->len; i++) {
    if (tool_options.json)
      print_json (devices->pdata[i]);
    else
      print_text (devices->pdata[i]);
  }
  return TOOL_OK;
}

const ToolCommand tool_devices = {
  .name = "devices",
  .summary = "List what networks can run on here, by the names --device takes.",
  .description = "The CPU comes first, then the OpenCL devices in the order of "
      "their index.",
  .entries = {entries},
  .run = run,
};
