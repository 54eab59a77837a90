/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input that golden files define: flat cells with a little noise, so that
 * no layer runs into subnormal numbers. See tests/golden/README.md. */
#pragma once

#include <glib.h>

/* Writes 3 x @height x @width floats. */
void golden_input_fill (float *input, guint seed, guint width, guint height);
