/* SPDX-License-Identifier: Apache-2.0 */
/* split.c -- see split.h. */
#include "batch/split.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "batch/batch.h"

typedef struct part {
    td_batch_call call; /* the first member: done() gets it */
    td_split *split;
} part;

struct td_split {
    td_arena *arena; /* all of it but the outputs' elements */
    td_batch_call *whole;
    part *parts;
    size_t n;
    atomic_size_t left;
    _Atomic(td_status) error; /* of the part that failed first */
    td_tensor *out;           /* whole->n_want; elements are the split's own */
};

/* ---- the end ---- */

/* Output k of all parts, one behind the other. */
static td_status join_output(td_split *s, size_t k)
{
    td_tensor joined = s->parts[0].call.out[k];
    int64_t rows = 0;
    size_t done = 0;

    for (size_t i = 0; i < s->n; i++) {
        const td_tensor *const t = &s->parts[i].call.out[k];

        joined.shape.dims[0] = t->shape.dims[0];
        if (!td_shape_equal(&joined.shape, &t->shape))
            return TD_ERR(FAILED_PRECONDITION,
                          "Output %s has other rows in one part of a split request than in another",
                          s->whole->sig->outputs[s->whole->want[k]].alias);
        rows += t->shape.dims[0];
    }
    joined.shape.dims[0] = rows;
    TD_TRY(td_shape_check(&joined.shape));
    joined.buffer = NULL;
    joined.data = td_try_alloc(TD_MAX(td_tensor_bytes(&joined), (size_t)1), TD_ALIGN);
    if (!joined.data)
        return TD_ERR(RESOURCE_EXHAUSTED, "No memory for an output of %zu bytes", td_tensor_bytes(&joined));
    s->out[k] = joined;
    for (size_t i = 0; i < s->n; i++) {
        const td_tensor *const t = &s->parts[i].call.out[k];
        const size_t bytes = td_tensor_bytes(t);

        if (bytes) memcpy((char *)joined.data + done, t->data, bytes);
        done += bytes;
    }
    s->whole->out[k] = joined;
    return NULL;
}

static td_status join_outputs(td_split *s)
{
    for (size_t k = 0; k < s->whole->n_want; k++)
        TD_TRY(join_output(s, k));
    return NULL;
}

/* When the first began, when the last ended, and the rows of the largest run. */
static void sum_up(const td_split *s, td_batch_call *whole)
{
    whole->is_lead = true;
    for (size_t i = 0; i < s->n; i++) {
        const td_batch_call *const c = &s->parts[i].call;

        if (c->began_ns && (!whole->began_ns || c->began_ns < whole->began_ns)) whole->began_ns = c->began_ns;
        whole->ended_ns = TD_MAX(whole->ended_ns, c->ended_ns);
        whole->joined_rows = TD_MAX(whole->joined_rows, c->joined_rows);
    }
}

static void end_whole(td_split *s)
{
    td_batch_call *const whole = s->whole;
    td_status error = atomic_exchange(&s->error, NULL);

    sum_up(s, whole);
    if (!error) error = join_outputs(s);
    whole->done(whole, error);
}

static void begin_part(td_batch_call *c)
{
    const td_split *const s = ((part *)(void *)c)->split;

    if (c == &s->parts[0].call && s->whole->began) s->whole->began(s->whole);
}

static void end_part(td_batch_call *c, td_status error)
{
    td_split *const s = ((part *)(void *)c)->split;
    td_status none = NULL;

    if (error && !atomic_compare_exchange_strong(&s->error, &none, error)) td_status_free(error);
    /* release: what this part left; acquire: the last one sees what all left */
    if (atomic_fetch_sub_explicit(&s->left, 1, memory_order_acq_rel) == 1) end_whole(s);
}

/* Also when another part has failed. */
static bool is_unwanted(void *split)
{
    td_split *const s = split;
    const td_run_options *const o = &s->whole->options;

    return atomic_load(&s->error) || (o->cancelled && o->cancelled(o->cancelled_ctx));
}

/* ---- the beginning ---- */

static void set_part(td_split *s, part *p, size_t first_row, size_t rows)
{
    const td_batch_call *const whole = s->whole;
    td_tensor *const in = TD_ARENA_NEW_N(s->arena, td_tensor, whole->sig->n_inputs);

    for (size_t i = 0; i < whole->sig->n_inputs; i++) {
        in[i] = whole->in[i];
        if (!td_batch_is_given(&in[i])) continue;
        in[i].data = (char *)in[i].data + td_tensor_bytes(&in[i]) / whole->rows * first_row;
        in[i].shape.dims[0] = (int64_t)rows;
    }
    p->split = s;
    p->call = (td_batch_call){ .sig = whole->sig,
                               .in = in,
                               .want = whole->want,
                               .n_want = whole->n_want,
                               .options = { .deadline_ns = whole->options.deadline_ns,
                                            .cancelled = is_unwanted,
                                            .cancelled_ctx = s },
                               .is_traced = whole->is_traced,
                               .out = TD_ARENA_NEW_N(s->arena, td_tensor, whole->n_want + 1),
                               .began = begin_part,
                               .done = end_part,
                               .rows = rows };
}

td_batch_call *td_split_make(td_batch_call *c, size_t first, size_t most)
{
    td_arena *const arena = td_arena_make();
    td_split *const s = TD_ARENA_NEW(arena, td_split);
    const size_t others = c->rows - first;
    size_t row = 0;

    s->arena = arena;
    s->whole = c;
    s->n = (first > 0) + others / most + (others % most > 0);
    s->parts = TD_ARENA_NEW_N(arena, part, s->n);
    s->out = TD_ARENA_NEW_N(arena, td_tensor, c->n_want + 1);
    atomic_init(&s->left, s->n);
    atomic_init(&s->error, NULL);
    for (size_t i = 0; i < s->n; i++) {
        const size_t rows = !i && first ? first : TD_MIN(most, c->rows - row);

        set_part(s, &s->parts[i], row, rows);
        if (i) s->parts[i - 1].call.next = &s->parts[i].call;
        row += rows;
    }
    c->split = s;
    return &s->parts[0].call;
}

const td_trace *td_split_trace(const td_split *s)
{
    const td_batch_call *last = &s->parts[0].call;

    for (size_t i = 1; i < s->n; i++)
        if (s->parts[i].call.ended_ns > last->ended_ns) last = &s->parts[i].call;
    return td_batch_call_trace(last);
}

void td_split_free(td_split *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n; i++)
        td_batch_call_close(&s->parts[i].call);
    for (size_t k = 0; s->whole && k < s->whole->n_want; k++)
        td_free(s->out[k].data);
    td_arena_free(s->arena);
}
