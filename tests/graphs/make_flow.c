/* SPDX-License-Identifier: Apache-2.0 */
/* make_flow.c -- functions: called, chosen by a condition (make_loop.c: looped). A body is made by the same productions, on the values
 * that the call hands over. */
#include <stdio.h>
#include <string.h>

#include "element.h"
#include "make.h"

fz_maker *fz_open_body(fz_maker *m, const fz_id *args, uint32_t n)
{
    fz_model *const model = m->model;

    if (m->depth >= m->max_depth || model->n_functions == FZ_MAX_FUNCTIONS) return NULL;
    fz_maker *const b = TD_ARENA_NEW(model->arena, fz_maker);
    *b = *m;
    b->is_body = true;
    b->depth++;
    b->wants_new = 3;
    b->allows_errors = false;
    b->f = TD_ARENA_NEW(model->arena, fz_graph);
    b->f->name = td_arena_format(model->arena, "f%u", model->n_functions);
    b->pool = TD_ARENA_NEW_N(model->arena, fz_value, FZ_POOL);
    b->n_pool = 0;
    model->functions[model->n_functions++] = b->f;
    for (uint32_t i = 0; i < n; i++) {
        b->f->nodes[i] = (fz_node){ .kind = FZ_ARG, .dtype = fz_type(m, args[i]) };
        b->f->args[b->f->n_args++] = i;
        b->f->n_nodes++;
        b->pool[b->n_pool] = m->pool[args[i]];
        b->pool[b->n_pool++].ref = (fz_ref){ i, 0 };
    }
    return b;
}

void fz_close_body(fz_maker *m, const fz_maker *b)
{
    m->r = b->r;
}

void fz_put_types(const fz_maker *m, const fz_id *v, uint32_t n, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, size - at, "%%%s", td_dtype_name(fz_type(m, v[i])));
}

bool fz_lives(const fz_maker *m, fz_id v)
{
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        if (!m->pool[v].data[feed][0].dtype) return false;
    return true;
}

uint32_t fz_choose_args(fz_maker *m, fz_id *args)
{
    uint32_t n = 0;

    for (unsigned i = 1 + fz_below(&m->r, FZ_MAX_VARS); i-- > 0;) {
        const fz_id v = fz_pick(m, FZ_ANY_TYPE, 0, 4);
        if (v >= 0 && fz_lives(m, v)) args[n++] = v;
    }
    return n;
}

void fz_return(fz_maker *b, fz_id v)
{
    b->f->rets[b->f->n_rets++] = b->pool[v].ref;
}

bool fz_return_all(fz_maker *b, const fz_id *vars, int n)
{
    for (int i = 0; i < n; i++)
        if (vars[i] < 0) return false;
    for (int i = 0; i < n; i++)
        fz_return(b, vars[i]);
    return true;
}

/* Arguments, which come first, are no handles. */
static fz_id any_value(fz_maker *b)
{
    const fz_id v = (fz_id)fz_below(&b->r, (unsigned)b->n_pool);

    return fz_is_handle(fz_type(b, v)) ? 0 : v;
}

/* A value of this type in the body: one that is there, or a cast of one. */
static fz_id of_type(fz_maker *b, td_dtype type)
{
    for (fz_id v = b->n_pool; v-- > 0;)
        if (fz_type(b, v) == type && fz_chance(&b->r, 60)) return v;
    for (fz_id v = b->n_pool; v-- > 0;)
        if (fz_type(b, v) == type) return v;
    const fz_id from = b->n_pool - 1;
    return from < 0 ? -1
                    : FZ_ADD(b, 1, ((fz_id[]){ from }), "Cast SrcT=%%%s DstT=%%%s",
                             td_dtype_name(fz_type(b, from)), td_dtype_name(type));
}

/* ---------------------------------------------------------------- calls */

static void call(fz_maker *m)
{
    fz_id args[FZ_MAX_VARS], outs[2];
    const uint32_t n = fz_choose_args(m, args);
    fz_maker *const b = n ? fz_open_body(m, args, n) : NULL;
    char in[256], out[64];

    if (!b) return;
    fz_grow(b, 1 + fz_below(&b->r, 4));
    const uint32_t n_out = 1 + fz_below(&b->r, 2);
    for (uint32_t i = 0; i < n_out; i++) {
        outs[i] = any_value(b);
        fz_return(b, outs[i]);
    }
    fz_close_body(m, b);
    fz_put_types(m, args, n, in, sizeof in);
    fz_put_types(b, outs, n_out, out, sizeof out);
    (void)fz_add(m, 0, args, n, "%s Tin={%s} Tout={%s} f=@%s",
                 fz_chance(&m->r, 50) ? "PartitionedCall" : "StatefulPartitionedCall", in, out, b->f->name);
}

/* ---------------------------------------------------------------- branches */

/* A scalar that differs from feed to feed, or is worked out, or constant. */
static fz_id scalar(fz_maker *m, td_dtype type)
{
    const fz_id old = fz_find(m, TD_DTYPE_BIT(type), 0, 0);
    const td_shape shapes[FZ_FEEDS] = { { 0 }, { 0 }, { 0 } };

    if (old >= 0 && fz_chance(&m->r, 50)) return fz_lives(m, old) ? old : -1;
    const unsigned kind = fz_below(&m->r, 3);
    if (kind == 0) return fz_noise_const(m, type, &shapes[0], FZ_SMALL);
    if (kind == 1 || type != TD_BOOL) return fz_noise_arg(m, type, shapes);
    const fz_id x = fz_find(m, TD_DTYPE_BIT(TD_F32), 0, 4);
    if (x < 0 || !fz_lives(m, x)) return -1;
    const int64_t axes[] = { 0, 1, 2, 3 };
    const fz_id all = fz_const_ints(m, 1, (size_t)fz_rank(m, x), axes);
    const fz_id sum = FZ_ADD(m, 3, ((fz_id[]){ x, all }), "Sum T=%%float Tidx=%%int32");
    return fz_binary(m, "Less", sum, fz_scalar(m, 0.4f));
}

/* Bodies for n_branches, with results of the same types; false: they could not be made. */
static bool make_branches(fz_maker *m, const fz_id *args, uint32_t n, unsigned n_branches, const char **names,
                          char *out_types, size_t size, uint32_t *n_out)
{
    td_dtype types[2] = { TD_F32, TD_F32 };

    for (unsigned i = 0; i < n_branches; i++) {
        fz_maker *const b = fz_open_body(m, args, n);
        fz_id outs[2];
        if (!b) return false;
        fz_grow(b, fz_below(&b->r, 4) + (i == 0));
        if (i == 0) *n_out = 1 + fz_below(&b->r, 2);
        for (uint32_t k = 0; k < *n_out; k++) {
            outs[k] = i == 0 ? any_value(b) : of_type(b, types[k]);
            if (outs[k] < 0) return false;
            types[k] = fz_type(b, outs[k]);
            fz_return(b, outs[k]);
        }
        fz_close_body(m, b);
        names[i] = b->f->name;
        if (i == 0) fz_put_types(b, outs, *n_out, out_types, size);
    }
    return true;
}

static void branch(fz_maker *m)
{
    const fz_id cond = scalar(m, TD_BOOL);
    fz_id args[FZ_MAX_VARS + 1] = { cond };
    const uint32_t n = cond < 0 ? 0 : fz_choose_args(m, args + 1);
    const char *names[2];
    char in[256], out[64];
    uint32_t n_out;

    if (!n || !make_branches(m, args + 1, n, 2, names, out, sizeof out, &n_out)) return;
    fz_put_types(m, args + 1, n, in, sizeof in);
    bool is_plain = true;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        is_plain = is_plain && m->pool[cond].data[feed][0].shape.rank == 0; /* Switch takes nothing else */
    const fz_id made =
        fz_add(m, 0, args, n + 1, "%s Tcond=%%bool Tin={%s} Tout={%s} then_branch=@%s else_branch=@%s",
               fz_chance(&m->r, 50) ? "If" : "StatelessIf", in, out, names[0], names[1]);
    if (made >= 0) m->f->nodes[m->f->n_nodes - 1].is_lowered = is_plain && fz_chance(&m->r, 35);
}

static void cases(fz_maker *m)
{
    const fz_id which = scalar(m, TD_I32);
    fz_id args[FZ_MAX_VARS + 1] = { which };
    const uint32_t n = which < 0 ? 0 : fz_choose_args(m, args + 1);
    const char *names[3];
    char in[256], out[64];
    uint32_t n_out;

    if (!n || !make_branches(m, args + 1, n, 3, names, out, sizeof out, &n_out)) return;
    fz_put_types(m, args + 1, n, in, sizeof in);
    (void)fz_add(m, 0, args, n + 1, "%s Tin={%s} Tout={%s} branches={@%s@%s@%s}",
                 fz_chance(&m->r, 60) ? "Case" : "StatelessCase", in, out, names[0], names[1], names[2]);
}

/* ---------------------------------------------------------------- calls in calls */

enum { MAX_LEVELS = 6 };

/* A function of v that does a little, and calls another. */
static fz_id descend(fz_maker *m, fz_id v, unsigned levels)
{
    fz_maker *const b = fz_open_body(m, &v, 1);

    if (!b) return -1;
    b->max_depth = b->depth + MAX_LEVELS;
    fz_grow(b, fz_below(&b->r, 3));
    const fz_id out = any_value(b);
    const fz_id deeper = levels ? descend(b, out, levels - 1) : -1;
    fz_return(b, deeper >= 0 ? deeper : out);
    fz_close_body(m, b);
    return FZ_ADD(m, 0, ((fz_id[]){ v }), "PartitionedCall Tin={%%%s} Tout={%%%s} f=@%s",
                  td_dtype_name(fz_type(m, v)), td_dtype_name(fz_type(b, deeper >= 0 ? deeper : out)),
                  b->f->name);
}

static void deep_call(fz_maker *m)
{
    const fz_id v = fz_pick(m, FZ_ANY_TYPE, 0, 4);

    if (m->depth == 0 && v >= 0 && fz_lives(m, v)) (void)descend(m, v, 1 + fz_below(&m->r, MAX_LEVELS - 1));
}

const fz_production fz_flow[] = {
    { "call", 2, call }, { "deep_call", 1, deep_call }, { "branch", 3, branch }, { "cases", 1, cases }, { 0 },
};
