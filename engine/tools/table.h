/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The published networks side by side, with their times here. */
#pragma once

#include <rexnet/rexnet.h>

#include "published.h"

typedef struct
{
  const Published *published;
  RexnetVariant variant;
  double width;                 /* multiplier */
  guint width_px, height_px;
  guint64 parameters, macs;
  GArray *cpu, *opencl;         /* double, milliseconds of each call; or empty */
} Row;

typedef struct
{
  GArray *rows;                 /* Row */
  char *cpu, *opencl;           /* what was timed, for people; or NULL */
  char *accelerator;            /* the OpenCL device to time, or NULL */
} Table;

/* Fills in the table that the options ask for and prints it; returns the exit
 * status. */
int table_run (void);

/* In columns, or as Markdown. */
void table_print (const Table * table, gboolean markdown);
/* A line of JSON for each network. */
void table_print_json (const Table * table);
