/* SPDX-License-Identifier: Apache-2.0 */
/* body.h -- the ways to run batches of float products: a list, best first, that a product is put to.
 *
 * As convolutions are (kernels/conv/body.h). Checks walk the list.
 */
#ifndef TD_KERNELS_GEMM_BODY_H
#define TD_KERNELS_GEMM_BODY_H

#include <stdint.h>

#include "tensord/precision.h"

#include "kernels/gemm/matmul.h"

typedef struct td_product_ask {
    td_matmul p; /* simplified */
    td_cpu cpu;
    int threads;            /* of a run, at most */
    bool is_const;          /* b: it is packed once, not by each run */
    bool has_bias;          /* in td_gemm_end */
    bool is_bf16;           /* products of bfloat16 will do, summed as floats */
    td_precision precision; /* what else will do: FLOAT16, INT8; else floats */
    float scale;            /* of INT8: of all rows' steps; 0: as each row comes */
    /* What is bfloat16, if the body takes() it so: a, c, the residual. */
    bool reads_bf16, writes_bf16, adds_bf16;
} td_product_ask;

/* One run. a, c and the residual are as the ask said. */
typedef struct td_product_job {
    void *c;
    const void *a, *packed; /* packed NULL: b is to be packed on the way */
    const float *b;
    const td_gemm_end *end; /* its add is not c */
    const uint16_t *add;    /* instead of end->add: in bfloat16 */
    void *scratch;
    td_team *team;
} td_product_job;

typedef struct td_product_body {
    const char *name;
    /* Its answers are right; and it is the fastest of those that follow. Where forms differ neither may depend on the
     * rows of a, so that plans of all batches share one. */
    bool (*can)(const td_product_ask *ask);
    bool (*pays)(const td_product_ask *ask);
    bool takes_bf16;
    td_precision precision; /* of its weights, where they are less; 0: floats, bfloat16 */
    /* Its state, which runs on any thread. NULL: no memory, or, if it may refuse, it cannot after all. */
    void *(*make)(const td_product_ask *ask);
    bool may_refuse;
    void (*free)(void *state);

    const char *form;                          /* of weights; bodies of one form share it */
    size_t (*packed_size)(const td_matmul *p); /* bytes */
    /* b as p has it; columns are multiplied by scale if any. */
    void (*pack)(const td_matmul *p, void *packed, const float *b, const float *scale);

    size_t (*scratch)(const void *state, int threads);         /* bytes */
    bool (*run)(const void *state, const td_product_job *job); /* false: no memory */
} td_product_body;

/* What a product is run by. */
typedef struct td_product_plan {
    const td_product_body *body;
    void *state;
    bool reads_bf16, writes_bf16, adds_bf16; /* what was asked for, if the body takes it; false: floats */
} td_product_plan;

extern const td_product_body *const td_product_bodies[]; /* NULL behind the last, which runs any */
extern const td_product_body td_product_body_int8, td_product_body_half, td_product_body_int4,
    td_product_body_amx, td_product_body_dnnl_bf16, td_product_body_dnnl, td_product_body_panels;

/* False: no memory. */
bool td_product_body_choose(const td_product_ask *ask, td_product_plan *out);
void td_product_plan_free(td_product_plan *p); /* one that is all zeros is fine */

/* Rows of a that lie one behind the other, and one matrix that is b. */
bool td_product_is_plain(const td_matmul *p);
/* b as pairs of neighbours in a column: [panels of width columns][k_wide / 2][width][2], zeros beyond. */
void td_bf16_pack_pairs(const td_matmul *p, uint16_t *packed, const float *b, const float *scale,
                        size_t width, size_t k_wide);
/* Is bfloat16 worth its error? Small products are as fast, and exact as they are. Whatever the rows. */
bool td_product_is_large(const td_matmul *p);

#endif
