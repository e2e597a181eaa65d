/* census.c -- which ops does a graph need that tensord lacks? All of them at once,
 * through every function it reaches. */
#include <string.h>

#include "base/mem.h"
#include "passes/pass.h"

typedef struct census {
    td_pass *p;
    td_arena *arena; /* bodies are lowered here only to be looked at */
    const td_graph **stack;
    size_t n, cap;
} census;

static void push(census *c, const td_graph *g)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 16;
        c->stack = td_realloc(c->stack, c->cap * sizeof(td_graph *));
    }
    c->stack[c->n++] = g;
}

static td_status visit_function(census *c, const char *name)
{
    td_graph *g;

    if (!*name || td_map_has(&c->p->visited, name)) return NULL;
    (void)td_map_put(&c->p->visited, td_arena_strdup(c->p->arena, name), NULL);
    TD_TRY(c->p->library->lower(c->p->library, name, c->arena, &g));
    push(c, g);
    return NULL;
}

static void note_missing(td_pass *p, const td_node *n)
{
    if (td_map_has(&p->missing_set, n->op_name)) return;
    (void)td_map_put(&p->missing_set, td_arena_strdup(p->arena, n->op_name), NULL);
    td_strbuf_printf(&p->missing, "%s%s (node %s)", p->missing.size ? ", " : "", n->op_name, n->name);
}

static td_status visit_node(census *c, const td_node *n)
{
    if (!td_op_find(n->op_name)) {
        note_missing(c->p, n);
        return NULL;
    }
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        const td_attr_value *const v = &n->attrs[i].value;

        if (v->kind == TD_ATTR_FUNC && n->attrs[i].name[0] != '_') TD_TRY(visit_function(c, v->u.func));
        for (size_t k = 0; v->kind == TD_ATTR_LIST && k < v->u.list.count; k++)
            if (v->u.list.items[k].kind == TD_ATTR_FUNC) TD_TRY(visit_function(c, v->u.list.items[k].u.func));
    }
    return NULL;
}

td_status td_pass_census(td_pass *p, const td_graph *g)
{
    census c = { .p = p, .arena = td_arena_make() };
    td_status s = NULL;

    push(&c, g);
    while (!s && c.n > 0) {
        const td_graph *const top = c.stack[--c.n];

        for (size_t i = 0; !s && i < top->n_nodes; i++)
            s = visit_node(&c, top->nodes[i]);
    }
    td_free(c.stack);
    td_arena_free(c.arena);
    return s;
}
