/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where calls of rexnet_engine_classify() prepare their images on the CPU: each
 * in a stage of its own, which is used again by later calls. Any thread.
 */
#pragma once

#include "backend.h"

typedef struct _RexnetStages RexnetStages;

/* @input, @options: complete; they outlive it */
RexnetStages *rexnet_stages_new (const RexnetInput * input,
    const RexnetEngineOptions * options);
void rexnet_stages_free (RexnetStages * self);

/*
 * Preprocesses @images and runs @session on them, to logits; on the session's
 * threads if it can.
 * @us: (out): the time that preprocessing took, as in RexnetAnswer
 */
gboolean rexnet_stages_run (RexnetStages * self, RexnetSession * session,
    const RexnetImage * images, guint batch, const RexnetOutput * output,
    guint * us, GError ** error);
