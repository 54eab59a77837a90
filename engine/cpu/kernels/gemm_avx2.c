/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 16 registers: 12 sums, the weights, a pixel. */
#include "vec_avx2.h"

#define GEMM_ROWS_1 12
#define GEMM_ROWS_2 6
#define GEMM_ROWS_3 4
#define GEMM_ROWS_4 3
#define GEMM_TILES_1(X) \
  X (1, 1) X (2, 1) X (3, 1) X (4, 1) X (5, 1) X (6, 1) X (7, 1) X (8, 1) \
  X (9, 1) X (10, 1) X (11, 1) X (12, 1)
#define GEMM_TILES_2(X) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (5, 2) X (6, 2)
#define GEMM_TILES_3(X) \
  X (1, 3) X (2, 3) X (3, 3) X (4, 3)
#define GEMM_TILES_4(X) \
  X (1, 4) X (2, 4) X (3, 4)

#include "gemm_template.h"

/* 10 sums, the weights of a pair, two pixels. */
#define PAIRED_DIFFERENCES TRUE
#define PAIRED_COLUMNS 2
#define PAIRED_ROWS_2 5
#define PAIRED_ROWS_3 3
#define PAIRED_TILES_2(X) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (5, 2)
#define PAIRED_TILES_3(X) \
  X (1, 3) X (2, 3) X (3, 3)

#include "paired_step_avx2.h"
#include "paired_template.h"
