/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_einsum.c -- an Einsum that sums the last dims of a value over the first of constant weights is a product. So Keras writes
 * EinsumDense, and with it the sides of MultiHeadAttention, of sequences whose length is open:
 *
 *     Einsum(x, w) "abc,cde->abde" [+ constant [d, e]]
 *     Reshape(BatchMatMulV2(x, w as [c, d e]) [+ constant [d e]], [a, b, d, e])
 *
 * x is asked for its dims first (EnsureShape), so that whatever the Einsum refuses is refused. As a product it has a product's
 * bodies, and takes in what comes behind it.
 */
#include <ctype.h>
#include <string.h>

#include "base/macros.h"
#include "passes/fuse.h"
#include "passes/users.h"
#include "passes/values.h"

/* What is summed lies between what only x has and what only w has. */
typedef struct pattern {
    td_node *einsum, *last;    /* last: the sum with the bias, or the Einsum */
    const td_tensor *w, *bias; /* bias: NULL, none */
    int rows, sums, columns;   /* dims of each kind */
} pattern;

/* Letters of one operand, each once; NULL: others, too. */
static const char *read_letters(const char *at, const char *end, char *out, size_t *n)
{
    bool seen[128] = { false };

    for (*n = 0; at < end && (isalpha((unsigned char)*at) || *at == ' '); at++) {
        if (*at == ' ') continue;
        if (*n == TD_MAX_RANK || seen[(unsigned char)*at]) return NULL;
        seen[(unsigned char)*at] = true;
        out[(*n)++] = *at;
    }
    return at;
}

/* Does the equation say so? "rows sums,sums columns->rows columns" */
static bool read_equation(td_string text, pattern *m)
{
    char x[TD_MAX_RANK], w[TD_MAX_RANK], out[TD_MAX_RANK];
    size_t n_x, n_w, n_out;
    const char *const end = text.data + text.size;
    const char *at = read_letters(text.data, end, x, &n_x);

    if (!at || at == end || *at != ',' || !(at = read_letters(at + 1, end, w, &n_w))) return false;
    if (end - at < 2 || at[0] != '-' || at[1] != '>') return false;
    at = read_letters(at + 2, end, out, &n_out);
    if (at != end || n_w == 0) return false;
    const char *const first = memchr(x, w[0], n_x);
    const size_t rows = first ? (size_t)(first - x) : n_x, sums = n_x - rows;

    if (rows == 0 || sums == 0 || sums >= n_w || memcmp(x + rows, w, sums) != 0) return false;
    if (n_out != rows + n_w - sums || memcmp(out, x, rows) != 0 ||
        memcmp(out + rows, w + sums, n_w - sums) != 0)
        return false;
    *m = (pattern){ .rows = (int)rows, .sums = (int)sums, .columns = (int)(n_w - sums) };
    return true;
}

static const td_tensor *floats_of(td_edge e)
{
    const td_edge from = td_edge_source(e);
    const td_tensor *const t = td_edge_const(&from);

    return t && t->dtype == TD_F32 && t->data && td_shape_count(&t->shape) > 0 ? t : NULL;
}

/* A constant of the columns' dims that is added, and nothing else sees the sum without it. */
static void take_bias(const td_users *u, pattern *m)
{
    td_node *const add = td_users_only(u, m->einsum);

    if (!add || add->n_ctrl || (!td_node_is(add, "AddV2") && !td_node_is(add, "Add"))) return;
    const td_tensor *const bias = floats_of(add->in[td_edge_is(&add->in[0], m->einsum) ? 1 : 0]);
    if (!bias || bias->shape.rank != m->columns) return;
    for (int i = 0; i < m->columns; i++)
        if (bias->shape.dims[i] != m->w->shape.dims[m->sums + i]) return;
    m->bias = bias;
    m->last = add;
}

static bool read_pattern(const td_users *u, td_node *n, pattern *m)
{
    if (!td_node_is(n, "Einsum") || n->n_ctrl || n->n_in != 2 || n->out_type[0] != TD_F32) return false;
    const td_attr_value *const equation = td_node_attr(n, "equation");

    if (!equation || equation->kind != TD_ATTR_STRING || !read_equation(equation->u.s, m)) return false;
    m->einsum = m->last = n;
    m->w = floats_of(n->in[1]);
    if (!m->w || m->w->shape.rank != m->sums + m->columns) return false;
    take_bias(u, m);
    return true;
}

static int64_t product_of(const int64_t *dims, int n)
{
    int64_t p = 1;

    for (int i = 0; i < n; i++)
        p *= dims[i];
    return p;
}

/* ---------------------------------------------------------------- the product */

typedef struct maker {
    td_pass *p;
    td_graph *g;
    const pattern *m;
    const char *name;
} maker;

static td_status make(const maker *k, const char *op, const td_edge *in, uint32_t n_in, const td_attr *attrs,
                      uint32_t n_attrs, td_edge *out)
{
    td_node *n;

    TD_TRY(td_pass_node(k->p, k->g, k->name, op, in, n_in, attrs, n_attrs, &n));
    *out = (td_edge){ .node = n };
    return NULL;
}

static const td_attr of_floats = { "T", { .kind = TD_ATTR_TYPE, .u.type = TD_F32 } };
static const td_attr of_ints = { "T", { .kind = TD_ATTR_TYPE, .u.type = TD_I32 } };
static const td_attr by_ints = { "Tidx", { .kind = TD_ATTR_TYPE, .u.type = TD_I32 } };

/* The same elements in other dims; they are the model's. */
static td_edge as_shape(const maker *k, const td_tensor *t, td_shape shape)
{
    td_tensor same = *t;

    same.shape = shape;
    same.buffer = NULL;
    return (td_edge){ .node = td_pass_const_of(k->p, k->g, k->name, same) };
}

static td_edge ints(const maker *k, const int32_t *v, int n)
{
    int32_t *const own = TD_ARENA_NEW_N(k->p->arena, int32_t, (size_t)n);

    memcpy(own, v, (size_t)n * sizeof *own);
    return (td_edge){ .node = td_pass_const_of(k->p, k->g, k->name,
                                               (td_tensor){ TD_I32, { 1, { n } }, own, NULL }) };
}

/* x, of these dims behind the rows. */
static td_status ask_for_dims(const maker *k, td_edge *x)
{
    td_shape *const want = TD_ARENA_NEW(k->p->arena, td_shape);

    *want = (td_shape){ .rank = k->m->rows + k->m->sums };
    for (int i = 0; i < want->rank; i++)
        want->dims[i] = i < k->m->rows ? -1 : k->m->w->shape.dims[i - k->m->rows];
    const td_attr attrs[] = { of_floats, { "shape", { .kind = TD_ATTR_SHAPE, .u.shape = want } } };

    return make(k, "EnsureShape", x, 1, attrs, TD_COUNT(attrs), x);
}

/* of with the first dims of x, whose number is that of the rows, and then these. */
static td_status with_dims(const maker *k, td_edge x, const int64_t *dims, int n, td_edge *of)
{
    static const int32_t zero[] = { 0 }, one[] = { 1 };
    const int32_t end[] = { k->m->rows };
    const td_attr shape_attrs[] = { of_floats, { "out_type", { .kind = TD_ATTR_TYPE, .u.type = TD_I32 } } };
    const td_attr slice_attrs[] = { of_ints, { "Index", { .kind = TD_ATTR_TYPE, .u.type = TD_I32 } } };
    const td_attr concat_attrs[] = { of_ints, by_ints, { "N", { .kind = TD_ATTR_INT, .u.i = 2 } } };
    const td_attr reshape_attrs[] = { of_floats, { "Tshape", { .kind = TD_ATTR_TYPE, .u.type = TD_I32 } } };
    int32_t behind[TD_MAX_RANK];
    td_edge shape, to;

    for (int i = 0; i < n; i++)
        behind[i] = (int32_t)dims[i];
    TD_TRY(make(k, "Shape", &x, 1, shape_attrs, TD_COUNT(shape_attrs), &shape));
    const td_edge slice[] = { shape, ints(k, zero, 1), ints(k, end, 1), ints(k, one, 1) };
    TD_TRY(make(k, "StridedSlice", slice, TD_COUNT(slice), slice_attrs, TD_COUNT(slice_attrs), &to));
    const td_tensor first = { TD_I32, { 0 }, (void *)(uintptr_t)zero, NULL };
    const td_edge axis = { .node = td_pass_const_of(k->p, k->g, k->name, first) };
    const td_edge concat[] = { to, ints(k, behind, n), axis };
    TD_TRY(make(k, "ConcatV2", concat, TD_COUNT(concat), concat_attrs, TD_COUNT(concat_attrs), &to));
    const td_edge reshape[] = { *of, to };

    return make(k, "Reshape", reshape, TD_COUNT(reshape), reshape_attrs, TD_COUNT(reshape_attrs), of);
}

static td_status make_product(const maker *k, td_edge *out)
{
    const pattern *const m = k->m;
    const int64_t *const dims = m->w->shape.dims;
    const int64_t depth = product_of(dims, m->sums), columns = product_of(dims + m->sums, m->columns);
    td_edge x = m->einsum->in[0], rows;

    TD_TRY(ask_for_dims(k, &x));
    rows = x;
    if (m->sums > 1) TD_TRY(with_dims(k, x, &depth, 1, &rows));
    const td_edge in[] = { rows, as_shape(k, m->w, (td_shape){ 2, { depth, columns } }) };
    TD_TRY(make(k, m->rows == 1 ? "MatMul" : "BatchMatMulV2", in, TD_COUNT(in), &of_floats, 1, out));
    if (m->bias) {
        const td_edge sum[] = { *out, as_shape(k, m->bias, (td_shape){ 1, { columns } }) };
        TD_TRY(make(k, "AddV2", sum, TD_COUNT(sum), &of_floats, 1, out));
    }
    return m->columns > 1 ? with_dims(k, x, dims + m->sums, m->columns, out) : NULL;
}

static td_status fuse_all(td_pass *p, td_graph *g, const td_users *u, bool *changed)
{
    const size_t count = g->n_nodes;

    for (size_t i = 0; i < count; i++) {
        pattern m;
        td_edge out;

        if (!read_pattern(u, g->nodes[i], &m)) continue;
        const maker k = { p, g, &m, m.einsum->name };
        TD_TRY(make_product(&k, &out));
        td_pass_replace(g, (td_edge){ .node = m.last }, out);
        *changed = true;
    }
    return NULL;
}

td_status td_fuse_einsum(td_pass *p, td_graph *g, bool *changed)
{
    td_users users = td_users_make(g);
    const td_status s = fuse_all(p, g, &users, changed);

    td_users_free(&users);
    return s;
}
