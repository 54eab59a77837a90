/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ctrl-C in a command that has something to tidy up. */
#pragma once

#include <glib.h>

/* From now on SIGHUP, SIGINT and SIGTERM, where they are not ignored, only set
 * a flag, and a write that fails only returns its error. */
void tool_catch_signals (void);
gboolean tool_interrupted (void);
/* Ends the process by the signal that came, as if it had not been caught. */
void tool_die_of_signal (void);
