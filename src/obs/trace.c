/* SPDX-License-Identifier: Apache-2.0 */
/* trace.c -- see trace.h. */
#include "obs/trace.h"

#include "base/mem.h"

td_trace *td_trace_make(void)
{
    td_trace *const t = TD_NEW(td_trace);

    t->segments = TD_VEC(td_trace_segment);
    t->ops = TD_VEC(td_trace_op *);
    t->arena = td_arena_make();
    return t;
}

void td_trace_free(td_trace *t)
{
    if (!t) return;
    td_vec_fini(&t->segments);
    td_vec_fini(&t->ops);
    td_map_fini(&t->by_key);
    td_arena_free(t->arena);
    td_free(t);
}

static td_trace_op *make_op(td_trace *t, const td_trace_op *what)
{
    td_trace_op *const made = TD_ARENA_NEW(t->arena, td_trace_op);

    *made = (td_trace_op){ .key = what->key, .op = what->op, .node = what->node, .body = what->body };
    *(td_trace_op **)td_vec_push(&t->ops) = made;
    (void)td_map_put_n(&t->by_key, (const char *)&made->key, sizeof made->key, made);
    return made;
}

void td_trace_add_op(td_trace *t, const td_trace_op *what, int64_t ns)
{
    td_trace_op *o = td_map_get_n(&t->by_key, (const char *)&what->key, sizeof what->key);

    if (!o) o = make_op(t, what);
    o->ns += ns;
    o->work += what->work;
    o->runs++;
}

void td_trace_add_segment(td_trace *t, size_t first, size_t n, int64_t ns)
{
    *(td_trace_segment *)td_vec_push(&t->segments) = (td_trace_segment){ first, n, ns };
}
