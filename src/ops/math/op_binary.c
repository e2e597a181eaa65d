/* SPDX-License-Identifier: Apache-2.0 */
/* op_binary.c -- ops of two arguments with broadcasting; op_binary.inc lists most of them. */
#include "ops/math/elementwise.h"

#include <string.h>

#include "base/macros.h"
#include "base/size.h"

#define BINARY(name, id, sig, types, flags)                                                                  \
    static td_status prepare_##name(td_call *c)                                                              \
    {                                                                                                        \
        return td_elementwise_prepare(c, TD_ELT_##id);                                                       \
    }
#include "ops/math/op_binary.inc"
BINARY(Add, add, , , )
BINARY(NextAfter, next_after, , , )
BINARY(LogicalAnd, logical_and, , , )
BINARY(LogicalOr, logical_or, , , )
BINARY(Complex, make_complex, , , )
#undef BINARY

/* ---------------------------------------------------------------- shapes */

/* Gradients do not broadcast: a gradient for each element. */
static td_status gradient_infer(td_call *c)
{
    const td_shape *const in[] = { &td_in(c, 0)->shape, &td_in(c, 1)->shape };

    return td_elementwise_shape(TD_RULE_EQUAL, (td_string){ c->node, strlen(c->node) }, c->op->name, in, 2,
                                &td_out(c, 0)->shape);
}

/* ---------------------------------------------------------------- Pow */

/* A constant exponent that has a function of its own. */
static td_elt_id power_as_function(const td_tensor *exponent)
{
    double y = 0;

    if (exponent->dtype == TD_F32)
        y = (double)*(const float *)exponent->data;
    else if (exponent->dtype == TD_F64)
        y = *(const double *)exponent->data;
    return y == 2 ? TD_ELT_square : y == 3 ? TD_ELT_cube : y == 0.5 ? TD_ELT_sqrt : TD_ELT_pow;
}

static td_status pow_prepare(td_call *c)
{
    const td_tensor *const y = td_in(c, 1);
    const bool is_scalar =
        td_shape_count(&y->shape) == 1 && td_shape_equal(&td_in(c, 0)->shape, &td_out(c, 0)->shape);

    return td_elementwise_prepare(c, is_scalar && td_in_is_const(c, 1) ? power_as_function(y) : TD_ELT_pow);
}

static const td_kernel kernels_Pow[] = TD_ELEMENTWISE_KERNELS(TD_NUMBER_TYPES, pow_prepare);

/* ---------------------------------------------------------------- Add of strings */

typedef struct join_state {
    td_bcast bcast;
    td_bcast_operand operands[2];
} join_state;

static td_status join_prepare(td_call *c)
{
    join_state *const s = c->state;

    td_bcast_make(&s->bcast, s->operands, &td_out(c, 0)->shape,
                  (const td_shape *const[]){ &td_in(c, 0)->shape, &td_in(c, 1)->shape }, 2);
    return NULL;
}

static td_status join_run(td_call *c)
{
    const join_state *const s = c->state;
    const td_string *const x = td_in(c, 0)->data, *const y = td_in(c, 1)->data;
    td_string *const z = td_out(c, 0)->data;

    for (size_t i = 0; i < s->bcast.count; i++) {
        const td_string a = x[td_bcast_at(&s->bcast, 0, i)], b = y[td_bcast_at(&s->bcast, 1, i)];
        size_t size;
        if (!td_add_size(a.size, b.size, &size)) return TD_ERR(RESOURCE_EXHAUSTED, "%s: too long", c->node);
        char *const text = td_string_alloc(c, size);
        if (!text) return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory for %zu bytes", c->node, size);
        if (a.size) memcpy(text, a.data, a.size);
        if (b.size) memcpy(text + a.size, b.data, b.size);
        z[i] = (td_string){ text, size };
    }
    return NULL;
}

static const td_kernel kernels_Add_and_strings[] = {
    { .device = TD_DEVICE_CPU,
      .dtypes = TD_NUMBER_TYPES,
      .state_size = sizeof(td_elementwise),
      .prepare = prepare_Add,
      .run = td_elementwise_run },
    { .device = TD_DEVICE_CPU,
      .dtypes = TD_DTYPE_BIT(TD_STRING),
      .state_size = sizeof(join_state),
      .prepare = join_prepare,
      .run = join_run },
    { 0 },
};

/* ---------------------------------------------------------------- LeakyReluGrad */

static td_status leaky_parse(td_parse *p)
{
    *(float *)p->attrs = td_attr_float(p, "alpha");
    return NULL;
}

static td_status leaky_prepare(td_call *c)
{
    td_elementwise *const s = c->state;

    s->arg.alpha = (double)*(const float *)c->attrs;
    return td_elementwise_prepare(c, TD_ELT_leaky_relu_grad);
}

static const td_kernel leaky_kernels[] = TD_ELEMENTWISE_KERNELS(TD_FLOAT_TYPES, leaky_prepare);

/* ---------------------------------------------------------------- the table */

#define BINARY_ENTRY(name_, sig_, attrs_, kernels_, flags_, infer_)                                          \
    {                                                                                                        \
        .name = #name_, .sig = (sig_), .attrs = (attrs_),                                                    \
        .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE | (flags_), .infer = (infer_), .kernels = (kernels_)      \
    }

#define BINARY(name, id, sig, types, flags)                                                                  \
    static const td_kernel kernels_##name[] = TD_ELEMENTWISE_KERNELS(types, prepare_##name);
#include "ops/math/op_binary.inc"
BINARY(NextAfter, , , TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), )
BINARY(LogicalAnd, , , TD_BOOL_TYPE, )
BINARY(LogicalOr, , , TD_BOOL_TYPE, )
BINARY(Complex, , , TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), )
#undef BINARY

const td_op td_ops_binary[] = {
#define BINARY(name, id, sig, types, flags)                                                                  \
    BINARY_ENTRY(name, sig, "T: type", kernels_##name, flags, td_infer_broadcast),
#define GRADIENT(name, id, sig, types) BINARY_ENTRY(name, sig, "T: type", kernels_##name, 0, gradient_infer),
#include "ops/math/op_binary.inc"
#undef BINARY
#undef GRADIENT
    BINARY_ENTRY(Add, "x: T, y: T -> z: T", "T: type", kernels_Add_and_strings, 0, td_infer_broadcast),
    BINARY_ENTRY(Pow, "x: T, y: T -> z: T", "T: type", kernels_Pow, 0, td_infer_broadcast),
    BINARY_ENTRY(NextAfter, "x1: T, x2: T -> output: T", "T: type = float", kernels_NextAfter, 0,
                 td_infer_broadcast),
    BINARY_ENTRY(LogicalAnd, "x: bool, y: bool -> z: bool", "", kernels_LogicalAnd, TD_OP_COMMUTATIVE,
                 td_infer_broadcast),
    BINARY_ENTRY(LogicalOr, "x: bool, y: bool -> z: bool", "", kernels_LogicalOr, TD_OP_COMMUTATIVE,
                 td_infer_broadcast),
    BINARY_ENTRY(Complex, "real: T, imag: T -> out: Tout", "T: type = float, Tout: type = complex64",
                 kernels_Complex, 0, td_infer_broadcast),
    { .name = "LeakyReluGrad",
      .sig = "gradients: T, features: T -> backprops: T",
      .attrs = "alpha: float = 0.2, T: type = float",
      .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE,
      .attrs_size = sizeof(float),
      .parse = leaky_parse,
      .infer = gradient_infer,
      .kernels = leaky_kernels },
    { 0 },
};
