/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of a picture into the network's input, with its filter tables and
 * scratch kept between calls. One thread at a time uses a preprocessor.
 */
#pragma once

#include <rexnet/rexnet.h>

typedef struct _RexnetPreprocessor RexnetPreprocessor;

struct _RexnetResample;

/* @isa: as in RexnetEngineOptions. */
RexnetPreprocessor *rexnet_preprocessor_new (const RexnetInput * input,
    RexnetIsa isa);
/* @kernels: one of rexnet_resample_get(), which has all that @isa can name */
RexnetPreprocessor *rexnet_preprocessor_new_with (const RexnetInput * input,
    const struct _RexnetResample *kernels);
void rexnet_preprocessor_free (RexnetPreprocessor * self);

/* @image: checked here, an error names the field. @output: 3 x height x width.
 * Allocates only when the image's format or size differs from the last one. */
gboolean rexnet_preprocessor_run (RexnetPreprocessor * self,
    const RexnetImage * image, float *output, GError ** error);
