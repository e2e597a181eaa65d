/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_dnnl.h -- a product of floats by oneDNN on the panels of kernels/gemm, cut into shards of rows.
 *
 * A panel of w columns is oneDNN's layout BA16a<w>b where k is a multiple of 16, so both bodies read one
 * packed form: a plan for few rows runs on our tiles, one for many on oneDNN, and the weights are there once.
 */
#ifndef TD_KERNELS_DNNL_GEMM_H
#define TD_KERNELS_DNNL_GEMM_H

#include "kernels/gemm/gemm.h"

typedef struct td_dnnl_gemm td_dnnl_gemm;

/* C[m, n] = A[m, k] B[k, n]; A and C are dense. */
typedef struct td_dnnl_gemm_shape {
    size_t m, n, k;
    bool has_bias; /* in td_gemm_end */
} td_dnnl_gemm_shape;

/* Can it? And is it the faster body? Measured: see docs/decisions/arithmetic.md. */
bool td_dnnl_gemm_can(const td_dnnl_gemm_shape *s, td_cpu cpu);
bool td_dnnl_gemm_fits(const td_dnnl_gemm_shape *s, td_cpu cpu);

/* For runs on up to `threads` threads. NULL: oneDNN cannot, or no memory: use our tiles. */
td_dnnl_gemm *td_dnnl_gemm_make(const td_dnnl_gemm_shape *s, td_cpu cpu, int threads);
void td_dnnl_gemm_free(td_dnnl_gemm *d); /* NULL is fine */

size_t td_dnnl_gemm_scratch(const td_dnnl_gemm *d, int threads);
/* packed: by td_gemm_pack(). end->add must not be c. False: no memory. */
bool td_dnnl_gemm_run(const td_dnnl_gemm *d, float *c, const float *a, const float *packed,
                      const td_gemm_end *end, void *scratch, td_team *team);

#endif
