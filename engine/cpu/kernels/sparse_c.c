/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vec_c.h"

#include "sparse_template.h"
