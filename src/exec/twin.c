/* SPDX-License-Identifier: Apache-2.0 */
/* twin.c -- compares the graphs of two signatures, from what they return down to their arguments.
 *
 * Nodes without inputs (variables, constants) are the same if they are one node of the file. What was named twice is a call
 * or an op that keeps nothing: same op, same attributes, same inputs. Each signature has a function of its own around the
 * one that does the work, so bodies are compared, too, where functions' names differ. */
#include "exec/twin.h"

#include <string.h>

#include "ops/op.h"

enum { MOST_LOOKS = 20000, MOST_DEPTH = 32, MOST_NESTED = 2 };

typedef struct pair {
    td_pass *pass;
    const td_graph *a, *b;
    int looks;  /* a graph can reach its nodes by more ways than it has nodes */
    int nested; /* 0: graphs of one file; more: bodies of functions */
} pair;

static bool is_same_graph(pair *p);

/* ---------------------------------------------------------------- attributes */

static bool is_same_function(const pair *p, const char *a, const char *b)
{
    pair bodies = { .pass = p->pass, .looks = p->looks, .nested = p->nested + 1 };

    if (strcmp(a, b) == 0) return true;
    if (bodies.nested > MOST_NESTED) return false;
    td_status s = td_pass_look_at_body(p->pass, a, &bodies.a);
    if (!s) s = td_pass_look_at_body(p->pass, b, &bodies.b);
    const bool is_there = !s;
    td_status_free(s); /* who calls it will hear */
    return is_there && is_same_graph(&bodies);
}

static bool is_same_value(const pair *p, const td_attr_value *a, const td_attr_value *b, int depth)
{
    if (a->kind != b->kind || depth == 0) return false;
    switch (a->kind) {
    case TD_ATTR_NONE:
        return true;
    case TD_ATTR_STRING:
        return a->u.s.size == b->u.s.size && memcmp(a->u.s.data, b->u.s.data, a->u.s.size) == 0;
    case TD_ATTR_INT:
        return a->u.i == b->u.i;
    case TD_ATTR_FLOAT:
        return memcmp(&a->u.f, &b->u.f, sizeof a->u.f) == 0;
    case TD_ATTR_BOOL:
        return a->u.b == b->u.b;
    case TD_ATTR_TYPE:
        return a->u.type == b->u.type;
    case TD_ATTR_SHAPE:
        return td_shape_equal(a->u.shape, b->u.shape);
    case TD_ATTR_TENSOR:
        return a->u.tensor == b->u.tensor;
    case TD_ATTR_FUNC:
        return is_same_function(p, a->u.func, b->u.func);
    case TD_ATTR_LIST:
        break;
    }
    if (a->u.list.count != b->u.list.count) return false;
    for (size_t i = 0; i < a->u.list.count; i++)
        if (!is_same_value(p, &a->u.list.items[i], &b->u.list.items[i], depth - 1)) return false;
    return true;
}

static bool has_same_attrs(const pair *p, const td_node *a, const td_node *b)
{
    if (a->n_attrs != b->n_attrs) return false;
    for (uint32_t i = 0; i < a->n_attrs; i++) {
        const td_attr_value *const other = td_node_attr(b, a->attrs[i].name);

        if (!other || !is_same_value(p, &a->attrs[i].value, other, MOST_DEPTH)) return false;
    }
    return true;
}

/* ---------------------------------------------------------------- nodes */

/* Its place among the arguments; n_args: it is none. */
static size_t arg_number(const td_graph *g, const td_node *n)
{
    size_t i = 0;

    while (i < g->n_args && g->args[i] != n)
        i++;
    return i;
}

/* Two of them with the same inputs give the same; what takes and gives nothing only says in which order. */
static bool may_differ_in_name(const td_node *n)
{
    const td_op *const op = td_op_find(n->op_name);

    if (!op) return false;
    return !op->sig[0] || (n->n_in && ((op->flags & TD_OP_CALL) || !(op->flags & TD_OP_STATEFUL)));
}

static bool is_same_edge(pair *p, const td_edge *a, const td_edge *b, int depth);

static bool is_one_node(const pair *p, const td_node *a, const td_node *b)
{
    return p->nested == 0 && strcmp(a->name, b->name) == 0;
}

static bool is_same_node(pair *p, const td_node *a, const td_node *b, int depth)
{
    const size_t arg = arg_number(p->a, a);

    if (++p->looks > MOST_LOOKS || depth == 0) return false;
    if (arg != arg_number(p->b, b)) return false;
    if (arg < p->a->n_args) return true;
    if (a->n_in != b->n_in || a->n_ctrl != b->n_ctrl || strcmp(a->op_name, b->op_name) != 0) return false;
    if (!is_one_node(p, a, b) && !(may_differ_in_name(a) && has_same_attrs(p, a, b))) return false;
    for (uint32_t i = 0; i < a->n_in; i++)
        if (!is_same_edge(p, &a->in[i], &b->in[i], depth - 1)) return false;
    for (uint32_t i = 0; i < a->n_ctrl; i++)
        if (!is_same_node(p, a->ctrl[i], b->ctrl[i], depth - 1)) return false;
    return true;
}

static bool is_same_port(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_edge(pair *p, const td_edge *a, const td_edge *b, int depth)
{
    return a->index == b->index && is_same_port(a->port, b->port) && is_same_node(p, a->node, b->node, depth);
}

static bool is_same_graph(pair *p)
{
    const td_graph *const a = p->a, *const b = p->b;

    if (a->n_args != b->n_args || a->n_rets != b->n_rets || a->n_ctrl_rets != b->n_ctrl_rets) return false;
    for (size_t i = 0; i < a->n_rets; i++)
        if (!is_same_edge(p, &a->rets[i], &b->rets[i], MOST_DEPTH)) return false;
    for (size_t i = 0; i < a->n_ctrl_rets; i++)
        if (!is_same_node(p, a->ctrl_rets[i], b->ctrl_rets[i], MOST_DEPTH)) return false;
    return true;
}

/* ---------------------------------------------------------------- signatures */

/* Those that are fed by one and the same tensor are joined where they can be (joint.h), and stay apart. */
static bool has_same_infos(const td_tensor_info *a, const td_tensor_info *b, size_t n, bool is_input)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i].dtype != b[i].dtype || !td_shape_equal(&a[i].shape, &b[i].shape)) return false;
        if (is_input && (a[i].default_value || b[i].default_value || strcmp(a[i].tensor, b[i].tensor) == 0))
            return false;
    }
    return true;
}

static bool is_twin(td_session *s, size_t i, size_t k)
{
    const td_signature *const a = &s->signatures[i], *const b = &s->signatures[k];
    pair p = { .pass = &s->pass, .a = s->entries[i].graph, .b = s->entries[k].graph };

    if (!p.a || !p.b || !a->n_inputs || a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs)
        return false;
    if (!has_same_infos(a->inputs, b->inputs, a->n_inputs, true)) return false;
    if (!has_same_infos(a->outputs, b->outputs, a->n_outputs, false)) return false;
    return is_same_graph(&p);
}

static void look_for_twins_of(td_session *s, size_t lead)
{
    for (size_t i = 0; i < s->n_signatures; i++) {
        if (i == lead || s->entries[i].twin || !is_twin(s, lead, i)) continue;
        s->entries[i].twin = &s->entries[lead];
        s->entries[i].graph = NULL; /* its arena is the model's */
    }
}

/* Errors name the nodes of the one that leads: the default one's, if it is among them. */
void td_twins_find(td_session *s)
{
    for (size_t i = 0; i < s->n_signatures; i++)
        if (strcmp(s->signatures[i].name, "serving_default") == 0) look_for_twins_of(s, i);
    for (size_t i = 0; i < s->n_signatures; i++)
        if (!s->entries[i].twin) look_for_twins_of(s, i);
}
