/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.h -- batches of matrix products over strided arrays: MatMul, BatchMatMul and Einsum all come down to
 * it.
 *
 * For each batch index: c[m][n] = sum over k of a[m][k] b[k][n]. Strides count elements and may be 0
 * (broadcast); columns of c are neighbours.
 */
#ifndef TD_KERNELS_MATMUL_MATMUL_H
#define TD_KERNELS_MATMUL_MATMUL_H

#include "tensord/dtype.h"
#include "tensord/tensor.h"

#include "kernels/gemm/gemm.h"

typedef struct td_matmul {
    size_t m, n, k;
    size_t a_m, a_k, b_k, b_n, c_m;
    int n_batch; /* dims of the batch, outermost first */
    size_t batch[TD_MAX_RANK], a_batch[TD_MAX_RANK], b_batch[TD_MAX_RANK], c_batch[TD_MAX_RANK];
} td_matmul;

/* Folds batch dims into m where b does not change along them, and drops dims of 1. */
void td_matmul_simplify(td_matmul *p);

/* ---------------------------------------------------------------- float */

typedef struct td_matmul_plan {
    td_matmul p;
    bool copies_a;       /* rows of a are not dense: each matrix is copied first */
    bool by_batch;       /* threads take whole batch elements, not parts of one product */
    size_t packed_bytes; /* of one b */
    size_t thread_bytes; /* of scratch */
} td_matmul_plan;

void td_matmul_plan_make(const td_matmul *p, int threads, bool b_is_packed, td_matmul_plan *out);
size_t td_matmul_scratch(const td_matmul_plan *plan, int threads);

/* How many different matrices b holds, and the packing of all of them, one after the other. */
size_t td_matmul_b_count(const td_matmul *p);
void td_matmul_pack(const td_matmul *p, const float *b, const float *scale, float *packed);

/* packed is what td_matmul_pack() made, or NULL to pack b on the way. */
void td_matmul_run(const td_matmul_plan *plan, const td_gemm_isa *isa, float *c, const float *a,
                   const float *b, const float *packed, const td_gemm_end *end, void *scratch, td_team *team);

/* ---------------------------------------------------------------- the other types, plain */

/* double, all integers (wrapping) and complex; conj_a, conj_b take complex conjugates. */
#define TD_MATMUL_REF_TYPES                                                                                  \
    (TD_DTYPE_BIT(TD_F64) | TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I16) |               \
     TD_DTYPE_BIT(TD_U16) | TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_U32) | TD_DTYPE_BIT(TD_I64) |             \
     TD_DTYPE_BIT(TD_U64) | TD_DTYPE_BIT(TD_C64) | TD_DTYPE_BIT(TD_C128) | TD_DTYPE_BIT(TD_F32))

void td_matmul_ref(const td_matmul *p, td_dtype type, void *c, const void *a, const void *b, bool conj_a,
                   bool conj_b);

/* The same; big double and complex products go through OpenBLAS. */
void td_matmul_wide(const td_matmul *p, td_dtype type, void *c, const void *a, const void *b, bool conj_a,
                    bool conj_b);

#endif
