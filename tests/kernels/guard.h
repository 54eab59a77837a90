/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that notices what a kernel must not touch: it ends where a page
 * begins that cannot be read, and has a known pattern before it and in every
 * float that nobody has set.
 */
#pragma once

#include <glib.h>

typedef struct
{
  guint8 *pages;
  gsize mapped;
  float *data;                  /* floats of it, 4-byte aligned only */
  gsize floats;
} Guard;

Guard guard_new (gsize floats);
void guard_free (Guard * guard);

/* Whether the pattern before the data is whole. */
gboolean guard_is_whole (const Guard * guard);

/* Whether data[i] was never written. */
gboolean guard_is_untouched (const Guard * guard, gsize i);
