/* SPDX-License-Identifier: Apache-2.0 */
/* settle.c -- folding, choosing and inlining by turns: a constant makes a choice, a choice brings a body, a
 * body brings constants. */
#include "passes/pass.h"

/* As deep as regions may nest. A branch that calls itself with a constant condition goes deeper. */
enum { MAX_ROUNDS = 64 };

static bool has_choice(const td_graph *g)
{
    static const char *const ops[] = { "If", "StatelessIf", "Case", "StatelessCase", "Switch" };

    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; k < TD_COUNT(ops); k++)
            if (td_node_is(g->nodes[i], ops[k])) return true;
    return false;
}

static td_status fold(td_pass *p, td_graph *g, bool serve)
{
    TD_TRY(td_pass_prune(p, g));
    if (serve && td_env_does(p->env, TD_PASS_freeze)) {
        TD_TRY(td_pass_freeze(p, g));
        TD_TRY(td_pass_prune(p, g));
    }
    td_pass_relax(g);
    if (!td_env_does(p->env, TD_PASS_fold)) return NULL;
    TD_TRY(td_pass_fold(p, g));
    return td_pass_prune(p, g);
}

static td_status open_choices(td_pass *p, td_graph *g)
{
    TD_TRY(td_pass_inline(p, g));
    TD_TRY(td_pass_deref(p, g));
    return td_pass_gate(p, g);
}

td_status td_pass_settle(td_pass *p, td_graph *g, bool serve)
{
    if (!serve && !has_choice(g)) return td_pass_prune(p, g);
    for (int round = 0; round < MAX_ROUNDS; round++) {
        bool changed = false;

        TD_TRY(fold(p, g, serve));
        if (!td_env_does(p->env, TD_PASS_choose)) return NULL;
        TD_TRY(td_pass_choose(p, g, &changed));
        TD_TRY(td_pass_unswitch(p, g, &changed));
        if (!changed) return NULL;
        TD_TRY(open_choices(p, g));
    }
    return TD_ERR(INVALID_ARGUMENT, "%s%scontrol flow nests deeper than %d", g->name, *g->name ? ": " : "",
                  MAX_ROUNDS);
}
