/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiled kernels, and the folder that keeps them between processes. */
#pragma once

#include "tiles.h"

typedef struct
{
  cl_program program;
  char *path;                   /* its place in the cache; NULL: none */
  gboolean cached;              /* it came from there */
} RexnetClProgram;

/*
 * Takes the kernels from the cache, or compiles them when they are not there,
 * damaged, or refused by the driver.
 * @options: for the compiler
 * @cache_dir: (nullable): as in RexnetEngineOptions
 * @progress: (nullable)
 */
gboolean rexnet_cl_program_open (RexnetClProgram * self,
    const RexnetClDevice * device, cl_context context, const char *options,
    const char *cache_dir, RexnetProgressFunc progress, gpointer progress_data,
    GError ** error);

/*
 * Writes the program to the cache unless it came from there. Call it when the
 * kernels have run once, as some drivers finish compiling only then. A failure
 * is harmless and silent: the next start compiles again.
 */
void rexnet_cl_program_save (RexnetClProgram * self);

void rexnet_cl_program_close (RexnetClProgram * self);
