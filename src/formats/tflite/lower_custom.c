/* SPDX-License-Identifier: Apache-2.0 */
/* lower_custom.c -- custom operators. ParseExampleV2 is TensorFlow's op with its tensors; of its attributes the file has one, and
 * the others follow from the tensors. */
#include "formats/tflite/flex.h"
#include "formats/tflite/lower.h"

enum { DEFAULTS = 5 }; /* behind the serialized Examples, names, and keys of three kinds */

/* Those of sparse features; negative: the options do not say. */
static int64_t sparse_count(td_tfl_op *o)
{
    td_flex_entry *entries;
    size_t n;
    const td_status error = td_flex_map(o->custom, o->l->arena, &entries, &n);

    if (error) td_tfl_fail(o, error);
    for (size_t i = 0; !error && i < n; i++)
        if (td_string_is(entries[i].key, "num_sparse")) return entries[i].number;
    return -1;
}

static void set_items(td_tfl_op *o, td_node *node, const char *name, const td_attr_value *items, size_t n)
{
    td_node_add_attr(o->l->g, node, name, (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, n } });
}

/* Dense features have the types and shapes of their defaults. */
static void set_dense(td_tfl_op *o, td_node *node, size_t n)
{
    td_attr_value *const types = TD_ARENA_NEW_N(o->l->arena, td_attr_value, n);
    td_attr_value *const shapes = TD_ARENA_NEW_N(o->l->arena, td_attr_value, n);

    for (size_t i = 0; i < n; i++) {
        const td_tfl_tensor *const t = td_tfl_operand(o, DEFAULTS + i);

        if (!t || !td_shape_is_known(&t->shape)) {
            td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "default %zu has no known shape", i));
            return;
        }
        types[i] = (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t->dtype };
        shapes[i] = (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &t->shape };
    }
    set_items(o, node, "Tdense", types, n);
    set_items(o, node, "dense_shapes", shapes, n);
}

void td_tfl_lower_parse_example(td_tfl_op *o)
{
    const size_t n = o->in.n - DEFAULTS;

    if (sparse_count(o) != 0 || o->out.n != n) {
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "only dense features are built yet"));
        return;
    }
    td_edge *const in = TD_ARENA_NEW_N(o->l->arena, td_edge, o->in.n);

    for (size_t i = 0; i < o->in.n; i++)
        in[i] = td_tfl_in(o, i);
    td_node *const node = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, in, (uint32_t)o->in.n);

    td_tfl_set_int(o, node, "num_sparse", 0);
    set_items(o, node, "sparse_types", NULL, 0);
    set_items(o, node, "ragged_value_types", NULL, 0);
    set_items(o, node, "ragged_split_types", NULL, 0);
    set_dense(o, node, n);
    for (size_t i = 0; i < n; i++)
        td_tfl_out(o, i, (td_edge){ node, (uint32_t)i, NULL });
}
