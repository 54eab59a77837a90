/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vec_avx512.h"

#define DEPTHWISE_ROWS 2

#include "depthwise_template.h"
#include "winograd_template.h"
