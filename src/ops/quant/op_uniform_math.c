/* SPDX-License-Identifier: Apache-2.0 */
/* op_uniform_math.c -- UniformQuantizedAdd, UniformQuantizedDot: sums and products of steps of given scales. Inputs are
 * lhs, rhs, then scales and zero points of lhs, of rhs, and of the output. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/quant/quantized.h"

enum { LHS, RHS, OUTPUT };

typedef struct math_attrs {
    int64_t axis[3], min, max;
} math_attrs;

static td_status math_parse(td_parse *p)
{
    *(math_attrs *)p->attrs =
        (math_attrs){ { td_attr_int(p, "lhs_quantization_axis"), td_attr_int(p, "rhs_quantization_axis"),
                        td_attr_int(p, "output_quantization_axis") },
                      td_attr_int(p, "output_quantization_min_val"),
                      td_attr_int(p, "output_quantization_max_val") };
    return NULL;
}

static td_status check_steps(td_call *c, int which, const td_shape *of)
{
    const int64_t axis = ((const math_attrs *)c->attrs)->axis[which];

    if (axis < -1 || axis >= of->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "quantization_axis %" PRId64 " is not -1 or one of %d", axis,
                         (int)of->rank);
    const td_shape want = { axis >= 0, { axis >= 0 ? of->dims[axis] : 0 } };

    for (uint32_t i = 0; i < 2; i++)
        if (!td_shape_equal(&td_in(c, 2 + 2 * (uint32_t)which + i)->shape, &want))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "scales and zero_points do not fit quantization_axis %" PRId64, axis);
    return NULL;
}

static double scale_of(const td_call *c, int which, size_t i)
{
    return td_uniform_scale(td_in(c, 2 + 2 * (uint32_t)which), i);
}

static int64_t zero_of(const td_call *c, int which, size_t i)
{
    return td_uniform_zero(td_in(c, 3 + 2 * (uint32_t)which), i);
}

static int64_t clamp(const td_call *c, int64_t v)
{
    const math_attrs *const a = c->attrs;

    return TD_MAX(TD_MIN(v, a->max), a->min);
}

static int64_t hold(int64_t v)
{
    return TD_MIN(TD_MAX(v, INT32_MIN), INT32_MAX);
}

/* ---------------------------------------------------------------- UniformQuantizedAdd */

static td_status add_infer(td_call *c)
{
    const math_attrs *const a = c->attrs;

    TD_TRY(td_infer_broadcast(c));
    const td_shape *const out = &td_out(c, 0)->shape;

    for (int k = LHS; k <= RHS; k++) {
        TD_TRY(check_steps(c, k, &td_in(c, (uint32_t)k)->shape));
        if (a->axis[k] >= 0 && a->axis[OUTPUT] >= 0 &&
            td_in(c, (uint32_t)k)->shape.rank - a->axis[k] != out->rank - a->axis[OUTPUT])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "If an operand and output are both per-axis quantized, the quantization "
                             "axis must match.");
    }
    return check_steps(c, OUTPUT, out);
}

/* An operand's element for element `at` of the output, in steps of the output without its zero point. */
static int64_t addend(const td_call *c, int which, size_t at)
{
    const math_attrs *const a = c->attrs;
    const td_tensor *const t = td_in(c, (uint32_t)which);
    const td_shape *const out = &td_out(c, 0)->shape;
    size_t index = 0, step = 1, own = 0, whole = 0;

    for (int i = 1; i <= out->rank; i++) {
        const size_t n = (size_t)out->dims[out->rank - i], place = at % n;

        at /= n;
        if (out->rank - i == a->axis[OUTPUT]) whole = place;
        if (i > t->shape.rank) continue;
        const size_t dim = (size_t)t->shape.dims[t->shape.rank - i], from = dim > 1 ? place : 0;

        if (t->shape.rank - i == a->axis[which]) own = from;
        index += from * step;
        step *= dim;
    }
    return td_quantized_scale(hold(td_quantized_get(t, index) - zero_of(c, which, own)),
                              scale_of(c, which, own) / scale_of(c, OUTPUT, whole));
}

static td_status add_run(td_call *c)
{
    const int64_t axis = ((const math_attrs *)c->attrs)->axis[OUTPUT];
    const td_shape *const out = &td_out(c, 0)->shape;

    TD_TRY(td_uniform_check(c, 2, 8));
    for (size_t i = 0; i < (size_t)td_shape_count(out); i++) {
        const size_t k =
            axis < 0 ? 0 : i / (size_t)td_shape_span(out, (int)axis + 1, out->rank) % (size_t)out->dims[axis];

        td_quantized_put_clamped(
            td_out(c, 0), i,
            (double)clamp(c, hold(addend(c, LHS, i) + addend(c, RHS, i) + zero_of(c, OUTPUT, k))));
    }
    return NULL;
}

/* ---------------------------------------------------------------- UniformQuantizedDot: [m, k] by [k, n] */

static td_status dot_infer(td_call *c)
{
    const math_attrs *const a = c->attrs;
    const td_shape *const lhs = &td_in(c, 0)->shape, *const rhs = &td_in(c, 1)->shape;

    if (lhs->rank != 2 || rhs->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "lhs and rhs must be matrices");
    if (lhs->dims[1] != rhs->dims[0])
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "lhs.dim_size(1) and rhs.dim_size(0) must be equal, but given lhs.dim_size(1): %" PRId64
            " and rhs.dim_size(0): %" PRId64,
            lhs->dims[1], rhs->dims[0]);
    td_out(c, 0)->shape = (td_shape){ 2, { lhs->dims[0], rhs->dims[1] } };
    if (a->axis[LHS] != -1 || a->axis[RHS] == 0 || a->axis[OUTPUT] == 0 ||
        (a->axis[RHS] < 0 && a->axis[OUTPUT] >= 0))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "only the second axis of rhs, and then of the output, may have scales of its own");
    TD_TRY(check_steps(c, LHS, lhs));
    TD_TRY(check_steps(c, RHS, rhs));
    TD_TRY(check_steps(c, OUTPUT, &td_out(c, 0)->shape));
    return td_shape_check(&td_out(c, 0)->shape);
}

static td_status dot_run(td_call *c)
{
    const td_tensor *const lhs = td_in(c, 0), *const rhs = td_in(c, 1);
    const size_t m = (size_t)lhs->shape.dims[0], inner = (size_t)lhs->shape.dims[1],
                 n = (size_t)rhs->shape.dims[1];

    TD_TRY(td_uniform_check(c, 2, 8));
    for (size_t at = 0; at < m * n; at++) {
        const size_t row = at / n, col = at % n;
        uint32_t sum = 0;

        for (size_t k = 0; k < inner; k++)
            sum += (uint32_t)(td_quantized_get(lhs, row * inner + k) - zero_of(c, LHS, 0)) *
                   (uint32_t)(td_quantized_get(rhs, k * n + col) - zero_of(c, RHS, col));
        const double factor = scale_of(c, LHS, 0) * scale_of(c, RHS, col) / scale_of(c, OUTPUT, col);

        td_quantized_put_clamped(
            td_out(c, 0), at,
            (double)clamp(c, td_quantized_scale((int32_t)sum, factor) + zero_of(c, OUTPUT, col)));
    }
    return NULL;
}

TD_RUN_KERNEL(add_kernels, TD_DTYPE_BIT(TD_QI32), add_run);
TD_RUN_KERNEL(dot_kernels, TD_DTYPE_BIT(TD_QI8), dot_run);

#define STEPS(p)                                                                                             \
    p "quantization_axis: int = -1, " p "quantization_min_val: int, " p "quantization_max_val: int"
#define ALL_STEPS STEPS("lhs_") ", " STEPS("rhs_") ", " STEPS("output_")
#define SCALES                                                                                               \
    "lhs_scales: float, lhs_zero_points: int32, rhs_scales: float, rhs_zero_points: int32, output_scales: "  \
    "float, output_zero_points: int32"

const td_op td_ops_uniform_math[] = {
    { .name = "UniformQuantizedAdd",
      .sig = "lhs: T, rhs: T, " SCALES " -> output: T",
      .attrs = "T: type, " ALL_STEPS,
      .attrs_size = sizeof(math_attrs),
      .parse = math_parse,
      .infer = add_infer,
      .kernels = add_kernels },
    { .name = "UniformQuantizedDot",
      .sig = "lhs: Tin, rhs: Tin, " SCALES " -> output: Tout",
      .attrs = "Tin: type, Tout: type, " ALL_STEPS,
      .attrs_size = sizeof(math_attrs),
      .parse = math_parse,
      .infer = dot_infer,
      .kernels = dot_kernels },
    { 0 },
};
