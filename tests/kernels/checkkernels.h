/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the checks of the kernel families share. */
#pragma once

#include "cpu/kernels/kernels.h"
#include "guard.h"

/* The level under test. */
typedef struct
{
  RexnetKernels kernels;
  RexnetIsa isa;
  GRand *rand;
} Check;

/* Numbers that a network sees and some that it should not: zeros of both
 * signs, thousands, subnormals among normal ones. */
float check_value (Check * check);
/* The same without large ones: sums of them are compared. */
float check_weight (Check * check);
Guard check_values (Check * check, gsize floats);
Guard check_weights (Check * check, gsize floats);

/* Fails the test unless |value - expected| is at most @absolute or @relative
 * of expected; @what says where. */
void check_close (Check * check, double value, double expected,
    double absolute, double relative, const char *what, ...) G_GNUC_PRINTF (6,
    7);

/* What @n additions in a row may lose of a sum whose terms' magnitudes add up
 * to @magnitude. */
double check_rounding (guint n, double magnitude);

/* What becomes of a sum, in double. */
double check_finish (double sum, const RexnetFinish * finish);

/* One of a few finishes. */
RexnetFinish check_random_finish (Check * check);

void check_gemm (gconstpointer check);
void check_sparse (gconstpointer check);
void check_stem (gconstpointer check);
void check_depthwise (gconstpointer check);
void check_matvec (gconstpointer check);
void check_passes (gconstpointer check);
void check_smooth (gconstpointer check);

/* Prints a row for each kernel and shape. */
void bench_kernels (Check * check);
