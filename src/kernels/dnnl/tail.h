/* SPDX-License-Identifier: Apache-2.0 */
/* tail.h -- what is left to do after a primitive: residual, clamp, activation, on output that is still in
 * cache.
 *
 * Not by oneDNN: its clip and relu turn NaN into a bound, TensorFlow passes it on; a residual as an operand
 * costs it the faster bodies. */
#ifndef TD_KERNELS_DNNL_TAIL_H
#define TD_KERNELS_DNNL_TAIL_H

#include <stdint.h>

#include "base/variant.h"
#include "kernels/gemm/gemm.h"

/* A shard's output. */
typedef struct td_dnnl_area {
    float *out;
    size_t rows, cols;
} td_dnnl_area;

/* add: the residual's first element of this area, end->add_ld between its rows; NULL: none. */
typedef void td_dnnl_tail_fn(const td_dnnl_area *a, const float *add, const td_gemm_end *end);

td_dnnl_tail_fn td_dnnl_tail_avx2, td_dnnl_tail_avx512;

TD_VARIANTS(dnnl_tail, td_dnnl_tail_fn *); /* NULL where td_dnnl_ready() accepts no CPU */

/* The same where the output or the residual is bfloat16: out[i] = end of sums[i] + add[i]. out NULL: into sums, which are changed in
 * any case. Of add and add16 one at most. */
typedef struct td_bf16_tail {
    void (*end)(uint16_t *out, float *sums, size_t n, const float *add, const uint16_t *add16,
                const td_gemm_end *end);
    void (*clamp)(uint16_t *x, size_t n, float lo, float hi); /* of bfloat16, in place; NaN passes */
} td_bf16_tail;

extern const td_bf16_tail td_bf16_tail_ref, td_bf16_tail_avx512_bf16;
TD_VARIANTS(bf16_tail, const td_bf16_tail *);

#endif
