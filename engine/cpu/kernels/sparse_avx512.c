/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vec_avx512.h"

#include "sparse_template.h"
