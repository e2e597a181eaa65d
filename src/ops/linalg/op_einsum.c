/* SPDX-License-Identifier: Apache-2.0 */
/* op_einsum.c -- Einsum of one or two operands.
 *
 * Labels become strides (kernels/gemm/einsum.h). Where two operands share summed labels that lie in order
 * in both, that is a batch of matrix products and runs as one; so no operand is ever transposed in memory for
 * the equations that models use. The rest, small in practice, is summed plainly.
 */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/gemm/einsum.h"
#include "kernels/wide/wide.h"
#include "ops/linalg/matmul_call.h"

enum { ELLIPSIS = 255, MAX_TERM = 32 };

/* Labels of one operand or of the output: a letter, or ELLIPSIS once. */
typedef struct term {
    uint8_t label[MAX_TERM];
    int n;
    bool has_ellipsis;
} term;

typedef struct einsum_attrs {
    term in[2], out;
    int n_in;
} einsum_attrs;

/* ---------------------------------------------------------------- parse */

static td_status parse_term(const td_parse *p, const char **at, const char *end, term *t)
{
    for (; *at < end && **at != ',' && **at != '-'; (*at)++) {
        const char ch = **at;
        const bool is_letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
        const bool is_dots = end - *at >= 3 && memcmp(*at, "...", 3) == 0;
        if (ch == ' ') continue;
        if (t->n == MAX_TERM || (!is_letter && (!is_dots || t->has_ellipsis)))
            return TD_ERR(INVALID_ARGUMENT, "%s: Invalid einsum equation", p->node->name);
        t->label[t->n++] = is_letter ? (uint8_t)ch : ELLIPSIS;
        if (!is_dots) continue;
        t->has_ellipsis = true;
        *at += 2;
    }
    return NULL;
}

static td_status einsum_parse(td_parse *p)
{
    const td_string eq = td_attr_string(p, "equation");
    const char *at = eq.size ? eq.data : "", *const end = at + eq.size;
    einsum_attrs *const a = p->attrs;

    a->n_in = (int)p->node->n_in;
    if (a->n_in < 1 || a->n_in > 2)
        return TD_ERR(UNIMPLEMENTED, "%s: einsum of %d operands", p->node->name, a->n_in);
    for (int i = 0; i < a->n_in; i++) {
        TD_TRY(parse_term(p, &at, end, &a->in[i]));
        const bool is_last = i + 1 == a->n_in;
        if (is_last ? end - at < 2 || memcmp(at, "->", 2) != 0 : at == end || *at != ',')
            return TD_ERR(INVALID_ARGUMENT, "%s: Expected %d inputs in equation '%.*s'", p->node->name,
                          a->n_in, (int)eq.size, eq.data);
        at += is_last ? 2 : 1;
    }
    TD_TRY(parse_term(p, &at, end, &a->out));
    if (at != end) return TD_ERR(INVALID_ARGUMENT, "%s: Invalid einsum equation", p->node->name);
    return NULL;
}

/* ---------------------------------------------------------------- labels to strides */

/* Labels met so far: letters keep their code, dims of the ellipsis are 128 + position from the right. */
typedef struct labels {
    td_einsum e;
    uint8_t name[TD_EINSUM_LABELS];
    bool is_known[TD_EINSUM_LABELS]; /* has a size */
} labels;

static int find_label(labels *l, uint8_t name)
{
    for (int i = 0; i < l->e.n; i++)
        if (l->name[i] == name) return i;
    if (l->e.n == TD_EINSUM_LABELS) return -1;
    l->name[l->e.n] = name;
    return l->e.n++;
}

/* The term with the ellipsis written out for a tensor of `rank` dims; false: it does not fit. */
static bool expand(const term *t, int rank, uint8_t *out)
{
    const int dots = rank - (t->n - (t->has_ellipsis ? 1 : 0));
    int n = 0;

    if (dots < 0 || (!t->has_ellipsis && dots != 0)) return false;
    for (int i = 0; i < t->n; i++) {
        if (t->label[i] != ELLIPSIS) out[n++] = t->label[i];
        for (int k = dots - 1; t->label[i] == ELLIPSIS && k >= 0; k--)
            out[n++] = (uint8_t)(128 + k);
    }
    return true;
}

static td_status add_operand(const td_call *c, labels *l, const term *t, const td_shape *s, size_t *strides)
{
    uint8_t names[TD_MAX_RANK];
    size_t step = 1;

    if (!expand(t, s->rank, names))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected input of rank %d in the equation, got rank %d", t->n,
                         (int)s->rank);
    for (int d = s->rank - 1; d >= 0; d--) {
        const int i = find_label(l, names[d]);
        const size_t size = (size_t)s->dims[d];
        if (i < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "too many labels");
        const bool broadcasts = names[d] >= 128;
        if (!l->is_known[i] || (broadcasts && l->e.size[i] == 1))
            l->e.size[i] = size;
        else if (l->e.size[i] != size && !(broadcasts && size == 1))
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "Expected dimension %zu at axis %d of the input shaped %zu but got dimension %zu",
                l->e.size[i], d, size, size);
        l->is_known[i] = true;
        if (!(broadcasts && size == 1)) strides[i] += step;
        step *= size;
    }
    return NULL;
}

/* Puts the output's labels first, in order; returns the output's shape. */
static td_status place_output(const td_call *c, labels *l, const term *t, int dots, td_shape *shape)
{
    uint8_t names[TD_MAX_RANK];
    labels r = { .e = { .n = 0 } };
    const int rank = t->n - (t->has_ellipsis ? 1 : 0) + (t->has_ellipsis ? dots : 0);
    bool is_taken[TD_EINSUM_LABELS] = { false };
    size_t step = 1;

    if (rank > TD_MAX_RANK || !expand(t, rank, names))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "too many output dims");
    *shape = (td_shape){ .rank = rank };
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < (pass ? l->e.n : rank); k++) {
            int i = k;
            if (!pass)
                for (i = 0; i < l->e.n && l->name[i] != names[k]; i++)
                    ;
            if (i == l->e.n) return TD_OP_ERR(c, INVALID_ARGUMENT, "an output label is in no input");
            if (!pass) shape->dims[k] = (int64_t)l->e.size[i];
            if (is_taken[i]) continue;
            is_taken[i] = true;
            const int to = r.e.n++;
            r.name[to] = l->name[i];
            r.e.size[to] = l->e.size[i];
            r.e.a[to] = l->e.a[i];
            r.e.b[to] = l->e.b[i];
            if (!pass) r.e.n_out = r.e.n;
        }
    TD_TRY(td_shape_check(shape));
    for (int k = rank - 1; k >= 0; k--) {
        for (int i = 0; i < r.e.n_out; i++)
            if (r.name[i] == names[k]) r.e.out[i] += step;
        step *= (size_t)shape->dims[k];
    }
    *l = r;
    return NULL;
}

static td_status einsum_strides(const td_call *c, td_einsum *out, td_shape *shape)
{
    const einsum_attrs *const a = c->attrs;
    labels l = { .e = { .n = 0 } };
    int dots = 0;

    for (int i = 0; i < a->n_in; i++) {
        const td_shape *const s = &td_in(c, (uint32_t)i)->shape;
        TD_TRY(add_operand(c, &l, &a->in[i], s, i == 0 ? l.e.a : l.e.b));
        if (a->in[i].has_ellipsis) dots = TD_MAX(dots, s->rank - (a->in[i].n - 1));
    }
    TD_TRY(place_output(c, &l, &a->out, dots, shape));
    *out = l.e;
    return NULL;
}

static td_status einsum_infer(td_call *c)
{
    td_einsum e;
    return einsum_strides(c, &e, &td_out(c, 0)->shape);
}

/* ---------------------------------------------------------------- as matrix products */

/* Joins summed labels into one k; false: they do not lie in order in both operands. */
static bool join_k(const td_einsum *e, const size_t *a, const size_t *b, td_matmul *p)
{
    bool is_used[TD_EINSUM_LABELS] = { false };

    p->k = 1;
    for (int round = e->n_out; round < e->n; round++) {
        int next = -1;
        for (int i = e->n_out; i < e->n; i++) {
            if (is_used[i]) continue;
            if (e->size[i] == 1) next = i;
            if (e->size[i] == 1) break;
            if (!a[i] || !b[i]) return false; /* summed in one operand only */
            const bool follows = p->k == 1 || (a[i] == p->k * p->a_k && b[i] == p->k * p->b_k);
            if (follows && (next < 0 || a[i] < a[next])) next = i;
        }
        if (next < 0) return false;
        is_used[next] = true;
        if (e->size[next] == 1) continue;
        if (p->k == 1) p->a_k = a[next], p->b_k = b[next];
        p->k *= e->size[next];
    }
    if (p->k == 1) p->a_k = 1, p->b_k = 0;
    return true;
}

/* a and b so that the output's last label comes from b. */
static bool as_products(const td_einsum *e, const size_t *a, const size_t *b, td_matmul *p)
{
    int last = e->n_out - 1;

    *p = (td_matmul){ .m = 1, .n = 1, .b_n = 1, .a_m = 0 };
    while (last >= 0 && e->size[last] == 1)
        last--;
    if (last < 0 || a[last] || e->out[last] != 1) return false;
    /* n: the last label, and those before it while they lie in order in b */
    p->b_n = b[last];
    int i = last;
    for (; i >= 0 && (e->size[i] == 1 || (!a[i] && e->out[i] == p->n && b[i] == p->n * p->b_n)); i--)
        p->n *= e->size[i];
    if (!join_k(e, a, b, p)) return false;
    /* m: the innermost label of a alone; the others are batch, and are joined to m where they fit */
    int m = i;
    while (m >= 0 && (b[m] || !a[m]))
        m--;
    if (m >= 0) {
        p->m = e->size[m];
        p->a_m = a[m];
        p->c_m = e->out[m];
    } else {
        p->c_m = p->n;
    }
    for (int k = 0; k <= i; k++) {
        if (k == m || e->size[k] == 1) continue;
        if (p->n_batch == TD_MAX_RANK) return false;
        p->batch[p->n_batch] = e->size[k];
        p->a_batch[p->n_batch] = a[k];
        p->b_batch[p->n_batch] = b[k];
        p->c_batch[p->n_batch++] = e->out[k];
    }
    return true;
}

typedef struct einsum_state {
    td_einsum e;
    bool is_matmul, swaps, fills; /* operands change places; the output has holes */
    td_matmul_call matmul;
    size_t count[2], count_out, at[3];
} einsum_state;

static bool is_half(td_dtype t)
{
    return t == TD_F16 || t == TD_BF16;
}

static td_status einsum_prepare(td_call *c)
{
    const einsum_attrs *const a = c->attrs;
    einsum_state *const s = c->state;
    const td_dtype type = td_in(c, 0)->dtype;
    td_shape shape;
    size_t at = 0;

    TD_TRY(einsum_strides(c, &s->e, &shape));
    s->count_out = (size_t)td_shape_count(&shape);
    s->fills = s->e.n_out < shape.rank;
    if (s->count_out == 0) return NULL;
    if (a->n_in == 2 && !s->fills) {
        s->is_matmul = as_products(&s->e, s->e.a, s->e.b, &s->matmul.p);
        if (!s->is_matmul) s->is_matmul = s->swaps = as_products(&s->e, s->e.b, s->e.a, &s->matmul.p);
    }
    if (s->is_matmul) {
        s->matmul.type = s->matmul.type_b = s->matmul.out_type = type;
        s->matmul.epilogue = td_epilogue_none;
        s->matmul.sum = shape;
        s->matmul.in_a = s->swaps ? 1 : 0;
        s->matmul.in_b = s->swaps ? 0 : 1;
        TD_TRY(td_matmul_call_prepare(c, &s->matmul));
        c->scratch_size = s->matmul.scratch_size;
        return NULL;
    }
    for (int i = 0; i < a->n_in; i++) {
        s->count[i] = (size_t)td_shape_count(&td_in(c, (uint32_t)i)->shape);
        s->at[i] = td_reserve(&at, is_half(type) ? s->count[i] * sizeof(float) : 0);
    }
    s->at[2] = td_reserve(&at, is_half(type) ? s->count_out * sizeof(float) : 0);
    c->scratch_size = at;
    return NULL;
}

static td_status einsum_run(td_call *c)
{
    const einsum_attrs *const a = c->attrs;
    const einsum_state *const s = c->state;
    const td_dtype type = td_in(c, 0)->dtype;
    const void *in[2] = { td_in(c, 0)->data, a->n_in == 2 ? td_in(c, 1)->data : NULL };
    char *const scratch = c->scratch;
    void *out = td_out(c, 0)->data;

    if (s->count_out == 0) return NULL;
    if (s->is_matmul) return td_matmul_call_run(c, &s->matmul, out, in[s->swaps], in[!s->swaps]);
    for (int i = 0; is_half(type) && i < a->n_in; i++) {
        td_to_float(type, in[i], s->count[i], (float *)(void *)(scratch + s->at[i]));
        in[i] = scratch + s->at[i];
    }
    if (is_half(type)) out = scratch + s->at[2];
    if (s->fills) memset(out, 0, s->count_out * (is_half(type) ? sizeof(float) : td_dtype_size(type)));
    td_einsum_ref(&s->e, is_half(type) ? TD_F32 : type, out, in[0], in[1]);
    if (is_half(type)) td_from_float(type, out, s->count_out, td_out(c, 0)->data);
    return NULL;
}

static void einsum_release(void *state)
{
    td_matmul_call_release(&((einsum_state *)state)->matmul);
}

static const td_kernel einsum_kernels[] = {
    { TD_DEVICE_CPU,
      TD_MATMUL_REF_TYPES | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_BF16),
      sizeof(einsum_state), einsum_prepare, einsum_run, einsum_release },
    { 0 },
};

const td_op td_ops_einsum[] = {
    { .name = "Einsum",
      .sig = "inputs: N*T -> output: T",
      .attrs = "equation: string, N: int, T: type",
      .flags = TD_OP_PACKS,
      .attrs_size = sizeof(einsum_attrs),
      .parse = einsum_parse,
      .infer = einsum_infer,
      .kernels = einsum_kernels },
    { 0 },
};
