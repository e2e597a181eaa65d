/* SPDX-License-Identifier: Apache-2.0 */
/* lower_math.c -- operators that work element by element, and sums along axes. */
#include "formats/tflite/lower.h"

#include <stdlib.h>

enum { ACTIVATION = 0, KEEP_DIMS = 0, ALPHA = 0, APPROXIMATE = 0, EXCLUSIVE = 0, REVERSE = 1 };

void td_tfl_lower_unary(td_tfl_op *o)
{
    td_tfl_out(o, 0, td_tfl_emit1(o, o->def->op, o->type, td_tfl_in(o, 0)));
}

static td_edge pair(td_tfl_op *o)
{
    return td_tfl_emit2(o, o->def->op, o->type, td_tfl_in(o, 0), td_tfl_in(o, 1));
}

void td_tfl_lower_binary(td_tfl_op *o)
{
    td_tfl_out(o, 0, td_tfl_activate(o, td_tfl_byte(o, ACTIVATION), pair(o)));
}

/* Two operands, and no options that count. */
void td_tfl_lower_plain(td_tfl_op *o)
{
    td_tfl_out(o, 0, pair(o));
}

void td_tfl_lower_select(td_tfl_op *o)
{
    const td_edge in[] = { td_tfl_in(o, 0), td_tfl_in(o, 1), td_tfl_in(o, 2) };

    td_tfl_out(o, 0, td_tfl_emit(o, o->def->op, o->type, in, 3));
}

void td_tfl_lower_add_n(td_tfl_op *o)
{
    td_edge *const in = TD_ARENA_NEW_N(o->l->arena, td_edge, o->in.n);

    for (size_t i = 0; i < o->in.n; i++)
        in[i] = td_tfl_in(o, i);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, in, (uint32_t)o->in.n);
    td_tfl_set_int(o, n, "N", (int64_t)o->in.n);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_cast(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, &x, 1);

    td_tfl_set_type(o, n, "SrcT", o->type);
    td_tfl_set_type(o, n, "DstT", td_tfl_out_type(o, 0));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

/* op: the least of what goes through; 1 is the most. */
void td_tfl_lower_clip(td_tfl_op *o)
{
    const td_edge low =
        td_tfl_emit2(o, "Maximum", o->type, td_tfl_in(o, 0), td_tfl_f32(o, strtof(o->def->op, NULL)));

    td_tfl_out(o, 0, td_tfl_emit2(o, "Minimum", o->type, low, td_tfl_f32(o, 1.0f)));
}

void td_tfl_lower_leaky_relu(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &x, 1);

    td_tfl_set_float(o, n, "alpha", td_tfl_float(o, ALPHA, 0.0f));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

/* x * relu6(x + 3) / 6 */
void td_tfl_lower_hard_swish(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    const td_edge gate =
        td_tfl_emit1(o, "Relu6", o->type, td_tfl_emit2(o, "AddV2", o->type, x, td_tfl_f32(o, 3.0f)));
    const td_edge product = td_tfl_emit2(o, "Mul", o->type, x, gate);

    td_tfl_out(o, 0, td_tfl_emit2(o, "Mul", o->type, product, td_tfl_f32(o, 1.0f / 6.0f)));
}

void td_tfl_lower_prelu(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    const td_edge in[] = { td_tfl_emit2(o, "GreaterEqual", o->type, x, td_tfl_f32(o, 0.0f)), x,
                           td_tfl_emit2(o, "Mul", o->type, x, td_tfl_in(o, 1)) };

    td_tfl_out(o, 0, td_tfl_emit(o, "SelectV2", o->type, in, 3));
}

/* x / 2 * (1 + erf(x / sqrt 2)); or the usual tanh of a polynomial for erf. */
void td_tfl_lower_gelu(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_edge y;

    if (td_tfl_bool(o, APPROXIMATE)) {
        const td_edge cube = td_tfl_emit2(o, "Mul", o->type, td_tfl_emit2(o, "Mul", o->type, x, x), x);
        const td_edge small = td_tfl_emit2(o, "Mul", o->type, cube, td_tfl_f32(o, 0.044715f));
        const td_edge sum = td_tfl_emit2(o, "AddV2", o->type, x, small);
        y = td_tfl_emit1(o, "Tanh", o->type,
                         td_tfl_emit2(o, "Mul", o->type, sum, td_tfl_f32(o, 0.7978845608f)));
    } else {
        y = td_tfl_emit1(o, "Erf", o->type, td_tfl_emit2(o, "Mul", o->type, x, td_tfl_f32(o, 0.7071067811f)));
    }
    const td_edge half = td_tfl_emit2(o, "Mul", o->type, x, td_tfl_f32(o, 0.5f));
    td_tfl_out(
        o, 0,
        td_tfl_emit2(o, "Mul", o->type, half, td_tfl_emit2(o, "AddV2", o->type, y, td_tfl_f32(o, 1.0f))));
}

static td_edge sum_along(td_tfl_op *o, const char *op, td_edge x, td_edge axes, td_dtype axes_type, bool keep)
{
    td_node *const n = td_tfl_node(o, op, o->type, (td_edge[]){ x, axes }, 2);

    td_tfl_set_type(o, n, "Tidx", axes_type);
    td_tfl_set_bool(o, n, "keep_dims", keep);
    return (td_edge){ n, 0, NULL };
}

void td_tfl_lower_reduce(td_tfl_op *o)
{
    td_tfl_out(o, 0,
               sum_along(o, o->def->op, td_tfl_in(o, 0), td_tfl_in(o, 1), td_tfl_type_of(o, 1),
                         td_tfl_bool(o, KEEP_DIMS)));
}

/* x / max(|x|, 1e-6) along the last axis */
void td_tfl_lower_l2_norm(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    const td_edge sum =
        sum_along(o, "Sum", td_tfl_emit1(o, "Square", o->type, x), td_tfl_i32(o, -1), TD_I32, true);
    const td_edge norm =
        td_tfl_emit2(o, "Maximum", o->type, td_tfl_emit1(o, "Sqrt", o->type, sum), td_tfl_f32(o, 1e-6f));

    td_tfl_out(o, 0,
               td_tfl_activate(o, td_tfl_byte(o, ACTIVATION), td_tfl_emit2(o, "RealDiv", o->type, x, norm)));
}

void td_tfl_lower_arg(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_scalar(o, 1) }, 2);

    td_tfl_set_type(o, n, "Tidx", td_tfl_type_of(o, 1));
    td_tfl_set_type(o, n, "output_type", td_tfl_out_type(o, 0));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_cumsum(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_scalar(o, 1) }, 2);

    td_tfl_set_type(o, n, "Tidx", td_tfl_type_of(o, 1));
    td_tfl_set_bool(o, n, "exclusive", td_tfl_bool(o, EXCLUSIVE));
    td_tfl_set_bool(o, n, "reverse", td_tfl_bool(o, REVERSE));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}
