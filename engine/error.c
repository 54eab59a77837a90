/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <rexnet/rexnet.h>

G_DEFINE_QUARK (rexnet-error-quark, rexnet_error)
