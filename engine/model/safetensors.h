/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The safetensors format: a JSON header and the tensors' bytes. */
#pragma once

#include "state_dict.h"

gboolean rexnet_safetensors_matches (GBytes * bytes);

/* Adds every tensor of the file to @dict, and its settings and labels. */
gboolean rexnet_safetensors_read (RexnetStateDict * dict, GBytes * bytes,
    GError ** error);
