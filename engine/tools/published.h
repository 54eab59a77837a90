/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others have published of the networks that the engine runs. */
#pragma once

#include <glib.h>

/* Figures as their source prints them, so that the digits tell how far they
 * were rounded; NULL where no source gives one. */
typedef struct
{
  const char *name;             /* for rexnet_model_generate_named() */
  const char *gmacs;            /* multiply-adds for an image, 10^9 */
  const char *mparams;          /* parameters, 10^6 */
  const char *top1, *top5;      /* on ImageNet's validation set, percent */
  const char *sources;          /* letters of published_source() */
} Published;

extern const Published published[];
extern const guint n_published;

/* Returns: what @letter stands for, or NULL past the last. */
const char *published_source (char letter);
