/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_layer_norm.c -- layer normalisation over the last axis, in the spellings of the files:
 *
 *     m = Mean(x)   v = Mean(SquaredDifference(x, m)) or Mean(d d), d = x - m   r = Rsqrt(v + epsilon)
 *
 *     d r gamma + beta                                      by hand, after the paper
 *     x k + (beta - m k), k = r gamma                       Keras, tf.nn.batch_normalization
 *
 * The axis must be -1: a positive one is the last only for some ranks, which no pass knows.
 */
#include "base/macros.h"
#include "passes/affine.h"
#include "passes/fuse.h"
#include "passes/users.h"

typedef struct norm {
    td_edge x, mean, gamma, beta;
    double epsilon;
} norm;

static td_edge source(td_edge e)
{
    for (;;) {
        const td_edge from = td_edge_source(e);
        if (!td_node_is(from.node, "StopGradient") || from.node->n_ctrl) return from;
        e = from.node->in[0];
    }
}

static td_edge operand(td_edge e, uint32_t i)
{
    return source(e.node->in[i]);
}

/* What waits for something is nothing here: the fused node would not. */
static bool is_op(td_edge e, const char *op)
{
    return td_node_is(e.node, op) && !e.node->n_ctrl;
}

static bool is_add(td_edge e)
{
    return is_op(e, "AddV2") || is_op(e, "Add");
}

/* The operands of a commutative node in either order. */
#define EITHER(e, a, b, test)                                                                                \
    (((a) = operand(e, 0), (b) = operand(e, 1), (test)) || ((a) = operand(e, 1), (b) = operand(e, 0), (test)))

/* A constant vector along the last axis: all other dims are 1. */
static bool is_vector(td_edge e)
{
    const td_tensor *const t = td_edge_const(&e);

    return t && t->dtype == TD_F32 && t->shape.rank >= 1 && t->shape.dims[t->shape.rank - 1] >= 2 &&
           td_shape_count(&t->shape) == t->shape.dims[t->shape.rank - 1];
}

static bool is_mean(td_edge e)
{
    if (!is_op(e, "Mean") || !td_node_attr_true(e.node, "keep_dims")) return false;
    const td_edge from = operand(e, 1);
    const td_tensor *const axis = td_edge_const(&from);
    return axis && axis->dtype == TD_I32 && axis->data && td_shape_count(&axis->shape) == 1 &&
           *(const int32_t *)axis->data == -1;
}

/* d = x - m, where m is x's mean; fills in both. */
static bool read_difference(td_edge d, norm *n)
{
    if (!is_op(d, "Sub") || !is_mean(operand(d, 1))) return false;
    n->x = operand(d, 0);
    n->mean = operand(d, 1);
    return td_edge_same(operand(n->mean, 0), n->x);
}

static bool read_squares(td_edge s, norm *n)
{
    td_edge a, b;

    if (is_op(s, "SquaredDifference")) {
        if (!EITHER(s, a, b, is_mean(b) && td_edge_same(operand(b, 0), a))) return false;
        n->x = a;
        n->mean = b;
        return true;
    }
    if (is_op(s, "Square")) return read_difference(operand(s, 0), n);
    return is_op(s, "Mul") && td_edge_same(operand(s, 0), operand(s, 1)) && read_difference(operand(s, 0), n);
}

/* r = 1 / sqrt(variance + epsilon) */
static bool read_inverse(td_edge r, norm *n)
{
    td_edge v, e;

    if (!is_op(r, "Rsqrt")) return false;
    const td_edge sum = operand(r, 0);
    return is_add(sum) && EITHER(sum, v, e, is_mean(v) && td_edge_scalar(&e, &n->epsilon)) &&
           read_squares(operand(v, 0), n);
}

/* k = r gamma */
static bool read_scale(td_edge k, norm *n)
{
    td_edge r;

    return is_op(k, "Mul") && EITHER(k, r, n->gamma, is_vector(n->gamma) && read_inverse(r, n));
}

static bool is_difference(td_edge d, const norm *n)
{
    norm own;

    return read_difference(d, &own) && td_edge_same(own.x, n->x) && td_edge_same(own.mean, n->mean);
}

/* d r gamma, bracketed in any way. */
static bool read_product(td_edge e, norm *n)
{
    td_edge a, b, d, r;

    if (!is_op(e, "Mul")) return false;
    if (EITHER(e, a, b, is_vector(b) && is_op(a, "Mul"))) {
        n->gamma = b;
        return EITHER(a, d, r, read_inverse(r, n) && is_difference(d, n));
    }
    return EITHER(e, d, a, read_scale(a, n) && is_difference(d, n));
}

/* beta - m k */
static bool is_offset(td_edge e, td_edge k, norm *n)
{
    td_edge a, b, m, other;

    if (is_op(e, "Sub")) {
        n->beta = operand(e, 0);
        a = operand(e, 1);
        return is_vector(n->beta) && is_op(a, "Mul") &&
               EITHER(a, m, other, td_edge_same(m, n->mean) && td_edge_same(other, k));
    }
    return is_add(e) && EITHER(e, a, b, is_vector(b) && is_op(a, "Mul")) && (n->beta = b, true) &&
           EITHER(a, m, other,
                  is_op(m, "Neg") && td_edge_same(operand(m, 0), n->mean) && td_edge_same(other, k));
}

static bool read_norm(td_edge y, norm *n)
{
    td_edge a, b, x, k;

    if (!is_add(y)) return false;
    if (EITHER(y, a, b, is_vector(b) && read_product(a, n))) {
        n->beta = b;
        return true;
    }
    return EITHER(y, a, b,
                  is_op(a, "Mul") &&
                      EITHER(a, x, k, read_scale(k, n) && td_edge_same(x, n->x) && is_offset(b, k, n)));
}

static bool fits(const norm *n)
{
    const td_tensor *const gamma = td_edge_const(&n->gamma), *const beta = td_edge_const(&n->beta);

    return td_shape_count(&gamma->shape) == td_shape_count(&beta->shape) && n->epsilon > 0.0 &&
           n->x.node->out_type[n->x.index] == TD_F32;
}

td_status td_fuse_layer_norm(td_pass *p, td_graph *g, bool *changed)
{
    const size_t count = g->n_nodes;

    for (size_t i = 0; i < count; i++) {
        norm n = { 0 };
        td_node *made;

        if (!read_norm((td_edge){ .node = g->nodes[i] }, &n) || !fits(&n)) continue;
        const td_edge in[] = { n.x, n.gamma, n.beta };
        const td_attr attrs[] = {
            { "T", { .kind = TD_ATTR_TYPE, .u.type = TD_F32 } },
            { "epsilon", { .kind = TD_ATTR_FLOAT, .u.f = (float)n.epsilon } },
        };
        TD_TRY(
            td_pass_node(p, g, g->nodes[i]->name, "_FusedLayerNorm", in, 3, attrs, TD_COUNT(attrs), &made));
        td_pass_replace(g, (td_edge){ .node = g->nodes[i] }, (td_edge){ .node = made });
        *changed = true;
    }
    return NULL;
}
