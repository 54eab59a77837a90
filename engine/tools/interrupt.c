/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "interrupt.h"

static volatile sig_atomic_t caught;

static void
on_signal (int number)
{
  caught = number;
}

/* One that is ignored stays so: nohup, and shells in the background. */
static void
catch_signal (int number)
{
  struct sigaction action = { .sa_handler = on_signal }, before;

  sigemptyset (&action.sa_mask);
  if (sigaction (number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
    sigaction (number, &action, NULL);
}

void
tool_catch_signals (void)
{
  catch_signal (SIGHUP);
  catch_signal (SIGINT);
  catch_signal (SIGTERM);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
}

gboolean
tool_interrupted (void)
{
  return caught != 0;
}

void
tool_die_of_signal (void)
{
  fflush (NULL);
  signal (caught, SIG_DFL);
  raise (caught);
}
