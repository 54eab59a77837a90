/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Engines shared between the elements of a process: elements that ask for the
 * same thing get the same engine, and with it one copy of the weights.
 */
#pragma once

#include <rexnet/rexnet.h>

G_BEGIN_DECLS

/* RexnetRequest: all that decides what an engine is. */
typedef struct
{
  const char *model;            /* (nullable): path, or name to look for */
  const char *labels;           /* (nullable): path */
  gboolean any_variant;         /* variant was not asked for */
  RexnetVariant variant;
  double width;                 /* multiplier; 0: not asked for */
  const char *device;
  guint threads;
  RexnetScheduling scheduling;
  RexnetPrecision precision;
  const char *cache_dir;        /* (nullable) */
} RexnetRequest;

/*
 * Finds or makes the engine: of the model file; else of the file that
 * rexnet_model_find() finds by width and variant; else of the built-in model.
 * Any thread; who asks for what another is making waits for it. Where the
 * file, or one beside it that settings or labels come from, changed since, it
 * is loaded anew, and those who have the old engine keep it.
 * @progress: (nullable): told of a slow start by the one who makes it, with
 *   no lock held
 *
 * Returns: (transfer full): to be given to rexnet_share_release(), or NULL
 *   with the error. REXNET_ERROR_MISMATCH when the file holds another width
 *   or variant than asked for.
 */
RexnetEngine *rexnet_share_acquire (const RexnetRequest * request,
    RexnetProgressFunc progress, gpointer progress_data, GError ** error);

/* The last release of an engine frees it. Any thread. */
void rexnet_share_release (RexnetEngine * engine);

G_END_DECLS
