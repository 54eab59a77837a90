/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <rexnet/rexnet.h>

/* Sets @error. Returns: FALSE, for `return rexnet_fail (...)`. */
gboolean rexnet_fail (GError ** error, RexnetError code, const char *format,
    ...) G_GNUC_PRINTF (3, 4);
