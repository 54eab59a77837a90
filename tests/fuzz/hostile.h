/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of model files gone bad share. */
#pragma once

#include <rexnet/rexnet.h>

/* A file of tests/data/models. (transfer full) */
GBytes *read_fixture (const char *name);

/* Loading fails with @code and a message that holds the file's name and
 * @part. */
void assert_refused (GBytes * bytes, int code, const char *part);
