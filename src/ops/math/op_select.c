/* SPDX-License-Identifier: Apache-2.0 */
/* op_select.c -- Select, SelectV2, ClipByValue, Betainc: the ops of three arguments. */
#include "kernels/elt/select.h"
#include "ops/math/elementwise.h"

static td_status shapes_differ(const char *what, const td_shape *a, const td_shape *b)
{
    char ta[TD_SHAPE_TEXT], tb[TD_SHAPE_TEXT];

    return TD_ERR(INVALID_ARGUMENT, "%s: %s vs. %s", what, td_shape_text(a, ta, sizeof ta),
                  td_shape_text(b, tb, sizeof tb));
}

/* ---------------------------------------------------------------- SelectV2 */

static td_status select_v2_infer(td_call *c)
{
    td_shape s, all;

    if (!td_shape_broadcast(&td_in(c, 1)->shape, &td_in(c, 2)->shape, &s))
        return shapes_differ("Incompatible shapes", &td_in(c, 1)->shape, &td_in(c, 2)->shape);
    if (!td_shape_broadcast(&td_in(c, 0)->shape, &s, &all))
        return shapes_differ("condition, then and else must be broadcastable", &td_in(c, 0)->shape, &s);
    TD_TRY(td_shape_check(&all));
    td_out(c, 0)->shape = all;
    return NULL;
}

static td_status select_v2_prepare(td_call *c)
{
    td_elt elt;

    if (!td_select_find(td_dtype_size(td_out(c, 0)->dtype), &elt))
        return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(td_out(c, 0)->dtype));
    td_elementwise_prepare_as(c, &elt);
    return NULL;
}

/* ---------------------------------------------------------------- Select */

/* The condition has the others' shape, is a scalar, or says which rows (along dimension 0) to take. */
static td_status select_infer(td_call *c)
{
    const td_shape *const condition = &td_in(c, 0)->shape, *const yes = &td_in(c, 1)->shape;

    if (!td_shape_equal(yes, &td_in(c, 2)->shape))
        return shapes_differ("'then' and 'else' must have the same size.  but received", yes,
                             &td_in(c, 2)->shape);
    const bool by_row = condition->rank == 1 && yes->rank >= 1 && condition->dims[0] == yes->dims[0];
    if (condition->rank != 0 && !by_row && !td_shape_equal(condition, yes))
        return shapes_differ(
            "'condition' must be a scalar, a vector of the first dimension, or have the same "
            "shape as 'then'",
            condition, yes);
    td_out(c, 0)->shape = *yes;
    return NULL;
}

static td_status select_prepare(td_call *c)
{
    td_elementwise *const s = c->state;
    const td_shape *const condition = &td_in(c, 0)->shape, *const yes = &td_in(c, 1)->shape;

    TD_TRY(select_v2_prepare(c));
    if (condition->rank == 1 && yes->rank > 1) {
        td_shape column = { .rank = yes->rank };
        for (int d = 0; d < column.rank; d++)
            column.dims[d] = d ? 1 : condition->dims[0];
        td_elementwise_reshape(s, yes, (const td_shape *const[]){ &column, yes, yes });
    }
    return NULL;
}

/* Variants hold references, which a copy of bytes would not count. */
#define COPYABLE (~(TD_DTYPE_BIT(TD_VARIANT)))
static const td_kernel select_kernels[] = TD_ELEMENTWISE_KERNELS(COPYABLE, select_prepare);
static const td_kernel select_v2_kernels[] = TD_ELEMENTWISE_KERNELS(COPYABLE, select_v2_prepare);

/* ---------------------------------------------------------------- ClipByValue */

static td_status clip_infer(td_call *c)
{
    const td_shape *const in[] = { &td_in(c, 0)->shape, &td_in(c, 1)->shape, &td_in(c, 2)->shape };

    return td_elementwise_shape(TD_RULE_CLIP, (td_string){ 0 }, c->op->name, in, 3, &td_out(c, 0)->shape);
}

static td_status clip_prepare(td_call *c)
{
    return td_elementwise_prepare(c, TD_ELT_clip);
}

static const td_kernel clip_kernels[] = TD_ELEMENTWISE_KERNELS(TD_REAL_TYPES, clip_prepare);

/* ---------------------------------------------------------------- Betainc */

/* Tensors are of one shape, the others scalars. */
static td_status betainc_infer(td_call *c)
{
    const td_shape *shape = &td_in(c, 0)->shape;

    for (uint32_t i = 1; i < 3; i++) {
        const td_shape *const s = &td_in(c, i)->shape;
        if (shape->rank == 0)
            shape = s;
        else if (s->rank != 0 && !td_shape_equal(shape, s))
            return shapes_differ("Shapes of a, b and x must match, or be scalars", shape, s);
    }
    td_out(c, 0)->shape = *shape;
    return NULL;
}

static td_status betainc_prepare(td_call *c)
{
    return td_elementwise_prepare(c, TD_ELT_betainc);
}

static const td_kernel betainc_kernels[] =
    TD_ELEMENTWISE_KERNELS(TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), betainc_prepare);

const td_op td_ops_select[] = {
    { .name = "Select",
      .sig = "condition: bool, t: T, e: T -> output: T",
      .attrs = "T: type",
      .key = "T",
      .flags = TD_OP_INPLACE,
      .infer = select_infer,
      .kernels = select_kernels },
    { .name = "SelectV2",
      .sig = "condition: bool, t: T, e: T -> output: T",
      .attrs = "T: type",
      .key = "T",
      .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE,
      .infer = select_v2_infer,
      .kernels = select_v2_kernels },
    { .name = "Betainc",
      .sig = "a: T, b: T, x: T -> z: T",
      .attrs = "T: type",
      .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE,
      .infer = betainc_infer,
      .kernels = betainc_kernels },
    { .name = "ClipByValue",
      .sig = "t: T, clip_value_min: T, clip_value_max: T -> output: T",
      .attrs = "T: type",
      .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE,
      .infer = clip_infer,
      .kernels = clip_kernels },
    { 0 },
};
