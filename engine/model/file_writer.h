/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing a file that appears whole or not at all: what is written goes to a
 * file without a name, which a process that is killed does not leave behind, or
 * where the file system has none (O_TMPFILE), to PATH.XXXXXX; in the end that
 * takes the place of PATH in one step.
 */
#pragma once

#include <rexnet/rexnet.h>

typedef struct _RexnetFileWriter RexnetFileWriter;

/* Returns: (transfer full) (nullable): NULL with the error */
RexnetFileWriter *rexnet_file_writer_open (const char *path, GError ** error);

/* Returns: FALSE after a failure, which rexnet_file_writer_finish() reports */
gboolean rexnet_file_writer_write (RexnetFileWriter * writer,
    const void *data, gsize size);

/* What is written next replaces what the file begins with. */
void rexnet_file_writer_rewind (RexnetFileWriter * writer);

/* Puts the file in its place and frees @writer. */
gboolean rexnet_file_writer_finish (RexnetFileWriter * writer,
    GError ** error);

/* Removes what was written and frees @writer. */
void rexnet_file_writer_discard (RexnetFileWriter * writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetFileWriter, rexnet_file_writer_discard)
