/* SPDX-License-Identifier: Apache-2.0 */
/* op_trim.c -- TFText>RoundRobinTrim, TFText>RoundRobinGenerateMasks: rows of several ragged vectors, so many elements of
 * each that together they are no more than a limit.
 *
 * Vectors take turns, an element each, until the limit is met: so short rows stay whole, long ones are cut evenly, and
 * what is left over goes to the first vectors. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/strings.h"
#include "ops/tftext/pieces.h"
#include "tensor/type_sets.h"

/* A row of one vector. */
typedef struct share {
    int64_t size, used;
    uint32_t of; /* the vector */
} share;

typedef struct trimmer {
    td_call *call;
    share *shares; /* of one row, by vector */
    share *sorted; /* by size */
    uint32_t n;    /* vectors */
    int64_t rows, limit;
} trimmer;

static const td_tensor *splits_of(const trimmer *t, uint32_t i)
{
    return td_in(t->call, 1 + t->n + i);
}

static int64_t begin_of(const trimmer *t, uint32_t i, int64_t row)
{
    return td_tensor_int(splits_of(t, i), (size_t)row);
}

static int by_size(const void *a, const void *b)
{
    const share *const x = a, *const y = b;

    return (x->size > y->size) - (x->size < y->size);
}

/* Whole rows first, from the shortest on, while as much for all the others would fit, too. */
static void share_row(trimmer *t, int64_t row)
{
    int64_t left = t->limit;
    uint32_t whole = 0;

    for (uint32_t i = 0; i < t->n; i++)
        t->sorted[i] = (share){ begin_of(t, i, row + 1) - begin_of(t, i, row), 0, i };
    qsort(t->sorted, t->n, sizeof *t->sorted, by_size);
    while (whole < t->n && t->sorted[whole].size <= left / (t->n - whole)) {
        t->sorted[whole].used = t->sorted[whole].size;
        left -= t->sorted[whole++].used;
    }
    const int64_t each = whole < t->n ? left / (t->n - whole) : 0;

    for (uint32_t i = whole; i < t->n; i++)
        t->sorted[i].used = each;
    left -= each * (t->n - whole);
    for (uint32_t i = 0; i < t->n; i++)
        t->shares[t->sorted[i].of] = t->sorted[i];
    for (uint32_t i = 0; i < t->n; i++) {
        const bool takes_more = left > 0 && t->shares[i].used < t->shares[i].size;

        t->shares[i].used += takes_more;
        left -= takes_more;
    }
}

static td_status check_vectors(trimmer *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        TD_TRY(td_vector_check(t->call, 1 + i, "input_values"));
        TD_TRY(td_splits_check(t->call, 1 + t->n + i, td_in(t->call, 1 + i)->shape.dims[0]));
        if (splits_of(t, i)->shape.dims[0] <= t->rows)
            return TD_ERR(INVALID_ARGUMENT, "%s: vectors must have as many rows as the first", t->call->node);
    }
    return NULL;
}

static td_status open_trimmer(td_call *c, trimmer *t)
{
    const td_tensor *const limit = td_in(c, 0);

    *t = (trimmer){ .call = c, .n = (c->n_in - 1) / 2 };
    if (limit->shape.rank != 0 || t->n == 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: max_sequence_length must be a scalar", c->node);
    t->limit = TD_MAX(*(const int32_t *)limit->data, 0);
    t->rows = td_shape_count(&splits_of(t, 0)->shape) - 1;
    TD_TRY(check_vectors(t));
    TD_TRY(td_text_rooms(c, t->n, sizeof *t->shares, &t->shares));
    return td_text_rooms(c, t->n, sizeof *t->sorted, &t->sorted);
}

/* ---------------------------------------------------------------- what is taken */

static td_status write_splits(trimmer *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        TD_TRY(td_pieces_start_splits(t->call, t->n + i, t->rows));
    for (int64_t r = 0; r < t->rows; r++) {
        share_row(t, r);
        for (uint32_t i = 0; i < t->n; i++) {
            td_tensor *const out = td_out(t->call, t->n + i);

            td_tensor_set_int(out, (size_t)r + 1, td_tensor_int(out, (size_t)r) + t->shares[i].used);
        }
    }
    return NULL;
}

static td_status write_values(const trimmer *t, uint32_t i)
{
    const td_tensor *const in = td_in(t->call, 1 + i), *const splits = td_out(t->call, t->n + i);
    const size_t elem = td_dtype_size(in->dtype);

    TD_TRY(td_out_make(t->call, i, &(td_shape){ 1, { td_tensor_int(splits, (size_t)t->rows) } }));
    char *const out = td_out(t->call, i)->data;

    for (int64_t r = 0; r < t->rows; r++) {
        const size_t to = (size_t)td_tensor_int(splits, (size_t)r),
                     n = (size_t)td_tensor_int(splits, (size_t)r + 1) - to;

        if (n) memcpy(out + to * elem, (const char *)in->data + (size_t)begin_of(t, i, r) * elem, n * elem);
    }
    return NULL;
}

static td_status trim_run(td_call *c)
{
    trimmer t;

    TD_TRY(open_trimmer(c, &t));
    TD_TRY(write_splits(&t));
    for (uint32_t i = 0; i < t.n; i++)
        TD_TRY(write_values(&t, i));
    return NULL;
}

/* ---------------------------------------------------------------- which are taken */

static td_status masks_run(td_call *c)
{
    trimmer t;

    TD_TRY(open_trimmer(c, &t));
    for (uint32_t i = 0; i < t.n; i++)
        TD_TRY(td_out_make(c, i, &(td_shape){ 1, { begin_of(&t, i, t.rows) - begin_of(&t, i, 0) } }));
    for (int64_t r = 0; r < t.rows; r++) {
        share_row(&t, r);
        for (uint32_t i = 0; i < t.n; i++) {
            bool *const out = (bool *)td_out(c, i)->data + (begin_of(&t, i, r) - begin_of(&t, i, 0));

            for (int64_t k = 0; k < t.shares[i].size; k++)
                out[k] = k < t.shares[i].used;
        }
    }
    return NULL;
}

#define TRIM_TYPES                                                                                           \
    (TD_INT_TYPES | TD_BOOL_TYPE | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_DTYPE_BIT(TD_STRING))
#define TRIM_INPUTS "max_sequence_length: int32, input_values: N*T, input_row_splits: N*Tsplits"
#define TRIM_ATTRS  "N: int, T: type, Tsplits: type"

TD_RUN_KERNEL(trim_kernels, TRIM_TYPES, trim_run);
TD_RUN_KERNEL(masks_kernels, TRIM_TYPES, masks_run);

const td_op td_ops_trim[] = {
    { .name = "TFText>RoundRobinTrim",
      .sig = TRIM_INPUTS " -> values: N*T, row_splits: N*Tsplits",
      .attrs = TRIM_ATTRS,
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .kernels = trim_kernels },
    { .name = "TFText>RoundRobinGenerateMasks",
      .sig = TRIM_INPUTS " -> masks: N*bool",
      .attrs = TRIM_ATTRS,
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .kernels = masks_kernels },
    { 0 },
};
