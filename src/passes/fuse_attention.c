/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_attention.c -- attention over heads becomes one node:
 *
 *     Transpose(q) Transpose(k)
 *          \         /
 *        BatchMatMul -> times or by a constant -> + mask -> Softmax -> BatchMatMul(., Transpose(v))
 *          -> Transpose
 *
 * The first product may be of the keys by the queries, and turned then; for the mask there may be
 *
 *        SelectV2(keep, ., constant) -> Softmax [-> SelectV2(keep, ., 0)]
 *
 * or two Einsum nodes, BTNH,BSNH->BNTS and BNTS,BSNH->BTNH by any letters, without the transposes. q, k and v are
 * [batch, rows, heads, depth]: transposes and labels show that. Scale, mask and last transpose may
 * be missing; but where nothing shows that the result has four dims, the mask has to be one that adds none.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "passes/affine.h"
#include "passes/fuse.h"
#include "passes/users.h"

typedef struct attention {
    td_edge q, k, v, mask; /* mask.node NULL: none */
    double scale, fill;
    bool selects,
        clears; /* the mask is of bools: what it does not keep is fill, and 0 of the probabilities if clears */
    const td_node *product; /* of queries and keys: shapes that do not fit are its error */
    td_node *last;
    bool joins_heads;
    bool by_label; /* einsums */
} attention;

static td_edge operand(const td_node *n, uint32_t i)
{
    return td_edge_source(n->in[i]);
}

static bool is_product(const td_node *n)
{
    return td_node_is(n, "BatchMatMulV2") || td_node_is(n, "BatchMatMul");
}

/* Is e x with its dims in the order a, b, c, d? */
static bool read_transpose(td_edge e, const int32_t *perm, td_edge *x)
{
    if (!td_node_is(e.node, "Transpose") || e.node->n_ctrl) return false;
    const td_edge from = operand(e.node, 1);
    const td_tensor *const t = td_edge_const(&from);
    if (!t || t->dtype != TD_I32 || !t->data || td_shape_count(&t->shape) != 4) return false;
    if (memcmp(t->data, perm, 4 * sizeof *perm) != 0) return false;
    *x = operand(e.node, 0);
    return true;
}

static const int32_t by_head[] = { 0, 2, 1, 3 }, turned[] = { 0, 2, 3, 1 }, rows_last[] = { 0, 1, 3, 2 };

/* Is n an Einsum of `form`, by whatever letters? */
static bool is_einsum(const td_node *n, const char *form)
{
    const td_attr_value *const v = td_node_attr(n, "equation");
    char letter[128] = { 0 }, of[128] = { 0 };
    size_t at = 0;

    if (!td_node_is(n, "Einsum") || n->n_ctrl || n->n_in != 2 || n->out_type[0] != TD_F32) return false;
    if (!v || v->kind != TD_ATTR_STRING) return false;
    for (size_t i = 0; i < v->u.s.size; i++) {
        const unsigned char c = (unsigned char)v->u.s.data[i], f = (unsigned char)form[at];
        if (c == ' ') continue;
        if (!f || c >= sizeof letter || !isalpha(c) != !isalpha(f)) return false;
        if (isalpha(c) ? (letter[f] && letter[f] != (char)c) || (of[c] && of[c] != (char)f) : c != f)
            return false;
        letter[f] = (char)c;
        of[c] = (char)f;
        at++;
    }
    return !form[at];
}

/* Keras 3 has the queries first, Keras 2 the keys. */
static bool read_einsum(const td_node *n, attention *a)
{
    const bool keys_first = is_einsum(n, "BSNH,BTNH->BNTS");

    if (!keys_first && !is_einsum(n, "BTNH,BSNH->BNTS")) return false;
    a->product = n;
    a->q = operand(n, keys_first);
    a->k = operand(n, !keys_first);
    return true;
}

/* Rows of the one by columns of the other. */
static bool read_product(const td_node *n, attention *a)
{
    if (!is_product(n) || td_node_attr_true(n, "adj_x") || n->n_ctrl || n->out_type[0] != TD_F32)
        return false;
    if (!read_transpose(operand(n, 0), by_head, &a->q)) return false;
    a->product = n;
    return read_transpose(operand(n, 1), td_node_attr_true(n, "adj_y") ? by_head : turned, &a->k);
}

static bool read_scores(const td_users *u, const td_node *n, attention *a)
{
    td_edge scores;

    if (a->by_label) return read_einsum(n, a);
    if (!read_transpose((td_edge){ .node = (td_node *)(uintptr_t)n }, rows_last, &scores))
        return read_product(n, a);
    if (scores.index != 0 || !td_users_only(u, scores.node) || !read_product(scores.node, a)) return false;
    const td_edge keys = a->q;

    a->q = a->k;
    a->k = keys;
    return true;
}

/* scores, scaled or not; all of it used here only. k takes the scale in, so that it must lose none of k's digits. */
static bool read_scaled(const td_users *u, td_edge e, attention *a)
{
    td_node *const n = e.node;
    const bool divides = td_node_is(n, "RealDiv");

    a->scale = 1.0;
    if (e.index != 0 || !td_users_only(u, n)) return false;
    if (!divides && !td_node_is(n, "Mul")) return read_scores(u, n, a);
    for (uint32_t i = 0; i < (divides ? 1U : 2U); i++) {
        const td_edge factor = operand(n, 1 - i), scores = operand(n, i);
        if (!td_edge_scalar(&factor, &a->scale)) continue;
        if (divides) a->scale = 1.0 / a->scale;
        return isnormal((float)a->scale) && scores.index == 0 && td_users_only(u, scores.node) &&
               read_scores(u, scores.node, a);
    }
    return false;
}

/* Scores that a selection lets through, others are a constant. */
static bool read_selected(const td_users *u, td_node *n, attention *a)
{
    const td_edge other = operand(n, 2);

    if (n->n_ctrl || !td_users_only(u, n) || !td_edge_scalar(&other, &a->fill) || !isfinite(a->fill))
        return false;
    if (!read_scaled(u, operand(n, 1), a)) return false;
    a->mask = operand(n, 0);
    a->selects = true;
    return true;
}

static bool read_logits(const td_users *u, td_edge e, attention *a)
{
    td_node *const n = e.node;

    a->mask.node = NULL;
    if (td_node_is(n, "SelectV2")) return e.index == 0 && read_selected(u, n, a);
    if (!td_node_is(n, "AddV2") && !td_node_is(n, "Add")) return read_scaled(u, e, a);
    if (!td_users_only(u, n)) return false;
    for (uint32_t i = 0; i < 2; i++)
        if (read_scaled(u, operand(n, i), a)) {
            a->mask = operand(n, 1 - i);
            return a->mask.node->out_type[a->mask.index] == TD_F32;
        }
    return false;
}

/* Does the result have four dims? The last transpose takes no others; a mask could bring more. */
static bool has_four_dims(const attention *a)
{
    const td_tensor *const mask = a->mask.node ? td_edge_const(&a->mask) : NULL;

    return a->joins_heads || !a->mask.node || (mask && mask->shape.rank <= 4);
}

/* Is e softmax of what becomes of scores? */
static bool read_softmax(const td_users *u, td_edge e, attention *a)
{
    const td_node *const softmax = e.node;

    return td_node_is(softmax, "Softmax") && !softmax->n_ctrl && td_users_only(u, softmax) &&
           read_logits(u, operand(softmax, 0), a);
}

/* Those, or 0 where they were not kept. */
static bool read_probs(const td_users *u, td_edge e, attention *a)
{
    const td_node *const n = e.node;
    double zero;

    a->selects = a->clears = false;
    if (!td_node_is(n, "SelectV2")) return read_softmax(u, e, a);
    const td_edge other = operand(n, 2);

    if (n->n_ctrl || !td_users_only(u, n) || !td_edge_scalar(&other, &zero) || zero != 0) return false;
    if (!read_softmax(u, operand(n, 1), a) || !a->selects) return false;
    a->clears = true;
    return td_edge_same(a->mask, operand(n, 0));
}

static bool read_labelled(const td_users *u, td_node *n, attention *a)
{
    if (!is_einsum(n, "BNTS,BSNH->BTNH")) return false;
    a->by_label = a->joins_heads = true;
    a->v = operand(n, 1);
    a->last = n;
    return read_probs(u, operand(n, 0), a);
}

static bool read_attention(const td_users *u, td_node *n, attention *a)
{
    td_edge same;

    if (read_labelled(u, n, a)) return true;
    a->by_label = false;
    if (!is_product(n) || td_node_attr_true(n, "adj_x") || td_node_attr_true(n, "adj_y") || n->n_ctrl)
        return false;
    if (!read_transpose(operand(n, 1), by_head, &a->v) || !read_probs(u, operand(n, 0), a)) return false;
    td_node *const next = td_users_only(u, n);
    a->joins_heads = next && read_transpose((td_edge){ .node = next }, by_head, &same);
    a->last = a->joins_heads ? next : n;
    return has_four_dims(a);
}

static td_status make_node(td_pass *p, td_graph *g, const attention *a, td_node **out)
{
    const td_edge in[] = { a->q, a->k, a->v, a->mask };
    const uint32_t n_masks = a->mask.node && !a->selects, n_keeps = a->selects;
    const td_attr attrs[] = {
        { "T", { .kind = TD_ATTR_TYPE, .u.type = TD_F32 } },
        { "num_masks", { .kind = TD_ATTR_INT, .u.i = n_masks } },
        { "scale", { .kind = TD_ATTR_FLOAT, .u.f = (float)a->scale } },
        { "joins_heads", { .kind = TD_ATTR_BOOL, .u.b = a->joins_heads } },
        { "by_label", { .kind = TD_ATTR_BOOL, .u.b = a->by_label } },
        { "num_keeps", { .kind = TD_ATTR_INT, .u.i = n_keeps } },
        { "fill", { .kind = TD_ATTR_FLOAT, .u.f = (float)a->fill } },
        { "clears", { .kind = TD_ATTR_BOOL, .u.b = a->clears } },
    };

    return td_pass_node(p, g, a->product->name, "_FusedAttention", in, 3 + n_masks + n_keeps, attrs,
                        TD_COUNT(attrs), out);
}

static td_status fuse_all(td_pass *p, td_graph *g, const td_users *u, bool *changed)
{
    const size_t n = g->n_nodes;

    for (size_t i = 0; i < n; i++) {
        attention a = { 0 };
        td_node *made;

        if (!read_attention(u, g->nodes[i], &a)) continue;
        TD_TRY(make_node(p, g, &a, &made));
        td_pass_replace(g, (td_edge){ .node = a.last }, (td_edge){ .node = made });
        *changed = true;
    }
    return NULL;
}

td_status td_fuse_attention(td_pass *p, td_graph *g, bool *changed)
{
    td_users users = td_users_make(g);
    const td_status s = fuse_all(p, g, &users, changed);

    td_users_free(&users);
    return s;
}
