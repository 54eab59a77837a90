/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rexnetoverlay draws on grey frames. */
#pragma once

#include "common.h"

/* Two labels. */
extern const char *const trousers[];

/* Adds a result of @region with these labels, and scores that halve from 0.8
 * on. @labels: ends in NULL */
void add_region_result (GstBuffer * buffer, const char *model, int region,
    const char *const *labels);
/* The same of the full frame. */
void add_result (GstBuffer * buffer, const char *model,
    const char *const *labels);

/* Frame @n of @size bytes, grey, so that both letters and box differ from it.
 * @labels: (nullable): of a result on it */
GstBuffer *grey_frame (gsize size, guint n, const char *const *labels);

typedef struct
{
  int left, top, right, bottom; /* of what changed; right < left: nothing */
  int darkest, brightest;
} Drawn;

/* What was drawn on a GRAY8 frame that was grey_frame(). */
Drawn drawn_on (GstBuffer * buffer, int width, int height);

/* The same of one frame through the elements of @launch. */
Drawn draw (const char *launch, int width, int height,
    const char *const *labels);
