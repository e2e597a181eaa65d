/* SPDX-License-Identifier: Apache-2.0 */
/* op_quantized.c -- the quantised graphs of TF1, step by step: additions, products, activations, and new ranges.
 *
 * Results of 32 bits have a range wide enough for any sum; QuantizeDownAndShrinkRange and Requantize bring them back. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/quant/quantized.h"

/* ---------------------------------------------------------------- QuantizedRelu, QuantizedRelu6: features, min, max */

static td_status unary_infer(td_call *c)
{
    TD_TRY(td_ranges_check(c, 1, 3));
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    td_range_infer(c);
    return NULL;
}

static td_status relu_run(td_call *c, float most)
{
    const td_tensor *const in = td_in(c, 0);
    const td_quantized q = td_quantized_of(in->dtype);
    const float min = td_range_get(c, 1), max = td_range_get(c, 2);
    const int64_t low = td_quantize(&q, 0.0f, min, max),
                  high = most > 0 ? td_quantize(&q, most, min, max) : q.highest;

    for (size_t i = 0; i < (size_t)td_shape_count(&in->shape); i++)
        td_quantized_put(td_out(c, 0), i, TD_MIN(TD_MAX(td_quantized_get(in, i), low), high));
    td_range_put(c, min, max);
    return NULL;
}

static td_status relu_any_run(td_call *c)
{
    return relu_run(c, 0);
}

static td_status relu_6_run(td_call *c)
{
    return relu_run(c, 6);
}

/* ----------------------------------------------- QuantizedBiasAdd, QuantizedAdd, QuantizedMul: x, y, ranges of both */

static td_status bias_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape, *const bias = &td_in(c, 1)->shape;

    TD_TRY(td_ranges_check(c, 2, 6));
    if (in->rank < 1 || bias->rank != 1 || bias->dims[0] != in->dims[in->rank - 1])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Must provide as many biases as the last dimension of the input tensor");
    td_out(c, 0)->shape = *in;
    td_range_infer(c);
    return NULL;
}

static td_status pair_infer(td_call *c)
{
    TD_TRY(td_ranges_check(c, 2, 6));
    TD_TRY(td_infer_broadcast(c));
    td_range_infer(c);
    return NULL;
}

/* Where element `at` of the broadcast shape is in an operand. */
static size_t operand_at(const td_shape *s, const td_shape *whole, size_t at)
{
    size_t index = 0, step = 1;

    for (int i = 1; i <= whole->rank; i++) {
        const size_t n = (size_t)whole->dims[whole->rank - i], place = at % n;

        at /= n;
        if (i > s->rank) continue;
        const size_t own = (size_t)s->dims[s->rank - i];

        if (own > 1) index += place * step;
        step *= own;
    }
    return index;
}

typedef struct operand {
    const td_tensor *t;
    td_quantized q;
    float min, max;
} operand;

static operand operand_of(const td_call *c, uint32_t i)
{
    const td_tensor *const t = td_in(c, i);

    return (operand){ t, td_quantized_of(t->dtype), td_range_get(c, 2 + 2 * i), td_range_get(c, 3 + 2 * i) };
}

static int64_t operand_step(const operand *o, const td_shape *whole, size_t at)
{
    return td_quantized_get(o->t, operand_at(&o->t->shape, whole, at));
}

/* Sums have a range many times the larger end, so that more can be added to them. */
static float sum_range(const operand *x, const operand *y, float times)
{
    return fmaxf(fmaxf(x->max, -x->min), fmaxf(y->max, -y->min)) * times;
}

/* Each operand is brought to the range of the sum, where zero may not be step 0. */
static td_status bias_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const operand x = operand_of(c, 0), y = operand_of(c, 1);
    const td_quantized q = td_quantized_of(out->dtype);
    const td_quantized_line a = td_quantized_line_of(&x.q, x.min, x.max),
                            b = td_quantized_line_of(&y.q, y.min, y.max);
    const float most = sum_range(&x, &y, 0x1p17f);
    const double zero = (double)td_quantize(&q, 0.0f, -most, most);

    for (size_t i = 0; i < (size_t)td_shape_count(&out->shape); i++) {
        const float u = a.shift + (float)operand_step(&x, &out->shape, i) * a.scale;
        const float v = b.shift + (float)operand_step(&y, &out->shape, i) * b.scale;

        td_quantized_put_clamped(out, i,
                                 (double)td_quantize_float(&q, u, -most, most) +
                                     (double)td_quantize_float(&q, v, -most, most) + zero);
    }
    td_range_put(c, -most, most);
    return NULL;
}

/* One step of o, and its zero, in steps of a sum. */
typedef struct in_sum {
    int64_t zero, one;
} in_sum;

static in_sum in_sum_of(const operand *o, const td_quantized *q, float most)
{
    const int64_t zero = td_quantize_unclamped(q, td_dequantize(&o->q, 0, o->min, o->max), -most, most);

    return (in_sum){ zero,
                     td_quantize_unclamped(q, td_dequantize(&o->q, 1, o->min, o->max), -most, most) - zero };
}

static td_status add_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const operand x = operand_of(c, 0), y = operand_of(c, 1);
    const td_quantized q = td_quantized_of(out->dtype);
    const float most = sum_range(&x, &y, 0x1p14f);
    const in_sum a = in_sum_of(&x, &q, most), b = in_sum_of(&y, &q, most);

    for (size_t i = 0; i < (size_t)td_shape_count(&out->shape); i++) {
        const double sum = (double)a.zero + (double)operand_step(&x, &out->shape, i) * (double)a.one +
                           (double)b.zero + (double)operand_step(&y, &out->shape, i) * (double)b.one;

        td_quantized_put_clamped(out, i, sum);
    }
    td_range_put(c, -most, most);
    return NULL;
}

/* v without its zero point, modulo 2^32 as TensorFlow counts. */
static uint32_t centered(const operand *o, size_t at)
{
    return (uint32_t)(td_quantized_get(o->t, at) - td_quantize_unclamped(&o->q, 0.0f, o->min, o->max));
}

static td_status mul_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const operand x = operand_of(c, 0), y = operand_of(c, 1);
    const td_quantized q = td_quantized_of(out->dtype);
    float min, max;

    for (size_t i = 0; i < (size_t)td_shape_count(&out->shape); i++)
        ((uint32_t *)out->data)[i] = centered(&x, operand_at(&x.t->shape, &out->shape, i)) *
                                     centered(&y, operand_at(&y.t->shape, &out->shape, i));
    td_product_range(&x.q, x.min, x.max, &y.q, y.min, y.max, &q, &min, &max);
    td_range_put(c, min, max);
    return NULL;
}

/* ---------------------------------------------------------------- QuantizedMatMul: a, b, ranges of both */

typedef struct matmul_attrs {
    bool transpose_a, transpose_b;
} matmul_attrs;

static td_status matmul_parse(td_parse *p)
{
    *(matmul_attrs *)p->attrs =
        (matmul_attrs){ td_attr_bool(p, "transpose_a"), td_attr_bool(p, "transpose_b") };
    return NULL;
}

static td_status matmul_infer(td_call *c)
{
    const matmul_attrs *const t = c->attrs;
    const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, 1)->shape;

    TD_TRY(td_ranges_check(c, 2, 6));
    if (a->rank != 2 || b->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "In[0] and In[1] must be matrices");
    if (a->dims[!t->transpose_a] != b->dims[t->transpose_b])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Matrix size-compatible: In[0] has %" PRId64 " columns, In[1] %" PRId64 " rows",
                         a->dims[!t->transpose_a], b->dims[t->transpose_b]);
    td_out(c, 0)->shape = (td_shape){ 2, { a->dims[t->transpose_a], b->dims[!t->transpose_b] } };
    td_range_infer(c);
    return td_shape_check(&td_out(c, 0)->shape);
}

static td_status matmul_run(td_call *c)
{
    const matmul_attrs *const t = c->attrs;
    td_tensor *const out = td_out(c, 0);
    const operand a = operand_of(c, 0), b = operand_of(c, 1);
    const td_quantized q = td_quantized_of(out->dtype);
    const size_t m = (size_t)out->shape.dims[0], n = (size_t)out->shape.dims[1];
    const size_t k = (size_t)a.t->shape.dims[!t->transpose_a];
    float min, max;

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            uint32_t sum = 0;

            for (size_t l = 0; l < k; l++)
                sum += centered(&a, t->transpose_a ? l * m + i : i * k + l) *
                       centered(&b, t->transpose_b ? j * k + l : l * n + j);
            ((uint32_t *)out->data)[i * n + j] = sum;
        }
    td_product_range(&a.q, a.min, a.max, &b.q, b.min, b.max, &q, &min, &max);
    td_range_put(c, min, max);
    return NULL;
}

/* ---------------------------------------------------------------- new ranges: input, its range */

static void actual_range(const td_call *c, float *min, float *max)
{
    const td_tensor *const in = td_in(c, 0);
    const td_quantized q = td_quantized_of(in->dtype);
    int64_t low = q.highest, high = q.lowest;

    for (size_t i = 0; i < (size_t)td_shape_count(&in->shape); i++) {
        low = TD_MIN(low, td_quantized_get(in, i));
        high = TD_MAX(high, td_quantized_get(in, i));
    }
    *min = fminf(0.0f, td_dequantize(&q, low, td_range_get(c, 1), td_range_get(c, 2)));
    *max = td_dequantize(&q, high, td_range_get(c, 1), td_range_get(c, 2));
}

static double bounded(double v)
{
    return v == v ? fmin(fmax(v, -0x1p61), 0x1p61) : 0;
}

/* From 32 to 8 bits without a sign, in numbers with 16 bits behind the point. */
typedef struct fixed_line {
    int64_t scale, shift;
} fixed_line;

static fixed_line fixed_line_of(float min_in, float max_in, float min, float max)
{
    const float in = max_in - min_in, out = max - min,
                per_step = out == 0.0f ? 0.0f : (float)(255.0 / (double)out);
    const float middle = (float)((double)(min_in + max_in) / 2.0);
    const double scale = out == 0.0f ? 0.0 : 255.0 * 65536 * (double)in / (double)out;
    const double shift = out == 0.0f ? 0.0 : round(65536 * ((double)min * 255.0) / (double)out);

    return (fixed_line){ (int64_t)bounded(scale), (int64_t)bounded((double)(middle * per_step * 65536.0f)) -
                                                      (int64_t)bounded(shift) + 32768 };
}

/* Shifts of negative numbers, as TensorFlow's, go down. */
static int64_t shift_down(int64_t v, int by)
{
    return v >= 0 ? v >> by : ~(~v >> by);
}

static void requantize(td_call *c, float min, float max)
{
    const td_tensor *const in = td_in(c, 0);
    const float min_in = td_range_get(c, 1), max_in = td_range_get(c, 2);
    const td_quantized from = td_quantized_of(in->dtype), to = td_quantized_of(td_out(c, 0)->dtype);
    const td_quantized_line l = td_quantized_line_of(&from, min_in, max_in);
    const fixed_line f = fixed_line_of(min_in, max_in, min, max);

    for (size_t i = 0; i < (size_t)td_shape_count(&in->shape); i++) {
        const int64_t v = td_quantized_get(in, i);

        if (td_out(c, 0)->dtype == TD_QU8)
            td_quantized_put_clamped(
                td_out(c, 0), i,
                (double)shift_down(shift_down((int64_t)((uint64_t)v * (uint64_t)f.scale), 32) + f.shift, 16));
        else
            td_quantized_put_clamped(td_out(c, 0), i,
                                     (double)td_quantize_float(&to, l.shift + (float)v * l.scale, min, max));
    }
    td_range_put(c, min, max);
}

static td_status shrink_run(td_call *c)
{
    float min, max;

    actual_range(c, &min, &max);
    requantize(c, min, max);
    return NULL;
}

static td_status range_infer(td_call *c)
{
    TD_TRY(td_ranges_check(c, 1, 3));
    td_out(c, 0)->shape = td_out(c, 1)->shape = (td_shape){ 0 };
    return NULL;
}

static td_status range_run(td_call *c)
{
    actual_range(c, td_out(c, 0)->data, td_out(c, 1)->data);
    return NULL;
}

static td_status requantize_infer(td_call *c)
{
    TD_TRY(td_ranges_check(c, 3, 5));
    return unary_infer(c);
}

static td_status requantize_run(td_call *c)
{
    const float min = td_range_get(c, 3), max = td_range_get(c, 4);

    if (!(min <= 0.0f))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "requested_output_min must be <= 0, but got %g", (double)min);
    if (!(max >= min))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "requested_output_max must be >= requested_output_min, but got %g and %g",
                         (double)max, (double)min);
    requantize(c, min, max);
    return NULL;
}

/* ---------------------------------------------------------------- QuantizedReshape: tensor, shape, its range */

static td_status reshape_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t known = 1;
    int open = -1;
    td_shape s;

    TD_TRY(td_ranges_check(c, 2, 4));
    TD_TRY(td_need_shape(c, 1, true, &s));
    for (int i = 0; i < s.rank; i++) {
        if (s.dims[i] >= 0)
            known *= s.dims[i];
        else if (open >= 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Only one input size may be -1");
        else
            open = i;
    }
    if (open >= 0) s.dims[open] = known ? td_shape_count(in) / known : 0;
    TD_TRY(td_shape_check(&s));
    if (td_shape_count(&s) != td_shape_count(in))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input to reshape is a tensor with %" PRId64
                         " values, but the requested shape has %" PRId64,
                         td_shape_count(in), td_shape_count(&s));
    td_out(c, 0)->shape = s;
    td_range_infer(c);
    return NULL;
}

static td_status reshape_run(td_call *c)
{
    const size_t bytes = td_tensor_bytes(td_in(c, 0));

    if (bytes) memcpy(td_out(c, 0)->data, td_in(c, 0)->data, bytes);
    td_range_put(c, td_range_get(c, 2), td_range_get(c, 3));
    return NULL;
}

TD_RUN_KERNEL(relu_kernels, TD_QUANTIZED_TYPES, relu_any_run);
TD_RUN_KERNEL(relu_6_kernels, TD_QUANTIZED_TYPES, relu_6_run);
TD_RUN_KERNEL(bias_kernels, TD_DTYPE_BIT(TD_QI32), bias_run);
TD_RUN_KERNEL(add_kernels, TD_DTYPE_BIT(TD_QI32), add_run);
TD_RUN_KERNEL(mul_kernels, TD_DTYPE_BIT(TD_QI32), mul_run);
TD_RUN_KERNEL(matmul_kernels, TD_DTYPE_BIT(TD_QI32), matmul_run);
TD_RUN_KERNEL(shrink_kernels, TD_DTYPE_BIT(TD_QI32), shrink_run);
TD_RUN_KERNEL(range_kernels, TD_DTYPE_BIT(TD_QI32), range_run);
TD_RUN_KERNEL(requantize_kernels, TD_DTYPE_BIT(TD_QI32), requantize_run);
TD_RUN_KERNEL(reshape_kernels, TD_QUANTIZED_TYPES, reshape_run);

/* One tensor with its range, or two and theirs, to one with a range. */
#define RANGE(name) "min_" name ": float, max_" name ": float"
#define ENDS(name)  name "_min: float, " name "_max: float"
#define ONE(x, t)   x ": " t ", " RANGE(x)
#define TWO(x, y)   x ": T1, " y ": T2, " RANGE(x) ", " RANGE(y)
#define TWO_TYPES   "T1: type, T2: type, "
#define OP(name_, sig_, attrs_, key_, infer_, kernels_)                                                      \
    .name = (name_), .sig = sig_, .attrs = attrs_, .key = (key_), .infer = (infer_), .kernels = (kernels_)

const td_op td_ops_quantized[] = {
    { OP("QuantizedRelu", ONE("features", "Tinput") " -> " ONE("activations", "out_type"),
         "Tinput: type, out_type: type = quint8", NULL, unary_infer, relu_kernels) },
    { OP("QuantizedRelu6", ONE("features", "Tinput") " -> " ONE("activations", "out_type"),
         "Tinput: type, out_type: type = quint8", NULL, unary_infer, relu_6_kernels) },
    { OP("QuantizedBiasAdd", TWO("input", "bias") " -> output: out_type, " RANGE("out"),
         TWO_TYPES "out_type: type", "out_type", bias_infer, bias_kernels) },
    { OP("QuantizedAdd", TWO("x", "y") " -> " ONE("z", "Toutput"), TWO_TYPES "Toutput: type = qint32",
         "Toutput", pair_infer, add_kernels) },
    { OP("QuantizedMul", TWO("x", "y") " -> " ONE("z", "Toutput"), TWO_TYPES "Toutput: type = qint32",
         "Toutput", pair_infer, mul_kernels) },
    { OP("QuantizedMatMul", TWO("a", "b") " -> " ONE("out", "Toutput"),
         TWO_TYPES "Toutput: type = qint32, transpose_a: bool = false, transpose_b: bool = false, "
                   "Tactivation: type = quint8",
         "Toutput", matmul_infer, matmul_kernels),
      .attrs_size = sizeof(matmul_attrs), .parse = matmul_parse },
    { OP("QuantizeDownAndShrinkRange",
         "input: Tinput, " ENDS("input") " -> output: out_type, " ENDS("output"),
         "Tinput: type, out_type: type", NULL, unary_infer, shrink_kernels) },
    { OP("RequantizationRange", "input: Tinput, " ENDS("input") " -> " ENDS("output"), "Tinput: type", NULL,
         range_infer, range_kernels) },
    { OP(
        "Requantize",
        "input: Tinput, " ENDS("input") ", " ENDS("requested_output") " -> output: out_type, " ENDS("output"),
        "Tinput: type, out_type: type", NULL, requantize_infer, requantize_kernels) },
    { OP("QuantizedReshape", "tensor: T, shape: Tshape, " ENDS("input") " -> output: T, " ENDS("output"),
         "T: type, Tshape: type = int32", NULL, reshape_infer, reshape_kernels) },
    { 0 },
};
