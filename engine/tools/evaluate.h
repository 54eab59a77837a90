/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A data set's pictures through an engine. */
#pragma once

#include "dataset.h"
#include "journal.h"
#include "outcome.h"

/*
 * Classifies the first @total pictures of @dataset whose outcome is pending, on
 * as many threads as can be used, and fills their outcomes in. Pictures that
 * cannot be read are reported on standard error, and progress is.
 * @journal: (nullable): to be written as well
 * @seconds: (out): that it took
 *
 * Returns: FALSE with the error of the engine or the journal
 */
gboolean evaluate (RexnetEngine * engine, Dataset * dataset,
    Outcome * outcomes, guint total, Journal * journal, double *seconds,
    GError ** error);
