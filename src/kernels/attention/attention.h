/* SPDX-License-Identifier: Apache-2.0 */
/* attention.h -- softmax(q k' scale + mask) v for every batch element and head, in float.
 *
 * A block of rows of the scores is made, brought to probabilities and multiplied with v while it is in the
 * second-level cache; the whole matrix of scores never exists. Operands are strided, so heads need no
 * transposes.
 */
#ifndef TD_KERNELS_ATTENTION_ATTENTION_H
#define TD_KERNELS_ATTENTION_ATTENTION_H

#include <stddef.h>

#include "device/team.h"
#include "kernels/gemm/gemm.h"
#include "kernels/softmax/softmax.h"

/* Elements from one batch element, head and row to the next; 0: the same for all. Columns are neighbours. */
typedef struct td_attention_steps {
    size_t batch, head, row;
} td_attention_steps;

typedef struct td_attention_plan {
    size_t batch, heads, rows, keys, depth, out_depth; /* of q; of k and v; columns of q and k; of v */
    td_attention_steps q, k, v, out, mask;
    float scale;
    size_t mask_column;                                  /* 1, or 0 where a row of the mask is one value */
    size_t part_rows, parts;                             /* rows of q that a shard takes, of one head */
    size_t block_rows;                                   /* of scores at a time */
    size_t at_k, at_v, at_mask, at_scores, thread_bytes; /* scratch of a thread */
} td_attention_plan;

/* With the sizes, steps and scale set, fills in the rest. All sizes but depth are above 0. */
void td_attention_cut(td_attention_plan *p, int threads);

typedef struct td_attention {
    const td_attention_plan *plan;
    const td_gemm_isa *gemm;
    td_softmax_fn *softmax;
    const float *q, *k, *v, *mask; /* mask NULL: none */
    float *out;
    void *scratch; /* threads * plan->thread_bytes */
} td_attention;

void td_attention_run(const td_attention *a, td_team *team);

#endif
