/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of the frame that are wanted soon. They are asked for a few cache lines
 * at a time, between other work: only so many can be on their way at once.
 */
#pragma once

#include <glib.h>

#define REXNET_CACHE_LINE 64

typedef struct
{
  const guint8 *row;
  gssize stride;
  gsize bytes, at;              /* of a row, and how many were asked for */
  guint rows;                   /* from this one on */
  guint lines;                  /* to ask for at a time */
} RexnetFetch;

/* Asks for a few lines, of one row. */
static inline void
rexnet_fetch (RexnetFetch * self)
{
  const guint8 *at = self->row + self->at;

  if (self->rows == 0)
    return;
  for (guint k = 0; k < self->lines; k++)
    __builtin_prefetch (at + k * REXNET_CACHE_LINE);
  self->at += self->lines * REXNET_CACHE_LINE;
  if (self->at >= self->bytes) {
    self->at = 0;
    self->row += self->stride;
    self->rows--;
  }
}

static inline void
rexnet_fetch_all (RexnetFetch * self)
{
  while (self->rows > 0)
    rexnet_fetch (self);
}
