/* SPDX-License-Identifier: Apache-2.0 */
/* op_list.c -- a walk over everything that loading and serving would run. */
#include "cli/op_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "passes/pass.h"

typedef struct walk {
    td_model_file *model;
    void (*see)(const char *what, const char *name, const td_graph *g);
    const td_signature *only; /* NULL: all of the model */
    td_pass pass;
    td_map ops;       /* td_needed_op by name */
    td_map functions; /* seen */
    const td_graph **stack;
    size_t n, capacity;
} walk;

static void push_graph(walk *w, const char *what, const char *name, const td_graph *g)
{
    if (w->see) w->see(what, name, g);
    if (w->n == w->capacity) {
        w->capacity = w->capacity ? 2 * w->capacity : 16;
        w->stack = td_realloc(w->stack, w->capacity * sizeof *w->stack);
    }
    w->stack[w->n++] = g;
}

static td_status visit_function(walk *w, const char *name)
{
    td_library *const library = w->model->library;
    td_graph *g;

    if (!*name || td_map_has(&w->functions, name)) return NULL;
    td_map_put(&w->functions, td_arena_strdup(w->model->arena, name), w);
    TD_TRY(library->lower(library, name, w->model->arena, &g));
    push_graph(w, "function", name, g);
    return NULL;
}

static td_status visit_value(walk *w, const td_attr_value *v)
{
    if (v->kind == TD_ATTR_FUNC) return visit_function(w, v->u.func);
    for (size_t i = 0; v->kind == TD_ATTR_LIST && i < v->u.list.count; i++)
        if (v->u.list.items[i].kind == TD_ATTR_FUNC) TD_TRY(visit_function(w, v->u.list.items[i].u.func));
    return NULL;
}

static td_status visit_node(walk *w, const td_node *node)
{
    td_needed_op *op = td_map_get(&w->ops, node->op_name);

    if (!op) {
        op = TD_ARENA_NEW(w->model->arena, td_needed_op);
        *op = (td_needed_op){ .name = node->op_name,
                              .node = node->name,
                              .is_missing = !td_op_find(node->op_name) };
        td_map_put(&w->ops, op->name, op);
    }
    op->count++;
    for (uint32_t i = 0; i < node->n_attrs; i++) /* names with "_" are hints, not calls */
        if (node->attrs[i].name[0] != '_') TD_TRY(visit_value(w, &node->attrs[i].value));
    return NULL;
}

static td_status visit_signature(walk *w, const td_signature *sig)
{
    td_arena *const arena = w->model->arena;
    td_feed *const feeds = TD_ARENA_NEW_N(arena, td_feed, sig->n_inputs);
    const char **const fetches = TD_ARENA_NEW_N(arena, const char *, sig->n_outputs);
    td_graph *g;

    for (size_t i = 0; i < sig->n_inputs; i++)
        feeds[i] = (td_feed){ sig->inputs[i].tensor, sig->inputs[i].dtype };
    for (size_t i = 0; i < sig->n_outputs; i++)
        fetches[i] = sig->outputs[i].tensor;
    TD_TRY(td_pass_extract(&w->pass, w->model->graph, feeds, sig->n_inputs, fetches, sig->n_outputs, NULL, 0,
                           &g));
    push_graph(w, "signature", sig->name, g);
    return NULL;
}

static td_status visit_target(walk *w, const char *target, const char *fed)
{
    const td_feed feed = { fed, TD_STRING };
    td_graph *g;

    TD_TRY(td_pass_extract(&w->pass, w->model->graph, &feed, fed ? 1 : 0, NULL, 0, &target, 1, &g));
    push_graph(w, "node", target, g);
    return NULL;
}

static td_status visit_roots(walk *w)
{
    const td_model_file *const m = w->model;

    for (size_t i = 0; i < m->n_signatures; i++) {
        if (!strncmp(m->signatures[i].name, "__saved_model", 13)) continue;
        /* a signature that names no tensor of the graph needs nothing: loading says so, too */
        const td_status error = visit_signature(w, &m->signatures[i]);

        td_status_free(error);
    }
    if (m->init_op) TD_TRY(visit_target(w, m->init_op, NULL));
    if (m->restore_op && m->variables_prefix) TD_TRY(visit_target(w, m->restore_op, m->filename_tensor));
    return NULL;
}

static td_status visit_all(walk *w)
{
    TD_TRY(w->only ? visit_signature(w, w->only) : visit_roots(w));
    while (w->n) {
        const td_graph *const g = w->stack[--w->n];

        for (size_t i = 0; i < g->n_nodes; i++)
            TD_TRY(visit_node(w, g->nodes[i]));
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const td_needed_op *)a)->name, ((const td_needed_op *)b)->name);
}

static void list_ops(const walk *w, td_needed_op **out, size_t *n)
{
    td_needed_op *const list = TD_ARENA_NEW_N(w->model->arena, td_needed_op, w->ops.count);
    size_t count = 0;
    const char *name;
    void *value;

    for (size_t i = 0; td_map_next(&w->ops, &i, &name, &value);)
        if (name[0] != '_') list[count++] = *(const td_needed_op *)value; /* _Arg is our own */
    if (count) qsort(list, count, sizeof *list, by_name);
    *out = list;
    *n = count;
}

static td_status list_needed(walk *w, td_needed_op **out, size_t *n)
{
    w->pass = (td_pass){ .arena = w->model->arena, .library = w->model->library };
    const td_status error = visit_all(w);

    if (!error) list_ops(w, out, n);
    td_map_fini(&w->ops);
    td_map_fini(&w->functions);
    td_free(w->stack);
    td_pass_fini(&w->pass);
    return error;
}

td_status td_op_list_needed(td_model_file *m,
                            void (*see)(const char *what, const char *name, const td_graph *g),
                            td_needed_op **out, size_t *n)
{
    return list_needed(&(walk){ .model = m, .see = see }, out, n);
}

td_status td_op_list_of(td_model_file *m, const td_signature *sig, td_needed_op **out, size_t *n)
{
    return list_needed(&(walk){ .model = m, .only = sig }, out, n);
}
