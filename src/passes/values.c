/* SPDX-License-Identifier: Apache-2.0 */
/* values.c -- see values.h. */
#include "passes/values.h"

#include <string.h>

#include "passes/users.h"

bool td_edge_ints(td_edge e, int64_t count, int64_t least, int64_t most, int64_t *out)
{
    const td_edge from = td_edge_source(e);
    const td_tensor *const t = td_edge_const(&from);

    if (!t || !t->data || (t->dtype != TD_I32 && t->dtype != TD_I64)) return false;
    if (td_shape_count(&t->shape) != count) return false;
    for (int64_t i = 0; i < count; i++) {
        out[i] = t->dtype == TD_I32 ? ((const int32_t *)t->data)[i] : ((const int64_t *)t->data)[i];
        if (out[i] < least || out[i] > most) return false;
    }
    return true;
}

bool td_node_attr_is(const td_node *n, const char *name, const char *text)
{
    const td_attr_value *const v = td_node_attr(n, name);

    return v && v->kind == TD_ATTR_STRING && td_string_is(v->u.s, text);
}

bool td_node_squeezes(const td_node *n, int64_t *dim)
{
    const td_attr_value *const dims = td_node_attr(n, "squeeze_dims");

    if (!td_node_is(n, "Squeeze") || n->n_ctrl) return false;
    if (!dims || dims->kind != TD_ATTR_LIST || dims->u.list.count != 1) return false;
    *dim = dims->u.list.items[0].u.i;
    return true;
}

bool td_node_makes_images(const td_node *n)
{
    int64_t axis;

    return td_node_is(n, "ExpandDims") && !n->n_ctrl && td_edge_ints(n->in[1], 1, -3, 1, &axis) &&
           (axis == 1 || axis == -3);
}

td_attr_value td_value_text(const char *s)
{
    return (td_attr_value){ .kind = TD_ATTR_STRING, .u.s = { s, strlen(s) } };
}

td_attr_value td_value_ints(td_arena *arena, const int64_t *v, size_t n)
{
    td_attr_value *const items = TD_ARENA_NEW_N(arena, td_attr_value, n);

    for (size_t i = 0; i < n; i++)
        items[i] = (td_attr_value){ .kind = TD_ATTR_INT, .u.i = v[i] };
    return (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, n } };
}
