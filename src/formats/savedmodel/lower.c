/* SPDX-License-Identifier: Apache-2.0 */
/* lower.c -- NodeDefs to nodes.
 *
 * Two walks: every node is made first, its inputs are only counted; then, with every name known, inputs are
 * linked. Attributes whose name begins with "_" are hints to TensorFlow's own machinery (and can be wrong),
 * so they are left out.
 */
#include "formats/savedmodel/source.h"

#include <string.h>

#include "base/mem.h"

/* Attributes of one node, at most; real ops have up to 20. They are looked up one by one. */
enum { ATTRS_MAX = 1000 };
enum { NODE_NAME = 1, NODE_OP, NODE_INPUT, NODE_DEVICE, NODE_ATTR, ENTRY_KEY = 1, ENTRY_VALUE = 2 };

/* A node whose inputs are not linked yet. In the graph's arena. */
struct td_pending {
    td_node *node;
    td_wire_field def;
    struct td_pending *next;
};

void td_lowering_begin(td_lowering *l, td_source *s, td_graph *g, bool is_function)
{
    *l = (td_lowering){ .source = s, .g = g, .is_function = is_function };
    td_map_init(&l->by_name);
    l->pending_end = &l->pending;
}

void td_lowering_end(td_lowering *l)
{
    td_map_fini(&l->by_name);
}

td_status td_lowering_add_node(td_lowering *l, td_node *node)
{
    TD_TRY(td_budget_take(l->source->budget, TD_BUDGET_NODES, 1, *l->g->name ? l->g->name : NULL));
    if (td_map_put(&l->by_name, node->name, node))
        return TD_ERR(INVALID_ARGUMENT, "Node '%s' is not unique", node->name);
    return NULL;
}

/* ---- making nodes -------------------------------------------------------------------------------------- */

static bool is_control(const td_wire_field *input)
{
    return input->size && *input->data == '^';
}

/* Texts and counts of one NodeDef. */
typedef struct node_head {
    const char *name, *op, *device;
    uint32_t n_in, n_attrs;
} node_head;

static td_status read_head(td_lowering *l, const td_wire_field *def, node_head *out)
{
    td_arena *const arena = l->g->arena;
    td_wire w = td_wire_inside(def);
    node_head h = { .name = "", .op = "", .device = "" };

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (f.type != TD_WIRE_BYTES) continue;
        if (f.number == NODE_NAME) TD_TRY(td_source_name(l->source, &f, arena, &h.name));
        if (f.number == NODE_OP) TD_TRY(td_source_name(l->source, &f, arena, &h.op));
        if (f.number == NODE_DEVICE && f.size) TD_TRY(td_source_name(l->source, &f, arena, &h.device));
        if (f.number == NODE_INPUT && !is_control(&f)) h.n_in++;
        if (f.number == NODE_ATTR) h.n_attrs++;
    }
    if (w.bad) return td_source_damage(l->source, def->data, "NodeDef");
    if (!*h.name) return td_source_damage(l->source, def->data, "NodeDef (it has no name)");
    if (!*h.op) return TD_ERR(INVALID_ARGUMENT, "Node '%s' does not specify an operation", h.name);
    if (h.n_attrs > ATTRS_MAX) return TD_ERR(INVALID_ARGUMENT, "Node '%s' has too many attributes", h.name);
    *out = h;
    return NULL;
}

/* One entry of the attribute map, split. */
static td_status split_entry(const td_source *s, const td_wire_field *entry, td_wire_field *key,
                             td_wire_field *value)
{
    td_wire w = td_wire_inside(entry);

    *key = *value = (td_wire_field){ .type = TD_WIRE_BYTES, .data = entry->data };
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ENTRY_KEY, TD_WIRE_BYTES)) *key = f;
        if (td_wire_is(&f, ENTRY_VALUE, TD_WIRE_BYTES)) *value = f;
    }
    return w.bad ? td_source_damage(s, entry->data, "attribute") : NULL;
}

static td_status add_attr(td_lowering *l, td_node *node, const td_wire_field *entry)
{
    td_wire_field key, value;
    td_attr_value v;
    const char *name;

    TD_TRY(split_entry(l->source, entry, &key, &value));
    if (!key.size || *key.data == '_') return NULL;
    TD_TRY(td_source_name(l->source, &key, l->g->arena, &name));
    TD_TRY(td_status_prefix(td_attr_value_read(l->source, value.data, value.size, l->g->arena, &v),
                            "Node '%s', attribute '%s': ", node->name, name));
    td_node_add_attr(l->g, node, name, v);
    return NULL;
}

/* A constant without a value would only fail when it runs. */
static td_status check_constant(const td_node *node)
{
    const td_attr_value *value;

    if (strcmp(node->op_name, "Const") != 0) return NULL;
    value = td_node_attr(node, "value");
    if (value) return NULL;
    return TD_ERR(
        INVALID_ARGUMENT,
        "Saved model contains node \"%s\" which is a constant tensor but no value has been provided",
        node->name);
}

td_status td_lowering_add(td_lowering *l, const td_wire_field *node_def)
{
    node_head h = { .name = "" };

    TD_TRY(read_head(l, node_def, &h));
    td_node *const node = td_graph_add(l->g, h.name, h.op, h.n_in, h.n_attrs);
    node->device = h.device;
    td_wire w = td_wire_inside(node_def);
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, NODE_ATTR, TD_WIRE_BYTES)) TD_TRY(add_attr(l, node, &f));
    TD_TRY(check_constant(node));
    TD_TRY(td_lowering_add_node(l, node));
    struct td_pending *const p = TD_ARENA_NEW(l->g->arena, struct td_pending);
    *p = (struct td_pending){ .node = node, .def = *node_def };
    *l->pending_end = p;
    l->pending_end = &p->next;
    return NULL;
}

/* ---- linking ------------------------------------------------------------------------------------------- */

/* text is all digits (at least one) and fits: an index. */
static bool parse_index(td_string text, uint32_t *out)
{
    uint32_t n = 0;

    if (!text.size || text.size > 9) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        n = n * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = n;
    return true;
}

/* Cuts text at its first colon; *rest is what follows, with data NULL when there is none. */
static td_string cut(td_string text, td_string *rest)
{
    const char *const colon = text.size ? memchr(text.data, ':', text.size) : NULL;

    *rest = (td_string){ NULL, 0 };
    if (!colon) return text;
    const size_t head = (size_t)(colon - text.data);
    *rest = (td_string){ colon + 1, text.size - head - 1 };
    return (td_string){ text.data, head };
}

static int shown(td_string text)
{
    return (int)TD_MIN(text.size, 200);
}

td_status td_lowering_edge(td_lowering *l, td_string text, const char *user, td_edge *out)
{
    td_string after, index;
    const td_string name = cut(text, &after);
    td_edge e = { .node = td_map_get_n(&l->by_name, name.data, name.size) };

    if (!e.node)
        return TD_ERR(INVALID_ARGUMENT, "Node '%s': Unknown input node '%.*s'", user, shown(text), text.data);
    if (!after.data) {
        *out = e;
        return NULL;
    }
    const td_string port = cut(after, &index);
    if (!index.data && parse_index(port, &e.index)) { /* "node:1" */
        *out = e;
        return NULL;
    }
    if (!l->is_function || !port.size || (index.data && !parse_index(index, &e.index)))
        return TD_ERR(INVALID_ARGUMENT, "Node '%s': bad input '%.*s'", user, shown(text), text.data);
    e.port = td_arena_strndup(l->g->arena, port.data, port.size);
    *out = e;
    return NULL;
}

static td_status link_control(td_lowering *l, td_node *node, td_string text)
{
    td_node *const before = td_map_get_n(&l->by_name, text.data, text.size);

    if (!before)
        return TD_ERR(INVALID_ARGUMENT, "Node '%s': Unknown input node '^%.*s'", node->name, shown(text),
                      text.data);
    td_node_add_ctrl(l->g, node, before);
    return NULL;
}

static td_status link_node(td_lowering *l, const struct td_pending *p)
{
    td_wire w = td_wire_inside(&p->def);
    uint32_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, NODE_INPUT, TD_WIRE_BYTES)) continue;
        td_string text = td_wire_text(&f);
        if (is_control(&f)) {
            text.data++, text.size--;
            TD_TRY(link_control(l, p->node, text));
        } else {
            TD_TRY(td_lowering_edge(l, text, p->node->name, &p->node->in[n++]));
        }
    }
    return NULL;
}

td_status td_lowering_link(td_lowering *l)
{
    for (const struct td_pending *p = l->pending; p; p = p->next)
        TD_TRY(link_node(l, p));
    l->pending = NULL;
    l->pending_end = &l->pending;
    return NULL;
}
