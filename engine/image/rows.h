/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A preprocessor's inside, and its way through the rows of a picture. */
#pragma once

#include "layout.h"
#include "resample.h"

/* One channel on its way: strips of source rows are filtered horizontally
 * into a ring, from which output rows are filtered vertically. */
typedef struct
{
  RexnetChannel place;
  guint samples_y;              /* rows of the source */
  RexnetFilter x, y;
  guint8 *ring;                 /* ring_rows x ring_stride bytes */
  guint ring_rows;              /* a multiple of REXNET_STRIP */
  guint ready;                  /* rows from y.first on that are in the ring */
  guint asked;                  /* rows that are, or that fetch is about */
  guint end;                    /* rows that are needed */
  RexnetFetch fetch;            /* of the first channel of a plane */
  guint8 *exact;                /* one output row, or */
  gint32 *sum;
} RexnetRows;

/* What depends on the kind of picture, and the scratch for one. */
typedef struct
{
  const RexnetResample *kernels;
  const RexnetLayout *layout;
  guint width, height;          /* of the output */
  gboolean exact, vertical_first;
  RexnetRows channel[3];
  gsize ring_stride;            /* bytes */
  guint8 *work;                 /* REXNET_STRIP x work_width bytes */
  gsize work_width;
  guint8 *mixed;                /* REXNET_STRIP x mixed_stride bytes */
  gsize mixed_stride;
  gint32 *neutral;              /* sums of a channel without colour */
  const void **rows;            /* of one vertical filter, most_taps of them */
  guint most_taps;
  RexnetYuv yuv;
  RexnetNormal normal;
} RexnetPath;

/* Fills in all but kernels, which say how filters are packed, and the scratch.
 * @input, @image: checked */
void rexnet_path_plan (RexnetPath * self, const RexnetInput * input,
    const RexnetImage * image);
/* Frees what rexnet_path_plan() made. */
void rexnet_path_clear (RexnetPath * self);

/* Makes the rows @from to @end.
 * @image: checked, and of the kind that @self was made for.
 * @output: 3 x height x width */
void rexnet_path_run (RexnetPath * self, const RexnetImage * image,
    guint from, guint end, float *output);
