/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_conv.c -- convolutions and matrix products take in what follows them: channel-wise scale and shift, a
 * residual addition, an activation; and the zero padding before them.
 *
 *     Pad -> Conv2D -> BatchNorm/BiasAdd/Mul/Add by constants ... -> AddV2(other) -> Relu, x*Sigmoid(x), ...
 *
 * becomes _FusedConv2D (_FusedDepthwiseConv2dNative, _FusedMatMul), see ops/nn/epilogue.h. Each value in between
 * has to have one user only. The nodes that it replaces stay behind, dead; users are redirected in one sweep
 * at the end.
 */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "passes/affine.h"
#include "passes/fuse.h"
#include "passes/users.h"
#include "passes/values.h"

typedef struct head {
    const char *op, *fused;
    int rank;      /* the least that its result has */
    bool adds;     /* takes a residual */
    bool pads;     /* takes zero padding */
    uint32_t n_in; /* inputs of its own; the second is the filter or matrix */
} head;

static const head heads[] = {
    { "Conv2D", "_FusedConv2D", 4, true, true, 2 },
    { "Conv3D", "_FusedConv3D", 5, true, false, 2 },
    { "DepthwiseConv2dNative", "_FusedDepthwiseConv2dNative", 4, false, true, 2 },
    { "Conv2DBackpropInput", "_FusedConv2DBackpropInput", 4, true, false, 3 },
    { "Conv3DBackpropInputV2", "_FusedConv3DBackpropInputV2", 5, true, false, 3 },
    { "MatMul", "_FusedMatMul", 2, true, false, 2 },
    { "BatchMatMulV2", "_FusedMatMul", 2, true, false, 2 },
};

typedef struct fusion {
    td_pass *p;
    td_graph *g;
    const td_users *users;
    const head *head;
    td_node *first, *last; /* of the chain */
    td_affine affine;
    td_edge add; /* node NULL: none */
    const char *act;
    td_edge input;
    td_node *expand;           /* comes before the input. NULL: none */
    const td_attr_value *pads; /* replaces explicit_paddings */
    td_node *reshape;          /* or Squeeze, inside the chain; comes after it instead. NULL: none */
} fusion;

static const td_tensor *const_of(const td_edge *e)
{
    const td_edge from = td_edge_source(*e);
    return td_edge_const(&from);
}

/* Output channels of a node that may head a chain; 0: it may not. */
static size_t channels_of(const td_node *n)
{
    const td_tensor *const w = const_of(&n->in[1]);

    if (!w || w->dtype != TD_F32 || !w->data || n->n_ctrl) return 0;
    const int64_t *const d = w->shape.dims;
    int64_t channels = 0;
    if (td_node_is(n, "MatMul") && w->shape.rank == 2)
        channels = d[td_node_attr_true(n, "transpose_b") ? 0 : 1];
    else if (td_node_is(n, "BatchMatMulV2") && w->shape.rank == 2)
        channels = d[td_node_attr_true(n, "adj_y") ? 0 : 1];
    else if ((td_node_is(n, "Conv2D") && w->shape.rank == 4 && td_node_attr_is(n, "data_format", "NHWC")) ||
             (td_node_is(n, "Conv3D") && w->shape.rank == 5 && td_node_attr_is(n, "data_format", "NDHWC")))
        channels = d[w->shape.rank - 1];
    else if ((td_node_is(n, "Conv2DBackpropInput") && w->shape.rank == 4 &&
              td_node_attr_is(n, "data_format", "NHWC")) ||
             (td_node_is(n, "Conv3DBackpropInputV2") && w->shape.rank == 5 &&
              td_node_attr_is(n, "data_format", "NDHWC")))
        channels = d[w->shape.rank - 2];
    else if (td_node_is(n, "DepthwiseConv2dNative") && w->shape.rank == 4 &&
             td_node_attr_is(n, "data_format", "NHWC"))
        channels = d[2] * d[3];
    return (size_t)channels;
}

/* ---------------------------------------------------------------- what follows */

/* The user of n that is `op` with a constant scalar near `value` as its other input. */
static td_node *scalar_user(const fusion *f, const td_node *n, const char *op, double value)
{
    for (size_t i = 0; i < td_users_count(f->users, n); i++) {
        td_node *const u = td_users_at(f->users, n, i);
        double v;
        if (!u || u->n_in != 2 || u->n_ctrl || !td_node_is(u, op)) continue;
        const bool is_first = td_edge_is(&u->in[0], n);
        if (!is_first && strcmp(op, "RealDiv") == 0) continue;
        if (td_edge_scalar(&u->in[is_first ? 1 : 0], &v) && fabs(v - value) <= 1e-5 * fabs(value)) return u;
    }
    return NULL;
}

/* relu6(x + 3) / 6: the node that makes it; NULL: x goes elsewhere. */
static td_node *hard_sigmoid_of(const fusion *f, const td_node *x)
{
    td_node *const plus = scalar_user(f, x, "AddV2", 3.0);
    td_node *const clip = plus ? td_users_only(f->users, plus) : NULL;

    if (!clip || !td_node_is(clip, "Relu6")) return NULL;
    td_node *sixth = scalar_user(f, clip, "Mul", 1.0 / 6.0);
    if (!sixth) sixth = scalar_user(f, clip, "RealDiv", 6.0);
    return sixth && td_users_only(f->users, clip) == sixth ? sixth : NULL;
}

/* A one-dimensional convolution is one of images of one row, which goes behind it. Channels stay last; an only
 * one may go, what is done to it is done to all. */
static bool take_squeeze(fusion *f, td_node *n)
{
    int64_t dim;

    if (f->reshape || f->last != f->first || f->head->rank != 4 || !td_node_squeezes(n, &dim)) return false;
    f->reshape = n;
    f->affine.rank--;
    return true;
}

/* Keras' Dense on more than two dims: MatMul, Reshape, BiasAdd. That the bias fits says that the last dim is
 * still the product's, so what is done by column may be done before the Reshape. */
static bool take_reshape(fusion *f, td_node *n)
{
    if (f->reshape || !td_node_is(f->first, "MatMul") || !td_node_is(n, "Reshape")) return false;
    if (f->last != f->first || !td_edge_is(&n->in[0], f->last)) return false;
    const td_node *const next = td_users_only(f->users, n);
    if (!next || next->mark || !td_node_is(next, "BiasAdd") || td_node_attr_is(next, "data_format", "NCHW"))
        return false;
    const td_tensor *const bias = const_of(&next->in[1]);
    if (!bias || bias->shape.rank != 1 || bias->shape.dims[0] != (int64_t)f->affine.channels) return false;
    f->reshape = n;
    return true;
}

/* Keras' EinsumDense over heads: a product, Reshape to [..., heads, depth], plus a constant [heads, depth], which is a bias
 * as it lies. */
static bool take_split_bias(fusion *f, td_node *n)
{
    int64_t dims[TD_MAX_RANK];

    if (f->reshape || f->head->rank != 2 || !td_node_is(n, "Reshape") || n->n_ctrl) return false;
    td_node *const add = td_users_only(f->users, n);
    if (!add || add->mark || add->n_ctrl || (!td_node_is(add, "AddV2") && !td_node_is(add, "Add")))
        return false;
    const td_tensor *const bias = const_of(&add->in[td_edge_is(&add->in[0], n) ? 1 : 0]);
    const td_tensor *const shape = const_of(&n->in[1]);
    if (!bias || bias->dtype != TD_F32 || !bias->data || bias->shape.rank != 2 || !shape) return false;
    const int64_t rank = td_shape_count(&shape->shape), n_heads = bias->shape.dims[0],
                  depth = bias->shape.dims[1];
    if (rank < 2 || rank > TD_MAX_RANK || !td_edge_ints(n->in[1], rank, INT64_MIN, INT64_MAX, dims))
        return false;
    if (dims[rank - 2] != n_heads || dims[rank - 1] != depth) return false;
    if (td_shape_count(&bias->shape) != (int64_t)f->affine.channels) return false;
    for (size_t i = 0; i < f->affine.channels; i++)
        f->affine.shift[i] += (double)((const float *)bias->data)[i];
    f->affine.has_shift = true;
    f->reshape = n;
    f->last = add;
    return true;
}

static void take_affine(fusion *f)
{
    for (td_node *next; (next = td_users_only(f->users, f->last)) != NULL; f->last = next) {
        const td_edge x = { .node = f->last };
        if (hard_sigmoid_of(f, f->last)) return; /* its 3 is no bias */
        if (take_split_bias(f, next)) return;
        if (next->mark ||
            (!take_reshape(f, next) && !take_squeeze(f, next) && !td_affine_take(&f->affine, next, &x)))
            return;
    }
}

/* A value computed before `by`: fusing must not make the head wait for something that waits for it. */
static bool take_add(fusion *f)
{
    td_node *const next = td_users_only(f->users, f->last);

    if (!f->head->adds || f->reshape || !next || next->mark || next->n_in != 2) return false;
    if (!td_node_is(next, "AddV2") && !td_node_is(next, "Add")) return false;
    const bool is_first = td_edge_is(&next->in[0], f->last);
    const td_edge other = td_edge_source(next->in[is_first ? 1 : 0]);
    if (other.node == f->last || const_of(&other)) return false;
    f->add = other;
    f->last = next;
    return true;
}

/* A constant vector that is added after the residual might as well be added before it. */
static void take_late_bias(fusion *f)
{
    td_node *const next = td_users_only(f->users, f->last);
    const td_edge x = { .node = f->last };

    if (!next || next->mark || (!td_node_is(next, "AddV2") && !td_node_is(next, "BiasAdd"))) return;
    if (td_affine_take(&f->affine, next, &x)) f->last = next;
}

/* x * f(x), f one of Sigmoid; both users of x end in the same Mul. */
static bool take_swish(fusion *f)
{
    if (td_users_count(f->users, f->last) != 2) return false;
    for (size_t i = 0; i < 2; i++) {
        td_node *const gate = td_users_at(f->users, f->last, i), *const mul =
                                                                     td_users_at(f->users, f->last, 1 - i);
        if (!gate || !mul || !td_node_is(gate, "Sigmoid") || !td_node_is(mul, "Mul") || gate->n_ctrl)
            continue;
        if (td_users_only(f->users, gate) != mul) continue;
        const bool is_it = (td_edge_is(&mul->in[0], f->last) && td_edge_is(&mul->in[1], gate)) ||
                           (td_edge_is(&mul->in[1], f->last) && td_edge_is(&mul->in[0], gate));
        if (!is_it) continue;
        f->last = mul;
        f->act = "Swish";
        return true;
    }
    return false;
}

/* Does node m multiply the values of a and b? */
static bool multiplies(const td_node *m, const td_node *a, const td_node *b)
{
    return m && td_node_is(m, "Mul") &&
           ((td_edge_is(&m->in[0], a) && td_edge_is(&m->in[1], b)) ||
            (td_edge_is(&m->in[0], b) && td_edge_is(&m->in[1], a)));
}

/* relu6(x + 3) / 6, as a gate or alone; x + 3 may have two factors in either order. */
static bool take_hard_swish(fusion *f)
{
    td_node *const x = f->last, *const sixth = hard_sigmoid_of(f, x);

    if (!sixth) return false;
    if (td_users_count(f->users, x) == 1) {
        f->last = sixth;
        f->act = "HardSigmoid";
        return true;
    }
    td_node *const mul = td_users_only(f->users, sixth);
    if (td_users_count(f->users, x) != 2 || !multiplies(mul, x, sixth)) return false;
    f->last = mul;
    f->act = "HardSwish";
    return true;
}

/* 0.5 x erfc(-x / sqrt 2), as Keras 3 has it. */
static bool take_gelu_erfc(fusion *f)
{
    td_node *const x = f->last, *const half = scalar_user(f, x, "Mul", 0.5);

    if (!half || td_users_count(f->users, x) != 2) return false;
    td_node *const a = td_users_at(f->users, x, 0), *const b = td_users_at(f->users, x, 1);
    td_node *const minus = a == half ? b : a;
    if (!minus || !td_node_is(minus, "Neg") || minus->n_ctrl) return false;
    td_node *const inner = scalar_user(f, minus, "Mul", 0.70710678118654752);
    td_node *const erfc_node = inner ? td_users_only(f->users, inner) : NULL;
    if (!erfc_node || td_users_only(f->users, minus) != inner || !td_node_is(erfc_node, "Erfc")) return false;
    td_node *const outer = td_users_only(f->users, erfc_node);
    if (!multiplies(outer, half, erfc_node) || td_users_only(f->users, half) != outer) return false;
    f->last = outer;
    f->act = "GeluExact";
    return true;
}

/* 0.5 * x * (1 + erf(x / sqrt 2)), in Keras' and BERT's spellings. */
static bool take_gelu(fusion *f)
{
    td_node *const x = f->last;
    td_node *inner = scalar_user(f, x, "Mul", 0.70710678118654752);

    if (!inner) inner = scalar_user(f, x, "RealDiv", 1.41421356237309505);
    if (!inner || td_users_count(f->users, x) != 2) return false;
    td_node *const erf_node = td_users_only(f->users, inner);
    if (!erf_node || !td_node_is(erf_node, "Erf")) return false;
    td_node *const plus = scalar_user(f, erf_node, "AddV2", 1.0);
    if (!plus || td_users_only(f->users, erf_node) != plus) return false;
    td_node *const outer = td_users_only(f->users, plus);
    td_node *const half = scalar_user(f, x, "Mul", 0.5);
    if (half && half != inner && td_users_only(f->users, half) == outer && multiplies(outer, half, plus)) {
        f->last = outer;
        f->act = "GeluExact";
        return true;
    }
    /* 0.5 * (x * (1 + erf)) or x * (0.5 * (1 + erf)) */
    td_node *const scaled = outer && multiplies(outer, x, plus) ? scalar_user(f, outer, "Mul", 0.5) : NULL;
    if (scaled && td_users_only(f->users, outer) == scaled) {
        f->last = scaled;
        f->act = "GeluExact";
        return true;
    }
    return false;
}

static void take_activation(fusion *f)
{
    static const char *const plain[] = { "Relu", "Relu6", "Elu", "Tanh", "Sigmoid" };
    td_node *const next = td_users_only(f->users, f->last);

    for (size_t i = 0; next && !next->mark && i < TD_COUNT(plain); i++)
        if (td_node_is(next, plain[i])) {
            f->last = next;
            f->act = plain[i];
            return;
        }
    if (take_swish(f) || take_gelu(f) || take_gelu_erfc(f) || take_hard_swish(f)) return;
}

/* ---------------------------------------------------------------- what goes before */

/* Zero padding of height and width in front of a VALID window becomes explicit padding. */
static void take_pad(fusion *f)
{
    td_node *const before = td_edge_source(f->first->in[0]).node;
    const bool expands = td_node_makes_images(before) && td_users_count(f->users, before) == 1;
    td_node *const pad = expands ? td_edge_source(before->in[0]).node : before;
    const int64_t dims = expands ? 3 : 4, skipped = 4 - dims;
    int64_t v[8] = { 0 };

    if (!f->head->pads || !td_node_is(pad, "Pad") || pad->n_ctrl ||
        !td_node_attr_is(f->first, "padding", "VALID"))
        return;
    if (td_users_count(f->users, pad) != 1) return;
    if (!td_edge_ints(pad->in[1], 2 * dims, 0, INT64_MAX, v + 2 * skipped)) return;
    if (expands) v[0] = v[2], v[1] = v[3], v[2] = v[3] = 0;
    if (v[0] || v[1] || v[6] || v[7]) return;
    td_attr_value *const list = TD_ARENA_NEW(f->p->arena, td_attr_value);
    *list = td_value_ints(f->p->arena, v, TD_COUNT(v));
    f->pads = list;
    f->input = pad->in[0];
    f->expand = expands ? before : NULL;
}

/* ---------------------------------------------------------------- the new node */

static td_status make_node(fusion *f, td_node **out)
{
    enum { MAX_ATTRS = 32 };
    td_edge in[6] = { f->input };
    td_attr attrs[MAX_ATTRS];
    td_attr_value *const ops = TD_ARENA_NEW_N(f->p->arena, td_attr_value, 4);
    const char *const name = f->first->name; /* shapes that do not fit are its error, not an activation's */
    uint32_t n_in = 1, n = 0;
    size_t n_ops = 0;

    for (; n_in < f->head->n_in; n_in++)
        in[n_in] = f->first->in[n_in];
    if (f->affine.has_scale) {
        ops[n_ops++] = td_value_text("Scale");
        TD_TRY(td_affine_const(f->p, f->g, td_arena_format(f->p->arena, "%s/scale", name), f->affine.scale,
                               f->affine.channels, &in[n_in++]));
    }
    if (f->affine.has_shift) {
        ops[n_ops++] = td_value_text("BiasAdd");
        TD_TRY(td_affine_const(f->p, f->g, td_arena_format(f->p->arena, "%s/bias", name), f->affine.shift,
                               f->affine.channels, &in[n_in++]));
    }
    if (f->add.node) {
        ops[n_ops++] = td_value_text("Add");
        in[n_in++] = f->add;
    }
    if (f->act) ops[n_ops++] = td_value_text(f->act);
    for (uint32_t i = 0; i < f->first->n_attrs && n < MAX_ATTRS - 5; i++) {
        td_attr a = f->first->attrs[i];
        if (f->pads && strcmp(a.name, "padding") == 0) a.value = td_value_text("EXPLICIT");
        if (f->pads && strcmp(a.name, "explicit_paddings") == 0) continue;
        if (strcmp(a.name, "adj_x") == 0) a.name = "transpose_a";
        if (strcmp(a.name, "adj_y") == 0) a.name = "transpose_b";
        attrs[n++] = a;
    }
    if (f->pads) attrs[n++] = (td_attr){ "explicit_paddings", *f->pads };
    attrs[n++] = (td_attr){ "num_args", { .kind = TD_ATTR_INT, .u.i = (int64_t)n_in - f->head->n_in } };
    attrs[n++] = (td_attr){ "fused_ops", { .kind = TD_ATTR_LIST, .u.list = { ops, n_ops } } };
    TD_TRY(td_pass_node(f->p, f->g, name, f->head->fused, in, n_in, attrs, n, out));
    return NULL;
}

static td_status fuse_at(fusion *f, bool *changed)
{
    td_node *made;

    f->last = f->first;
    f->input = f->first->in[0];
    take_affine(f);
    if (take_add(f)) take_late_bias(f);
    take_activation(f);
    if (f->last == f->reshape) { /* it had nothing behind it */
        f->last = f->first;
        f->reshape = NULL;
    }
    take_pad(f);
    if (f->last == f->first && !f->pads) return NULL;
    if (f->expand) {
        const td_edge in[] = { f->input, f->expand->in[1] };
        TD_TRY(td_pass_node(f->p, f->g, f->expand->name, "ExpandDims", in, 2, f->expand->attrs,
                            f->expand->n_attrs, &made));
        f->input = (td_edge){ .node = made };
    }
    TD_TRY(make_node(f, &made));
    if (f->reshape) {
        const td_node *const r = f->reshape;
        const td_edge in[] = { { .node = made }, r->n_in > 1 ? r->in[1] : (td_edge){ 0 } };
        TD_TRY(td_pass_node(f->p, f->g, r->name, r->op_name, in, r->n_in, r->attrs, r->n_attrs, &made));
    }
    for (td_node *n = f->first; n != f->last;) { /* the chain is spoken for */
        n->mark = made;
        td_node *const next = td_users_only(f->users, n);
        if (!next) break;
        n = next;
    }
    f->last->mark = made;
    *changed = true;
    return NULL;
}

static td_status fuse_all(td_pass *p, td_graph *g, const td_users *users, td_node **last, bool *changed)
{
    const size_t n_nodes = g->n_nodes;

    for (size_t i = 0; i < n_nodes; i++) {
        td_node *const n = g->nodes[i];
        for (size_t h = 0; h < TD_COUNT(heads); h++) {
            if (!td_node_is(n, heads[h].op) || n->mark) continue;
            const size_t channels = channels_of(n);
            if (!channels) break;
            fusion f = { .p = p,
                         .g = g,
                         .users = users,
                         .head = &heads[h],
                         .first = n,
                         .affine = td_affine_make(channels, heads[h].rank) };
            const td_status s = fuse_at(&f, changed);
            td_affine_free(&f.affine);
            if (s) return s;
            if (f.last->mark) last[f.last->id] = f.last->mark;
            break;
        }
    }
    td_users_replace(g, last, n_nodes);
    return NULL;
}

td_status td_fuse_conv(td_pass *p, td_graph *g, bool *changed)
{
    td_users users = td_users_make(g);
    td_node **const last = TD_NEW_N(td_node *, g->n_nodes);

    for (size_t i = 0; i < g->n_nodes; i++)
        g->nodes[i]->mark = NULL;
    const td_status s = fuse_all(p, g, &users, last, changed);
    td_users_free(&users);
    td_free(last);
    return s;
}
