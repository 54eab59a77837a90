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

void
tool_catch_signals (void)
{
  struct sigaction action = { .sa_handler = on_signal };

  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
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
