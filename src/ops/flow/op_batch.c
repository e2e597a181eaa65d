/* SPDX-License-Identifier: Apache-2.0 */
/* op_batch.c -- Batch, Unbatch, BatchFunction: TensorFlow's batching within a graph.
 *
 * Callers are joined before a graph runs, so here each is a batch of its own: Batch hands its inputs on, padded where only
 * some sizes are allowed, and Unbatch cuts what became of them back to size. BatchFunction is both around a function. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"

typedef struct batch_attrs {
    int64_t most;                 /* rows that a caller may bring */
    const td_attr_value *allowed; /* sizes of batches, rising; none: all */
    size_t n_allowed;
    uint32_t n_in; /* inputs that are batched */
} batch_attrs;

/* Rows are copied, which takes more for elements that own what they point to. */
static td_status check_types(const td_parse *p, const char *name, size_t *n)
{
    const td_attr_value *types;

    *n = td_attr_list(p, name, &types);
    for (size_t i = 0; i < *n; i++)
        if (types[i].u.type == TD_VARIANT || types[i].u.type == TD_RESOURCE)
            return TD_ERR(UNIMPLEMENTED, "%s: batches of %s", p->node->name, td_dtype_name(types[i].u.type));
    return NULL;
}

static td_status sizes_parse(td_parse *p, const char *types, bool may_split)
{
    batch_attrs *const a = p->attrs;
    size_t n;

    TD_TRY(check_types(p, types, &n));
    a->n_in = (uint32_t)n;
    a->most = td_attr_int(p, "max_batch_size");
    a->n_allowed = td_attr_list(p, "allowed_batch_sizes", &a->allowed);
    for (size_t i = 0; i < a->n_allowed; i++)
        if (a->allowed[i].u.i <= (i ? a->allowed[i - 1].u.i : 0))
            return TD_ERR(INVALID_ARGUMENT,
                          "%s: allowed_batch_sizes entries must be monotonically increasing", p->node->name);
    const int64_t last = a->n_allowed ? a->allowed[a->n_allowed - 1].u.i : a->most;

    if (last > a->most || (last != a->most && !may_split))
        return TD_ERR(INVALID_ARGUMENT, "%s: final entry in allowed_batch_sizes must equal max_batch_size",
                      p->node->name);
    return NULL;
}

/* How many rows the inputs have, which is the same for all. */
static td_status batch_rows(const td_call *c, int64_t *out)
{
    const batch_attrs *const a = c->attrs;

    for (uint32_t i = 0; i < a->n_in; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (s->rank < 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Batching input tensors must have at least one dimension");
        if (s->dims[0] != td_in(c, 0)->shape.dims[0])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Batching input tensors supplied in a given op invocation must have equal "
                             "0th-dimension size");
    }
    *out = a->n_in ? td_in(c, 0)->shape.dims[0] : 0;
    if (*out > a->most)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Task size %" PRId64 " is larger than maximum input batch size %" PRId64, *out,
                         a->most);
    return NULL;
}

/* The smallest allowed size for so many rows. */
static int64_t padded_rows(const batch_attrs *a, int64_t rows)
{
    size_t i = 0;

    while (i < a->n_allowed && a->allowed[i].u.i < rows)
        i++;
    return i < a->n_allowed ? a->allowed[i].u.i : rows;
}

static size_t row_bytes(const td_tensor *t)
{
    return (size_t)td_shape_span(&t->shape, 1, t->shape.rank) * td_dtype_size(t->dtype);
}

/* Rows [at, at + n): a view. */
static td_tensor rows_of(const td_tensor *t, int64_t at, int64_t n)
{
    td_tensor part = *t;

    part.shape.dims[0] = n;
    if (t->data) part.data = (char *)t->data + (size_t)at * row_bytes(t);
    return part;
}

/* Writes t to `to`, which has room for so many rows: its first one again and again where it has fewer. */
static void fill_rows(const td_tensor *t, int64_t rows, char *to)
{
    const size_t row = row_bytes(t);

    if (row && t->shape.dims[0]) memcpy(to, t->data, (size_t)t->shape.dims[0] * row);
    for (int64_t r = t->shape.dims[0]; row && r < rows; r++)
        memcpy(to + (size_t)r * row, t->data, row);
}

/* ---------------------------------------------------------------- Batch */

static td_status batch_parse(td_parse *p)
{
    return sizes_parse(p, "T", false);
}

/* Output i: input i, padded. */
static td_status put_padded(td_call *c, uint32_t i, int64_t rows)
{
    const td_tensor *const in = td_in(c, i);
    td_shape s = in->shape;

    if (s.dims[0] == rows) return td_out_set(c, i, in);
    s.dims[0] = rows;
    TD_TRY(td_shape_check(&s));
    TD_TRY(td_out_make(c, i, &s));
    if (td_out_is_used(c, i)) fill_rows(in, rows, td_out(c, i)->data);
    return NULL;
}

/* Outputs: the batch, the one task in it as (id, first row, end), its id. Without rows there is no task. */
static td_status batch_run(td_call *c)
{
    const uint32_t index = c->n_in, id = c->n_in + 1;
    int64_t task[3] = { 0 };

    TD_TRY(batch_rows(c, &task[2]));
    const int64_t n = task[2] > 0;

    for (uint32_t i = 0; i < c->n_in; i++)
        TD_TRY(put_padded(c, i, n ? padded_rows(c->attrs, task[2]) : 0));
    TD_TRY(td_out_set(c, index, &(td_tensor){ TD_I64, { 2, { n, 3 } }, task, NULL }));
    return td_out_set(c, id, &(td_tensor){ TD_I64, { 0 }, task, NULL });
}

/* ---------------------------------------------------------------- BatchFunction */

typedef struct function_attrs {
    batch_attrs batch;
    int64_t piece; /* rows that go through the function at a time */
} function_attrs;

static td_status function_parse(td_parse *p)
{
    function_attrs *const a = p->attrs;
    size_t n;

    TD_TRY(sizes_parse(p, "Tin", td_attr_bool(p, "enable_large_batch_splitting")));
    TD_TRY(check_types(p, "Tout", &n));
    a->piece = a->batch.n_allowed ? a->batch.allowed[a->batch.n_allowed - 1].u.i : a->batch.most;
    return NULL;
}

/* The function's inputs for rows [at, at + n). */
static td_status make_inputs(td_call *c, int64_t at, int64_t n, td_tensor *in)
{
    const batch_attrs *const a = c->attrs;
    const int64_t rows = padded_rows(a, n);

    for (uint32_t i = 0; i < c->n_in; i++) {
        in[i] = *td_in(c, i);
        if (i >= a->n_in) continue;
        const td_tensor part = rows_of(&in[i], at, n);

        in[i] = part;
        if (rows == n) continue;
        in[i].shape.dims[0] = rows;
        TD_TRY(td_shape_check(&in[i].shape));
        in[i].buffer = NULL;
        in[i].data = td_arena_try_alloc(c->arena, td_tensor_bytes(&in[i]) + 1, TD_ALIGN);
        if (!in[i].data) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for a batch");
        fill_rows(&part, rows, in[i].data);
    }
    return NULL;
}

/* Rows [at, at + n) of output i are those of `from`, of which there are more where the batch was padded. */
static td_status put_rows(td_call *c, uint32_t i, int64_t at, int64_t n, const td_tensor *from)
{
    const int64_t want = padded_rows(c->attrs, n), all = td_in(c, 0)->shape.dims[0];
    td_shape s = from->shape;

    if (s.rank < 1) return TD_OP_ERR(c, FAILED_PRECONDITION, "Batched output tensor has 0 dimensions");
    if (s.dims[0] != want)
        return TD_OP_ERR(c, FAILED_PRECONDITION,
                         "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
                         "sizes of the input tensors");
    if (!td_out_is_used(c, i)) return NULL;
    s.dims[0] = all;
    if (at == 0) TD_TRY(td_out_make(c, i, &s));
    if (!td_shape_equal(&s, &td_out(c, i)->shape))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "parts of a batch have results of many shapes");
    const td_tensor part = rows_of(from, 0, n);

    fill_rows(&part, n, (char *)td_out(c, i)->data + (size_t)at * row_bytes(&part));
    return NULL;
}

static td_status run_piece(td_call *c, int64_t at, int64_t n, td_tensor *in, td_tensor *out)
{
    td_region *const body = c->regions[0];
    td_region_frame *frame;
    td_status s = NULL;

    TD_TRY(make_inputs(c, at, n, in));
    TD_TRY(body->enter(body, c, in, out, &frame));
    for (uint32_t i = 0; !s && i < c->n_out; i++)
        s = put_rows(c, i, at, n, &out[i]);
    body->leave(body, frame);
    return s;
}

static td_status function_run(td_call *c)
{
    const function_attrs *const a = c->attrs;
    td_tensor *const in = TD_ARENA_NEW_N(c->arena, td_tensor, c->n_in + 1);
    td_tensor *const out = TD_ARENA_NEW_N(c->arena, td_tensor, c->n_out + 1);
    int64_t rows = 0;

    TD_TRY(batch_rows(c, &rows));
    for (uint32_t i = 0; rows == 0 && i < c->n_out; i++)
        TD_TRY(td_out_make(c, i, &(td_shape){ 1, { 0 } })); /* whatever the function would make */
    for (int64_t at = 0; at < rows; at += a->piece)
        TD_TRY(run_piece(c, at, TD_MIN(rows - at, a->piece), in, out));
    return NULL;
}

/* ---------------------------------------------------------------- Unbatch */

/* batched_tensor, batch_index, id. Tasks lie one after another, whatever their first rows: only their sizes count. */
static td_status unbatch_run(td_call *c)
{
    const td_tensor *const batch = td_in(c, 0), *const index = td_in(c, 1), *const id = td_in(c, 2);
    const int64_t *task = index->data;
    int64_t at = 0;

    if (batch->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must have at least one dimension");
    if (index->shape.rank != 2 || index->shape.dims[1] != 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "batch_index must be a matrix of 3 columns");
    if (id->shape.rank != 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected scalar id");
    for (int64_t i = 0; i < index->shape.dims[0]; i++, task += 3) {
        int64_t n;

        if (task[1] < 0 || !td_add_i64(task[2], -task[1], &n) || n < 0 || n > batch->shape.dims[0] - at)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "rows [%" PRId64 ", %" PRId64 ") of %" PRId64, task[1],
                             task[2], batch->shape.dims[0]);
        const td_tensor part = rows_of(batch, at, n);

        if (task[0] == *(const int64_t *)id->data) return td_out_set(c, 0, &part);
        at += n;
    }
    /* TensorFlow waits for the batch that has it: there is none */
    return TD_OP_ERR(c, DEADLINE_EXCEEDED, "Batched data did not arrive within timeout window.");
}

TD_RUN_KERNEL(batch_kernels, 0, batch_run);
TD_RUN_KERNEL(function_kernels, 0, function_run);
TD_RUN_KERNEL(unbatch_kernels, TD_MOVABLE, unbatch_run);

const td_op td_ops_batch[] = {
    { .name = "Batch",
      .sig = "in_tensors: T -> batched_tensors: T, batch_index: int64, id: int64",
      .attrs = "T: list(type), max_batch_size: int, allowed_batch_sizes: list(int) = []",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(batch_attrs),
      .parse = batch_parse,
      .kernels = batch_kernels },
    { .name = "Unbatch",
      .sig = "batched_tensor: T, batch_index: int64, id: int64 -> unbatched_tensor: T",
      .attrs = "T: type",
      .flags = TD_OP_DYNAMIC,
      .kernels = unbatch_kernels },
    { .name = "BatchFunction",
      .sig = "in_tensors: Tin, captured_tensors: Tcaptured -> out_tensors: Tout",
      .attrs = "Tin: list(type), Tcaptured: list(type), Tout: list(type), f: func, max_batch_size: int, "
               "allowed_batch_sizes: list(int) = [], enable_large_batch_splitting: bool = false",
      .flags = TD_OP_DYNAMIC | TD_OP_STATEFUL,
      .attrs_size = sizeof(function_attrs),
      .parse = function_parse,
      .kernels = function_kernels },
    { 0 },
};
