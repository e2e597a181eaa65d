/* SPDX-License-Identifier: Apache-2.0 */
/* functions.c -- the Python functions of a model, which only Python can call; see td_savedmodel_functions().
 *
 * TensorFlow's loader gives each function of the library a name with a number, as it comes to it: after those that it calls, the
 * last of those that are ready first. Traces of a Python function are shown by these names, so that order is found again here.
 *
 * GraphDef { library = 2 }, FunctionDefLibrary { function = 1; registered_gradients = 3 }, RegisteredGradient {
 * gradient_func = 1; registered_op_type = 2 }, FunctionDef { signature = 1; node_def = 3 }, OpDef { name = 1 }, NodeDef {
 * op = 2; attr = 5 }, AttrValue { list = 1; s = 2; func = 10 }, ListValue { func = 9 }, NameAttrList { name = 1 }.
 * SavedObjectGraph { nodes = 1; concrete_functions = 2 }, SavedObject { children = 1; function = 6; bare_concrete_function
 * = 8 }, ObjectReference { node_id = 1; local_name = 2 }, SavedFunction { concrete_functions = 1 },
 * SavedBareConcreteFunction { concrete_function_name = 1 }, SavedConcreteFunction { canonicalized_input_signature = 3 }. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "formats/savedmodel/source.h"

enum { GRAPH_LIBRARY = 2, LIBRARY_FUNCTION = 1, LIBRARY_GRADIENT = 3, GRADIENT_FUNC = 1, GRADIENT_OP = 2 };
enum { FUNCTION_SIGNATURE = 1, FUNCTION_NODE = 3, OP_NAME = 1, NODE_OP = 2, NODE_ATTR = 5 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2, VALUE_LIST = 1, VALUE_S = 2, VALUE_FUNC = 10, LIST_FUNC = 9 };
enum { OBJECTS_NODE = 1, OBJECTS_FUNCTION = 2, OBJECT_CHILD = 1, OBJECT_FUNCTION = 6, OBJECT_BARE = 8 };
enum { CHILD_ID = 1, CHILD_NAME = 2, NAMES = 1, TRACE_SIGNATURE = 3, TRACES_MAX = 1 << 16 };

typedef struct function {
    td_string name;
    td_wire_field def;
    size_t waits_for;        /* functions that it calls, which have no number yet */
    size_t first, last;      /* its edges, in edges; 0: none */
    size_t number, seen_for; /* number: of the loader; seen_for: the caller whose call was met last */
} function;

/* A function is called by another. */
typedef struct edge {
    size_t caller, next; /* next: in edges; 0: none */
} edge;

typedef struct library {
    function *functions; /* from 1 on */
    size_t n;
    td_map by_name, gradients; /* function; td_wire_field of a name */
    td_vec edges;              /* edge; the first one is none */
} library;

static td_string text_of(const td_wire_field *message, uint32_t number)
{
    const td_wire_field f = td_wire_last(message, number);

    return td_wire_text(&f);
}

/* ---------------------------------------------------------------- the library */

static void read_function(library *l, const td_wire_field *def)
{
    function *const f = &l->functions[++l->n];
    const td_wire_field signature = td_wire_last(def, FUNCTION_SIGNATURE);

    *f = (function){ .name = text_of(&signature, OP_NAME), .def = *def };
    if (f->name.size) td_map_put_n(&l->by_name, f->name.data, f->name.size, f);
}

static void read_library(library *l, const td_model_file *m)
{
    const td_wire_field graph = { .type = TD_WIRE_BYTES, .data = m->graph_def, .size = m->graph_def_size };
    const td_wire_field all = td_wire_last(&graph, GRAPH_LIBRARY);
    td_wire w = td_wire_inside(&all);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        n += td_wire_is(&f, LIBRARY_FUNCTION, TD_WIRE_BYTES);
    l->functions = TD_NEW_N(function, n + 1);
    w = td_wire_inside(&all);
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, LIBRARY_FUNCTION, TD_WIRE_BYTES)) read_function(l, &f);
        if (!td_wire_is(&f, LIBRARY_GRADIENT, TD_WIRE_BYTES)) continue;
        const td_string op = text_of(&f, GRADIENT_OP);
        td_wire_field *const func = TD_ARENA_NEW(m->arena, td_wire_field);

        *func = td_wire_last(&f, GRADIENT_FUNC);
        if (op.size) td_map_put_n(&l->gradients, op.data, op.size, func);
    }
}

static function *find_function(const library *l, td_string name)
{
    return name.size ? td_map_get_n(&l->by_name, name.data, name.size) : NULL;
}

/* Once for each caller. */
static void add_edge(library *l, td_string callee, function *caller)
{
    function *const f = find_function(l, callee);
    const size_t at = (size_t)(caller - l->functions);

    if (!f || f->seen_for == at) return;
    f->seen_for = at;
    caller->waits_for++;
    const size_t added = l->edges.size;

    ((edge *)td_vec_push(&l->edges))->caller = at;
    if (f->last)
        TD_VEC_AT(&l->edges, edge, f->last)->next = added;
    else
        f->first = added;
    f->last = added;
}

static void add_edges_of_value(library *l, const td_wire_field *value, function *caller)
{
    const td_wire_field func = td_wire_last(value, VALUE_FUNC), list = td_wire_last(value, VALUE_LIST);
    td_wire w = td_wire_inside(&list);

    add_edge(l, text_of(&func, OP_NAME), caller);
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, LIST_FUNC, TD_WIRE_BYTES)) add_edge(l, text_of(&f, OP_NAME), caller);
}

/* The function of a gradient of one's own; NULL: none is meant. */
static const td_wire_field *gradient_of(const library *l, const td_wire_field *node, td_string op)
{
    td_wire w = td_wire_inside(node);

    if (td_string_is(op, "PartitionedCall") || td_string_is(op, "StatefulPartitionedCall")) return NULL;
    for (td_wire_field f; l->gradients.count && td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, NODE_ATTR, TD_WIRE_BYTES)) continue;
        if (!td_string_is(text_of(&f, ENTRY_KEY), "_gradient_op_type")) continue;
        const td_wire_field value = td_wire_last(&f, ENTRY_VALUE);
        const td_string type = text_of(&value, VALUE_S);

        return type.size ? td_map_get_n(&l->gradients, type.data, type.size) : NULL;
    }
    return NULL;
}

static void add_edges_of_node(library *l, const td_wire_field *node, function *caller)
{
    const td_string op = text_of(node, NODE_OP);
    const td_wire_field *const gradient = gradient_of(l, node, op);
    td_wire w = td_wire_inside(node);

    if (find_function(l, op)) {
        add_edge(l, op, caller);
        return;
    }
    if (gradient) {
        add_edge(l, td_wire_text(gradient), caller);
        return;
    }
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, NODE_ATTR, TD_WIRE_BYTES)) continue;
        const td_wire_field value = td_wire_last(&f, ENTRY_VALUE);

        add_edges_of_value(l, &value, caller);
    }
}

static void add_edges(library *l)
{
    (void)td_vec_push(&l->edges);
    for (size_t i = 1; i <= l->n; i++) {
        td_wire w = td_wire_inside(&l->functions[i].def);

        for (td_wire_field f; td_wire_next(&w, &f);)
            if (td_wire_is(&f, FUNCTION_NODE, TD_WIRE_BYTES)) add_edges_of_node(l, &f, &l->functions[i]);
    }
}

/* What is on a cycle keeps number 0. */
static void number_functions(library *l)
{
    size_t *const ready = TD_NEW_N(size_t, l->n + 1), n = 0, number = 0;

    for (size_t i = 1; i <= l->n; i++)
        if (!l->functions[i].waits_for) ready[n++] = i;
    while (n) {
        function *const f = &l->functions[ready[--n]];

        f->number = ++number;
        for (size_t e = f->first; e; e = TD_VEC_AT(&l->edges, edge, e)->next) {
            const size_t caller = TD_VEC_AT(&l->edges, edge, e)->caller;

            if (!--l->functions[caller].waits_for) ready[n++] = caller;
        }
    }
    td_free(ready);
}

/* ---------------------------------------------------------------- traces */

typedef struct trace {
    const char *key; /* the loader's name */
    td_wire_field signature;
} trace;

static int compare_traces(const void *a, const void *b)
{
    return strcmp(((const trace *)a)->key, ((const trace *)b)->key);
}

/* "__inference_f_12" becomes "f_1000000034", 34 being its number. */
static const char *key_of(const library *l, td_string name, td_arena *arena)
{
    static const char prefix[] = "__inference_";
    const function *const f = find_function(l, name);
    const size_t skip = strlen(prefix);
    size_t size = name.size;

    while (size && isdigit((unsigned char)name.data[size - 1]))
        size--;
    const bool is_wrapped = name.size > skip && !memcmp(name.data, prefix, skip) && size < name.size &&
                            size > skip && name.data[size - 1] == '_';
    const td_string clean = is_wrapped ? (td_string){ name.data + skip, size - skip - 1 } : name;

    return td_arena_format(arena, "%.*s_%zu", (int)TD_MIN(clean.size, (size_t)4096), clean.data,
                           (size_t)1000000000 + (f ? f->number : 0));
}

typedef struct reader {
    const td_model_file *m;
    library library;
    td_map traces; /* td_wire_field: SavedConcreteFunction by name */
    td_wire_field *objects;
    size_t n_objects;
    size_t n_traces; /* of all functions: many may share them */
    td_vec found;    /* td_python_function */
} reader;

static void read_traces(reader *r, const td_wire_field *saved, td_python_function *out)
{
    td_wire w = td_wire_inside(saved);
    td_vec traces = TD_VEC(trace);

    for (td_wire_field f; r->n_traces < TRACES_MAX && td_wire_next(&w, &f);) {
        const td_wire_field *found;

        if (!td_wire_is(&f, NAMES, TD_WIRE_BYTES)) continue;
        found = f.size ? td_map_get_n(&r->traces, td_wire_text(&f).data, f.size) : NULL;
        if (!found) continue;
        r->n_traces++;
        *(trace *)td_vec_push(&traces) = (trace){ key_of(&r->library, td_wire_text(&f), r->m->arena),
                                                  td_wire_last(found, TRACE_SIGNATURE) };
    }
    if (traces.size) qsort(traces.data, traces.size, sizeof(trace), compare_traces);
    td_wire_field *const signatures = TD_ARENA_NEW_N(r->m->arena, td_wire_field, traces.size);

    for (size_t i = 0; i < traces.size; i++)
        signatures[i] = TD_VEC_AT(&traces, trace, i)->signature;
    out->signatures = signatures;
    out->n = traces.size;
    td_vec_fini(&traces);
}

/* ---------------------------------------------------------------- objects */

static void read_objects(reader *r)
{
    td_wire w = td_wire_of(r->m->object_graph, r->m->object_graph_size);

    for (td_wire_field f; td_wire_next(&w, &f);)
        r->n_objects += td_wire_is(&f, OBJECTS_NODE, TD_WIRE_BYTES);
    r->objects = TD_NEW_N(td_wire_field, r->n_objects);
    w = td_wire_of(r->m->object_graph, r->m->object_graph_size);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, OBJECTS_NODE, TD_WIRE_BYTES)) r->objects[n++] = f;
        if (!td_wire_is(&f, OBJECTS_FUNCTION, TD_WIRE_BYTES)) continue;
        const td_string name = text_of(&f, ENTRY_KEY);
        td_wire_field *const value = TD_ARENA_NEW(r->m->arena, td_wire_field);

        *value = td_wire_last(&f, ENTRY_VALUE);
        if (name.size) td_map_put_n(&r->traces, name.data, name.size, value);
    }
}

static void read_child(reader *r, const td_wire_field *reference)
{
    const td_string name = text_of(reference, CHILD_NAME);
    td_wire w = td_wire_inside(reference);
    uint64_t id = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, CHILD_ID, TD_WIRE_VARINT)) id = f.value;
    if (id >= r->n_objects) return;
    td_wire_field saved = td_wire_last(&r->objects[id], OBJECT_FUNCTION);

    if (!saved.data) saved = td_wire_last(&r->objects[id], OBJECT_BARE);
    if (!saved.data) return;
    td_python_function *const f = td_vec_push(&r->found);

    f->name = td_arena_strndup(r->m->arena, name.data, name.size);
    read_traces(r, &saved, f);
}

static int compare_functions(const void *a, const void *b)
{
    return strcmp(((const td_python_function *)a)->name, ((const td_python_function *)b)->name);
}

static void read_root(reader *r)
{
    td_wire w = r->n_objects ? td_wire_inside(&r->objects[0]) : td_wire_of(NULL, 0);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, OBJECT_CHILD, TD_WIRE_BYTES)) read_child(r, &f);
    if (r->found.size) qsort(r->found.data, r->found.size, sizeof(td_python_function), compare_functions);
}

void td_savedmodel_functions(const td_model_file *m, const td_python_function **out, size_t *n)
{
    reader r = { .m = m, .library.edges = TD_VEC(edge), .found = TD_VEC(td_python_function) };

    read_library(&r.library, m);
    add_edges(&r.library);
    number_functions(&r.library);
    read_objects(&r);
    read_root(&r);
    td_python_function *const list = TD_ARENA_NEW_N(m->arena, td_python_function, r.found.size);

    if (r.found.size) memcpy(list, r.found.data, r.found.size * sizeof *list);
    *out = list;
    *n = r.found.size;
    td_free(r.library.functions);
    td_map_fini(&r.library.by_name);
    td_map_fini(&r.library.gradients);
    td_vec_fini(&r.library.edges);
    td_map_fini(&r.traces);
    td_free(r.objects);
    td_vec_fini(&r.found);
}
