/* SPDX-License-Identifier: Apache-2.0 */
/* op_compare.c -- Equal and NotEqual (also of strings, and of shapes that do not fit), ApproximateEqual. The
 * ordering comparisons are in op_binary.inc. */
#include "ops/math/elementwise.h"

#include <string.h>

/* ---------------------------------------------------------------- Equal, NotEqual */

typedef struct equal_attrs {
    bool shapes_must_fit;
} equal_attrs;

static td_status equal_parse(td_parse *p)
{
    equal_attrs *const a = p->attrs;

    a->shapes_must_fit = td_attr_bool(p, "incompatible_shape_error");
    return NULL;
}

static bool shapes_fit(const td_call *c)
{
    td_shape s;

    return td_shape_broadcast(&td_in(c, 0)->shape, &td_in(c, 1)->shape, &s);
}

static td_status equal_infer(td_call *c)
{
    const equal_attrs *const a = c->attrs;

    if (a->shapes_must_fit || shapes_fit(c)) return td_infer_broadcast(c);
    td_out(c, 0)->shape = (td_shape){ 0 };
    return NULL;
}

/* Operands of shapes that do not fit are not equal, as a whole: bcast.count stays 0. */
static td_status equal_prepare(td_call *c)
{
    return shapes_fit(c) ? td_elementwise_prepare(c, TD_ELT_equal) : NULL;
}

static td_status not_equal_prepare(td_call *c)
{
    return shapes_fit(c) ? td_elementwise_prepare(c, TD_ELT_not_equal) : NULL;
}

static td_status equal_run(td_call *c)
{
    const td_elementwise *const s = c->state;

    if (s->elt.fn) return td_elementwise_run(c);
    *(bool *)td_out(c, 0)->data = false;
    return NULL;
}

static td_status not_equal_run(td_call *c)
{
    const td_elementwise *const s = c->state;

    if (s->elt.fn) return td_elementwise_run(c);
    *(bool *)td_out(c, 0)->data = true;
    return NULL;
}

typedef struct string_state {
    td_bcast bcast;
    td_bcast_operand operands[2];
    bool fits;
} string_state;

static td_status string_prepare(td_call *c)
{
    string_state *const s = c->state;

    s->fits = shapes_fit(c);
    if (s->fits)
        td_bcast_make(&s->bcast, s->operands, &td_out(c, 0)->shape,
                      (const td_shape *const[]){ &td_in(c, 0)->shape, &td_in(c, 1)->shape }, 2);
    return NULL;
}

static td_status compare_strings(td_call *c, bool when_equal)
{
    const string_state *const s = c->state;
    const td_string *const x = td_in(c, 0)->data, *const y = td_in(c, 1)->data;
    bool *const z = td_out(c, 0)->data;

    if (!s->fits) *z = !when_equal;
    for (size_t i = 0; i < s->bcast.count; i++) {
        const td_string *const a = &x[td_bcast_at(&s->bcast, 0, i)], *const b =
                                                                         &y[td_bcast_at(&s->bcast, 1, i)];
        const bool same = a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
        z[i] = same == when_equal;
    }
    return NULL;
}

static td_status string_equal_run(td_call *c)
{
    return compare_strings(c, true);
}

static td_status string_not_equal_run(td_call *c)
{
    return compare_strings(c, false);
}

#define EQUAL_KERNELS(prepare_, run_, string_run)                                                            \
    {                                                                                                        \
        { .device = TD_DEVICE_CPU,                                                                           \
          .dtypes = TD_NUMBER_TYPES | TD_BOOL_TYPE,                                                          \
          .state_size = sizeof(td_elementwise),                                                              \
          .prepare = (prepare_),                                                                             \
          .run = (run_) },                                                                                   \
            { .device = TD_DEVICE_CPU,                                                                       \
              .dtypes = TD_DTYPE_BIT(TD_STRING),                                                             \
              .state_size = sizeof(string_state),                                                            \
              .prepare = string_prepare,                                                                     \
              .run = (string_run) },                                                                         \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }
static const td_kernel equal_kernels[] = EQUAL_KERNELS(equal_prepare, equal_run, string_equal_run);
static const td_kernel not_equal_kernels[] =
    EQUAL_KERNELS(not_equal_prepare, not_equal_run, string_not_equal_run);

/* ---------------------------------------------------------------- ApproximateEqual */

static td_status approx_parse(td_parse *p)
{
    *(float *)p->attrs = td_attr_float(p, "tolerance");
    return NULL;
}

static td_status approx_infer(td_call *c)
{
    if (!td_shape_equal(&td_in(c, 0)->shape, &td_in(c, 1)->shape))
        return TD_ERR(INVALID_ARGUMENT, "x and y must be of the same shape");
    return td_infer_same(c);
}

static td_status approx_prepare(td_call *c)
{
    td_elementwise *const s = c->state;

    s->arg.alpha = (double)*(const float *)c->attrs;
    return td_elementwise_prepare(c, TD_ELT_approx_equal);
}

static const td_kernel approx_kernels[] =
    TD_ELEMENTWISE_KERNELS(TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), approx_prepare);

#define EQUAL_ENTRY(name_, kernels_)                                                                         \
    {                                                                                                        \
        .name = (name_), .sig = "x: T, y: T -> z: bool",                                                     \
        .attrs = "T: type, incompatible_shape_error: bool = true",                                           \
        .flags = TD_OP_INPLACE | TD_OP_COMMUTATIVE, .attrs_size = sizeof(equal_attrs), .parse = equal_parse, \
        .infer = equal_infer, .kernels = (kernels_)                                                          \
    }

const td_op td_ops_compare[] = {
    EQUAL_ENTRY("Equal", equal_kernels),
    EQUAL_ENTRY("NotEqual", not_equal_kernels),
    { .name = "ApproximateEqual",
      .sig = "x: T, y: T -> z: bool",
      .attrs = "T: type, tolerance: float = 0.00001",
      .flags = TD_OP_COMMUTATIVE,
      .attrs_size = sizeof(float),
      .parse = approx_parse,
      .infer = approx_infer,
      .kernels = approx_kernels },
    { 0 },
};
