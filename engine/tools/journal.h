/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The outcomes of a data set's pictures on disk, as they come in, so that a run
 * that ended early can go on: lines of JSON, of which the first says what was
 * run. For one thread at a time.
 */
#pragma once

#include "dataset.h"
#include "outcome.h"

typedef struct _Journal Journal;

/* A thing that outcomes depend on, and what it is in this run. */
typedef struct
{
  const char *name;
  char *value;
} JournalSetting;

/*
 * Opens @path, or creates it, and keeps others from it.
 * @settings: (element-type JournalSetting): must be what the file was begun
 *   with
 * @outcomes: one for each picture of @dataset; those that the file holds are
 *   filled in, but not those of pictures that could not be read
 *
 * A last line that ends early is cut off. Errors name the file.
 * Returns NULL with the error.
 */
Journal *journal_open (const char *path, GArray * settings, guint classes,
    Dataset * dataset, Outcome * outcomes, GError ** error);

/* Adds the outcome of picture @index. @failure: (nullable): why it has none.
 * It is in the system's hands at return, and on the disk within seconds. */
gboolean journal_add (Journal * self, guint index, const Outcome * outcome,
    const char *failure, GError ** error);

/* Waits until all is on the disk. */
gboolean journal_sync (Journal * self, GError ** error);

/* @self: (nullable) */
void journal_free (Journal * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Journal, journal_free)
