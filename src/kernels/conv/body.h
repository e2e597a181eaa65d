/* SPDX-License-Identifier: Apache-2.0 */
/* body.h -- the ways to run a float convolution: a list, best first, that a convolution is put to.
 *
 *     td_conv_body_choose(&ask, &plan);       the first that can run it and pays; the last one can run any
 *     plan.body->pack(plan.state, packed, w, scale);
 *     plan.body->run(plan.state, &job);
 *
 * Checks walk the list: a new body joins them, and the measurements, by its line in bodies.c.
 */
#ifndef TD_KERNELS_CONV_BODY_H
#define TD_KERNELS_CONV_BODY_H

#include "tensord/precision.h"

#include "kernels/conv/conv.h"

typedef struct td_conv_ask {
    td_conv conv;
    td_cpu cpu;
    int threads;            /* of a run, at most */
    bool is_const;          /* the filter: it is packed once, not by each run */
    bool has_bias;          /* in td_gemm_end */
    bool is_bf16;           /* products of bfloat16 will do, summed as floats */
    td_precision precision; /* what else will do: FLOAT16, INT8; else floats */
    float scale;            /* of INT8: of all images' steps; 0: as each image comes */
    bool has_more;          /* in td_gemm_end: a residual, or a function behind the clamp */
    /* What is bfloat16, if the body takes() it so: the image, the output, the residual. */
    bool reads_bf16, writes_bf16, adds_bf16;
} td_conv_ask;

/* One run. out and end->add are [batch][out][out_channels], in is an image, as the ask said; scratch is as many bytes as the
 * body said. */
typedef struct td_conv_job {
    void *out;
    const void *in;
    const float *packed;
    const td_gemm_end *end;
    void *scratch;
    td_team *team;
    const uint16_t *add; /* instead of end->add: a residual in bfloat16 */
} td_conv_job;

typedef struct td_conv_body {
    const char *name;
    td_precision precision; /* of its weights, where they are less; 0: floats, bfloat16 */
    /* Its answers are right; and it is the fastest of those that follow (docs/decisions/arithmetic.md). Neither may
     * depend on the batch where packed forms would differ, so that plans of all batches share one. */
    bool (*can)(const td_conv_ask *ask);
    bool (*pays)(const td_conv_ask *ask);
    bool (*takes)(const td_conv_ask *ask); /* its bfloat16 as it is; NULL: floats only */
    /* Its state, which runs on any thread. NULL: no memory, or, if it may refuse, it cannot after all. */
    void *(*make)(const td_conv_ask *ask);
    bool may_refuse;
    void (*free)(void *state);

    /* Bodies of one form of weights may share it where layout() and packed_size() are the same. */
    const char *form;
    uint64_t (*layout)(const void *state);
    size_t (*packed_size)(const void *state); /* bytes */
    /* w[kernel][in_channels / groups][out_channels] (transposed: w[kernel][out_channels][in_channels]), columns
     * multiplied by scale if any. False: no memory. */
    bool (*pack)(const void *state, float *packed, const float *w, const float *scale);

    size_t (*scratch)(const void *state, int threads);      /* bytes */
    bool (*run)(const void *state, const td_conv_job *job); /* false: no memory */
} td_conv_body;

/* What a convolution is run by. */
typedef struct td_conv_plan {
    const td_conv_body *body;
    void *state;
    bool reads_bf16, writes_bf16, adds_bf16; /* what was asked for, if the body takes it; false: floats */
} td_conv_plan;

extern const td_conv_body *const td_conv_bodies[]; /* NULL behind the last */
extern const td_conv_body td_conv_body_int8, td_conv_body_half, td_conv_body_depthwise, td_conv_body_amx,
    td_conv_body_amx_taps, td_conv_body_dnnl_bf16, td_conv_body_winograd, td_conv_body_matrix,
    td_conv_body_dnnl, td_conv_body_phases, td_conv_body_panels;

/* False: no memory. */
bool td_conv_body_choose(const td_conv_ask *ask, td_conv_plan *out);
void td_conv_plan_free(td_conv_plan *p); /* one that is all zeros is fine */

#endif
