/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From bytes to a model. */
#pragma once

#include "settings.h"
#include "state_dict.h"

/* Adds the tensors of a file, whatever its format, to @dict. */
gboolean rexnet_state_dict_read (RexnetStateDict * dict, GBytes * bytes,
    GError ** error);
