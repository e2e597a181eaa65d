/* SPDX-License-Identifier: Apache-2.0 */
/* node_text.c -- see node_text.h. */
#include "node_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

/* A type's name as TensorFlow has it, or the beginning of one of the usual ones. s: what follows the '%'. */
static td_dtype type_of(const char *s, size_t n)
{
    static const td_dtype usual[] = { TD_F32, TD_I32, TD_VARIANT };

    for (td_dtype t = 1; t < TD_DTYPE_COUNT; t++)
        if (strlen(td_dtype_name(t)) == n && !strncmp(td_dtype_name(t), s, n)) return t;
    for (size_t i = 0; i < TD_COUNT(usual); i++)
        if (!strncmp(td_dtype_name(usual[i]), s, n)) return usual[i];
    TD_ASSERT(!"node_text: no such type");
    return TD_DTYPE_NONE;
}

static td_attr_value item_of(td_arena *a, const char *s, size_t n)
{
    if (*s == '@')
        return (td_attr_value){ .kind = TD_ATTR_FUNC, .u.func = td_arena_strndup(a, s + 1, n - 1) };
    if (*s == '%') return (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = type_of(s + 1, n - 1) };
    if (*s == '\'')
        return (td_attr_value){ .kind = TD_ATTR_STRING, .u.s = { td_arena_strndup(a, s + 1, n - 1), n - 1 } };
    return (td_attr_value){ .kind = TD_ATTR_INT, .u.i = strtoll(s, NULL, 10) };
}

/* Items that begin with '%' or '@', or numbers or texts with commas between them. */
static td_attr_value list_of(td_arena *a, const char *s, const char *end)
{
    td_attr_value *const items = TD_ARENA_NEW_N(a, td_attr_value, strlen(s) + 1);
    size_t n = 0;

    while (s < end) {
        const size_t size = 1 + strcspn(s + 1, "%@,}]");
        items[n++] = item_of(a, s, size);
        s += size + (s[size] == ',');
    }
    return (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, n } };
}

static td_attr_value value_of(td_arena *a, const char *s)
{
    const size_t n = strlen(s);

    if (*s == '{' || *s == '[') return list_of(a, s + 1, s + n - 1);
    if (*s == '%' && strchr(s + 1, '%')) return list_of(a, s, s + n);
    if (*s == '@' || *s == '%') return item_of(a, s, n);
    if (*s == '\'') {
        const char *const text = td_arena_strdup(a, s + 1);
        return (td_attr_value){ .kind = TD_ATTR_STRING, .u.s = { text, strlen(text) } };
    }
    if (strcmp(s, "true") == 0) return (td_attr_value){ .kind = TD_ATTR_BOOL, .u.b = true };
    if (strcmp(s, "false") == 0) return (td_attr_value){ .kind = TD_ATTR_BOOL };
    if (s[n - 1] == 'f') return (td_attr_value){ .kind = TD_ATTR_FLOAT, .u.f = strtof(s, NULL) };
    return item_of(a, s, n);
}

td_node *node_of_text(td_graph *g, const char *text, const td_edge *in, uint32_t n_in)
{
    char *rest, *const copy = td_arena_strdup(g->arena, text);
    const char *const op = strtok_r(copy, " ", &rest);
    td_node *const node = td_graph_add(g, td_arena_format(g->arena, "n%zu", g->n_nodes), op, n_in, 8);

    if (n_in) memcpy(node->in, in, n_in * sizeof *in);
    for (char *a; (a = strtok_r(NULL, " ", &rest)) != NULL;) {
        char *const eq = strchr(a, '=');
        *eq = '\0';
        td_node_add_attr(g, node, a, value_of(g->arena, eq + 1));
    }
    return node;
}

td_node *node_of_tensor(td_graph *g, const td_tensor *t)
{
    td_tensor *const copy = TD_ARENA_NEW(g->arena, td_tensor);
    const size_t bytes = td_tensor_bytes(t);

    *copy = (td_tensor){ .dtype = t->dtype, .shape = t->shape };
    copy->data = td_arena_alloc(g->arena, bytes + 1);
    if (bytes) memcpy(copy->data, t->data, bytes);
    td_node *const n = node_of_text(g, "Const", NULL, 0);
    td_node_add_attr(g, n, "value", (td_attr_value){ .kind = TD_ATTR_TENSOR, .u.tensor = copy });
    td_node_add_attr(g, n, "dtype", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t->dtype });
    return n;
}

td_node *node_of_arg(td_graph *g, td_dtype type)
{
    td_node *const n = td_graph_add(g, td_arena_format(g->arena, "arg%zu", g->n_args), "_Arg", 0, 1);
    td_node **const args = TD_ARENA_NEW_N(g->arena, td_node *, g->n_args + 1);

    td_node_add_attr(g, n, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = type });
    if (g->n_args) memcpy(args, g->args, g->n_args * sizeof *args);
    args[g->n_args++] = n;
    g->args = args;
    return n;
}

void node_return(td_graph *g, td_edge e)
{
    td_edge *const rets = TD_ARENA_NEW_N(g->arena, td_edge, g->n_rets + 1);

    if (g->n_rets) memcpy(rets, g->rets, g->n_rets * sizeof *rets);
    rets[g->n_rets++] = e;
    g->rets = rets;
}
