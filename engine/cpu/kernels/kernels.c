/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels.h"

#include <string.h>

void
rexnet_kernels_init (RexnetKernels * kernels, RexnetIsa isa)
{
  memset (kernels, 0, sizeof *kernels);
  rexnet_gemm_init_c (kernels);
  rexnet_sparse_init_c (kernels);
  rexnet_depthwise_init_c (kernels);
  rexnet_vector_init_c (kernels);
  rexnet_peak_init_c (kernels);
#if defined (__x86_64__)
  if (isa < REXNET_ISA_AVX2)
    return;
  rexnet_gemm_init_avx2 (kernels);
  rexnet_sparse_init_avx2 (kernels);
  rexnet_paired_init_avx2 (kernels);
  rexnet_depthwise_init_avx2 (kernels);
  rexnet_vector_init_avx2 (kernels);
  rexnet_peak_init_avx2 (kernels);
  if (isa < REXNET_ISA_AVX512)
    return;
  rexnet_gemm_init_avx512 (kernels);
  rexnet_sparse_init_avx512 (kernels);
  rexnet_paired_init_avx512 (kernels);
  rexnet_depthwise_init_avx512 (kernels);
  rexnet_winograd_init_avx512 (kernels);
  rexnet_vector_init_avx512 (kernels);
  rexnet_peak_init_avx512 (kernels);
#endif
}
