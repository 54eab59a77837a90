/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the tile sizes that are fastest on a device. */
#pragma once

#include "session.h"

/*
 * Times every kernel of @net with one set of sizes after the other, and picks
 * the best for each group of kernels.
 * @options: device, precision, cache_dir and progress matter
 * @most: rounds at most; each compiles the kernels anew
 * @report: appended to: a line for each set that was timed
 */
gboolean rexnet_cl_tune (const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, guint most, RexnetClTiles * best,
    GString * report, GError ** error);
