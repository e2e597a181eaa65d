/* SPDX-License-Identifier: Apache-2.0 */
/* lower_other.c -- operators that are an op of TensorFlow's, operand for operand: what is left are the names of their types. */
#include "formats/tflite/options.h"

enum { SEQ_DIM = 0, BATCH_DIM };

/* The node over all operands, its attribute T if type is one. */
static td_node *over_all(td_tfl_op *o, td_dtype type)
{
    td_edge *const in = TD_ARENA_NEW_N(o->l->arena, td_edge, o->in.n);

    for (size_t i = 0; i < o->in.n; i++)
        in[i] = td_tfl_in(o, i);
    return td_tfl_node(o, o->def->op, type, in, (uint32_t)o->in.n);
}

static void put_all(td_tfl_op *o, td_node *n)
{
    for (size_t i = 0; i < o->out.n; i++)
        td_tfl_out(o, i, (td_edge){ n, (uint32_t)i, NULL });
}

/* No more than T. */
void td_tfl_lower_same(td_tfl_op *o)
{
    put_all(o, over_all(o, o->type));
}

void td_tfl_lower_scatter_nd(td_tfl_op *o)
{
    td_node *const n = over_all(o, td_tfl_type_of(o, 1));

    td_tfl_set_type(o, n, "Tindices", td_tfl_type_of(o, 0));
    put_all(o, n);
}

void td_tfl_lower_reverse_sequence(td_tfl_op *o)
{
    td_node *const n = over_all(o, o->type);

    td_tfl_set_type(o, n, "Tlen", td_tfl_type_of(o, 1));
    td_tfl_set_int(o, n, "seq_dim", td_tfl_int(o, SEQ_DIM, 0));
    td_tfl_set_int(o, n, "batch_dim", td_tfl_int(o, BATCH_DIM, 0));
    put_all(o, n);
}

/* Of ids that are sorted, or of any, and how many there are. */
void td_tfl_lower_segment(td_tfl_op *o)
{
    td_node *const n = over_all(o, o->type);

    td_tfl_set_type(o, n, "Tindices", td_tfl_type_of(o, 1));
    if (o->in.n > 2) td_tfl_set_type(o, n, "Tnumsegments", td_tfl_type_of(o, 2));
    put_all(o, n);
}

void td_tfl_lower_sparse_to_dense(td_tfl_op *o)
{
    td_node *const n = over_all(o, td_tfl_type_of(o, 2));

    td_tfl_set_type(o, n, "Tindices", td_tfl_type_of(o, 0));
    td_tfl_set_bool(o, n, "validate_indices", false);
    put_all(o, n);
}

void td_tfl_lower_unique(td_tfl_op *o)
{
    td_node *const n = over_all(o, o->type);

    td_tfl_set_type(o, n, "out_idx", td_tfl_out_type(o, 1));
    put_all(o, n);
}

/* Ids come first, and choose rows. */
void td_tfl_lower_embedding(td_tfl_op *o)
{
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE,
                                   (td_edge[]){ td_tfl_in(o, 1), td_tfl_in(o, 0), td_tfl_i32(o, 0) }, 3);

    td_tfl_set_type(o, n, "Tparams", td_tfl_type_of(o, 1));
    td_tfl_set_type(o, n, "Tindices", td_tfl_type_of(o, 0));
    td_tfl_set_type(o, n, "Taxis", TD_I32);
    put_all(o, n);
}

/* To the real or the imaginary part, or the distance from 0. */
void td_tfl_lower_complex(td_tfl_op *o)
{
    td_node *const n = over_all(o, o->type);

    td_tfl_set_type(o, n, "Tout", TD_F32);
    put_all(o, n);
}
