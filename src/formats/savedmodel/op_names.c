/* SPDX-License-Identifier: Apache-2.0 */
/* op_names.c -- the ops of a graph as written, whoever runs them: savers, what is left of training. As
 * saved_model_cli counts: functions are entered that nodes call by name, or through PartitionedCall.
 *
 * GraphDef { node = 1; library = 2 }, FunctionDefLibrary { function = 1 }, FunctionDef { signature = 1; node_def = 3 },
 * OpDef { name = 1 }, NodeDef { op = 2; attr = 5 }, AttrValue { func = 10 }, NameAttrList { name = 1 }. */
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "formats/savedmodel/source.h"

enum { GRAPH_NODE = 1, GRAPH_LIBRARY = 2, LIBRARY_FUNCTION = 1, FUNCTION_SIGNATURE = 1, FUNCTION_NODE = 3 };
enum { OP_NAME = 1, NODE_OP = 2, NODE_ATTR = 5, ENTRY_KEY = 1, ENTRY_VALUE = 2, VALUE_FUNC = 10 };

typedef struct walk {
    td_map functions;      /* td_wire_field by name: FunctionDefs */
    td_map ops;            /* seen, functions among them */
    td_wire_field **stack; /* functions to be entered: each once */
    size_t n;
    td_arena *arena;
} walk;

static td_string text_of(const td_wire_field *message, uint32_t number)
{
    const td_wire_field f = td_wire_last(message, number);

    return td_wire_text(&f);
}

static void list_functions(walk *w, const td_wire_field *graph)
{
    const td_wire_field library = td_wire_last(graph, GRAPH_LIBRARY);
    td_wire wire = td_wire_inside(&library);

    for (td_wire_field f; td_wire_next(&wire, &f);) {
        if (!td_wire_is(&f, LIBRARY_FUNCTION, TD_WIRE_BYTES)) continue;
        const td_wire_field signature = td_wire_last(&f, FUNCTION_SIGNATURE);
        const td_string name = text_of(&signature, OP_NAME);
        td_wire_field *const kept = TD_ARENA_NEW(w->arena, td_wire_field);

        *kept = f;
        if (name.size) td_map_put_n(&w->functions, name.data, name.size, kept);
    }
}

static void use(walk *w, td_string name)
{
    if (!name.size || td_map_get_n(&w->ops, name.data, name.size)) return;
    td_map_put_n(&w->ops, name.data, name.size, w);
    td_wire_field *const function = td_map_get_n(&w->functions, name.data, name.size);

    if (function) w->stack[w->n++] = function;
}

/* Attribute "f" of a call. */
static td_string callee(const td_wire_field *node)
{
    td_wire w = td_wire_inside(node);

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, NODE_ATTR, TD_WIRE_BYTES) || !td_string_is(text_of(&f, ENTRY_KEY), "f")) continue;
        const td_wire_field value = td_wire_last(&f, ENTRY_VALUE), func = td_wire_last(&value, VALUE_FUNC);

        return text_of(&func, OP_NAME);
    }
    return (td_string){ "", 0 };
}

static void visit(walk *w, const td_wire_field *message, uint32_t nodes)
{
    td_wire wire = td_wire_inside(message);

    for (td_wire_field f; td_wire_next(&wire, &f);) {
        if (!td_wire_is(&f, nodes, TD_WIRE_BYTES)) continue;
        const td_string op = text_of(&f, NODE_OP);

        use(w, op);
        if (td_string_is(op, "PartitionedCall") || td_string_is(op, "StatefulPartitionedCall"))
            use(w, callee(&f));
    }
}

static void list_ops(const walk *w, const char ***out, size_t *n)
{
    const char **const names = TD_ARENA_NEW_N(w->arena, const char *, w->ops.count);
    size_t count = 0;

    for (size_t i = 0; i < w->ops.count; i++) {
        const td_map_slot *const s = &w->ops.slots[i];

        if (!td_map_get_n(&w->functions, s->key, s->key_size))
            names[count++] = td_arena_strndup(w->arena, s->key, s->key_size);
    }
    td_sort_texts(names, count);
    *out = names;
    *n = count;
}

void td_savedmodel_op_names(const td_model_file *m, const char ***out, size_t *n)
{
    const td_wire_field graph = { .type = TD_WIRE_BYTES, .data = m->graph_def, .size = m->graph_def_size };
    walk w = { .arena = m->arena };

    if (!m->graph_def) { /* no SavedModel's */
        for (size_t i = 0; i < m->graph->n_nodes; i++)
            use(&w, (td_string){ m->graph->nodes[i]->op_name, strlen(m->graph->nodes[i]->op_name) });
    }
    list_functions(&w, &graph);
    w.stack = TD_NEW_N(td_wire_field *, w.functions.count);
    visit(&w, &graph, GRAPH_NODE);
    while (w.n)
        visit(&w, w.stack[--w.n], FUNCTION_NODE);
    list_ops(&w, out, n);
    td_map_fini(&w.functions);
    td_map_fini(&w.ops);
    td_free(w.stack);
}
