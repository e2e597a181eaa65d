/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_call.h -- a batch of products as part of an op: types, packed weights and scratch around
 * kernels/matmul.
 *
 * Used by MatMul, BatchMatMul and Einsum. Half and bfloat16 are multiplied as float. */
#ifndef TD_OPS_MATMUL_CALL_H
#define TD_OPS_MATMUL_CALL_H

#include "kernels/gemm/body.h"
#include "ops/nn/epilogue.h"

typedef struct td_matmul_call {
    td_matmul p;
    td_product_plan plan;
    td_epilogue epilogue, early;
    td_shape sum;                    /* of c, before a residual is broadcast; set by the op */
    bool is_late;                    /* see td_epilogue_late() */
    uint32_t in_a, in_b;             /* input indices */
    td_dtype type, type_b, out_type; /* integers of two types: sums are int32 */
    td_dtype type_add;
    bool widens;
    bool conj_a, conj_b;
    const void *packed;                                     /* NULL: b is packed by each run */
    size_t count_a, count_b, count_c, count_add, count_out; /* elements */
    size_t at_a, at_b, at_c, at_add, at_late, at_scratch;   /* offsets in the scratch */
    size_t scratch_size;
    td_precision precision; /* that the weights are asked to be kept in */
    /* A session that measures (ops/layers.h): the same in fewer bits, whose output goes to the scratch. NULL: none. */
    struct td_matmul_call *trial;
    size_t at_begin, at_trial; /* offsets: of all of these, of that output */
} td_matmul_call;

/* Output 0 is c. With in_a, in_b, m->p, the types and the epilogue set, fills in the rest.
 * The elements of c must be all of output 0. */
TD_MUST_USE td_status td_matmul_call_prepare(td_call *c, td_matmul_call *m);
TD_MUST_USE td_status td_matmul_call_run(td_call *c, const td_matmul_call *m, void *out, const void *a,
                                         const void *b);
void td_matmul_call_release(void *m); /* a td_kernel's release */

#endif
