/* SPDX-License-Identifier: Apache-2.0 */
/* shrink.c -- see shrink.h. */
#include "shrink.h"

#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "element.h"

static const int64_t most_ns = 30 * INT64_C(1000000000);

static bool differs_by(const fz_model *m, const fz_setting *s, bool allows_nan, size_t n_variants,
                       td_strbuf *why)
{
    fz_right *const right = TD_NEW(fz_right);
    bool differs = false;
    fz_eval e;

    fz_eval_init(&e, m);
    if (fz_right_make(&e, n_variants, allows_nan, right)) differs = !fz_run(m, right, s, why);
    fz_right_fini(right);
    fz_eval_fini(&e);
    td_free(right);
    return differs;
}

bool fz_still_differs(const fz_model *m, const fz_setting *s, bool allows_nan, td_strbuf *why)
{
    return differs_by(m, s, allows_nan, FZ_MANY_VARIANTS, why);
}

/* Few variants, which tell quickly what is none, then many. */
static bool is_fault(const fz_model *m, const fz_setting *s, bool allows_nan)
{
    td_strbuf why = { 0 };
    bool differs = differs_by(m, s, allows_nan, FZ_VARIANTS, &why);

    td_strbuf_fini(&why);
    if (differs) differs = fz_still_differs(m, s, allows_nan, &why);
    td_strbuf_fini(&why);
    return differs;
}

static fz_graph *copy_graph(const fz_graph *f, td_arena *arena)
{
    fz_graph *const out = TD_ARENA_NEW(arena, fz_graph);

    *out = *f;
    return out;
}

/* A copy of the main graph that may be changed. */
static fz_model *copy(const fz_model *m, td_arena *arena)
{
    fz_model *const out = TD_ARENA_NEW(arena, fz_model);

    *out = *m;
    out->main = copy_graph(m->main, arena);
    return out;
}

/* A copy whose graph 0, the main one, or k, a function, may be changed. */
static fz_model *copy_with(const fz_model *m, uint32_t k, td_arena *arena, fz_graph **graph)
{
    fz_model *const out = copy(m, arena);

    *graph = out->main;
    if (k) *graph = out->functions[k - 1] = copy_graph(m->functions[k - 1], arena);
    return out;
}

/* The elements that value v has on each feed. */
static bool values_of(const fz_model *m, fz_ref v, td_arena *arena, td_tensor *out)
{
    fz_model *const only = copy(m, arena);
    td_tensor got;
    bool ok = true;
    fz_eval e;

    only->main->n_rets = 1;
    only->main->rets[0] = v;
    fz_eval_init(&e, only);
    for (unsigned feed = 0; ok && feed < FZ_FEEDS; feed++) {
        const td_status s = fz_eval_feed(&e, feed, &got, 0);
        ok = !s && !fz_is_handle(got.dtype);
        td_status_free(s);
        if (!ok) break;
        out[feed] = fz_copy_tensor(arena, &got);
    }
    fz_eval_fini(&e);
    return ok;
}

/* The model with node i an argument, if its output 0 is all that is used. */
static fz_model *cut_node(const fz_model *m, uint32_t i, td_arena *arena)
{
    fz_model *const out = copy(m, arena);
    fz_graph *const f = out->main;
    fz_node *const n = &f->nodes[i];
    td_tensor data[FZ_FEEDS];

    for (uint32_t k = i + 1; k < f->n_nodes; k++)
        for (uint32_t j = 0; j < f->nodes[k].n_in; j++)
            if (f->nodes[k].in[j].node == i && f->nodes[k].in[j].out) return NULL;
    for (uint32_t k = 0; k < f->n_rets; k++)
        if (f->rets[k].node == i) return NULL;
    if (!values_of(m, (fz_ref){ i, 0 }, arena, data)) return NULL;
    *n = (fz_node){ .kind = FZ_ARG, .dtype = data[0].dtype };
    memcpy(n->data, data, sizeof data);
    return fz_prune(out, arena); /* lists the arguments in their new order */
}

static fz_model *without_ret(const fz_model *m, uint32_t i, td_arena *arena)
{
    fz_model *const out = copy(m, arena);
    fz_graph *const f = out->main;

    memmove(f->rets + i, f->rets + i + 1, (f->n_rets - i - 1) * sizeof *f->rets);
    f->n_rets--;
    return fz_prune(out, arena);
}

/* ---------------------------------------------------------------- within graphs and bodies */

/* The input of node i of f that may stand for its only output; n_in: none. */
static uint32_t find_like(const fz_model *m, const fz_graph *f, uint32_t i)
{
    const fz_node *const n = &f->nodes[i];
    fz_live *l = NULL;
    uint32_t k = 0;
    fz_eval e;

    fz_eval_init(&e, m);
    const td_status s = fz_eval_bind(&e, f, &l);
    while (!s && k < n->n_in && l->nodes[n->in[k].node]->out_type[n->in[k].out] != l->nodes[i]->out_type[0])
        k++;
    if (s) k = n->n_in;
    td_status_free(s);
    fz_eval_fini(&e);
    return k;
}

static void redirect(fz_ref *r, uint32_t from, fz_ref to, bool *is_all)
{
    if (r->node != from) return;
    *is_all = *is_all && r->out == 0;
    *r = to;
}

/* Whoever wants node i of graph k takes one of its inputs instead. */
static fz_model *bypass(const fz_model *m, uint32_t k, uint32_t i, td_arena *arena)
{
    bool used[FZ_MAX_NODES], is_all = true;
    fz_graph *f;
    fz_model *const out = copy_with(m, k, arena, &f);

    fz_find_used(f, used);
    if (!used[i] || f->nodes[i].kind != FZ_OP) return NULL;
    const uint32_t like = find_like(m, k ? m->functions[k - 1] : m->main, i);
    if (like == f->nodes[i].n_in) return NULL;
    const fz_ref to = f->nodes[i].in[like];
    for (uint32_t n = i + 1; n < f->n_nodes; n++)
        for (uint32_t j = 0; j < f->nodes[n].n_in; j++)
            redirect(&f->nodes[n].in[j], i, to, &is_all);
    for (uint32_t j = 0; j < f->n_rets; j++)
        redirect(&f->rets[j], i, to, &is_all);
    return !is_all ? NULL : k ? out : fz_prune(out, arena);
}

/* Node i of graph k as TensorFlow 2 has it, and no variable. */
static fz_model *plain(const fz_model *m, uint32_t k, uint32_t i, td_arena *arena)
{
    fz_graph *f;
    fz_model *const out = copy_with(m, k, arena, &f);

    if (!f->nodes[i].is_lowered && !f->nodes[i].is_variable) return NULL;
    f->nodes[i].is_lowered = f->nodes[i].is_variable = false;
    return out;
}

static bool halve_strings(td_tensor *t, td_arena *arena)
{
    bool any = false;

    if (t->dtype != TD_STRING) return false;
    *t = fz_copy_tensor(arena, t);
    for (int64_t i = 0; i < td_shape_count(&t->shape); i++) {
        td_string *const s = (td_string *)t->data + i;
        any = any || s->size > 1;
        s->size = s->size > 1 ? s->size / 2 : s->size;
    }
    return any;
}

/* Strings of node i of graph k by their first halves. */
static fz_model *halve(const fz_model *m, uint32_t k, uint32_t i, td_arena *arena)
{
    bool any = false;
    fz_graph *f;
    fz_model *const out = copy_with(m, k, arena, &f);

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        any = halve_strings(&f->nodes[i].data[feed], arena) || any;
    return any ? out : NULL;
}

typedef fz_model *less_fn(const fz_model *m, uint32_t k, uint32_t i, td_arena *arena);

/* As long as any node of any graph can be made less of, and there is time. */
static const fz_model *shrink_by(less_fn *less_of, const fz_model *best, const fz_setting *s, bool allows_nan,
                                 int64_t until, td_arena *arena)
{
    bool named[FZ_MAX_FUNCTIONS];

    fz_find_named(best, named);
    for (uint32_t k = 0; k <= best->n_functions; k++) {
        uint32_t i = 0;
        while ((!k || named[k - 1]) && i < (k ? best->functions[k - 1] : best->main)->n_nodes) {
            const fz_model *const less = td_now_ns() < until ? less_of(best, k, i, arena) : NULL;
            const bool is_less = less && is_fault(less, s, allows_nan);
            if (is_less) best = less;
            i = is_less ? 0 : i + 1; /* places have changed */
        }
    }
    return best;
}

static fz_model *cut(const fz_model *m, uint32_t k, uint32_t i, td_arena *arena)
{
    return k || m->main->nodes[i].kind != FZ_OP ? NULL : cut_node(m, i, arena);
}

fz_model *fz_shrink(const fz_model *m, const fz_setting *s, bool allows_nan, td_arena *arena)
{
    static less_fn *const ways[] = { cut, plain, bypass, cut, halve };
    const int64_t until = td_now_ns() + most_ns;
    const fz_model *best = m;

    for (uint32_t i = best->main->n_rets; i-- > 0 && best->main->n_rets > 1;) {
        const fz_model *const less = without_ret(best, i, arena);
        if (is_fault(less, s, allows_nan)) best = less;
    }
    for (size_t i = 0; i < TD_COUNT(ways); i++)
        best = shrink_by(ways[i], best, s, allows_nan, until, arena);
    return fz_prune(best, arena);
}
