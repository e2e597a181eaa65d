/* SPDX-License-Identifier: Apache-2.0 */
/* op_quantize_dequantize.c -- QuantizeAndDequantizeV2, V3, V4: there and back at once, in a tensor's own type.
 *
 * Each operation is rounded to that type, as TensorFlow's are: double has room for the exact result of one of floats. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "tensor/half.h"
#include "tensor/type_sets.h"

typedef struct trip_attrs {
    bool is_signed, is_given, half_up, narrow;
    int64_t bits, axis;
} trip_attrs;

static td_status check_bits(const char *node, const trip_attrs *a, int64_t bits)
{
    if (bits > 0 && bits < (a->is_signed ? 62 : 63)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: num_bits is out of range: %" PRId64 " with signed_input %d", node,
                  bits, a->is_signed);
}

static td_status trip_parse(td_parse *p)
{
    trip_attrs *const a = p->attrs;

    a->is_signed = td_attr_bool(p, "signed_input");
    a->is_given = td_attr_bool(p, "range_given");
    a->narrow = td_attr_bool(p, "narrow_range");
    a->axis = td_attr_int(p, "axis");
    if (a->axis < -1) return TD_ERR(INVALID_ARGUMENT, "Axis should be at least -1, got %" PRId64, a->axis);
    if (strcmp(p->node->op_name, "QuantizeAndDequantizeV3") == 0) return NULL;
    a->bits = td_attr_int(p, "num_bits");
    a->half_up = td_attr_string_is(p, "round_mode", "HALF_UP");
    if (!a->half_up && !td_attr_string_is(p, "round_mode", "HALF_TO_EVEN"))
        return TD_ERR(INVALID_ARGUMENT, "Round mode string must be 'HALF_TO_EVEN' or 'HALF_UP'");
    return check_bits(p->node->name, a, a->bits);
}

static td_status trip_infer(td_call *c)
{
    const trip_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;

    if (a->axis >= in->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Axis should be less than rank %d, got %" PRId64, (int)in->rank,
                         a->axis);
    for (uint32_t i = 1; i < 3; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (a->axis < 0 ? s->rank != 0 : a->is_given && (s->rank != 1 || s->dims[0] != in->dims[a->axis]))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "input_%s has the wrong number of elements",
                             i == 1 ? "min" : "max");
    }
    if (c->n_in > 3 && td_shape_count(&td_in(c, 3)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "num_bits must be a scalar");
    return td_infer_same(c);
}

/* v as the type has it. */
static double narrow_to(td_dtype type, double v)
{
    switch (type) {
    case TD_F32:
        return (double)(float)v;
    case TD_F16:
        return (double)td_f16_to_f32(td_f32_to_f16((float)v));
    case TD_BF16:
        return (double)td_bf16_to_f32(td_f32_to_bf16((float)v));
    default:
        return v;
    }
}

static double largest(td_dtype type)
{
    return type == TD_F64    ? 0x1.fffffffffffffp1023
           : type == TD_F16  ? 65504.0
           : type == TD_BF16 ? 0x1.fep127
                             : 0x1.fffffep127;
}

static double get(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F32:
        return (double)((const float *)t->data)[i];
    case TD_F16:
        return (double)td_f16_to_f32(((const td_f16 *)t->data)[i]);
    case TD_BF16:
        return (double)td_bf16_to_f32(((const td_bf16 *)t->data)[i]);
    default:
        return ((const double *)t->data)[i];
    }
}

static void put(td_tensor *t, size_t i, double v)
{
    if (t->dtype == TD_F32)
        ((float *)t->data)[i] = (float)v;
    else if (t->dtype == TD_F16)
        ((td_f16 *)t->data)[i] = td_f32_to_f16((float)v);
    else if (t->dtype == TD_BF16)
        ((td_bf16 *)t->data)[i] = td_f32_to_bf16((float)v);
    else
        ((double *)t->data)[i] = v;
}

typedef struct trip {
    td_dtype type;
    double min, max, scale, inverse;
} trip;

/* The scale that fits both ends; the other end follows. */
static trip make_trip(const trip_attrs *a, int64_t bits, td_dtype type, double min, double max)
{
    const double half = ldexp(1, (int)bits - 1), steps = a->is_signed ? half : ldexp(1, (int)bits);
    const double low = narrow_to(type, a->is_signed ? (a->narrow ? 1 - half : -half) : 0),
                 high = narrow_to(type, steps - 1);
    const double from_min = narrow_to(type, low * min) > 0 ? narrow_to(type, low / min) : largest(type);
    const double from_max = narrow_to(type, high * max) > 0 ? narrow_to(type, high / max) : largest(type);
    trip t = { type, min, max, TD_MIN(from_min, from_max), 0 };

    if (from_min < from_max) {
        t.inverse = narrow_to(type, min / low);
        t.max = narrow_to(type, high * t.inverse);
    } else {
        t.inverse = narrow_to(type, max / high);
        t.min = narrow_to(type, low * t.inverse);
    }
    return t;
}

static double travel(const trip *t, const trip_attrs *a, double v)
{
    if (a->is_given) {
        v = v < t->max ? v : t->max;
        v = v > t->min ? v : t->min;
    }
    const double scaled = narrow_to(t->type, v * t->scale);
    const double step = a->half_up ? floor(narrow_to(t->type, scaled + 0.5)) : rint(scaled);

    return step * t->inverse;
}

typedef struct slices {
    size_t outer, count, inner;
} slices;

static slices slices_of(const td_call *c)
{
    const int64_t axis = ((const trip_attrs *)c->attrs)->axis;
    const td_shape *const in = &td_in(c, 0)->shape;

    if (axis < 0) return (slices){ 1, 1, (size_t)td_shape_count(in) };
    return (slices){ (size_t)td_shape_span(in, 0, (int)axis), (size_t)in->dims[axis],
                     (size_t)td_shape_span(in, (int)axis + 1, in->rank) };
}

static void find_range(const td_tensor *in, const slices *s, size_t k, double *min, double *max)
{
    *min = INFINITY;
    *max = -INFINITY;
    for (size_t o = 0; o < s->outer; o++)
        for (size_t i = 0; i < s->inner; i++) {
            const double v = get(in, (o * s->count + k) * s->inner + i);

            *min = v < *min ? v : *min;
            *max = v > *max ? v : *max;
        }
}

static td_status trip_run(td_call *c)
{
    const trip_attrs *const a = c->attrs;
    const td_tensor *const in = td_in(c, 0);
    const int64_t bits = c->n_in > 3 ? td_tensor_int(td_in(c, 3), 0) : a->bits;
    const slices s = slices_of(c);

    TD_TRY(check_bits(c->node, a, bits));
    if (td_shape_count(&in->shape) == 0) return NULL;
    for (size_t k = 0; k < s.count; k++) {
        double min, max;

        if (a->is_given) {
            min = get(td_in(c, 1), k);
            max = get(td_in(c, 2), k);
        } else {
            find_range(in, &s, k, &min, &max);
        }
        if (a->is_given && a->axis < 0 && !(min <= max))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid range: input_min %g > input_max %g", min, max);
        const trip t = make_trip(a, bits, in->dtype, min, max);

        for (size_t o = 0; o < s.outer; o++)
            for (size_t i = 0; i < s.inner; i++) {
                const size_t at = (o * s.count + k) * s.inner + i;

                put(td_out(c, 0), at, travel(&t, a, get(in, at)));
            }
    }
    return NULL;
}

TD_RUN_KERNEL(trip_kernels, TD_FLOAT_TYPES, trip_run);

#define TRIP_OP(name_, sig_, attrs_)                                                                         \
    {                                                                                                        \
        .name = (name_), .sig = (sig_), .attrs = (attrs_), .attrs_size = sizeof(trip_attrs),                 \
        .parse = trip_parse, .infer = trip_infer, .kernels = trip_kernels                                    \
    }
#define TRIP(name)                                                                                           \
    TRIP_OP(name, "input: T, input_min: T, input_max: T -> output: T",                                       \
            "signed_input: bool = true, num_bits: int = 8, range_given: bool = false, T: type, "             \
            "round_mode: string = 'HALF_TO_EVEN', narrow_range: bool = false, axis: int = -1")

const td_op td_ops_quantize_dequantize[] = {
    TRIP("QuantizeAndDequantizeV2"),
    TRIP("QuantizeAndDequantizeV4"),
    TRIP_OP("QuantizeAndDequantizeV3", "input: T, input_min: T, input_max: T, num_bits: int32 -> output: T",
            "signed_input: bool = true, range_given: bool = true, T: type, narrow_range: bool = false, "
            "axis: int = -1"),
    { 0 },
};
