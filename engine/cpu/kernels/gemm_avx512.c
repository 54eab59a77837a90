/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 32 registers: 28 sums, the weights, a pixel. */
#include "vec_avx512.h"

#define GEMM_ROWS_1 14
#define GEMM_ROWS_2 14
#define GEMM_ROWS_3 9
#define GEMM_ROWS_4 7
#define GEMM_TILES_1(X) \
  X (1, 1) X (2, 1) X (3, 1) X (4, 1) X (5, 1) X (6, 1) X (7, 1) X (8, 1) \
  X (9, 1) X (10, 1) X (11, 1) X (12, 1) X (13, 1) X (14, 1)
#define GEMM_TILES_2(X) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (5, 2) X (6, 2) X (7, 2) X (8, 2) \
  X (9, 2) X (10, 2) X (11, 2) X (12, 2) X (13, 2) X (14, 2)
#define GEMM_TILES_3(X) \
  X (1, 3) X (2, 3) X (3, 3) X (4, 3) X (5, 3) X (6, 3) X (7, 3) X (8, 3) \
  X (9, 3)
#define GEMM_TILES_4(X) \
  X (1, 4) X (2, 4) X (3, 4) X (4, 4) X (5, 4) X (6, 4) X (7, 4)

#include "gemm_template.h"

/* 20 sums, three times two weights, three pixels and two of what they add up
 * to. */
#define PAIRED_DIFFERENCES FALSE
#define PAIRED_COLUMNS 2
#define PAIRED_ROWS_2 10
#define PAIRED_ROWS_3 6
#define PAIRED_TILES_2(X) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (5, 2) X (6, 2) X (7, 2) X (8, 2) \
  X (9, 2) X (10, 2)
#define PAIRED_TILES_3(X) \
  X (1, 3) X (2, 3) X (3, 3) X (4, 3) X (5, 3) X (6, 3)

#include "paired_row_avx512.h"
#include "paired_template.h"
