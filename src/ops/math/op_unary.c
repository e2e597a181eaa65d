/* SPDX-License-Identifier: Apache-2.0 */
/* op_unary.c -- ops of one argument that work element by element; op_unary.inc lists most of them. */
#include "ops/math/elementwise.h"

#define UNARY(name, id, sig, types)                                                                          \
    static td_status prepare_##name(td_call *c)                                                              \
    {                                                                                                        \
        return td_elementwise_prepare(c, TD_ELT_##id);                                                       \
    }                                                                                                        \
    static const td_kernel kernels_##name[] = TD_ELEMENTWISE_KERNELS(types, prepare_##name);
#include "ops/math/op_unary.inc"
UNARY(LogicalNot, logical_not, , TD_BOOL_TYPE)
UNARY(Real, real, , TD_COMPLEX_TYPES)
UNARY(Imag, imag, , TD_COMPLEX_TYPES)
UNARY(Angle, angle, , TD_COMPLEX_TYPES)
UNARY(ComplexAbs, complex_abs, , TD_COMPLEX_TYPES)
UNARY(Conj, conj, , TD_COMPLEX_TYPES)
#undef UNARY

/* ---------------------------------------------------------------- LeakyRelu */

static td_status leaky_parse(td_parse *p)
{
    *(float *)p->attrs = td_attr_float(p, "alpha");
    return NULL;
}

static td_status leaky_prepare(td_call *c)
{
    td_elementwise *const s = c->state;

    s->arg.alpha = (double)*(const float *)c->attrs;
    return td_elementwise_prepare(c, TD_ELT_leaky_relu);
}

static const td_kernel leaky_kernels[] = TD_ELEMENTWISE_KERNELS(TD_FLOAT_TYPES, leaky_prepare);

/* ---------------------------------------------------------------- CheckNumerics */

static td_status check_parse(td_parse *p)
{
    *(td_string *)p->attrs = td_attr_string(p, "message");
    return NULL;
}

static td_status check_prepare(td_call *c)
{
    return td_elementwise_prepare(c, TD_ELT_check_numerics);
}

static td_status check_run(td_call *c)
{
    const td_string *const message = c->attrs;
    const int bits = td_elementwise_run_bits(c);
    const char *const what = (bits & TD_ELT_SAW_INF) && (bits & TD_ELT_SAW_NAN) ? "Inf and NaN"
                             : bits & TD_ELT_SAW_INF                            ? "Inf"
                                                                                : "NaN";

    if (!bits) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%.*s : Tensor had %s values", (int)message->size, message->data, what);
}

static const td_kernel check_kernels[] = {
    { .device = TD_DEVICE_CPU,
      .dtypes = TD_FLOAT_TYPES,
      .state_size = sizeof(td_elementwise),
      .prepare = check_prepare,
      .run = check_run },
    { 0 },
};

#define UNARY_ENTRY(name_, sig_, attrs_)                                                                     \
    {                                                                                                        \
        .name = #name_, .sig = (sig_), .attrs = (attrs_), .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE,        \
        .infer = td_infer_same, .kernels = kernels_##name_                                                   \
    }
#define PARTS "T: type = complex64, Tout: type = float"

const td_op td_ops_unary[] = {
#define UNARY(name, id, sig, types) UNARY_ENTRY(name, sig, "T: type"),
#include "ops/math/op_unary.inc"
#undef UNARY
    UNARY_ENTRY(LogicalNot, "x: bool -> y: bool", ""),
    UNARY_ENTRY(Real, "input: T -> output: Tout", PARTS),
    UNARY_ENTRY(Imag, "input: T -> output: Tout", PARTS),
    UNARY_ENTRY(Angle, "input: T -> output: Tout", PARTS),
    UNARY_ENTRY(ComplexAbs, "x: T -> y: Tout", PARTS),
    UNARY_ENTRY(Conj, "input: T -> output: T", "T: type = complex64"),
    { .name = "LeakyRelu",
      .sig = "features: T -> activations: T",
      .attrs = "alpha: float = 0.2, T: type = float",
      .flags = TD_OP_INPLACE | TD_OP_ELEMENTWISE,
      .attrs_size = sizeof(float),
      .parse = leaky_parse,
      .infer = td_infer_same,
      .kernels = leaky_kernels },
    { .name = "CheckNumerics",
      .sig = "tensor: T -> output: T",
      .attrs = "T: type, message: string",
      .flags = TD_OP_INPLACE,
      .attrs_size = sizeof(td_string),
      .parse = check_parse,
      .infer = td_infer_same,
      .kernels = check_kernels },
    { .name = "CheckNumericsV2",
      .sig = "tensor: T -> output: T",
      .attrs = "T: type, message: string",
      .flags = TD_OP_INPLACE | TD_OP_STATEFUL,
      .attrs_size = sizeof(td_string),
      .parse = check_parse,
      .infer = td_infer_same,
      .kernels = check_kernels },
    { 0 },
};
