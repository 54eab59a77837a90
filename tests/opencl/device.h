/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first OpenCL device there is, and one network for it. */
#pragma once

#include <rexnet/rexnet.h>

#include "model/model.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetModel, rexnet_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetEngine, rexnet_engine_free)

#define CLASSES 10
/* Of a probability: of two backends, whose small differences the random
 * weights enlarge. */
#define TOLERANCE 1e-3f

/* ReXNet x0.5 of CLASSES; made by run_tests(). */
extern RexnetModel *model;

/* Whether there is none; the test that asks is skipped then. */
gboolean skip_without_device (void);

/* An engine of model. (transfer full) */
RexnetEngine *open_engine (const char *device, guint batch, gboolean fallback);

/* How far two vectors are apart, by the length of @expected. */
double distance (const float *got, const float *expected, guint n);

/* Probabilities and features of @images are those of the CPU backend. */
void assert_same_scores (RexnetEngine * engine, RexnetEngine * cpu,
    const RexnetImage * images, guint batch);

/* g_test_run() with model. */
int run_tests (void);
