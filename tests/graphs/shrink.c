/* SPDX-License-Identifier: Apache-2.0 */
/* shrink.c -- see shrink.h. */
#include "shrink.h"

#include <string.h>

#include "base/mem.h"
#include "number.h"

bool fz_still_differs(const fz_model *m, const fz_setting *s, bool allows_nan, td_strbuf *why)
{
    fz_right *const right = TD_NEW(fz_right);
    bool differs = false;
    fz_eval e;

    fz_eval_init(&e, m);
    if (fz_right_make(&e, FZ_MANY_VARIANTS, allows_nan, right)) differs = !fz_run(m, right, s, why);
    fz_right_fini(right);
    fz_eval_fini(&e);
    td_free(right);
    return differs;
}

static bool is_fault(const fz_model *m, const fz_setting *s, bool allows_nan)
{
    td_strbuf why = { 0 };
    const bool differs = fz_still_differs(m, s, allows_nan, &why);

    td_strbuf_fini(&why);
    return differs;
}

/* A copy of the main graph that may be changed. */
static fz_model *copy(const fz_model *m, td_arena *arena)
{
    fz_model *const out = TD_ARENA_NEW(arena, fz_model);

    *out = *m;
    out->main = TD_ARENA_NEW(arena, fz_graph);
    *out->main = *m->main;
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
        ok = !s && got.dtype != TD_VARIANT;
        td_status_free(s);
        if (!ok) break;
        out[feed] = (td_tensor){ .dtype = got.dtype, .shape = got.shape };
        out[feed].data = td_arena_alloc(arena, td_tensor_bytes(&got) + 16);
        if (td_tensor_bytes(&got)) memcpy(out[feed].data, got.data, td_tensor_bytes(&got));
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

fz_model *fz_shrink(const fz_model *m, const fz_setting *s, bool allows_nan, td_arena *arena)
{
    const fz_model *best = m;
    bool again = true;

    for (uint32_t i = best->main->n_rets; i-- > 0 && best->main->n_rets > 1;) {
        const fz_model *const less = without_ret(best, i, arena);
        if (is_fault(less, s, allows_nan)) best = less;
    }
    while (again) {
        again = false;
        for (uint32_t i = 0; i < best->main->n_nodes; i++) {
            if (best->main->nodes[i].kind != FZ_OP) continue;
            const fz_model *const less = cut_node(best, i, arena);
            if (!less || !is_fault(less, s, allows_nan)) continue;
            best = less;
            again = true;
            break;
        }
    }
    return fz_prune(best, arena);
}
