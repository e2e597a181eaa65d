/* SPDX-License-Identifier: Apache-2.0 */
/* make.c -- see make.h. */
#include "make.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "number.h"
#include "ops/signature.h"

/* ---------------------------------------------------------------- counting */

void fz_count(td_map *m, td_arena *arena, const char *what, size_t n)
{
    size_t *count = td_map_get(m, what);

    if (!count) {
        count = TD_ARENA_NEW(arena, size_t);
        (void)td_map_put(m, td_arena_strdup(arena, what), count);
    }
    *count += n;
}

static void refuse(fz_maker *m, const char *text, const char *why)
{
    char reason[64];

    (void)snprintf(reason, sizeof reason, "%.*s: %s", (int)strcspn(text, " "), text, why);
    fz_count(&m->counts->refused, m->counts->arena, reason, 1);
}

/* ---------------------------------------------------------------- elements */

td_tensor fz_alloc(fz_maker *m, td_dtype type, const td_shape *shape)
{
    td_tensor t = { .dtype = type, .shape = *shape };

    t.data = td_arena_alloc(m->model->arena, td_tensor_bytes(&t) + 16);
    return t;
}

static double float_noise(fz_random *r, fz_style style, bool allows_nan)
{
    static const double odd[] = { 0.0, -0.0, 1.0, -1.0, 0.5 };
    const double u = fz_unit(r);

    if (allows_nan && fz_chance(r, 4))
        return fz_chance(r, 50) ? NAN : fz_chance(r, 50) ? INFINITY : -INFINITY;
    if (style == FZ_POSITIVE) return 0.1 + 2.0 * u;
    if (style == FZ_SMALL) return (u - 0.5) * 0.5;
    if (fz_chance(r, 3)) return odd[fz_below(r, 5)];
    return 4.0 * u - 2.0;
}

static bool is_unsigned(td_dtype t)
{
    return (TD_UNSIGNED_TYPES >> t & 1) != 0;
}

static void fill_strings(fz_maker *m, td_tensor *t)
{
    const fz_text text = (fz_text)fz_below(&m->r, FZ_TEXTS);

    for (int64_t i = 0; i < td_shape_count(&t->shape); i++)
        ((td_string *)t->data)[i] = fz_string(m, text);
}

static void fill(fz_maker *m, td_tensor *t, fz_style style, bool allows_nan)
{
    fz_random *const r = &m->r;
    const bool is_full = fz_chance(r, 10) && style == FZ_USUAL; /* integers: every bit */
    const size_t size = td_dtype_size(t->dtype);

    if (t->dtype == TD_STRING) {
        fill_strings(m, t);
        return;
    }
    for (size_t i = 0; i < fz_parts(t); i++) {
        if (fz_is_inexact(t->dtype)) {
            fz_set(t, i, float_noise(r, style, allows_nan));
        } else if (t->dtype == TD_BOOL) {
            fz_set(t, i, fz_chance(r, 50));
        } else if (is_full) {
            const uint64_t bits = fz_bits(r);
            memcpy((char *)t->data + i * size, &bits, size);
        } else {
            const int64_t low = is_unsigned(t->dtype) ? 0 : style == FZ_POSITIVE ? 1 : -9;
            fz_set(t, i, (double)fz_between(r, low, style == FZ_SMALL ? 3 : 12));
        }
    }
}

/* ---------------------------------------------------------------- adding nodes */

static fz_node *new_node(fz_maker *m)
{
    fz_node *const n = &m->f->nodes[m->f->n_nodes];

    *n = (fz_node){ 0 };
    return n;
}

static bool is_full(const fz_maker *m)
{
    return m->f->n_nodes + 8 >= FZ_MAX_NODES || m->n_pool + 20 >= FZ_POOL;
}

/* Evaluates the node that comes next on every feed and variant. */
static const char *try_feed(fz_maker *m, const fz_id *in, uint32_t n_in, unsigned feed, uint32_t n_out)
{
    td_tensor from[FZ_MAX_IN], out[FZ_MAX_ENDS];
    const char *why = NULL;

    for (uint32_t k = 0; k < n_in; k++)
        if (!m->pool[in[k]].data[feed][0].dtype) return NULL; /* it has failed before */
    for (unsigned v = 0; v < FZ_VARIANTS; v++) {
        for (uint32_t k = 0; k < n_in; k++)
            from[k] = m->pool[in[k]].data[feed][v];
        const td_status s = fz_eval_node(m->eval, m->f, m->f->n_nodes - 1, from, out, v);
        if (s) {
            const td_code code = td_status_code(s);
            td_status_free(s);
            return code == TD_RESOURCE_EXHAUSTED || code == TD_DEADLINE_EXCEEDED ? "size" : "error";
        }
        for (uint32_t k = 0; k < n_out; k++)
            m->pool[m->n_pool + (int)k].data[feed][v] = out[k];
    }
    for (uint32_t k = 0; k < n_out && !why; k++) {
        const td_tensor *const t = m->pool[m->n_pool + (int)k].data[feed];
        const int64_t most = m->is_big ? 100000 : 6000;
        why = td_shape_count(&t->shape) > most ? "size"
              : t->shape.rank > 8              ? "rank"
                                               : fz_unstable(t, FZ_VARIANTS, m->allows_nan);
    }
    return why;
}

static const char *try_node(fz_maker *m, const fz_id *in, uint32_t n_in, uint32_t *n_out)
{
    td_dtype types[FZ_MAX_IN];
    fz_live *l;
    const td_status s = fz_eval_bind(m->eval, m->f, &l);

    if (s) {
        td_status_free(s);
        return "types";
    }
    td_node_in_types(l->nodes[m->f->n_nodes - 1], types);
    for (uint32_t k = 0; k < n_in; k++)
        if (types[k] != fz_type(m, in[k])) return "types";
    *n_out = l->nodes[m->f->n_nodes - 1]->n_out;
    if (*n_out == 0 || *n_out > FZ_MAX_ENDS) return "outputs";
    for (uint32_t k = 0; k < *n_out; k++)
        m->pool[m->n_pool + (int)k] = (fz_value){ .ref = { m->f->n_nodes - 1, k } };
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const char *const why = try_feed(m, in, n_in, feed, *n_out);
        const bool may_fail = why && feed > 0 && m->allows_errors && !m->is_body && !strcmp(why, "error");
        if (why && !may_fail) return why;
        for (uint32_t k = 0; may_fail && k < *n_out; k++)
            m->pool[m->n_pool + (int)k].data[feed][0].dtype = TD_DTYPE_NONE;
    }
    return NULL;
}

/* The node that comes next stays if it may. */
static fz_id add_node(fz_maker *m, const fz_id *in, uint32_t n_in)
{
    const char *const text = m->f->nodes[m->f->n_nodes++].text;
    uint32_t n_out = 0;

    const char *const why = try_node(m, in, n_in, &n_out);
    if (why) {
        refuse(m, text, why);
        m->f->n_nodes--;
        fz_eval_forget(m->eval, m->f);
        return -1;
    }
    m->n_pool += (int)n_out;
    return m->n_pool - (int)n_out;
}

fz_id fz_add(fz_maker *m, unsigned noise, const fz_id *in, uint32_t n_in, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (is_full(m)) return -1;
    for (uint32_t k = 0; k < n_in; k++)
        if (in[k] < 0) return -1;
    va_start(ap, fmt);
    const int length = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    TD_ASSERT(length > 0 && (size_t)length < sizeof text && n_in <= FZ_MAX_IN);
    fz_node *const n = new_node(m);
    n->text = td_arena_strdup(m->model->arena, text);
    n->n_in = n_in;
    n->noise = noise;
    for (uint32_t k = 0; k < n_in; k++)
        n->in[k] = m->pool[in[k]].ref;
    return add_node(m, in, n_in);
}

fz_id fz_table(fz_maker *m, const td_tensor *keys, const td_tensor *values)
{
    if (is_full(m)) return -1;
    fz_node *const n = new_node(m);

    n->text =
        td_arena_format(m->model->arena, "HashTableV2 key_dtype=%%%s value_dtype=%%%s shared_name='t%u",
                        td_dtype_name(keys->dtype), td_dtype_name(values->dtype), (unsigned)fz_bits(&m->r));
    n->is_table = true;
    n->data[0] = *keys;
    n->data[1] = *values;
    return add_node(m, NULL, 0);
}

fz_id fz_unary(fz_maker *m, const char *op, fz_id x)
{
    return x < 0 ? -1 : FZ_ADD(m, 1, ((fz_id[]){ x }), "%s T=%%%s", op, td_dtype_name(fz_type(m, x)));
}

fz_id fz_binary(fz_maker *m, const char *op, fz_id x, fz_id y)
{
    return x < 0 ? -1 : FZ_ADD(m, 1, ((fz_id[]){ x, y }), "%s T=%%%s", op, td_dtype_name(fz_type(m, x)));
}

/* An argument or constant whose data is set. */
static fz_id add_input(fz_maker *m, fz_node *n)
{
    fz_value *const v = &m->pool[m->n_pool];

    *v = (fz_value){ .ref = { m->f->n_nodes, 0 } };
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        for (unsigned k = 0; k < FZ_VARIANTS; k++) {
            const td_tensor *const t = &n->data[n->kind == FZ_CONST ? 0 : feed];
            const td_status s = fz_eval_input(m->eval, t, k, &v->data[feed][k]);
            TD_ASSERT(!s);
        }
    if (n->kind == FZ_ARG) m->f->args[m->f->n_args++] = m->f->n_nodes;
    m->f->n_nodes++;
    return m->n_pool++;
}

fz_id fz_const(fz_maker *m, const td_tensor *t)
{
    if (is_full(m)) return -1;
    fz_node *const n = new_node(m);

    n->kind = FZ_CONST;
    n->is_variable = !m->is_body && fz_chance(&m->r, 6);
    n->dtype = t->dtype;
    n->data[0] = *t;
    return add_input(m, n);
}

fz_id fz_noise_const(fz_maker *m, td_dtype type, const td_shape *shape, fz_style style)
{
    td_tensor t = fz_alloc(m, type, shape);

    fill(m, &t, style, false);
    return fz_const(m, &t);
}

/* Arguments of main; a body has constants instead. */
static bool needs_const(const fz_maker *m)
{
    return m->is_body || m->f->n_args + 2 > FZ_MAX_ENDS;
}

fz_id fz_arg(fz_maker *m, const td_tensor *data)
{
    if (is_full(m) || needs_const(m)) return -1;
    fz_node *const n = new_node(m);

    n->kind = FZ_ARG;
    n->dtype = data[0].dtype;
    memcpy(n->data, data, sizeof n->data);
    return add_input(m, n);
}

fz_id fz_noise_arg(fz_maker *m, td_dtype type, const td_shape *shapes)
{
    td_tensor data[FZ_FEEDS];

    if (is_full(m)) return -1;
    if (needs_const(m)) {
        for (unsigned feed = 1; feed < FZ_FEEDS; feed++)
            if (!td_shape_equal(&shapes[0], &shapes[feed])) return -1;
        return fz_noise_const(m, type, &shapes[0], FZ_USUAL);
    }
    const fz_style style = fz_chance(&m->r, 20) ? FZ_POSITIVE : FZ_USUAL;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        data[feed] = fz_alloc(m, type, &shapes[feed]);
        fill(m, &data[feed], style, m->allows_nan);
    }
    return fz_arg(m, data);
}

fz_id fz_noise_like(fz_maker *m, td_dtype type, fz_id v)
{
    td_shape shapes[FZ_FEEDS];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        if (!m->pool[v].data[feed][0].dtype) return -1;
        shapes[feed] = m->pool[v].data[feed][0].shape;
    }
    return fz_noise_arg(m, type, shapes);
}

bool fz_dim_varies(const fz_maker *m, fz_id v, int d)
{
    const td_tensor *const other = &m->pool[v].data[2][0];

    return !other->dtype || other->shape.rank <= d || other->shape.dims[d] != fz_dim(m, v, d);
}

/* ---------------------------------------------------------------- small integers */

static td_tensor ints_tensor(fz_maker *m, td_dtype type, int rank, size_t n, const int64_t *values)
{
    td_tensor t = fz_alloc(m, type, &(td_shape){ rank, { (int64_t)n } });

    for (size_t i = 0; i < n; i++)
        fz_set(&t, i, (double)values[i]);
    return t;
}

fz_id fz_ints(fz_maker *m, int rank, size_t n, const int64_t values[FZ_FEEDS][TD_MAX_RANK * 2])
{
    return fz_ints_of(m, fz_chance(&m->r, 75) ? TD_I32 : TD_I64, rank, n, values);
}

fz_id fz_ints_of(fz_maker *m, td_dtype type, int rank, size_t n,
                 const int64_t values[FZ_FEEDS][TD_MAX_RANK * 2])
{
    td_tensor data[FZ_FEEDS];
    bool same = true;

    for (unsigned feed = 1; feed < FZ_FEEDS; feed++)
        same = same && !memcmp(values[0], values[feed], n * sizeof **values);
    if (is_full(m) || (!same && needs_const(m))) return -1;
    if (same && (needs_const(m) || fz_chance(&m->r, 75))) {
        const td_tensor t = ints_tensor(m, type, rank, n, values[0]);
        return fz_const(m, &t);
    }
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        data[feed] = ints_tensor(m, type, rank, n, values[feed]);
    return fz_arg(m, data);
}

fz_id fz_same_ints(fz_maker *m, int rank, size_t n, const int64_t *values)
{
    int64_t all[FZ_FEEDS][TD_MAX_RANK * 2];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        memcpy(all[feed], values, n * sizeof *values);
    return fz_ints(m, rank, n, (const int64_t(*)[TD_MAX_RANK * 2]) all);
}

fz_id fz_const_ints(fz_maker *m, int rank, size_t n, const int64_t *values)
{
    const td_tensor t = ints_tensor(m, TD_I32, rank, n, values);

    return fz_const(m, &t);
}

fz_id fz_int(fz_maker *m, int64_t v)
{
    return fz_const_ints(m, 0, 1, &v);
}

fz_id fz_scalar(fz_maker *m, float v)
{
    td_shape shape = { .rank = fz_chance(&m->r, 90) ? 0 : fz_chance(&m->r, 70) ? 1 : 5 };

    for (int d = 0; d < shape.rank; d++)
        shape.dims[d] = 1;
    td_tensor t = fz_alloc(m, TD_F32, &shape);
    fz_set(&t, 0, (double)v);
    return fz_const(m, &t);
}

/* ---------------------------------------------------------------- picking */

td_dtype fz_any_type(fz_maker *m, uint64_t types)
{
    td_dtype list[TD_DTYPE_COUNT];
    unsigned n = 0;

    if ((types >> TD_STRING & 1) && fz_chance(&m->r, m->wants_text)) return TD_STRING;
    if ((types >> TD_F32 & 1) && fz_chance(&m->r, 45)) return TD_F32;
    for (td_dtype t = 1; t < TD_DTYPE_COUNT; t++)
        if (td_dtype_is_valid(t) && (types >> t & 1) && ((TD_NUMBER_TYPES | TD_BOOL_TYPE) >> t & 1))
            list[n++] = t;
    return n ? list[fz_below(&m->r, n)] : types >> TD_STRING & 1 ? TD_STRING : TD_F32;
}

static int64_t any_dim(fz_maker *m)
{
    static const int64_t dims[] = { 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65 };

    if (fz_chance(&m->r, 1)) return 0;
    if (m->is_big && fz_chance(&m->r, 30)) return fz_between(&m->r, 100, 3000);
    return dims[fz_below(&m->r, fz_chance(&m->r, 60) ? 8 : (unsigned)TD_COUNT(dims))];
}

td_shape fz_any_shape(fz_maker *m, int lo, int hi)
{
    const int64_t most = m->is_big ? 60000 : 2500;
    const int usual = fz_chance(&m->r, 90) ? 4 : 6;
    td_shape s = { .rank = (int32_t)fz_between(&m->r, lo, TD_MIN(hi, TD_MAX(lo, usual))) };
    int64_t count = 1;

    for (int d = 0; d < s.rank; d++) {
        int64_t n = any_dim(m);
        if (count * TD_MAX(n, 1) > most) n = 1 + (int64_t)fz_below(&m->r, 2);
        s.dims[d] = n;
        count *= TD_MAX(n, 1);
    }
    return s;
}

fz_id fz_find(fz_maker *m, uint64_t types, int lo, int hi)
{
    for (int tries = 0; tries < 12 && m->n_pool > 0; tries++) {
        const unsigned n = (unsigned)m->n_pool, a = fz_below(&m->r, n), b = fz_below(&m->r, n);
        const fz_id v = (fz_id)TD_MAX(a, b);
        if ((types >> fz_type(m, v) & 1) && fz_rank(m, v) >= lo && fz_rank(m, v) <= hi) return v;
    }
    return -1;
}

fz_id fz_pick(fz_maker *m, uint64_t types, int lo, int hi)
{
    const fz_id old = fz_chance(&m->r, m->wants_new) ? -1 : fz_find(m, types, lo, hi);

    if (old >= 0) return old;
    const td_dtype type = fz_any_type(m, types);
    td_shape s[FZ_FEEDS];
    s[0] = s[1] = s[2] = fz_any_shape(m, lo, hi);
    for (unsigned feed = 0; feed < FZ_FEEDS && s[0].rank > 0 && !m->is_body; feed++)
        if (feed == 0 ? fz_chance(&m->r, 60) : s[0].dims[0] == m->batch[0]) s[feed].dims[0] = m->batch[feed];
    const bool is_const = fz_chance(&m->r, 25) && td_shape_equal(&s[0], &s[2]);
    const fz_id made = is_const
                           ? fz_noise_const(m, type, &s[0], fz_chance(&m->r, 30) ? FZ_POSITIVE : FZ_USUAL)
                           : fz_noise_arg(m, type, s);
    return made;
}

/* ---------------------------------------------------------------- growing */

/* How often a list's productions are taken, by what the graph is about. */
static const struct {
    const fz_production *list;
    unsigned char times[FZ_SUBJECTS];
} lists[] = {
    /* any, text, ragged, loops, matrices */
    { fz_math, { 4, 1, 1, 2, 1 } },      { fz_array, { 4, 3, 2, 2, 1 } },   { fz_nn, { 4, 0, 0, 1, 0 } },
    { fz_flow, { 4, 4, 3, 10, 1 } },     { fz_loops, { 4, 4, 3, 24, 1 } },  { fz_rnn, { 4, 0, 0, 2, 0 } },
    { fz_text_ops, { 0, 12, 2, 1, 0 } }, { fz_ragged, { 0, 2, 16, 1, 0 } }, { fz_more, { 1, 1, 1, 1, 12 } },
    { fz_convs, { 4, 0, 0, 1, 0 } },
};

static const fz_production *pick_production(fz_maker *m)
{
    unsigned total = 0;

    for (size_t i = 0; i < TD_COUNT(lists); i++)
        for (const fz_production *p = lists[i].list; p->name; p++)
            total += p->weight * lists[i].times[m->subject];
    unsigned at = fz_below(&m->r, total);
    for (size_t i = 0; i < TD_COUNT(lists); i++)
        for (const fz_production *p = lists[i].list; p->name; p++) {
            const unsigned weight = p->weight * lists[i].times[m->subject];
            if (at < weight) return p;
            at -= weight;
        }
    return fz_math;
}

static fz_subject pick_subject(fz_random *r)
{
    static const unsigned char of[] = { FZ_ANY,  FZ_ANY,    FZ_ANY,   FZ_ANY,   FZ_TEXT,
                                        FZ_TEXT, FZ_RAGGED, FZ_LOOPS, FZ_LOOPS, FZ_MATRICES };

    return (fz_subject)of[fz_below(r, (unsigned)TD_COUNT(of))];
}

void fz_grow(fz_maker *m, unsigned n)
{
    for (unsigned i = 0; i < n && !is_full(m); i++)
        pick_production(m)->make(m);
}

static void add_ret(fz_maker *m, fz_id v)
{
    if (m->f->n_rets < FZ_MAX_ENDS && !fz_is_handle(fz_type(m, v)))
        m->f->rets[m->f->n_rets++] = m->pool[v].ref;
}

/* What nobody uses is returned, and a few others: values used twice, arguments and constants as they are. */
static void choose_rets(fz_maker *m)
{
    bool is_used[FZ_MAX_NODES] = { false };

    for (uint32_t i = 0; i < m->f->n_nodes; i++)
        for (uint32_t k = 0; k < m->f->nodes[i].n_in; k++)
            is_used[m->f->nodes[i].in[k].node] = true;
    for (fz_id v = m->n_pool; v-- > 0;)
        if (!is_used[m->pool[v].ref.node] && m->f->nodes[m->pool[v].ref.node].kind == FZ_OP) add_ret(m, v);
    for (unsigned i = fz_below(&m->r, 3); i-- > 0;)
        add_ret(m, (fz_id)fz_below(&m->r, (unsigned)m->n_pool));
    if (fz_chance(&m->r, 5) && m->f->n_rets > 1) m->f->rets[0] = m->f->rets[1]; /* the same twice */
    if (!m->f->n_rets) add_ret(m, m->n_pool - 1);
}

fz_model *fz_make(td_arena *arena, uint64_t seed, fz_eval *e, fz_counts *counts, bool *allows_nan)
{
    static const int64_t batches[] = { 1, 2, 3, 4, 5, 8 };
    fz_model *const model = TD_ARENA_NEW(arena, fz_model);
    fz_maker m = { .r = fz_random_make(seed), .model = model, .eval = e, .counts = counts };

    *model = (fz_model){ .arena = arena, .main = TD_ARENA_NEW(arena, fz_graph) };
    model->main->name = "main";
    fz_eval_init(e, model);
    m.f = model->main;
    m.pool = TD_ARENA_NEW_N(arena, fz_value, FZ_POOL);
    m.allows_nan = *allows_nan = fz_chance(&m.r, 4);
    m.allows_errors = fz_chance(&m.r, 8);
    m.is_big = fz_chance(&m.r, 3);
    m.subject = pick_subject(&m.r);
    m.max_depth = m.subject == FZ_LOOPS ? 4 : 2;
    m.wants_text = m.subject == FZ_TEXT ? 60 : m.subject == FZ_ANY ? fz_below(&m.r, 4) : 20;
    m.wants_new = 5 + fz_below(&m.r, 30);
    m.batch[0] = m.batch[1] = batches[fz_below(&m.r, 6)];
    m.batch[2] = fz_chance(&m.r, 5) ? 0 : batches[fz_below(&m.r, 6)];
    fz_grow(&m, 2 + fz_below(&m.r, fz_chance(&m.r, 50) ? 6 : 18));
    if (!m.n_pool) (void)fz_pick(&m, TD_NUMBER_TYPES, 0, 4);
    choose_rets(&m);
    for (uint32_t i = 0; i < m.f->n_nodes; i++)
        if (m.f->nodes[i].text) {
            char op[64];
            (void)snprintf(op, sizeof op, "%.*s", (int)strcspn(m.f->nodes[i].text, " "), m.f->nodes[i].text);
            fz_count(&counts->made, counts->arena, op, 1);
        }
    return fz_prune(model, arena);
}
