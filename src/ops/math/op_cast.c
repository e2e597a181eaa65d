/* SPDX-License-Identifier: Apache-2.0 */
/* op_cast.c -- Cast, between any two number types. A cast to the same type copies. */
#include "kernels/elt/cast.h"
#include "ops/math/elementwise.h"

typedef struct cast_attrs {
    td_dtype to;
    bool truncate;
} cast_attrs;

static td_status cast_parse(td_parse *p)
{
    cast_attrs *const a = p->attrs;

    a->to = td_attr_type(p, "DstT");
    a->truncate = td_attr_bool(p, "Truncate");
    return NULL;
}

static td_status cast_prepare(td_call *c)
{
    const cast_attrs *const a = c->attrs;
    td_elementwise *const s = c->state;
    const td_dtype from = td_in(c, 0)->dtype;
    td_elt elt;

    if (!td_cast_find(from, a->to, a->truncate, c->env->cpu, &elt, &s->arg))
        return TD_ERR(UNIMPLEMENTED, "Cast %s to %s is not supported", td_dtype_name(from),
                      td_dtype_name(a->to));
    td_elementwise_prepare_as(c, &elt);
    return NULL;
}

#define FLOAT8_TYPES (TD_DTYPE_BIT(TD_F8E5M2) | TD_DTYPE_BIT(TD_F8E4M3FN))
static const td_kernel cast_kernels[] =
    TD_ELEMENTWISE_KERNELS(TD_NUMBER_TYPES | TD_BOOL_TYPE | FLOAT8_TYPES, cast_prepare);

const td_op td_ops_cast[] = {
    { .name = "Cast",
      .sig = "x: SrcT -> y: DstT",
      .attrs = "SrcT: type, DstT: type, Truncate: bool = false",
      .key = "SrcT",
      .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE,
      .attrs_size = sizeof(cast_attrs),
      .parse = cast_parse,
      .infer = td_infer_same,
      .kernels = cast_kernels },
    { 0 },
};
