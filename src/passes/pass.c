/* SPDX-License-Identifier: Apache-2.0 */
/* pass.c -- tools that passes share. */
#include "passes/pass.h"

#include <string.h>

#include "base/mem.h"
#include "ops/signature.h"

void td_pass_fini(td_pass *p)
{
    for (size_t i = 0; i < p->n_owned; i++)
        td_tensor_unref(&p->owned[i]);
    td_free(p->owned);
    td_map_fini(&p->missing_set);
    td_map_fini(&p->all_missing_set);
    td_strbuf_fini(&p->missing);
    td_strbuf_fini(&p->all_missing);
    td_free(p->lost);
    td_map_fini(&p->unset_set);
    td_map_fini(&p->functions);
    td_strbuf_fini(&p->unset);
    td_pass_forget_bodies(p);
}

void td_pass_forget_bodies(td_pass *p)
{
    const char *key;
    void *region;

    for (size_t i = 0; td_map_next(&p->bodies, &i, &key, &region);)
        ((td_region *)region)->unref(region);
    td_map_fini(&p->bodies);
}

void td_pass_note_unset(td_pass *p, const char *name)
{
    enum { TOLD = 5 };

    if (td_map_has(&p->unset_set, name)) return;
    (void)td_map_put(&p->unset_set, td_arena_strdup(p->arena, name), NULL);
    if (p->n_unset < TOLD)
        td_strbuf_printf(&p->unset, "%s%s", p->n_unset ? ", " : "", name);
    else if (p->n_unset == TOLD)
        td_strbuf_printf(&p->unset, " and more");
    p->n_unset++;
}

void td_pass_own(td_pass *p, td_tensor t)
{
    if (p->n_owned == p->cap_owned) {
        p->cap_owned = p->cap_owned ? 2 * p->cap_owned : 64;
        p->owned = td_realloc(p->owned, p->cap_owned * sizeof *p->owned);
    }
    p->owned[p->n_owned++] = t;
}

td_node *td_pass_const(td_pass *p, td_graph *g, const char *name, td_tensor t)
{
    if (t.buffer) td_pass_own(p, t);
    return td_pass_const_of(p, g, name, t);
}

td_node *td_pass_const_of(td_pass *p, td_graph *g, const char *name, td_tensor t)
{
    td_node *const n = td_graph_add(g, name, "Const", 0, 2);
    td_tensor *const value = TD_ARENA_NEW(p->arena, td_tensor);
    td_dtype *const type = TD_ARENA_NEW(p->arena, td_dtype);

    *value = t;
    *type = t.dtype;
    td_node_add_attr(g, n, "value", (td_attr_value){ .kind = TD_ATTR_TENSOR, .u.tensor = value });
    td_node_add_attr(g, n, "dtype", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t.dtype });
    n->op = td_op_find("Const");
    n->n_out = 1;
    n->out_type = type;
    return n;
}

bool td_node_is(const td_node *n, const char *op_name)
{
    return strcmp(n->op_name, op_name) == 0;
}

const td_tensor *td_node_const(const td_node *n)
{
    if (!td_node_is(n, "Const")) return NULL;
    const td_attr_value *const v = td_node_attr(n, "value");

    return v && v->kind == TD_ATTR_TENSOR ? v->u.tensor : NULL;
}

const td_tensor *td_edge_const(const td_edge *e)
{
    return e->node->n_ctrl ? NULL : td_node_const(e->node);
}

td_status td_pass_node(td_pass *p, td_graph *g, const char *name, const char *op_name, const td_edge *in,
                       uint32_t n_in, const td_attr *attrs, uint32_t n_attrs, td_node **out)
{
    td_node *const n = td_graph_add(g, name, op_name, n_in, n_attrs);

    for (uint32_t i = 0; i < n_in; i++)
        n->in[i] = in[i];
    for (uint32_t i = 0; i < n_attrs; i++)
        td_node_add_attr(g, n, attrs[i].name, attrs[i].value);
    TD_TRY(td_node_bind(n, p->arena));
    *out = n;
    return NULL;
}

bool td_edge_same(td_edge a, td_edge b)
{
    return a.node == b.node && a.index == b.index;
}

void td_pass_replace(td_graph *g, td_edge from, td_edge to)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++) {
            td_edge *const e = &g->nodes[i]->in[k];

            if (td_edge_same(*e, from)) *e = to;
        }
    for (size_t i = 0; i < g->n_rets; i++)
        if (td_edge_same(g->rets[i], from)) g->rets[i] = to;
}

td_status td_pass_prune(td_pass *p, td_graph *g)
{
    const size_t n = g->n_args + g->n_rets + g->n_ctrl_rets;
    td_node **const roots = TD_ARENA_NEW_N(p->arena, td_node *, n);
    size_t k = 0;

    for (size_t i = 0; i < g->n_args; i++)
        roots[k++] = g->args[i];
    for (size_t i = 0; i < g->n_rets; i++)
        roots[k++] = g->rets[i].node;
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        roots[k++] = g->ctrl_rets[i];
    return td_graph_sort(g, roots, n);
}
