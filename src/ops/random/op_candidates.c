/* SPDX-License-Identifier: Apache-2.0 */
/* op_candidates.c -- ComputeAccidentalHits: which of the classes that were drawn as wrong ones are right ones.
 *
 * Drawn classes are found by a table with open addressing; of two places of one class, the last counts. */
#include <float.h>

#include "ops/op.h"

static td_status hits_parse(td_parse *p)
{
    *(int64_t *)p->attrs = td_attr_int(p, "num_true");
    return NULL;
}

typedef struct place {
    int64_t id;
    size_t at; /* plus 1; 0: nothing is here */
} place;

/* A power of two, at least twice as many as there are classes. */
static size_t table_size(const td_call *c)
{
    size_t size = 2;

    while (size < 2 * (size_t)td_shape_count(&td_in(c, 1)->shape))
        size *= 2;
    return size;
}

static td_status hits_prepare(td_call *c)
{
    c->scratch_size = table_size(c) * sizeof(place);
    return NULL;
}

static place *find(place *table, size_t size, int64_t id)
{
    uint64_t hash = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(hash ^ hash >> 32) & (size - 1);

    while (table[i].at != 0 && table[i].id != id)
        i = (i + 1) & (size - 1);
    return &table[i];
}

static td_status make_outputs(td_call *c, size_t n)
{
    for (uint32_t i = 0; i < 3; i++)
        TD_TRY(td_out_make(c, i, &(td_shape){ 1, { (int64_t)n } }));
    return NULL;
}

static td_status hits_run(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    const int64_t *const classes = td_in(c, 0)->data, *const drawn = td_in(c, 1)->data;
    const size_t size = table_size(c);
    place *const table = c->scratch;
    size_t n = 0;

    if (s->rank != 2 || s->dims[1] != *(const int64_t *)c->attrs)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "true_candidates must be a batch_size * num_true matrix");
    if (td_in(c, 1)->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "sampled_candidates must be a vector, which is typically an output from "
                         "CandidateSampler");
    for (size_t i = 0; i < size; i++)
        table[i].at = 0;
    for (size_t i = 0; i < (size_t)td_in(c, 1)->shape.dims[0]; i++)
        *find(table, size, drawn[i]) = (place){ drawn[i], i + 1 };
    const size_t count = (size_t)td_shape_count(s);

    for (size_t i = 0; i < count; i++)
        n += find(table, size, classes[i])->at != 0;
    TD_TRY(make_outputs(c, n));
    for (size_t i = 0, k = 0; i < count; i++) {
        const size_t at = find(table, size, classes[i])->at;

        if (at == 0) continue;
        if (td_out_is_used(c, 0)) ((int32_t *)td_out(c, 0)->data)[k] = (int32_t)(i / (size_t)s->dims[1]);
        if (td_out_is_used(c, 1)) ((int64_t *)td_out(c, 1)->data)[k] = (int64_t)at - 1;
        if (td_out_is_used(c, 2)) ((float *)td_out(c, 2)->data)[k] = -FLT_MAX;
        k++;
    }
    return NULL;
}

static const td_kernel hits_kernels[] = {
    { .prepare = hits_prepare, .run = hits_run },
    { 0 },
};

const td_op td_ops_candidates[] = {
    { .name = "ComputeAccidentalHits",
      .sig = "true_classes: int64, sampled_candidates: int64 -> indices: int32, ids: int64, weights: float",
      .attrs = "num_true: int, seed: int = 0, seed2: int = 0",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(int64_t),
      .parse = hits_parse,
      .kernels = hits_kernels },
    { 0 },
};
