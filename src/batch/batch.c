/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c -- see batch.h. */
#include "batch/batch.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "batch/join.h"
#include "batch/split.h"
#include "exec/memory.h"

/* The joined inputs and their result: they go with the last call that reads from it. */
struct td_batch {
    atomic_size_t refs;
    td_arena *arena;
    td_result *result;
    td_trace *trace;
    size_t n_in;
    td_tensor *in;
    td_workspace *memory; /* in[i]'s elements */
};

static void drop_inputs(td_batch *b)
{
    for (size_t i = 0; i < b->n_in; i++)
        td_workspace_give(&b->memory[i]);
}

static void unref(td_batch *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) return;
    td_result_free(b->result); /* it may read from in */
    drop_inputs(b);
    td_trace_free(b->trace);
    td_arena_free(b->arena);
}

void td_batch_call_close(td_batch_call *c)
{
    td_result_free(c->result);
    unref(c->batch);
    td_split_free(c->split);
    td_trace_free(c->trace);
    c->result = NULL;
    c->trace = NULL;
    c->batch = NULL;
    c->split = NULL;
}

const td_trace *td_batch_call_trace(const td_batch_call *c)
{
    if (c->split) return td_split_trace(c->split);
    return c->batch ? c->batch->trace : c->trace;
}

/* ---- shapes ---- */

bool td_batch_is_given(const td_tensor *t)
{
    return t->dtype != TD_DTYPE_NONE;
}

/* Has t the signature's shape but for its rows? That rows keep apart is known of no other: a reshape may cut them at
 * other places. */
static bool is_as_declared(const td_tensor *t, const td_tensor_info *info)
{
    if (t->dtype != info->dtype || t->shape.rank < 1 || t->dtype == TD_VARIANT || t->dtype == TD_RESOURCE)
        return false;
    if (info->shape.rank < 0) return true;
    if (t->shape.rank != info->shape.rank) return false;
    for (int d = 1; d < t->shape.rank; d++)
        if (info->shape.dims[d] >= 0 && info->shape.dims[d] != t->shape.dims[d]) return false;
    return true;
}

size_t td_batch_rows(const td_batch_call *c)
{
    int64_t rows = -1;

    for (size_t i = 0; i < c->sig->n_inputs; i++) {
        const td_tensor *const t = &c->in[i];

        if (!td_batch_is_given(t) || !is_as_declared(t, &c->sig->inputs[i])) return 0;
        if (rows >= 0 && t->shape.dims[0] != rows) return 0;
        rows = t->shape.dims[0];
    }
    return rows > 0 ? (size_t)rows : 0;
}

static bool rows_agree(const td_tensor *a, const td_tensor *b)
{
    if (a->dtype != b->dtype || a->shape.rank != b->shape.rank) return false;
    for (int d = 1; d < a->shape.rank; d++)
        if (a->shape.dims[d] != b->shape.dims[d]) return false;
    return true;
}

bool td_batch_agree(const td_batch_call *a, const td_batch_call *b)
{
    if (a->sig != b->sig) return false;
    for (size_t i = 0; i < a->sig->n_inputs; i++)
        if (!rows_agree(&a->in[i], &b->in[i])) return false;
    return true;
}

size_t td_batch_full(size_t rows)
{
    size_t full = 1;

    while (full < rows)
        full *= 2;
    return full;
}

static size_t row_bytes(const td_tensor *t)
{
    return t->shape.dims[0] > 0 ? td_tensor_bytes(t) / (size_t)t->shape.dims[0] : 0;
}

size_t td_batch_row_bytes(const td_batch_call *c)
{
    size_t bytes = 0;

    for (size_t i = 0; i < c->sig->n_inputs; i++)
        bytes += row_bytes(&c->in[i]);
    return bytes;
}

int64_t td_batch_expect(const td_session *s, const td_batch_call *c, size_t rows)
{
    enum { MOST = 16 };
    td_tensor in[MOST];

    if (c->sig->n_inputs > MOST) return 0;
    for (size_t i = 0; i < c->sig->n_inputs; i++) {
        in[i] = (td_tensor){ .dtype = c->in[i].dtype, .shape = c->in[i].shape };
        in[i].shape.dims[0] = (int64_t)rows;
    }
    return td_session_expect(s, c->sig, in);
}

/* ---- joining ---- */

/* Which outputs any of them wants, in order; at[k] is where output k stands. */
static size_t join_wants(const td_batch_call *first, size_t n, size_t *want, size_t *at)
{
    const td_signature *const sig = first->sig;
    size_t n_want = 0;

    for (size_t k = 0; k < sig->n_outputs; k++)
        at[k] = SIZE_MAX;
    for (const td_batch_call *c = first; n--; c = c->next)
        for (size_t k = 0; k < c->n_want; k++)
            at[c->want[k]] = 0;
    for (size_t k = 0; k < sig->n_outputs; k++) {
        if (at[k] == SIZE_MAX) continue;
        at[k] = n_want;
        want[n_want++] = k;
    }
    return n_want;
}

/* ---- whether to go on ---- */

typedef struct company {
    const td_batch_call *first;
    size_t n;
} company;

bool td_batch_is_unwanted(const td_batch_call *c)
{
    return c->options.cancelled && c->options.cancelled(c->options.cancelled_ctx);
}

bool td_batch_is_over(const td_batch_call *c, int64_t now_ns)
{
    return (c->options.deadline_ns && now_ns >= c->options.deadline_ns) || td_batch_is_unwanted(c);
}

static bool are_all_unwanted(void *ctx)
{
    const company *const all = ctx;
    const td_batch_call *c = all->first;

    for (size_t i = 0; i < all->n; i++, c = c->next)
        if (!td_batch_is_unwanted(c)) return false;
    return true;
}

static td_run_options options_of(company *all)
{
    td_run_options o = { .cancelled = are_all_unwanted,
                         .cancelled_ctx = all,
                         .never_waits = all->first->options.never_waits };
    const td_batch_call *c = all->first;

    for (size_t i = 0; i < all->n; i++, c = c->next) {
        if (!c->options.deadline_ns) {
            o.deadline_ns = 0;
            break;
        }
        o.deadline_ns = TD_MAX(o.deadline_ns, c->options.deadline_ns);
    }
    return o;
}

/* ---- what outputs are made of ---- */

static bool lie_together(const td_tensor *a, const td_tensor *b)
{
    const char *const x = a->data, *const y = b->data;

    return x && y && x < y + td_tensor_bytes(b) && y < x + td_tensor_bytes(a);
}

/* Elements that point elsewhere may point into an input. */
static bool has_pointers(const td_tensor *t)
{
    return t->dtype == TD_STRING || t->dtype == TD_VARIANT || t->dtype == TD_RESOURCE;
}

bool td_batch_shares(const td_tensor *out, size_t n_out, const td_tensor *in, size_t n_in)
{
    for (size_t k = 0; k < n_out; k++) {
        if (has_pointers(&out[k])) return true;
        for (size_t i = 0; i < n_in; i++)
            if (td_batch_is_given(&in[i]) && lie_together(&out[k], &in[i])) return true;
    }
    return false;
}

/* ---- runs ---- */

td_status td_batch_check_rows(const td_tensor *out, size_t n, size_t rows)
{
    for (size_t k = 0; k < n; k++) {
        if (out[k].shape.rank < 1)
            return TD_ERR(FAILED_PRECONDITION, "Batched output tensor has 0 dimensions");
        if ((size_t)out[k].shape.dims[0] != rows)
            return TD_ERR(FAILED_PRECONDITION,
                          "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
                          "sizes of the input tensors");
    }
    return NULL;
}

/* Each output has a row for each of the run's: proven before, or promised, and looked at again. */
static td_status cut_up(td_batch *b, td_batch_call *first, size_t n, size_t rows, size_t n_want,
                        const size_t *at)
{
    td_tensor *const views = TD_ARENA_NEW_N(b->arena, td_tensor, n_want + 1);
    td_batch_call *c = first;
    size_t row = 0;

    TD_TRY(td_batch_check_rows(td_result_outputs(b->result), n_want, rows));
    for (size_t i = 0; i < n; row += c->rows, c = c->next, i++) {
        TD_TRY(td_result_rows(b->result, row, c->rows, views));
        for (size_t k = 0; k < c->n_want; k++)
            c->out[k] = views[at[c->want[k]]];
    }
    return NULL;
}

static bool is_any_traced(const td_batch_call *c, size_t n)
{
    bool any = false;

    for (; n--; c = c->next)
        any = any || c->is_traced;
    return any;
}

static td_status run_joined(td_session *s, td_batch *b, td_batch_call *first, size_t n, size_t rows)
{
    const td_signature *const sig = first->sig;
    size_t *const want = TD_ARENA_NEW_N(b->arena, size_t, sig->n_outputs + 1);
    size_t *const at = TD_ARENA_NEW_N(b->arena, size_t, sig->n_outputs + 1);
    const size_t n_want = join_wants(first, n, want, at);
    company all = { first, n };
    td_run_options options = options_of(&all);

    if (is_any_traced(first, n)) options.trace = b->trace = td_trace_make();
    for (size_t i = 0; i < sig->n_inputs; i++)
        if (td_batch_is_given(&first->in[i]))
            TD_TRY(td_join_input(first, n, i, rows, td_session_account(s), &b->memory[i], &b->in[i]));
    TD_TRY(td_session_run(s, sig, b->in, want, n_want, &options, &b->result));
    if (!b->result) return NULL;
    if (!td_batch_shares(td_result_outputs(b->result), n_want, b->in, b->n_in)) drop_inputs(b);
    return cut_up(b, first, n, rows, n_want, at);
}

static void tell_began(td_batch_call *c, size_t n)
{
    for (; n--; c = c->next)
        if (c->began) c->began(c);
}

td_status td_batch_run(td_session *s, td_batch_call *first, size_t n, size_t rows)
{
    td_arena *const arena = td_arena_make();
    td_batch *const b = TD_ARENA_NEW(arena, td_batch);

    atomic_init(&b->refs, n + 1);
    b->arena = arena;
    b->n_in = first->sig->n_inputs;
    b->in = TD_ARENA_NEW_N(arena, td_tensor, b->n_in + 1);
    b->memory = TD_ARENA_NEW_N(arena, td_workspace, b->n_in + 1);
    tell_began(first, n);
    const int64_t began = td_now_ns();
    const td_status error = run_joined(s, b, first, n, rows);
    const int64_t ended = td_now_ns();
    const bool is_done = !error && b->result; /* else it never waits, and would have to */

    td_batch_call *c = first;
    for (size_t i = 0; i < n; i++, c = c->next) {
        c->began_ns = began;
        c->ended_ns = ended;
        c->joined_rows = rows;
        c->is_lead = i == 0;
        if (is_done)
            c->batch = b;
        else
            unref(b);
    }
    unref(b);
    return error;
}

td_status td_batch_run_one(td_session *s, td_batch_call *c)
{
    tell_began(c, 1);
    c->began_ns = td_now_ns();
    c->joined_rows = c->rows;
    c->is_lead = true;
    td_trace *const trace = c->options.trace = c->is_traced ? td_trace_make() : NULL;
    const td_status error = td_session_run(s, c->sig, c->in, c->want, c->n_want, &c->options, &c->result);
    c->ended_ns = td_now_ns();
    if (error || !c->result) { /* it never waits, and would have to */
        td_trace_free(trace);
        return error;
    }
    c->trace = trace;
    const td_tensor *const outputs = td_result_outputs(c->result);
    for (size_t k = 0; k < c->n_want; k++)
        c->out[k] = outputs[k];
    return NULL;
}

/* ---- ends ---- */

/* What ends a run for all that share it. */
static bool is_everyones(td_status error)
{
    const td_code code = td_status_code(error);

    return !error || code == TD_CANCELLED || code == TD_DEADLINE_EXCEEDED;
}

bool td_batch_end_all(td_batch_call *first, size_t n, td_status error)
{
    if (n > 1 && !is_everyones(error)) {
        td_status_free(error);
        return false;
    }
    while (n--) {
        td_batch_call *const c = first;

        first = c->next; /* c is its owner's once it is done */
        c->done(c, td_status_copy(error));
    }
    td_status_free(error);
    return true;
}
