/* SPDX-License-Identifier: Apache-2.0 */
/* dump.c -- a graph as text: one line a node.
 *
 *   add/y = AddV2(x, w:1, ^init) T=float device="/cpu:0"
 */
#include <inttypes.h>

#include "graph/graph.h"

enum { LIST_SHOWN = 8, STRING_SHOWN = 40 };

static void put_string(td_strbuf *out, td_string s)
{
    td_strbuf_putc(out, '"');
    for (size_t i = 0; i < s.size && i < STRING_SHOWN; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c == '"' || c == '\\')
            td_strbuf_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            td_strbuf_printf(out, "\\x%02x", c);
        else
            td_strbuf_putc(out, (char)c);
    }
    td_strbuf_puts(out, s.size > STRING_SHOWN ? "..\"" : "\"");
}

static void put_type(td_strbuf *out, td_dtype type)
{
    const bool is_ref = type >= TD_DTYPE_REF;

    td_strbuf_puts(out, td_dtype_name(is_ref ? (td_dtype)(type - TD_DTYPE_REF) : type));
    if (is_ref) td_strbuf_puts(out, "_ref");
}

/* Everything but a list. */
static void put_item(td_strbuf *out, const td_attr_value *v)
{
    char text[TD_SHAPE_TEXT];

    switch (v->kind) {
    case TD_ATTR_STRING:
        put_string(out, v->u.s);
        break;
    case TD_ATTR_INT:
        td_strbuf_printf(out, "%" PRId64, v->u.i);
        break;
    case TD_ATTR_FLOAT:
        td_strbuf_printf(out, "%.9g", (double)v->u.f);
        break;
    case TD_ATTR_BOOL:
        td_strbuf_puts(out, v->u.b ? "true" : "false");
        break;
    case TD_ATTR_TYPE:
        put_type(out, v->u.type);
        break;
    case TD_ATTR_SHAPE:
        td_strbuf_puts(out, td_shape_text(v->u.shape, text, sizeof text));
        break;
    case TD_ATTR_TENSOR:
        put_type(out, v->u.tensor->dtype);
        td_strbuf_puts(out, td_shape_text(&v->u.tensor->shape, text, sizeof text));
        break;
    case TD_ATTR_FUNC:
        td_strbuf_printf(out, "@%s", v->u.func);
        break;
    case TD_ATTR_NONE:
    case TD_ATTR_LIST:
        td_strbuf_putc(out, '?');
        break;
    }
}

static void put_value(td_strbuf *out, const td_attr_value *v)
{
    if (v->kind != TD_ATTR_LIST) {
        put_item(out, v);
        return;
    }
    td_strbuf_putc(out, '[');
    for (size_t i = 0; i < v->u.list.count && i < LIST_SHOWN; i++) {
        if (i) td_strbuf_putc(out, ',');
        put_item(out, &v->u.list.items[i]);
    }
    if (v->u.list.count > LIST_SHOWN) td_strbuf_printf(out, ",..%zu", v->u.list.count);
    td_strbuf_putc(out, ']');
}

static void put_edge(td_strbuf *out, const td_edge *e)
{
    td_strbuf_puts(out, e->node ? e->node->name : "?");
    if (e->port)
        td_strbuf_printf(out, ":%s:%" PRIu32, e->port, e->index);
    else if (e->index)
        td_strbuf_printf(out, ":%" PRIu32, e->index);
}

static void put_node(td_strbuf *out, const td_node *n)
{
    td_strbuf_printf(out, "%s = %s(", n->name, n->op_name);
    for (uint32_t i = 0; i < n->n_in; i++) {
        if (i) td_strbuf_puts(out, ", ");
        put_edge(out, &n->in[i]);
    }
    for (uint32_t i = 0; i < n->n_ctrl; i++)
        td_strbuf_printf(out, "%s^%s", i || n->n_in ? ", " : "", n->ctrl[i]->name);
    td_strbuf_putc(out, ')');
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        td_strbuf_printf(out, " %s=", n->attrs[i].name);
        put_value(out, &n->attrs[i].value);
    }
    if (n->device && *n->device) td_strbuf_printf(out, " device=\"%s\"", n->device);
    td_strbuf_putc(out, '\n');
}

void td_graph_dump(const td_graph *g, td_strbuf *out)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        put_node(out, g->nodes[i]);
    for (size_t i = 0; i < g->n_rets; i++) {
        td_strbuf_puts(out, i ? ", " : "return ");
        put_edge(out, &g->rets[i]);
    }
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        td_strbuf_printf(out, "%s^%s", i || g->n_rets ? ", " : "return ", g->ctrl_rets[i]->name);
    if (g->n_rets || g->n_ctrl_rets) td_strbuf_putc(out, '\n');
}
