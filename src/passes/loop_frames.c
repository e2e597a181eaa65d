/* SPDX-License-Identifier: Apache-2.0 */
/* loop_frames.c -- see loop_frames.h. */
#include "passes/loop_frames.h"

#include <string.h>

void td_loop_frames_put(td_pass *p, td_node *n, td_loop_frame *frame)
{
    td_loop_place *const in = TD_ARENA_NEW(p->arena, td_loop_place);

    in->frame = frame;
    n->mark = in;
}

/* ---------------------------------------------------------------- circles are cut open */

/* Which input of a Merge comes from a NextIteration; -1: none does. */
static int next_input(const td_node *n)
{
    for (uint32_t i = 0; td_node_is(n, "Merge") && i < n->n_in; i++)
        if (td_node_is(n->in[i].node, "NextIteration")) return (int)i;
    return -1;
}

static td_status cut_circle(td_pass *p, td_node *merge, td_loop_frames *f)
{
    const int i = next_input(merge);

    if (i < 0) return NULL;
    if (merge->n_in != 2 || !td_node_is(merge->in[1 - i].node, "Enter"))
        return TD_ERR(INVALID_ARGUMENT, "node %s: a loop's Merge needs an Enter and a NextIteration",
                      merge->name);
    td_loop_var *const var = TD_ARENA_NEW(p->arena, td_loop_var);

    var->merge = merge;
    var->enter = merge->in[1 - i].node;
    var->next = merge->in[i].node;
    td_loop_place_of(merge)->var = var;
    f->next[f->n_next++] = var->next;
    merge->in[i] = merge->in[1 - i];
    return NULL;
}

td_status td_loop_frames_sort(td_pass *p, td_graph *g, const td_loop_frames *f)
{
    td_node **const roots =
        TD_ARENA_NEW_N(p->arena, td_node *, g->n_args + g->n_rets + g->n_ctrl_rets + f->n_next);
    size_t n = 0;

    for (size_t i = 0; i < g->n_args; i++)
        roots[n++] = g->args[i];
    for (size_t i = 0; i < g->n_rets; i++)
        roots[n++] = g->rets[i].node;
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        roots[n++] = g->ctrl_rets[i];
    for (size_t i = 0; i < f->n_next; i++)
        roots[n++] = f->next[i];
    TD_TRY(td_graph_sort(g, roots, n));
    td_graph_number(g);
    return NULL;
}

/* ---------------------------------------------------------------- frames */

static td_loop_frame *frame_named(td_pass *p, td_loop_frames *f, td_loop_frame *parent, const td_node *enter)
{
    const td_string name = td_node_attr(enter, "frame_name")->u.s;
    td_loop_frame *x = f->first;

    for (; x; x = x->next_frame)
        if (x->parent == parent && td_string_is(name, x->name)) return x;
    x = TD_ARENA_NEW(p->arena, td_loop_frame);
    x->name = td_arena_strndup(p->arena, name.data ? name.data : "", name.size);
    x->parent = parent;
    x->depth = parent->depth + 1;
    x->next_frame = f->first;
    f->first = x;
    return x;
}

static bool is_within(const td_loop_frame *inner, const td_loop_frame *outer)
{
    while (inner && inner != outer)
        inner = inner->parent;
    return inner == outer;
}

/* Where a node runs: in the innermost frame that anything it needs comes from. */
static td_status place(const td_node *n, td_loop_frame *root, td_loop_frame **out)
{
    *out = root;
    for (uint32_t i = 0; i < n->n_in + n->n_ctrl; i++) {
        const td_node *const from = i < n->n_in ? n->in[i].node : n->ctrl[i - n->n_in];
        td_loop_frame *const frame = td_loop_place_of(from)->frame;

        if (is_within(*out, frame)) continue;
        if (!is_within(frame, *out))
            return TD_ERR(INVALID_ARGUMENT, "node %s needs values of two loops, %s and %s", n->name,
                          frame->name, (*out)->name);
        *out = frame;
    }
    return NULL;
}

static td_status add_var(td_node *merge, td_loop_frame *frame)
{
    td_loop_var *const var = td_loop_place_of(merge)->var;

    if (!var) return NULL; /* of a conditional */
    var->frame = frame;
    var->index = frame->n_vars++;
    var->next_var = frame->vars;
    frame->vars = var;
    return NULL;
}

/* n's inputs have their frames. */
static td_status find_frame(td_pass *p, td_node *n, td_loop_frames *f)
{
    td_loop_frame *frame;

    TD_TRY(place(n, &f->root, &frame));
    if (td_node_is(n, "Enter")) frame = frame_named(p, f, frame, n);
    if (td_node_is(n, "LoopCond")) {
        if (!frame->parent || frame->cond)
            return TD_ERR(INVALID_ARGUMENT, "node %s: %s", n->name,
                          frame->parent ? "its loop has another condition" : "the condition of no loop");
        frame->cond = n;
    }
    if (td_node_is(n, "Exit")) {
        if (!frame->parent) return TD_ERR(INVALID_ARGUMENT, "node %s: the exit of no loop", n->name);
        frame = frame->parent;
    }
    td_loop_place_of(n)->frame = frame;
    return td_node_is(n, "Merge") ? add_var(n, frame) : NULL;
}

td_status td_loop_frames_find(td_pass *p, td_graph *g, td_loop_frames *f)
{
    *f = (td_loop_frames){ .root = { .name = "" } };
    td_graph_drop_unneeded(g);
    f->next = TD_ARENA_NEW_N(p->arena, td_node *, g->n_nodes);
    for (size_t i = 0; i < g->n_nodes; i++)
        td_loop_frames_put(p, g->nodes[i], NULL);
    for (size_t i = 0; i < g->n_nodes; i++)
        TD_TRY(cut_circle(p, g->nodes[i], f));
    TD_TRY(td_loop_frames_sort(p, g, f));
    for (size_t i = 0; i < g->n_nodes; i++)
        TD_TRY(find_frame(p, g->nodes[i], f));
    return NULL;
}
