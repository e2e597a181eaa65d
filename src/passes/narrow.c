/* SPDX-License-Identifier: Apache-2.0 */
/* narrow.c -- values between convolutions and products in bfloat16 become bfloat16 themselves: half the memory to write and to
 * read, and nothing left to round.
 *
 * A value is narrow if its producer can write it so and all its users can read it so. Ops that compute read and write either
 * type, each on its own, and become _Mixed ones; ops that only move elements are of one type, so that both their sides
 * are narrow or neither. Whatever a caller sees, and whatever another op reads, stays float.
 */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "ops/signature.h"
#include "passes/pass.h"

enum { LEAST_WEIGHTS = 1 << 9, LEAST_SIDE = 32, LEAST_MATRIX = 1 << 14 };

typedef struct role {
    const char *op;
    const char *mixed;              /* NULL: it moves elements, whose type is attribute T */
    bool (*fits)(const td_node *n); /* NULL: always */
    const char *types[3]; /* mixed: the attributes of the first inputs' types, which it may read narrow */
    bool has_args;        /* mixed: Targs are the types of inputs from 2 on */
    bool moves_all;       /* of every input but the last; else of input 0 */
} role;

static const td_tensor *weights_of(const td_node *n)
{
    const td_tensor *const w = td_edge_const(&n->in[1]);

    return w && w->dtype == TD_F32 ? w : NULL;
}

static bool is_large_filter(const td_node *n)
{
    const td_tensor *const w = weights_of(n);
    const td_attr_value *const format = td_node_attr(n, "data_format");

    return w && td_shape_count(&w->shape) >= LEAST_WEIGHTS && format && td_string_is(format->u.s, "NHWC");
}

static bool is_filter(const td_node *n)
{
    const td_attr_value *const format = td_node_attr(n, "data_format");

    return weights_of(n) && format && td_string_is(format->u.s, "NHWC");
}

/* td_product_is_large(). */
static bool is_large_matrix(const td_node *n)
{
    const td_tensor *const w = weights_of(n);

    return w && w->shape.rank == 2 && w->shape.dims[0] >= LEAST_SIDE && w->shape.dims[1] >= LEAST_SIDE &&
           td_shape_count(&w->shape) >= LEAST_MATRIX;
}

/* Its elements are read here and there: half of them fit where all would not. */
static bool is_table(const td_node *n)
{
    const td_tensor *const t = td_edge_const(&n->in[0]);

    return t && t->dtype == TD_F32 && t->data && td_shape_count(&t->shape) >= LEAST_MATRIX;
}

static const role roles[] = {
    { "Conv2D", "_MixedConv2D", is_large_filter, { "Tin" }, true, false },
    { "_FusedConv2D", "_MixedConv2D", is_large_filter, { "Tin" }, true, false },
    { "DepthwiseConv2dNative", "_MixedDepthwiseConv2dNative", is_filter, { "Tin" }, true, false },
    { "_FusedDepthwiseConv2dNative", "_MixedDepthwiseConv2dNative", is_filter, { "Tin" }, true, false },
    { "MatMul", "_MixedMatMul", is_large_matrix, { "Ta" }, true, false },
    { "BatchMatMulV2", "_MixedMatMul", is_large_matrix, { "Ta" }, true, false },
    { "_FusedMatMul", "_MixedMatMul", is_large_matrix, { "Ta" }, true, false },
    { "_FusedAttention", "_MixedAttention", NULL, { "Tqueries", "Tkeys", "Tvalues" }, false, false },
    { "_FusedLayerNorm",
      "_MixedLayerNorm",
      NULL,
      { 0 },
      false,
      false }, /* of floats: what it reads are sums */
    { .op = "GatherV2", .mixed = "_MixedGather", .fits = is_table },
    { .op = "Identity" },
    { .op = "Reshape" },
    { .op = "Squeeze" },
    { .op = "ExpandDims" },
    { .op = "Transpose" },
    { .op = "Pad" },
    { .op = "ConcatV2", .moves_all = true },
};

static const role *role_of(const td_node *n)
{
    if (n->n_out != 1 || n->out_type[0] != TD_F32) return NULL;
    for (size_t i = 0; i < TD_COUNT(roles); i++)
        if (td_node_is(n, roles[i].op)) return !roles[i].fits || roles[i].fits(n) ? &roles[i] : NULL;
    return NULL;
}

/* The input that is the residual of fused ops; 0: there is none. */
static uint32_t residual_of(const td_node *n)
{
    const td_attr_value *const ops = td_node_attr(n, "fused_ops");
    uint32_t at = 2;

    for (size_t i = 0; ops && i < ops->u.list.count && at < n->n_in; i++, at++)
        if (td_string_is(ops->u.list.items[i].u.s, "Add")) return at;
    return 0;
}

/* May input k of n be narrow, for all that n's op knows? */
static bool reads(const td_node *n, const role *r, uint32_t k)
{
    if (!r) return false;
    if (r->mixed) return (k < TD_COUNT(r->types) && r->types[k]) || (r->has_args && k && k == residual_of(n));
    return r->moves_all ? k + 1 < n->n_in : k == 0;
}

typedef struct narrowing {
    td_pass *p;
    td_graph *g;
    const role **roles; /* by node->id */
    bool *is_narrow;    /* output 0 */
} narrowing;

static bool is_narrow(const narrowing *w, const td_edge *e)
{
    return e->index == 0 && w->is_narrow[e->node->id];
}

/* Of ops that move: if one side is wide, all are. */
static bool settle_mover(narrowing *w, const td_node *n)
{
    const role *const r = w->roles[n->id];
    bool all = w->is_narrow[n->id], any = all, changed = false;

    for (uint32_t k = 0; k < n->n_in; k++)
        if (reads(n, r, k)) {
            all = all && is_narrow(w, &n->in[k]);
            any = any || is_narrow(w, &n->in[k]);
        }
    if (all || !any) return false;
    changed = w->is_narrow[n->id];
    w->is_narrow[n->id] = false;
    for (uint32_t k = 0; k < n->n_in; k++)
        if (reads(n, r, k) && is_narrow(w, &n->in[k])) {
            w->is_narrow[n->in[k].node->id] = false;
            changed = true;
        }
    return changed;
}

static void decide(narrowing *w)
{
    td_graph *const g = w->g;

    for (size_t i = 0; i < g->n_nodes; i++) {
        w->roles[i] = role_of(g->nodes[i]);
        w->is_narrow[i] = w->roles[i] != NULL;
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            if (!reads(g->nodes[i], w->roles[i], k)) w->is_narrow[g->nodes[i]->in[k].node->id] = false;
    for (size_t i = 0; i < g->n_rets; i++)
        w->is_narrow[g->rets[i].node->id] = false;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < g->n_nodes; i++)
            if (w->roles[i] && !w->roles[i]->mixed && settle_mover(w, g->nodes[i])) changed = true;
    }
}

/* ---------------------------------------------------------------- the new types */

static td_attr_value type_value(bool is_bf16)
{
    return (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = is_bf16 ? TD_BF16 : TD_F32 };
}

static td_attr_value args_value(const narrowing *w, const td_node *n)
{
    const size_t count = n->n_in - 2;
    td_attr_value *const items = TD_ARENA_NEW_N(w->p->arena, td_attr_value, count + 1);

    for (size_t i = 0; i < count; i++)
        items[i] = type_value(is_narrow(w, &n->in[2 + i]));
    return (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, count } };
}

static void rename_attr(td_node *n, const char *from, const char *to)
{
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (strcmp(n->attrs[i].name, from) == 0) n->attrs[i].name = to;
}

static td_status mix(const narrowing *w, td_node *n, const role *r)
{
    n->op_name = r->mixed;
    rename_attr(n, "adj_x", "transpose_a");
    rename_attr(n, "adj_y", "transpose_b");
    for (uint32_t k = 0; k < TD_COUNT(r->types) && r->types[k]; k++)
        td_node_add_attr(w->g, n, r->types[k], type_value(is_narrow(w, &n->in[k])));
    if (r->has_args) td_node_add_attr(w->g, n, "Targs", args_value(w, n));
    td_node_add_attr(w->g, n, "Tout", type_value(w->is_narrow[n->id]));
    return td_node_bind(n, w->p->arena);
}

static bool touches_narrow(const narrowing *w, const td_node *n)
{
    bool any = w->is_narrow[n->id];

    for (uint32_t k = 0; k < n->n_in; k++)
        any = any || is_narrow(w, &n->in[k]);
    return any;
}

static td_status apply(const narrowing *w)
{
    for (size_t i = 0; i < w->g->n_nodes; i++) {
        td_node *const n = w->g->nodes[i];
        const role *const r = w->roles[i];

        if (!r || !touches_narrow(w, n)) continue;
        if (r->mixed) {
            TD_TRY(mix(w, n, r));
            continue;
        }
        td_node_add_attr(w->g, n, "T", type_value(true));
        TD_TRY(td_node_bind(n, w->p->arena));
    }
    return NULL;
}

td_status td_pass_narrow(td_pass *p, td_graph *g)
{
    if (!p->env->is_bf16 || !td_env_does(p->env, TD_PASS_narrow)) return NULL;
    td_graph_number(g);
    narrowing w = { p, g, TD_NEW_N(const role *, g->n_nodes + 1), TD_NEW_N(bool, g->n_nodes + 1) };

    decide(&w);
    const td_status s = apply(&w);
    td_free(w.roles);
    td_free(w.is_narrow);
    return s;
}
