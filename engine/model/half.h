/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as files hold them: little-endian float32 and float16. */
#pragma once

#include <rexnet/rexnet.h>

/* Turns @n floats into a file's bytes, in place. */
void rexnet_float_to_le (float *values, gsize n);

/*
 * Rounds @n finite floats to nearest float16, ties to even, into the first
 * half of their own memory.
 * @name: what the error calls them when one is too large
 */
gboolean rexnet_half_to_le (float *values, gsize n, const char *name,
    GError ** error);
