/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The `rexnet` program: finds the command and runs it. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const ToolCommand *const commands[] = {
  &tool_info, &tool_classify, &tool_logits, &tool_bench, &tool_eval,
  &tool_features, &tool_devices, &tool_tune, &tool_convert, &tool_pull,
};

static void
print_help (FILE * to)
{
  fputs ("Usage:\n"
      "  rexnet COMMAND [OPTION...] [ARGUMENT...]\n\n"
      "Image classification with ReXNet.\n\nCommands:\n", to);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  fputs ("\nOptions:\n"
      "  --help     print this, or after a command its options\n"
      "  --version  print the version\n", to);
}

static const ToolCommand *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}

static int
run (int argc, char **argv)
{
  const ToolCommand *command;
  int status;

  if (argc < 2) {
    print_help (stderr);
    return TOOL_USAGE;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0) {
    print_help (stdout);
    return TOOL_OK;
  }
  if (strcmp (argv[1], "--version") == 0) {
    printf ("rexnet %s\n", rexnet_version ());
    return TOOL_OK;
  }
  command = find_command (argv[1]);
  if (!command)
    return tool_usage_error ("no command '%s'", argv[1]);
  status = tool_parse (command, argc - 1, argv + 1);
  return status == TOOL_OK ? command->run () : status;
}

/* One that is closed must not become the number of a file that is opened. Using
 * it fails as before. */
static void
hold_standard_streams (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0)
      open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  hold_standard_streams ();
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");  /* what we print is read by programs too */
  g_set_prgname ("rexnet");

  status = run (argc, argv);
  if (!tool_check_output (&error)) {
    tool_error (NULL, "%s", error->message);
    status = TOOL_FAILED;
  }
  return status;
}
