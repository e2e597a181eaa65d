/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c -- see rows.h.
 *
 * Feed 0 has all rows, feeds 1 and 2 have the first and the others. They are evaluated by the references, with what rounding
 * may do to them, so what differs is not for the kernels to explain: a rule is wrong.
 */
#include "rows.h"

#include <string.h>

#include "base/macros.h"
#include "element.h"
#include "rows_split.h"

enum { FIRST = 3, SECOND = 2, BOTH = FIRST + SECOND };

/* Of argument i: the dimension of its rows. */
typedef struct places {
    int axis[FZ_MAX_ENDS];
} places;

/* ---------------------------------------------------------------- the graph */

/* Values between others are returned, too: of each there is something to prove. Fusions then find less to do. */
static void add_rets(fz_model *m)
{
    fz_graph *const f = m->main;
    fz_live *l = NULL;
    fz_eval e;

    fz_eval_init(&e, m);
    const td_status s = fz_eval_bind(&e, f, &l);
    for (uint32_t i = 0; !s && i < f->n_nodes; i++)
        for (uint32_t k = 0; k < f->nodes[i].n_in && f->n_rets < FZ_MAX_ENDS; k++) {
            const fz_ref v = f->nodes[i].in[k];
            if (f->nodes[v.node].kind == FZ_OP && !fz_is_handle(l->nodes[v.node]->out_type[v.out]))
                f->rets[f->n_rets++] = v;
        }
    td_status_free(s);
    fz_eval_fini(&e);
}

static fz_model *copy(const fz_model *m, bool returns_all, td_arena *arena)
{
    fz_model *const out = TD_ARENA_NEW(arena, fz_model);

    *out = *m;
    out->main = TD_ARENA_NEW(arena, fz_graph);
    *out->main = *m->main;
    if (returns_all) add_rets(out);
    return fz_prune(out, arena);
}

/* The dimension that another batch changes; else, for some, the first. -1: none. */
static int find_axis(const fz_node *n, fz_random *r)
{
    const td_shape *const s = &n->data[0].shape, *const other = &n->data[2].shape;
    int axis = -1;

    if (s->rank < 1 || s->rank != other->rank || td_shape_count(s) == 0) return -1;
    for (int d = 0; d < s->rank; d++) {
        if (s->dims[d] == other->dims[d]) continue;
        if (axis >= 0) return -1;
        axis = d;
    }
    if (axis < 0 && fz_chance(r, 40)) return fz_chance(r, 80) ? 0 : (int)fz_below(r, (unsigned)s->rank);
    return axis;
}

/* Elements are drawn from the argument's own: indices stay indices. */
static void draw_rows(fz_node *n, int axis, fz_random *r, td_arena *arena)
{
    const td_tensor from = n->data[0];
    td_tensor all = { .dtype = from.dtype, .shape = from.shape };
    const size_t size = td_dtype_size(all.dtype);

    all.shape.dims[axis] = BOTH;
    all.data = td_arena_alloc(arena, td_tensor_bytes(&all) + 16);
    for (size_t i = 0; i < (size_t)td_shape_count(&all.shape); i++)
        memcpy((char *)all.data + i * size,
               (const char *)from.data + fz_below(r, (unsigned)td_shape_count(&from.shape)) * size, size);
    n->data[0] = all;
    n->data[1] = rows_take(arena, &all, axis, 1, BOTH, 0, FIRST);
    n->data[2] = rows_take(arena, &all, axis, 1, BOTH, FIRST, SECOND);
}

/* Arguments get their rows, or become constants. */
static void place_rows(fz_model *m, fz_random *r, places *p)
{
    fz_graph *const f = m->main;

    f->n_args = 0;
    for (uint32_t i = 0; i < f->n_nodes; i++) {
        fz_node *const n = &f->nodes[i];
        if (n->kind != FZ_ARG) continue;
        const int axis = find_axis(n, r);
        if (axis < 0) {
            n->kind = FZ_CONST;
            continue;
        }
        draw_rows(n, axis, r, m->arena);
        p->axis[f->n_args] = axis;
        f->args[f->n_args++] = i;
    }
}

static void state_args(const fz_model *m, const places *p, td_fact *args)
{
    for (uint32_t i = 0; i < m->main->n_args; i++) {
        const td_tensor *const t = &m->main->nodes[m->main->args[i]].data[0];

        args[i] = (td_fact){ .rows = td_rows_apart(p->axis[i], 1) };
        for (int s = 0; s < TD_ROWS_SIZES; s++) {
            args[i].at[s] = (td_tensor){ .dtype = t->dtype, .shape = t->shape };
            args[i].at[s].shape.dims[p->axis[i]] = td_rows_sizes[s];
        }
    }
}

/* ---------------------------------------------------------------- comparing */

static bool holds(const fz_model *m, const td_fact *f, fz_right *right, uint32_t i, unsigned feed,
                  td_strbuf *why)
{
    const td_rows *const r = &f->rows;
    const td_tensor *const all = right->rets[0][i], *const part = right->rets[feed][i];
    const int64_t at = feed == 1 ? 0 : FIRST, n = feed == 1 ? FIRST : SECOND;

    if (r->kind == TD_ROWS_SAME) return fz_agrees(all, part, right->n_variants, why);
    if (r->axis >= all->shape.rank || all->shape.dims[r->axis] % (r->before * BOTH) != 0) {
        td_strbuf_puts(why, "the rows are not where they should be");
        return false;
    }
    const td_tensor rows = rows_take(m->arena, all, r->axis, r->before, BOTH, at, n);
    return fz_agrees(&rows, part, right->n_variants, why);
}

static bool holds_all(const fz_model *m, const td_fact *rets, fz_right *right, fz_rows_counts *counts,
                      td_strbuf *why)
{
    for (unsigned feed = 1; feed < FZ_FEEDS; feed++) {
        if (right->error[0] || right->error[feed])
            continue; /* whatever else its loop does may want its own number */
        for (uint32_t i = 0; i < m->main->n_rets; i++) {
            const td_rows *const r = &rets[i].rows;
            *(r->kind == TD_ROWS_APART ? &counts->apart : &counts->same) += 1;
            if (holds(m, &rets[i], right, i, feed, why)) continue;
            td_strbuf_printf(why, " (result %u, proved to be %s)", i,
                             r->kind == TD_ROWS_APART ? "apart" : "the same for all rows");
            return false;
        }
    }
    return true;
}

/* With so many variants; true, too, when rounding decides. */
static bool evaluate(const fz_model *m, const td_fact *rets, size_t n_variants, fz_right *right,
                     fz_rows_counts *counts, td_strbuf *why)
{
    bool ok = true;
    fz_eval e;

    fz_eval_init(&e, m);
    if (fz_right_make(&e, n_variants, false, right)) ok = holds_all(m, rets, right, counts, why);
    fz_right_fini(right);
    fz_eval_fini(&e);
    return ok;
}

/* Leaves what was proved: other values may be what they like, errors too. Returns whether any rows are apart. */
static bool keep_proved(fz_model *m, td_fact *rets)
{
    fz_graph *const f = m->main;
    const uint32_t n = f->n_rets;
    bool any = false;

    f->n_rets = 0;
    for (uint32_t i = 0; i < n; i++) {
        const td_rows *const r = &rets[i].rows;
        if (r->is_list || (r->kind != TD_ROWS_APART && r->kind != TD_ROWS_SAME)) continue;
        any = any || r->kind == TD_ROWS_APART;
        rets[f->n_rets] = rets[i];
        f->rets[f->n_rets++] = f->rets[i];
    }
    return any;
}

bool fz_rows_check(const fz_model *m, uint64_t seed, fz_right *right, fz_rows_counts *counts, td_strbuf *why)
{
    td_arena *const arena = td_arena_make();
    fz_random r = fz_random_make(seed ^ UINT64_C(0x524f5753));
    fz_model *const with = copy(m, seed % 2 == 1, arena);
    td_fact args[FZ_MAX_ENDS], rets[FZ_MAX_ENDS];
    places p;
    bool ok = true;

    place_rows(with, &r, &p);
    state_args(with, &p, args);
    if (with->main->n_args && fz_prove(with, args, rets, arena) && keep_proved(with, rets)) {
        counts->graphs++;
        ok = evaluate(with, rets, FZ_VARIANTS, right, counts, why);
        if (!ok) { /* what few variants call a difference has to hold against many */
            td_strbuf_fini(why);
            ok = evaluate(with, rets, FZ_MANY_VARIANTS, right, counts, why);
        }
        if (!ok) {
            td_strbuf_puts(why, "\n");
            fz_dump(with, why);
        }
    }
    td_arena_free(arena);
    return ok;
}
