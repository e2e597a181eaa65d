/* SPDX-License-Identifier: Apache-2.0 */
/* lower_flow.c -- operators that call subgraphs, and those that keep state. They run in the order in which the file has them. */
#include <string.h>

#include "formats/tflite/lower.h"

enum { FIRST = 0, SECOND = 1, CONTAINER = 0, SHARED_NAME = 1, TABLE_ID = 0, KEY_TYPE = 1, VALUE_TYPE = 2 };

static void set_list(td_tfl_op *o, td_node *n, const char *name, const td_attr_value *items, size_t count)
{
    td_node_add_attr(o->l->g, n, name, (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, count } });
}

static void set_function(td_tfl_op *o, td_node *n, const char *name, const char *function)
{
    td_node_add_attr(o->l->g, n, name, (td_attr_value){ .kind = TD_ATTR_FUNC, .u.func = function });
}

/* Types of operands or results from `first` on. */
static void set_types(td_tfl_op *o, td_node *n, const char *name, bool are_results, size_t first)
{
    const size_t count = (are_results ? o->out.n : o->in.n) - first;
    td_attr_value *const items = TD_ARENA_NEW_N(o->l->arena, td_attr_value, count);

    for (size_t i = 0; i < count; i++)
        items[i] =
            (td_attr_value){ .kind = TD_ATTR_TYPE,
                             .u.type = are_results ? td_tfl_out_type(o, i) : td_tfl_type_of(o, first + i) };
    set_list(o, n, name, items, count);
}

static bool fits(td_tfl_op *o, const td_tfl_graph *f, size_t args, size_t results)
{
    if (f && f->inputs.n == args && f->outputs.n == results) return true;
    if (f)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "%s takes %zu and makes %zu, not %zu and %zu", f->body->name,
                              f->inputs.n, f->outputs.n, args, results));
    return false;
}

static void put_all(td_tfl_op *o, td_node *n)
{
    for (size_t i = 0; i < o->out.n; i++)
        td_tfl_out(o, i, (td_edge){ n, (uint32_t)i, NULL });
}

void td_tfl_lower_if_(td_tfl_op *o)
{
    const char *name[2] = { "", "" };
    const td_tfl_graph *const yes = td_tfl_call(o, td_tfl_int(o, FIRST, 0), false, &name[0]);
    const td_tfl_graph *const no = td_tfl_call(o, td_tfl_int(o, SECOND, 0), false, &name[1]);

    if (!fits(o, yes, o->in.n - 1, o->out.n) || !fits(o, no, o->in.n - 1, o->out.n)) return;
    td_edge *const in = TD_ARENA_NEW_N(o->l->arena, td_edge, o->in.n);
    const bool has_state = yes->last_state || no->last_state;

    in[0] = td_tfl_scalar(o, 0);
    for (size_t i = 1; i < o->in.n; i++)
        in[i] = td_tfl_in(o, i);
    td_node *const n = td_tfl_node(o, has_state ? "If" : "StatelessIf", TD_DTYPE_NONE, in, (uint32_t)o->in.n);

    td_tfl_set_type(o, n, "Tcond", TD_BOOL);
    set_types(o, n, "Tin", false, 1);
    set_types(o, n, "Tout", true, 0);
    set_function(o, n, "then_branch", name[0]);
    set_function(o, n, "else_branch", name[1]);
    if (has_state) td_tfl_add_state(o, n);
    put_all(o, n);
}

void td_tfl_lower_while_(td_tfl_op *o)
{
    const char *name[2] = { "", "" };
    const td_tfl_graph *const cond = td_tfl_call(o, td_tfl_int(o, FIRST, 0), true, &name[0]);
    const td_tfl_graph *const body = td_tfl_call(o, td_tfl_int(o, SECOND, 0), false, &name[1]);

    if (!fits(o, cond, o->in.n, 1) || !fits(o, body, o->in.n, o->out.n) || o->in.n != o->out.n) {
        if (!o->trouble) td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "it has other results than operands"));
        return;
    }
    td_edge *const in = TD_ARENA_NEW_N(o->l->arena, td_edge, o->in.n);
    const bool has_state = cond->last_state || body->last_state;

    for (size_t i = 0; i < o->in.n; i++)
        in[i] = td_tfl_in(o, i);
    td_node *const n =
        td_tfl_node(o, has_state ? "While" : "StatelessWhile", TD_DTYPE_NONE, in, (uint32_t)o->in.n);

    set_types(o, n, "T", false, 0);
    set_function(o, n, "cond", name[0]);
    set_function(o, n, "body", name[1]);
    if (has_state) td_tfl_add_state(o, n);
    put_all(o, n);
}

void td_tfl_lower_call_once(td_tfl_op *o)
{
    td_tfl_run_once(o, td_tfl_int(o, FIRST, 0));
}

/* ---- variables ----------------------------------------------------------------------------------------- */

static const char *copy_text(td_tfl_op *o, td_string s)
{
    return td_arena_strndup(o->l->arena, s.size ? s.data : "", s.size);
}

/* Its type is that of whoever uses it in this subgraph. */
static td_dtype type_of_uses(const td_tfl_op *o)
{
    const uint32_t handle = o->out.n ? td_flat_u32_at(&o->out, 0) : UINT32_MAX;
    const td_tfl_graph *const g = o->graph;

    for (size_t i = 0; i < g->operators.n; i++) {
        td_flat_table op;
        td_flat_vector in, out;

        if (!td_flat_table_at(&g->operators, i, &op) || !td_flat_vector_of(&op, OP_INPUTS, 4, &in) ||
            !td_flat_vector_of(&op, OP_OUTPUTS, 4, &out) || !in.n || td_flat_u32_at(&in, 0) != handle)
            continue;
        const uint32_t value = in.n == 2    ? td_flat_u32_at(&in, 1)
                               : out.n == 1 ? td_flat_u32_at(&out, 0)
                                            : UINT32_MAX;

        if (value < g->n_tensors) return g->tensors[value].dtype;
    }
    return TD_DTYPE_NONE;
}

void td_tfl_lower_var_handle(td_tfl_op *o)
{
    static const td_shape any = { .rank = -1 };
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, NULL, 0);
    const td_dtype type = type_of_uses(o);

    if (!type || type == TD_RESOURCE)
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "nobody beside it says of which type it is"));
    td_tfl_set_text(o, n, "container", copy_text(o, td_tfl_text(o, CONTAINER)));
    td_tfl_set_text(o, n, "shared_name", copy_text(o, td_tfl_text(o, SHARED_NAME)));
    td_tfl_set_type(o, n, "dtype", type);
    td_node_add_attr(o->l->g, n, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &any });
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_read_variable(td_tfl_op *o)
{
    const td_edge handle = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, &handle, 1);

    td_tfl_set_type(o, n, "dtype", td_tfl_out_type(o, 0));
    td_tfl_add_state(o, n);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_assign_variable(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, TD_DTYPE_NONE, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_type(o, n, "dtype", td_tfl_type_of(o, 1));
    td_tfl_add_state(o, n);
    o->l->assigns = true;
}

/* ---- tables -------------------------------------------------------------------------------------------- */

void td_tfl_lower_hash_table(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, NULL, 0);
    const td_dtype key = td_tfl_dtype(td_tfl_byte(o, KEY_TYPE)),
                   value = td_tfl_dtype(td_tfl_byte(o, VALUE_TYPE));

    td_tfl_set_text(o, n, "shared_name",
                    td_arena_format(o->l->arena, "table %d", (int)td_tfl_int(o, TABLE_ID, 0)));
    td_tfl_set_type(o, n, "key_dtype", key);
    td_tfl_set_type(o, n, "value_dtype", value);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

/* Of the table, keys, and values or one value. */
static td_node *of_table(td_tfl_op *o, td_edge value)
{
    const td_edge in[] = { td_tfl_in(o, 0), td_tfl_in(o, 1), value };
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, in, 3);

    td_tfl_set_type(o, n, "Tin", td_tfl_type_of(o, 1));
    td_tfl_set_type(o, n, "Tout", td_tfl_type_of(o, 2));
    td_tfl_add_state(o, n);
    return n;
}

void td_tfl_lower_table_import(td_tfl_op *o)
{
    (void)of_table(o, td_tfl_in(o, 2));
}

void td_tfl_lower_table_find(td_tfl_op *o)
{
    td_tfl_out(o, 0, (td_edge){ of_table(o, td_tfl_scalar(o, 2)), 0, NULL });
}

void td_tfl_lower_table_size(td_tfl_op *o)
{
    const td_edge table = td_tfl_in(o, 0), axis = td_tfl_i32(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, &table, 1);

    td_tfl_add_state(o, n);
    /* a vector of one */
    td_node *const vector = td_tfl_node(o, "ExpandDims", TD_I64, (td_edge[]){ { n, 0, NULL }, axis }, 2);
    td_tfl_set_type(o, vector, "Tdim", TD_I32);
    td_tfl_out(o, 0, (td_edge){ vector, 0, NULL });
}
