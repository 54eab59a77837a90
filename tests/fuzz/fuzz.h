/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* libFuzzer's entry point. Returns: 0. */
int LLVMFuzzerTestOneInput (const guint8 * data, gsize size);
