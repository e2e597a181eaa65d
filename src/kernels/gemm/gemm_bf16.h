/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_bf16.h -- C[m, n] = A[m, k] B[k, n] by oneDNN, A and B rounded to bfloat16, sums in float, C in either.
 *
 * B is packed in blocks of columns, whatever m is, so that plans of all batches share it; work is cut into blocks of rows,
 * and of columns where rows are few. A's rows are rounded by whoever takes them.
 */
#ifndef TD_KERNELS_GEMM_GEMM_BF16_H
#define TD_KERNELS_GEMM_GEMM_BF16_H

#include <stdint.h>

#include "kernels/gemm/gemm_dnnl.h"

typedef struct td_bf16_gemm td_bf16_gemm;

bool td_bf16_gemm_can(const td_dnnl_gemm_shape *s, td_cpu cpu);
/* Is it worth its error and its calls? Does not depend on m. */
bool td_bf16_gemm_pays(const td_dnnl_gemm_shape *s);

/* For runs on up to `threads` threads. reads, writes: A, C are bfloat16 already. NULL: oneDNN cannot, or no memory. */
td_bf16_gemm *td_bf16_gemm_make(const td_dnnl_gemm_shape *s, bool reads, bool writes, td_cpu cpu,
                                int threads);
void td_bf16_gemm_free(td_bf16_gemm *g); /* NULL is fine */

/* The packed form depends on n and k alone. Arguments as td_gemm_pack() has them. */
size_t td_bf16_gemm_packed_size(const td_bf16_gemm *g);
void td_bf16_gemm_pack(const td_bf16_gemm *g, void *packed, const float *b, size_t stride_k, size_t stride_n,
                       const float *scale);

size_t td_bf16_gemm_scratch(const td_bf16_gemm *g, int threads);
/* One run. A and C are dense, of the types that make was told; end->add is not c. */
typedef struct td_bf16_gemm_job {
    void *c;
    const void *a, *packed;
    const td_gemm_end *end;
    const uint16_t *add; /* instead of end->add: in bfloat16, its rows end->add_ld apart */
    void *scratch;
    td_team *team;
} td_bf16_gemm_job;

bool td_bf16_gemm_run(const td_bf16_gemm *g, const td_bf16_gemm_job *job); /* false: no memory */

#endif
