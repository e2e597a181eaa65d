/* SPDX-License-Identifier: Apache-2.0 */
/* attention.h -- softmax(q k' scale + mask) v for every batch element and head, in float; or with a selection for the mask.
 *
 * A block of rows of the scores is made, brought to probabilities and multiplied with v while it is in the
 * second-level cache; the whole matrix of scores never exists. Operands are strided, so heads need no
 * transposes.
 */
#ifndef TD_KERNELS_ATTENTION_ATTENTION_H
#define TD_KERNELS_ATTENTION_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/variant.h"
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
    size_t mask_column;      /* 1, or 0 where a row of the mask is one value */
    size_t part_rows, parts; /* rows of q that a shard takes, of one head */
    size_t block_rows;       /* of scores at a time */
    size_t at_q, at_k, at_v, at_mask, at_scores, at_odds, thread_bytes; /* scratch of a thread */
} td_attention_plan;

/* A mask of bools: a score that it does not keep is `fill`, and its probability 0 if `clears`. */
typedef struct td_attention_selection {
    const bool *keeps; /* NULL: there is none; lies as plan->mask says */
    float fill;
    bool clears;
} td_attention_selection;

typedef struct td_attention {
    const td_attention_plan *plan;
    const td_gemm_isa *gemm;
    td_softmax_fn *softmax;
    const void *q, *k, *v;
    const float *mask; /* NULL: none */
    td_attention_selection selection;
    void *out;
    bool is_bf16[3], writes_bf16; /* q, k, v; out: else they are floats */
    void *scratch;                /* threads * plan->thread_bytes */
} td_attention;

/* A way to run it. Those that take bfloat16 multiply it, too, where it will do. */
typedef struct td_attention_body {
    const char *name;
    bool takes_bf16; /* operands and output; else they are floats */
    /* With the sizes, steps and scale set, fills in the rest. All sizes but depth are above 0. */
    void (*cut)(td_attention_plan *p, int threads);
    void (*run_part)(const td_attention *a, size_t part, char *scratch);
} td_attention_body;

extern const td_attention_body td_attention_body_amx;
TD_VARIANTS(attention, const td_attention_body *);

/* is_bf16: products of it will do. Those that take it know no selections. */
const td_attention_body *td_attention_choose(td_cpu cpu, bool is_bf16, bool selects);
void td_attention_run(const td_attention_body *b, const td_attention *a, td_team *team);

/* ---------------------------------------------------------------- for bodies */

/* Rows [row, row + n) of one head's mask, `step` floats apart, each of all keys; wide is room for them. NULL: none. */
const float *td_attention_mask(const td_attention *a, const float *mask, size_t row, size_t n, float *wide,
                               size_t *step);
size_t td_attention_offset(const td_attention_steps *s, size_t batch, size_t head);
/* Rows are split for the threads where heads are few. */
void td_attention_cut_rows(td_attention_plan *p, int threads);

#endif
