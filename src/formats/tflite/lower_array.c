/* SPDX-License-Identifier: Apache-2.0 */
/* lower_array.c -- operators that move elements, and those that tell and make shapes. */
#include "formats/tflite/lower.h"

enum { NEW_SHAPE = 0, SQUEEZE_DIMS = 0, CONCAT_AXIS = 0, CONCAT_ACTIVATION, PACK_AXIS = 1, UNPACK_AXIS = 1 };
enum { BEGIN_MASK, END_MASK, ELLIPSIS_MASK, NEW_AXIS_MASK, SHRINK_AXIS_MASK, OFFSET };
enum { GATHER_AXIS, GATHER_BATCH_DIMS, ONE_HOT_AXIS = 0, MIRROR_MODE = 0, BLOCK_SIZE = 0 };

/* The op of two operands, with the type of the second as attribute `name`. */
static td_node *pair(td_tfl_op *o, const char *name)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_type(o, n, name, td_tfl_type_of(o, 1));
    return n;
}

static void put(td_tfl_op *o, td_node *n)
{
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

/* All outputs of n, of which there are as many as the operator has. */
static void put_all(td_tfl_op *o, td_node *n)
{
    for (size_t i = 0; i < o->out.n; i++)
        td_tfl_out(o, i, (td_edge){ n, (uint32_t)i, NULL });
}

static td_edge *all_operands(td_tfl_op *o, size_t more)
{
    td_edge *const in = TD_ARENA_NEW_N(o->l->arena, td_edge, o->in.n + more);

    for (size_t i = 0; i < o->in.n; i++)
        in[i] = td_tfl_in(o, i);
    return in;
}

/* The shape is an operand, or an option, which writers leave there for readers of old. */
void td_tfl_lower_reshape(td_tfl_op *o)
{
    if (td_tfl_has(o, 1)) {
        put(o, pair(o, "Tshape"));
        return;
    }
    const td_flat_vector shape = td_tfl_ints(o, NEW_SHAPE);
    int32_t *const dims = TD_ARENA_NEW_N(o->l->arena, int32_t, shape.n);

    for (size_t i = 0; i < shape.n; i++)
        dims[i] = (int32_t)td_flat_u32_at(&shape, i);
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_i32s(o, dims, shape.n) }, 2);
    td_tfl_set_type(o, n, "Tshape", TD_I32);
    put(o, n);
}

void td_tfl_lower_concat(td_tfl_op *o)
{
    td_edge *const in = all_operands(o, 1);

    in[o->in.n] = td_tfl_i32(o, td_tfl_int(o, CONCAT_AXIS, 0));
    if (o->in.n == 1) { /* TensorFlow joins two at least */
        td_tfl_out(o, 0,
                   td_tfl_activate(o, td_tfl_byte(o, CONCAT_ACTIVATION),
                                   td_tfl_emit1(o, "Identity", o->type, in[0])));
        return;
    }
    td_node *const n = td_tfl_node(o, o->def->op, o->type, in, (uint32_t)o->in.n + 1);
    td_tfl_set_int(o, n, "N", (int64_t)o->in.n);
    td_tfl_set_type(o, n, "Tidx", TD_I32);
    td_tfl_out(o, 0, td_tfl_activate(o, td_tfl_byte(o, CONCAT_ACTIVATION), (td_edge){ n, 0, NULL }));
}

void td_tfl_lower_pad(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(o, o->def->op, o->type, all_operands(o, 0), (uint32_t)o->in.n);

    td_tfl_set_type(o, n, "Tpaddings", td_tfl_type_of(o, 1));
    put(o, n);
}

void td_tfl_lower_mirror_pad(td_tfl_op *o)
{
    td_node *const n = pair(o, "Tpaddings");

    td_tfl_set_text(o, n, "mode", td_tfl_byte(o, MIRROR_MODE) ? "SYMMETRIC" : "REFLECT");
    put(o, n);
}

void td_tfl_lower_transpose(td_tfl_op *o)
{
    put(o, pair(o, "Tperm"));
}

void td_tfl_lower_squeeze(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &x, 1);
    const td_flat_vector v = td_tfl_ints(o, SQUEEZE_DIMS);
    int64_t *const dims = TD_ARENA_NEW_N(o->l->arena, int64_t, v.n);

    for (size_t i = 0; i < v.n; i++)
        dims[i] = (int32_t)td_flat_u32_at(&v, i);
    td_tfl_set_ints(o, n, "squeeze_dims", dims, v.n);
    put(o, n);
}

void td_tfl_lower_expand_dims(td_tfl_op *o)
{
    put(o, pair(o, "Tdim"));
}

void td_tfl_lower_strided_slice(td_tfl_op *o)
{
    static const char *const masks[] = { "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                                         "shrink_axis_mask" };
    td_node *const n = td_tfl_node(o, o->def->op, o->type, all_operands(o, 0), (uint32_t)o->in.n);

    for (size_t i = BEGIN_MASK; i <= SHRINK_AXIS_MASK; i++)
        td_tfl_set_int(o, n, masks[i], td_tfl_int(o, i, 0));
    td_tfl_set_type(o, n, "Index", td_tfl_type_of(o, 1));
    if (td_tfl_bool(o, OFFSET))
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "ends that count from the begin are not built yet"));
    put(o, n);
}

void td_tfl_lower_slice(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(o, o->def->op, o->type, all_operands(o, 0), (uint32_t)o->in.n);

    td_tfl_set_type(o, n, "Index", td_tfl_type_of(o, 1));
    put(o, n);
}

void td_tfl_lower_pack(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(o, o->def->op, o->type, all_operands(o, 0), (uint32_t)o->in.n);

    td_tfl_set_int(o, n, "N", (int64_t)o->in.n);
    td_tfl_set_int(o, n, "axis", td_tfl_int(o, PACK_AXIS, 0));
    put(o, n);
}

void td_tfl_lower_unpack(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &x, 1);

    td_tfl_set_int(o, n, "num", (int64_t)o->out.n);
    td_tfl_set_int(o, n, "axis", td_tfl_int(o, UNPACK_AXIS, 0));
    put_all(o, n);
}

void td_tfl_lower_split(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_scalar(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_int(o, n, "num_split", (int64_t)o->out.n);
    put_all(o, n);
}

void td_tfl_lower_split_v(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(o, o->def->op, o->type,
                                   (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1), td_tfl_scalar(o, 2) }, 3);

    td_tfl_set_type(o, n, "Tlen", td_tfl_type_of(o, 1));
    td_tfl_set_int(o, n, "num_split", (int64_t)o->out.n);
    put_all(o, n);
}

void td_tfl_lower_gather(td_tfl_op *o)
{
    const td_edge in[] = { td_tfl_in(o, 0), td_tfl_in(o, 1), td_tfl_i32(o, td_tfl_int(o, GATHER_AXIS, 0)) };
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, in, 3);

    td_tfl_set_type(o, n, "Tparams", o->type);
    td_tfl_set_type(o, n, "Tindices", td_tfl_type_of(o, 1));
    td_tfl_set_type(o, n, "Taxis", TD_I32);
    td_tfl_set_int(o, n, "batch_dims", td_tfl_int(o, GATHER_BATCH_DIMS, 0));
    put(o, n);
}

void td_tfl_lower_gather_nd(td_tfl_op *o)
{
    td_node *const n = pair(o, "Tindices");

    td_tfl_set_type(o, n, "Tparams", o->type);
    put(o, n);
}

void td_tfl_lower_shape(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &x, 1);

    td_tfl_set_type(o, n, "out_type", td_tfl_out_type(o, 0));
    put(o, n);
}

void td_tfl_lower_fill(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_scalar(o, 1) }, 2);

    td_tfl_set_type(o, n, "index_type", td_tfl_type_of(o, 0));
    put(o, n);
}

void td_tfl_lower_tile(td_tfl_op *o)
{
    put(o, pair(o, "Tmultiples"));
}

void td_tfl_lower_broadcast_to(td_tfl_op *o)
{
    put(o, pair(o, "Tidx"));
}

void td_tfl_lower_one_hot(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(
        o, o->def->op, o->type,
        (td_edge[]){ td_tfl_in(o, 0), td_tfl_scalar(o, 1), td_tfl_scalar(o, 2), td_tfl_scalar(o, 3) }, 4);

    td_tfl_set_type(o, n, "TI", td_tfl_type_of(o, 0));
    td_tfl_set_int(o, n, "axis", td_tfl_int(o, ONE_HOT_AXIS, 0));
    put(o, n);
}

void td_tfl_lower_topk(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_scalar(o, 1) }, 2);

    td_tfl_set_type(o, n, "Tk", td_tfl_type_of(o, 1));
    td_tfl_set_bool(o, n, "sorted", true);
    td_tfl_set_type(o, n, "index_type", TD_I32);
    put_all(o, n);
}

void td_tfl_lower_range(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, TD_DTYPE_NONE,
                    (td_edge[]){ td_tfl_scalar(o, 0), td_tfl_scalar(o, 1), td_tfl_scalar(o, 2) }, 3);

    td_tfl_set_type(o, n, "Tidx", o->type);
    put(o, n);
}

void td_tfl_lower_reverse(td_tfl_op *o)
{
    put(o, pair(o, "Tidx"));
}

void td_tfl_lower_blocks(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &x, 1);

    td_tfl_set_int(o, n, "block_size", td_tfl_int(o, BLOCK_SIZE, 0));
    put(o, n);
}

void td_tfl_lower_space_batch(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(o, o->def->op, o->type, all_operands(o, 0), (uint32_t)o->in.n);

    td_tfl_set_type(o, n, "Tblock_shape", td_tfl_type_of(o, 1));
    td_tfl_set_type(o, n, "Tpaddings", td_tfl_type_of(o, 2));
    td_tfl_set_type(o, n, "Tcrops", td_tfl_type_of(o, 2));
    put(o, n);
}
