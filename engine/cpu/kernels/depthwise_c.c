/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vec_c.h"

#define DEPTHWISE_ROWS 1

#include "depthwise_template.h"
