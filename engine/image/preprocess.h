/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of a picture into the network's input, with its filter tables and
 * scratch kept between calls. One thread at a time uses a preprocessor, except
 * for rexnet_preprocessor_run_rows().
 */
#pragma once

#include <rexnet/rexnet.h>

typedef struct _RexnetPreprocessor RexnetPreprocessor;

struct _RexnetResample;

/* @isa: as in RexnetEngineOptions.
 * @workers: how many threads may be in rexnet_preprocessor_run_rows(), >= 1 */
RexnetPreprocessor *rexnet_preprocessor_new (const RexnetInput * input,
    RexnetIsa isa, guint workers);
/* @kernels: one of rexnet_resample_get(), which has all that @isa can name */
RexnetPreprocessor *rexnet_preprocessor_new_with (const RexnetInput * input,
    const struct _RexnetResample *kernels, guint workers);
void rexnet_preprocessor_free (RexnetPreprocessor * self);

/* Gets ready for images of the kind of @image: format, size and colorimetry.
 * Allocates only when that differs from the last one's.
 * @image: checked here, an error names the field */
gboolean rexnet_preprocessor_prepare (RexnetPreprocessor * self,
    const RexnetImage * image, GError ** error);

/* Makes the rows @from to @end of @output; they do not depend on how rows are
 * dealt out. Several threads may be here at a time, each with a number of its
 * own below workers.
 * @image: checked, of the kind that was prepared for
 * @output: 3 x height x width, the whole of it */
void rexnet_preprocessor_run_rows (RexnetPreprocessor * self, guint worker,
    const RexnetImage * image, guint from, guint end, float *output);

/* Both, for all rows. @output: 3 x height x width. */
gboolean rexnet_preprocessor_run (RexnetPreprocessor * self,
    const RexnetImage * image, float *output, GError ** error);
