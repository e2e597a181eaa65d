/* SPDX-License-Identifier: Apache-2.0 */
/* sort.c -- topological order by depth-first search from the roots, with a stack of our own: how deep a chain
 * goes is the file's choice. */
#include <string.h>

#include "base/mem.h"
#include "graph/graph.h"

typedef struct frame {
    td_node *node;
    uint32_t next; /* of its inputs, then of its control inputs */
} frame;

enum { UNSEEN = 0, OPEN, DONE };

typedef struct search {
    td_graph *g;
    uint8_t *state; /* by node id */
    frame *stack;   /* a node is on it at most once, so n_nodes is room enough */
    size_t depth;
    td_node **order;
    size_t n_order;
} search;

static void push(search *s, td_node *node)
{
    s->state[node->id] = OPEN;
    s->stack[s->depth++] = (frame){ .node = node };
}

/* The next node that f's node needs, NULL when there is none left. */
static td_node *next_needed(frame *f)
{
    td_node *const node = f->node;

    while (f->next < node->n_in) {
        td_node *const in = node->in[f->next++].node;
        if (in) return in;
    }
    if (f->next - node->n_in < node->n_ctrl) return node->ctrl[f->next++ - node->n_in];
    return NULL;
}

static td_status visit(search *s, td_node *root)
{
    if (s->state[root->id] != UNSEEN) return NULL;
    push(s, root);
    while (s->depth) {
        frame *const f = &s->stack[s->depth - 1];
        td_node *const need = next_needed(f);
        if (!need) {
            s->state[f->node->id] = DONE;
            s->order[s->n_order++] = f->node;
            s->depth--;
            continue;
        }
        TD_ASSERT(need->id < s->g->n_nodes && s->g->nodes[need->id] == need);
        if (s->state[need->id] == OPEN)
            return TD_ERR(INVALID_ARGUMENT, "Graph is invalid, contains a cycle through node \"%s\"",
                          need->name);
        if (s->state[need->id] == UNSEEN) push(s, need);
    }
    return NULL;
}

td_status td_graph_sort(td_graph *g, td_node *const *roots, size_t n_roots)
{
    td_status status = NULL;
    search s = { .g = g };

    td_graph_number(g);
    s.state = TD_NEW_N(uint8_t, g->n_nodes);
    s.stack = TD_NEW_N(frame, g->n_nodes);
    s.order = TD_NEW_N(td_node *, g->n_nodes);
    for (size_t i = 0; i < n_roots && !status; i++)
        status = visit(&s, roots[i]);
    if (!status) {
        if (s.n_order) memcpy(g->nodes, s.order, s.n_order * sizeof *g->nodes);
        g->n_nodes = s.n_order;
        td_graph_number(g);
    }
    td_free(s.order);
    td_free(s.stack);
    td_free(s.state);
    return status;
}
