/* SPDX-License-Identifier: Apache-2.0 */
/* objects.c -- where variables are that only the object graph names.
 *
 * tf.saved_model.save() of a Keras 3 model writes handles that its own restore op never assigns; TensorFlow's
 * Python loader finds their values by objects. Two graphs of objects have the same edges, named as Python
 * attributes are: the one in saved_model.pb says which objects a function captures, the one in the checkpoint
 * says under which key the value of an object is. So both are walked together from the root, object 0:
 *
 *     call node's last inputs  ->  object captured  ->  the same object in the checkpoint  ->  key
 *
 * SavedObjectGraph { nodes = 1; concrete_functions = 2 }, TrackableObjectGraph { nodes = 1 }; a node of either
 * has children = 1, ObjectReference { node_id = 1; local_name = 2 }.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "formats/savedmodel/bundle.h"
#include "formats/savedmodel/source.h"

enum { GRAPH_NODE = 1, GRAPH_FUNCTION = 2, NODE_CHILD = 1, CHILD_ID = 1, CHILD_NAME = 2 };
enum { SAVED_VARIABLE = 7, ENTRY_KEY = 1, ENTRY_VALUE = 2, FUNCTION_CAPTURES = 2 };
enum { TRACKED_ATTRIBUTE = 2, ATTRIBUTE_NAME = 1, ATTRIBUTE_KEY = 3 };

/* Comparisons of names in one walk. Children mostly come in the same order on both sides: one each. */
enum { STEPS_MAX = 50000000 };

typedef struct objects {
    td_wire_field *nodes;
    size_t n;
} objects;

typedef struct child {
    uint64_t id;
    td_string name;
} child;

typedef struct children {
    child *items;
    size_t n, room;
} children;

typedef struct walk {
    td_model_file *m;
    objects saved, tracked;
    int64_t *twin; /* saved object -> tracked object, -1: none yet */
    size_t *queue; /* saved objects with twins, each once */
    size_t n_queued;
    children left, right; /* of the two objects at hand */
    size_t steps;
    td_map captures; /* function -> its td_wire_field in the object graph */
    td_map seen;     /* handles that have their key */
    td_saved_variable *out;
    size_t n_out, room;
} walk;

static td_status damaged(const walk *w, const char *what)
{
    return TD_ERR(DATA_LOSS, "%s: damaged %s", w->m->path, what);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static td_status read_objects(walk *w, const uint8_t *bytes, size_t size, const char *what, objects *out)
{
    td_wire wire = td_wire_of(bytes, size);

    for (td_wire_field f; td_wire_next(&wire, &f);)
        out->n += td_wire_is(&f, GRAPH_NODE, TD_WIRE_BYTES);
    if (wire.bad) return damaged(w, what);
    out->nodes = TD_NEW_N(td_wire_field, out->n);
    wire = td_wire_of(bytes, size);
    size_t i = 0;
    for (td_wire_field f; td_wire_next(&wire, &f);)
        if (td_wire_is(&f, GRAPH_NODE, TD_WIRE_BYTES)) out->nodes[i++] = f;
    return NULL;
}

static bool read_child(const td_wire_field *reference, child *out)
{
    td_wire w = td_wire_inside(reference);

    *out = (child){ .name = { "", 0 } };
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, CHILD_ID, TD_WIRE_VARINT)) out->id = f.value;
        if (td_wire_is(&f, CHILD_NAME, TD_WIRE_BYTES)) out->name = td_wire_text(&f);
    }
    return !w.bad;
}

static bool read_children(const td_wire_field *node, children *out)
{
    td_wire w = td_wire_inside(node);

    out->n = 0;
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, NODE_CHILD, TD_WIRE_BYTES)) continue;
        if (out->n == out->room) {
            out->room = out->room ? 2 * out->room : 64;
            out->items = td_realloc(out->items, out->room * sizeof *out->items);
        }
        if (!read_child(&f, &out->items[out->n++])) return false;
    }
    return !w.bad;
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

static bool same(td_string a, td_string b)
{
    return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

/* The child of that name, looked for from *at on, round; *at is left behind it. */
static const child *find_child(walk *w, td_string name, size_t *at)
{
    for (size_t i = 0; i < w->right.n; i++) {
        const child *const c = &w->right.items[(*at + i) % w->right.n];
        w->steps++;
        if (!same(c->name, name)) continue;
        *at += i + 1;
        return c;
    }
    return NULL;
}

static td_status visit(walk *w, size_t object)
{
    size_t at = 0;

    if (!read_children(&w->saved.nodes[object], &w->left)) return damaged(w, "object graph");
    if (!read_children(&w->tracked.nodes[w->twin[object]], &w->right))
        return damaged(w, "object graph of the checkpoint");
    for (size_t i = 0; i < w->left.n; i++) {
        const child *const here = &w->left.items[i];
        if (here->id >= w->saved.n || w->twin[here->id] >= 0) continue;
        const child *const there = find_child(w, here->name, &at);
        if (w->steps > STEPS_MAX)
            return TD_ERR(RESOURCE_EXHAUSTED, "%s: its object graph takes too long to walk", w->m->path);
        if (!there || there->id >= w->tracked.n) continue;
        w->twin[here->id] = (int64_t)there->id;
        w->queue[w->n_queued++] = (size_t)here->id;
    }
    return NULL;
}

static td_status pair_objects(walk *w)
{
    if (!w->saved.n || !w->tracked.n) return NULL;
    w->twin = TD_NEW_N(int64_t, w->saved.n);
    w->queue = TD_NEW_N(size_t, w->saved.n);
    for (size_t i = 0; i < w->saved.n; i++)
        w->twin[i] = -1;
    w->twin[0] = 0;
    w->queue[w->n_queued++] = 0;
    for (size_t i = 0; i < w->n_queued; i++)
        TD_TRY(visit(w, w->queue[i]));
    return NULL;
}

/* ---- keys ---------------------------------------------------------------------------------------------- */

static bool is_variable(const td_wire_field *saved)
{
    td_wire w = td_wire_inside(saved);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, SAVED_VARIABLE, TD_WIRE_BYTES)) return true;
    return false;
}

/* The checkpoint_key of an attribute if it is the value; empty otherwise. */
static td_string value_key(const td_wire_field *attribute)
{
    td_wire w = td_wire_inside(attribute);
    td_string name = { "", 0 }, key = { "", 0 };

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ATTRIBUTE_NAME, TD_WIRE_BYTES)) name = td_wire_text(&f);
        if (td_wire_is(&f, ATTRIBUTE_KEY, TD_WIRE_BYTES)) key = td_wire_text(&f);
    }
    return td_string_is(name, "VARIABLE_VALUE") ? key : (td_string){ "", 0 };
}

/* Where the value of a saved object is; empty when it is no variable, or the checkpoint does not have it. */
static td_string key_of(const walk *w, uint64_t object)
{
    td_string key = { "", 0 };

    if (object >= w->saved.n || !w->twin || w->twin[object] < 0 || !is_variable(&w->saved.nodes[object]))
        return key;
    td_wire wire = td_wire_inside(&w->tracked.nodes[w->twin[object]]);
    for (td_wire_field f; td_wire_next(&wire, &f);)
        if (!key.size && td_wire_is(&f, TRACKED_ATTRIBUTE, TD_WIRE_BYTES)) key = value_key(&f);
    return key;
}

/* ---- captures ------------------------------------------------------------------------------------------ */

static void add(walk *w, td_node *handle, uint64_t object)
{
    const td_string key = key_of(w, object);

    if (!key.size || memchr(key.data, 0, key.size) || strcmp(handle->op_name, "VarHandleOp") != 0) return;
    if (td_map_put(&w->seen, handle->name, handle)) return;
    if (w->n_out == w->room) {
        w->room = w->room ? 2 * w->room : 64;
        w->out = td_realloc(w->out, w->room * sizeof *w->out);
    }
    w->out[w->n_out++] =
        (td_saved_variable){ handle->name, td_arena_strndup(w->m->arena, key.data, key.size) };
}

/* SavedConcreteFunction.bound_inputs: object numbers, packed or not. ids NULL: only counts. */
static size_t read_captures(const td_wire_field *function, uint64_t *ids)
{
    td_wire w = td_wire_inside(function);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (f.number != FUNCTION_CAPTURES) continue;
        if (f.type == TD_WIRE_VARINT) {
            if (ids) ids[n] = f.value;
            n++;
        }
        if (f.type != TD_WIRE_BYTES) continue;
        td_wire packed = td_wire_inside(&f);
        for (uint64_t id; td_wire_varint(&packed, &id); n++)
            if (ids) ids[n] = id;
    }
    return n;
}

/* What a function captures comes behind its arguments. */
static void visit_call(walk *w, const td_node *call, const td_wire_field *function)
{
    const size_t n = read_captures(function, NULL);

    if (!n || n > call->n_in) return;
    uint64_t *const ids = TD_NEW_N(uint64_t, n);
    (void)read_captures(function, ids);
    for (size_t i = 0; i < n; i++)
        add(w, call->in[call->n_in - n + i].node, ids[i]);
    td_free(ids);
}

static td_status read_functions(walk *w)
{
    td_wire wire = td_wire_of(w->m->object_graph, w->m->object_graph_size);

    for (td_wire_field entry; td_wire_next(&wire, &entry);) {
        td_string name = { "", 0 };
        if (!td_wire_is(&entry, GRAPH_FUNCTION, TD_WIRE_BYTES)) continue;
        td_wire_field *const function = TD_ARENA_NEW(w->m->arena, td_wire_field);
        td_wire inside = td_wire_inside(&entry);
        for (td_wire_field f; td_wire_next(&inside, &f);) {
            if (td_wire_is(&f, ENTRY_KEY, TD_WIRE_BYTES)) name = td_wire_text(&f);
            if (td_wire_is(&f, ENTRY_VALUE, TD_WIRE_BYTES)) *function = f;
        }
        if (inside.bad) return damaged(w, "object graph");
        td_map_put_n(&w->captures, name.data, name.size, function);
    }
    return NULL;
}

static td_status visit_calls(walk *w)
{
    const td_graph *const g = w->m->graph;

    TD_TRY(read_functions(w));
    for (size_t i = 0; i < g->n_nodes; i++) {
        const td_attr_value *const f = td_node_attr(g->nodes[i], "f");
        if (!f || f->kind != TD_ATTR_FUNC) continue;
        const td_wire_field *const function = td_map_get(&w->captures, f->u.func);
        if (function) visit_call(w, g->nodes[i], function);
    }
    return NULL;
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static td_status walk_both(walk *w, const td_tensor *checkpoint)
{
    const td_string *const tracked = checkpoint->data;

    if (checkpoint->dtype != TD_STRING || td_shape_count(&checkpoint->shape) != 1)
        return damaged(w, "object graph of the checkpoint");
    TD_TRY(read_objects(w, w->m->object_graph, w->m->object_graph_size, "object graph", &w->saved));
    TD_TRY(read_objects(w, (const uint8_t *)tracked->data, tracked->size, "object graph of the checkpoint",
                        &w->tracked));
    TD_TRY(pair_objects(w));
    return visit_calls(w);
}

static void walk_fini(walk *w)
{
    td_free(w->saved.nodes);
    td_free(w->tracked.nodes);
    td_free(w->twin);
    td_free(w->queue);
    td_free(w->left.items);
    td_free(w->right.items);
    td_map_fini(&w->captures);
    td_map_fini(&w->seen);
}

td_status td_savedmodel_variables(td_model_file *m, td_bundle *b, td_saved_variable **out, size_t *n)
{
    walk w = { .m = m };
    td_tensor checkpoint;

    *out = NULL;
    *n = 0;
    if (!m->object_graph_size) return NULL;
    const td_status none = td_bundle_read(b, "_CHECKPOINTABLE_OBJECT_GRAPH", NULL, &checkpoint);
    if (none) { /* a checkpoint of TF1 */
        if (td_status_code(none) != TD_NOT_FOUND) return none;
        td_status_free(none);
        return NULL;
    }
    const td_status status = walk_both(&w, &checkpoint);
    td_tensor_unref(&checkpoint);
    walk_fini(&w);
    if (status) {
        td_free(w.out);
        return status;
    }
    *out = w.out;
    *n = w.n_out;
    return NULL;
}
