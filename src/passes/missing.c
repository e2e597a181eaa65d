/* SPDX-License-Identifier: Apache-2.0 */
/* missing.c -- ops that tensord lacks.
 *
 * Real graphs hold many where no answer needs them: in the untaken branch of a constant condition, in what is
 * only for training. So a node of an unknown op is bound to a declaration that says nothing, one output of no
 * type, and passes treat it like any other; only what is left when they are done is asked for.
 */
#include "base/mem.h"
#include "passes/pass.h"

static const td_op missing_op = { .name = "_Missing", .sig = "" };

bool td_node_is_missing(const td_node *n)
{
    return n->op == &missing_op;
}

void td_node_set_missing(td_node *n, td_arena *arena)
{
    n->op = &missing_op;
    n->n_out = 1;
    n->out_type = TD_ARENA_NEW(arena, td_dtype);
}

static void list(td_map *set, td_strbuf *text, const td_node *n)
{
    if (td_map_has(set, n->op_name)) return;
    (void)td_map_put(set, n->op_name, NULL);
    td_strbuf_printf(text, "%s%s (node %s)", text->size ? ", " : "", n->op_name, n->name);
}

static void note(td_pass *p, const td_node *n)
{
    list(&p->missing_set, &p->missing, n);
    list(&p->all_missing_set, &p->all_missing, n);
}

bool td_pass_note_missing(td_pass *p, const td_graph *g)
{
    bool any = false;

    for (size_t i = 0; i < g->n_nodes; i++) {
        if (!td_node_is_missing(g->nodes[i])) continue;
        note(p, g->nodes[i]);
        any = true;
    }
    return any;
}

td_status td_pass_missing(td_pass *p)
{
    td_status s = NULL;

    if (p->missing.size)
        s = TD_ERR(UNIMPLEMENTED, "Op type not registered in tensord: %s", td_strbuf_text(&p->missing));
    td_map_fini(&p->missing_set);
    td_map_init(&p->missing_set);
    td_strbuf_fini(&p->missing);
    return s;
}
