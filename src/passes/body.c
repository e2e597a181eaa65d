/* SPDX-License-Identifier: Apache-2.0 */
/* body.c -- bodies of library functions, as often as they are called.
 *
 * The first who asks gets the graph that was read; the second makes it be read once more, and kept: bound, and changed by
 * nobody. It and all others get copies of that one, which share names, attributes' values and constants with it.
 */
#include "base/budget.h"
#include "passes/pass.h"

typedef struct function {
    td_graph *kept; /* NULL: none */
    bool is_bound;  /* kept is resolved, to be copied; or it was only looked at so far */
    bool was_given;
} function;

static function *function_of(td_pass *p, const char *name)
{
    function *f = td_map_get(&p->functions, name);

    if (f) return f;
    f = TD_ARENA_NEW(p->arena, function);
    (void)td_map_put(&p->functions, td_arena_strdup(p->arena, name), f);
    return f;
}

void td_pass_add_body(td_pass *p, const char *name, td_graph *g)
{
    function *const f = function_of(p, name);

    f->kept = g;
    f->is_bound = true;
}

static td_status copy(td_pass *p, td_graph *g, td_graph **out)
{
    TD_TRY(td_budget_take(p->env ? p->env->budget : NULL, TD_BUDGET_NODES, g->n_nodes, g->name));
    *out = td_graph_copy(g, p->arena);
    return NULL;
}

td_status td_pass_look_at_body(td_pass *p, const char *name, const td_graph **out)
{
    function *const f = function_of(p, name);

    if (!f->kept) TD_TRY(p->library->lower(p->library, name, p->arena, &f->kept));
    *out = f->kept;
    return NULL;
}

td_status td_pass_body(td_pass *p, const char *name, td_graph **out)
{
    function *const f = function_of(p, name);
    td_graph *g = f->kept;

    if (g && f->is_bound) return copy(p, g, out);
    f->kept = NULL;
    if (!g) TD_TRY(p->library->lower(p->library, name, p->arena, &g));
    TD_TRY(td_status_prefix(td_pass_resolve(p, g), "in function %s: ", name));
    TD_TRY(td_status_prefix(td_pass_raise(p, g), "in function %s: ", name));
    if (f->was_given) {
        f->kept = g;
        f->is_bound = true;
        return copy(p, g, out);
    }
    f->was_given = true;
    *out = g;
    return NULL;
}
