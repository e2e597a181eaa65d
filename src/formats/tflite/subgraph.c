/* SPDX-License-Identifier: Apache-2.0 */
/* subgraph.c -- subgraphs that operators call: each becomes a function, once, named after its number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "formats/tflite/lower.h"

enum { DEEPEST = 64, CALL_ONCE = 129, IF = 118, WHILE = 119 };

static const char prefix[] = "subgraph ";

size_t td_tfl_callees(int32_t code)
{
    return code == IF || code == WHILE ? 2 : code == CALL_ONCE ? 1 : 0;
}

static td_status enter(td_tfl *l, size_t index)
{
    if (++l->depth <= DEEPEST) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: subgraph %zu is called %d deep", l->file, index, l->depth);
}

td_status td_tfl_graph_check(td_tfl *l, td_tfl_graph *g, size_t index)
{
    td_flat_table subgraph;

    if (g->is_checked) return NULL;
    g->is_checked = true;
    if (!td_flat_table_at(&l->subgraphs, index, &subgraph))
        return TD_ERR(DATA_LOSS, "%s: damaged SubGraph", l->file);
    TD_TRY(td_tfl_tensors_read(l, &subgraph, g));
    TD_TRY(enter(l, index));
    TD_TRY(td_tfl_missing_find(l, g));
    l->depth--;
    return NULL;
}

static td_status tensor_at(const td_tfl *l, const td_tfl_graph *g, const td_flat_vector *list, size_t i,
                           td_tfl_tensor **out)
{
    const uint32_t index = td_flat_u32_at(list, i);

    if (index >= g->n_tensors) return TD_ERR(INVALID_ARGUMENT, "%s: there is no tensor %u", l->file, index);
    *out = &g->tensors[index];
    return NULL;
}

static td_status add_args(td_tfl *l, td_tfl_graph *g)
{
    l->g->args = TD_ARENA_NEW_N(l->arena, td_node *, g->inputs.n);
    for (size_t i = 0; i < g->inputs.n; i++) {
        td_tfl_tensor *t;

        TD_TRY(tensor_at(l, g, &g->inputs, i, &t));
        if (t->data || t->value.node)
            return TD_ERR(INVALID_ARGUMENT, "%s: argument '%s' has a value already", l->file, t->name);
        TD_TRY(td_budget_take(l->budget, TD_BUDGET_NODES, 1, t->name));
        td_node *const node = td_graph_add(l->g, td_tfl_name(l, t->name), "_Arg", 0, 2);

        td_node_add_attr(l->g, node, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t->dtype });
        td_node_add_attr(l->g, node, "index", (td_attr_value){ .kind = TD_ATTR_INT, .u.i = (int64_t)i });
        t->value = (td_edge){ node, 0, NULL };
        l->g->args[l->g->n_args++] = node;
    }
    return NULL;
}

static td_status add_rets(td_tfl *l, td_tfl_graph *g, bool is_condition)
{
    l->g->rets = TD_ARENA_NEW_N(l->arena, td_edge, g->outputs.n);
    for (size_t i = 0; i < g->outputs.n; i++) {
        td_tfl_tensor *t;

        TD_TRY(tensor_at(l, g, &g->outputs, i, &t));
        if (!t->value.node && t->data) {
            td_tensor *const c = TD_ARENA_NEW(l->arena, td_tensor);

            TD_TRY(td_tfl_constant(l, t, c));
            t->value = td_tfl_constant_value(l, t->name, c);
        }
        if (!t->value.node)
            return TD_ERR(INVALID_ARGUMENT, "%s: nothing makes result '%s'", l->file, t->name);
        td_edge value = t->value;

        if (is_condition && t->shape.rank != 0) {
            td_node *const n = td_graph_add(l->g, td_tfl_name(l, t->name), "Squeeze", 1, 1);

            n->in[0] = value;
            td_node_add_attr(l->g, n, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t->dtype });
            value = (td_edge){ n, 0, NULL };
        }
        l->g->rets[l->g->n_rets++] = value;
    }
    if (!g->last_state) return NULL;
    l->g->ctrl_rets = TD_ARENA_NEW_N(l->arena, td_node *, 1);
    l->g->ctrl_rets[l->g->n_ctrl_rets++] = g->last_state;
    return NULL;
}

static td_status lower_body(td_tfl *l, td_tfl_graph *g, bool is_condition)
{
    TD_TRY(add_args(l, g));
    TD_TRY(td_tfl_operators_lower(l, g));
    return add_rets(l, g, is_condition);
}

static td_status lower_function(td_tfl *l, size_t index, bool is_condition)
{
    td_tfl_graph *const g = &l->functions[index];
    td_graph *const caller = l->g;

    if (g->is_open) return TD_ERR(INVALID_ARGUMENT, "subgraph %zu calls itself", index);
    if (g->body) return NULL;
    TD_TRY(enter(l, index));
    g->is_open = true;
    g->body = l->g = td_graph_make(l->arena, td_arena_format(l->arena, "%s%zu", prefix, index));
    const td_status error = lower_body(l, g, is_condition);

    l->g = caller;
    g->is_open = false;
    l->depth--;
    return error;
}

const td_tfl_graph *td_tfl_call(td_tfl_op *o, int32_t index, bool is_condition, const char **name)
{
    const size_t i = (size_t)index; /* one that was checked */
    td_status error = lower_function(o->l, i, is_condition);

    if (!error && is_condition && o->l->functions[i].outputs.n != 1)
        error = TD_ERR(INVALID_ARGUMENT, "condition %zu has %zu results", i, o->l->functions[i].outputs.n);
    if (error) {
        td_tfl_fail(o, error);
        return NULL;
    }
    *name = o->l->functions[i].body->name;
    return &o->l->functions[i];
}

void td_tfl_run_once(td_tfl_op *o, int32_t index)
{
    td_tfl *const l = o->l;
    td_tfl_graph *const g = &l->functions[index];

    if (*l->g->name || g->inputs.n || g->body)
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "subgraph %d is no beginning of the main graph", (int)index));
    if (o->trouble || g->is_read) return;
    g->is_read = true;
    if (!l->once) l->once = td_graph_add(l->g, td_tfl_name(l, "call_once"), "NoOp", 0, 0);
    const td_status error = td_tfl_operators_lower(l, g);

    if (error) td_tfl_fail(o, error);
    if (g->last_state) td_node_add_ctrl(l->g, l->once, g->last_state);
}

void td_tfl_add_state(td_tfl_op *o, td_node *n)
{
    if (o->graph->last_state) td_node_add_ctrl(o->l->g, n, o->graph->last_state);
    o->graph->last_state = n;
}

td_status td_tfl_function_copy(const td_tfl_graph *functions, size_t n, const char *name, td_arena *arena,
                               td_graph **out)
{
    const bool is_one = !strncmp(name, prefix, sizeof prefix - 1);
    const size_t i = is_one ? (size_t)strtoul(name + sizeof prefix - 1, NULL, 10) : n;

    if (i >= n || !functions[i].body || strcmp(functions[i].body->name, name) != 0)
        return TD_ERR(NOT_FOUND, "function %s is not there", name);
    *out = td_graph_copy(functions[i].body, arena);
    return NULL;
}
