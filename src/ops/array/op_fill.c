/* SPDX-License-Identifier: Apache-2.0 */
/* op_fill.c -- tensors made of next to nothing: Fill, ZerosLike, OnesLike, Empty, FakeParam, Range, LinSpace. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/array/combine.h"
#include "kernels/elt/num.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

/* ---------------------------------------------------------------- Fill, Empty */

static td_status fill_infer(td_call *c)
{
    td_shape s;

    if (td_in(c, 0)->shape.rank != 1 && td_shape_count(&td_in(c, 0)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "dims must be a vector, got rank %d",
                         (int)td_in(c, 0)->shape.rank);
    TD_TRY(td_need_shape(c, 0, false, &s));
    if (c->n_in > 1 && td_shape_count(&td_in(c, 1)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "value must be a scalar, got rank %d",
                         (int)td_in(c, 1)->shape.rank);
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status fill_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);

    td_fill(out->data, td_dtype_size(out->dtype), td_in(c, 1)->data, (size_t)td_shape_count(&out->shape));
    return NULL;
}

static td_status zero_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t bytes = td_tensor_bytes(out);

    if (bytes) memset(out->data, 0, bytes);
    return NULL;
}

/* FakeParam: what nobody reads, in the place of an output that a branch does not have. */
static td_status fake_parse(td_parse *p)
{
    const td_shape *const shape = td_attr_shape(p, "shape");
    td_shape *const out = p->attrs;

    *out = *shape;
    if (out->rank < 0) out->rank = 0;
    for (int i = 0; i < out->rank; i++)
        if (out->dims[i] < 0) out->dims[i] = 0;
    return td_shape_check(out);
}

static td_status fake_infer(td_call *c)
{
    td_out(c, 0)->shape = *(const td_shape *)c->attrs;
    return NULL;
}

/* ---------------------------------------------------------------- ones */

static td_status ones_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    char one[16] = { 0 };

    td_number_put(out->dtype, 1.0, one);
    td_fill(out->data, td_dtype_size(out->dtype), one, (size_t)td_shape_count(&out->shape));
    return NULL;
}

/* ---------------------------------------------------------------- Range */

static double read_float(const td_tensor *t)
{
    switch (t->dtype) {
    case TD_F64:
        return *(const double *)t->data;
    case TD_F16:
        return td_f16_to_f32(*(const td_f16 *)t->data);
    case TD_BF16:
        return td_bf16_to_f32(*(const td_bf16 *)t->data);
    default:
        return *(const float *)t->data;
    }
}

static bool is_float(td_dtype d)
{
    return d == TD_F32 || d == TD_F64 || d == TD_F16 || d == TD_BF16;
}

/* Integers as uint64_t, compared with the sign bit turned so that all types order alike. */
static td_status range_count_int(td_call *c, int64_t *count)
{
    const uint64_t sign = td_in(c, 0)->dtype == TD_U64 ? 0 : UINT64_C(1) << 63;
    const uint64_t start = (uint64_t)td_tensor_int(td_in(c, 0), 0),
                   limit = (uint64_t)td_tensor_int(td_in(c, 1), 0);
    const uint64_t delta = (uint64_t)td_tensor_int(td_in(c, 2), 0);
    const bool up = sign == 0 || (int64_t)delta > 0;

    if (delta == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires delta != 0: 0");
    if (up ? (start ^ sign) > (limit ^ sign) : (start ^ sign) < (limit ^ sign))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires start %s limit when delta %s 0: %" PRId64 "/%" PRId64,
                         up ? "<=" : ">=", up ? ">" : "<", (int64_t)start, (int64_t)limit);
    const uint64_t span = up ? limit - start : start - limit, step = up ? delta : -delta;

    *count = (int64_t)TD_MIN(span / step + (span % step != 0), (uint64_t)INT64_MAX);
    return NULL;
}

static td_status range_count_float(td_call *c, int64_t *count)
{
    const double start = read_float(td_in(c, 0)), limit = read_float(td_in(c, 1)),
                 delta = read_float(td_in(c, 2));

    if (!(delta != 0)) return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires delta != 0: %g", delta);
    if (delta > 0 ? !(start <= limit) : !(start >= limit))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires start %s limit when delta %s 0: %g/%g",
                         delta > 0 ? "<=" : ">=", delta > 0 ? ">" : "<", start, limit);
    /* TensorFlow divides in the type itself; float is what matters, and double agrees with it elsewhere */
    const double n = td_in(c, 0)->dtype == TD_F32
                         ? (double)ceilf(fabsf(((float)limit - (float)start) / (float)delta))
                         : ceil(fabs((limit - start) / delta));

    if (!(n < 9e18)) return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= 2^63");
    *count = (int64_t)n;
    return NULL;
}

static td_status range_infer(td_call *c)
{
    int64_t n = 0;
    td_shape s;

    for (uint32_t i = 0; i < 3; i++) {
        if (td_shape_count(&td_in(c, i)->shape) != 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be a scalar, not rank %d",
                             i == 0   ? "start"
                             : i == 1 ? "limit"
                                      : "delta",
                             (int)td_in(c, i)->shape.rank);
        TD_TRY(td_need(c, i));
    }
    TD_TRY(is_float(td_in(c, 0)->dtype) ? range_count_float(c, &n) : range_count_int(c, &n));
    TD_TRY(td_shape_make(1, &n, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* TensorFlow adds delta again and again, in the type; so the rounding errors are the same. */
static td_status range_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)out->shape.dims[0];

    if (!is_float(out->dtype)) {
        const uint64_t delta = (uint64_t)td_tensor_int(td_in(c, 2), 0);
        const size_t elem = td_dtype_size(out->dtype);
        uint64_t v = (uint64_t)td_tensor_int(td_in(c, 0), 0);

        for (size_t i = 0; i < n; i++, v += delta)
            memcpy((char *)out->data + i * elem, &v, elem);
        return NULL;
    }
    const double start = read_float(td_in(c, 0)), delta = read_float(td_in(c, 2));

    if (out->dtype == TD_F64) {
        double v = start;
        for (size_t i = 0; i < n; i++, v += delta)
            ((double *)out->data)[i] = v;
    } else if (out->dtype == TD_F32) {
        float v = (float)start;
        for (size_t i = 0; i < n; i++, v += (float)delta)
            ((float *)out->data)[i] = v;
    } else {
        float v = (float)start;
        for (size_t i = 0; i < n; i++) {
            char *const at = (char *)out->data + 2 * i;

            td_number_put(out->dtype, v, at);
            v = (out->dtype == TD_F16 ? td_f16_to_f32(*(const td_f16 *)(const void *)at)
                                      : td_bf16_to_f32(*(const td_bf16 *)(const void *)at)) +
                (float)delta;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- LinSpace */

static td_status linspace_infer(td_call *c)
{
    int64_t n;
    td_shape s;

    for (uint32_t i = 0; i < 3; i++)
        if (td_shape_count(&td_in(c, i)->shape) != 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be a scalar",
                             i == 0   ? "start"
                             : i == 1 ? "stop"
                                      : "num");
    TD_TRY(td_need_one(c, 2, &n));
    if (n <= 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires num > 0: %" PRId64, n);
    TD_TRY(td_shape_make(1, &n, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status linspace_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)out->shape.dims[0], elem = td_dtype_size(out->dtype);
    const double start = read_float(td_in(c, 0)), stop = read_float(td_in(c, 1));
    const double step = n > 1 ? (stop - start) / (double)(n - 1) : 0;

    for (size_t i = 0; i < n; i++)
        td_number_put(out->dtype, i + 1 == n && n > 1 ? stop : start + step * (double)i,
                      (char *)out->data + i * elem);
    return NULL;
}

static const td_kernel fill_kernels[] = { { .dtypes = TD_MOVABLE, .run = fill_run }, { 0 } };
static const td_kernel zero_kernels[] = {
    { .dtypes = TD_MOVABLE & ~TD_DTYPE_BIT(TD_RESOURCE), .run = zero_run }, { 0 }
};
static const td_kernel ones_kernels[] = { { .dtypes = TD_NUMBER_TYPES | TD_BOOL_TYPE, .run = ones_run },
                                          { 0 } };
static const td_kernel range_kernels[] = { { .dtypes = TD_REAL_TYPES, .run = range_run }, { 0 } };
static const td_kernel linspace_kernels[] = { { .dtypes = TD_FLOAT_TYPES, .run = linspace_run }, { 0 } };

const td_op td_ops_fill[] = {
    { .name = "Fill",
      .sig = "dims: index_type, value: T -> output: T",
      .attrs = "T: type, index_type: type = int32",
      .key = "T",
      .flags = TD_OP_NO_FOLD,
      .infer = fill_infer,
      .kernels = fill_kernels },
    { .name = "Empty",
      .sig = "shape: int32 -> output: dtype",
      .attrs = "dtype: type, init: bool = false",
      .key = "dtype",
      .flags = TD_OP_NO_FOLD,
      .infer = fill_infer,
      .kernels = zero_kernels },
    { .name = "FakeParam",
      .sig = "-> output: dtype",
      .attrs = "dtype: type, shape: shape",
      .flags = TD_OP_NO_FOLD,
      .attrs_size = sizeof(td_shape),
      .parse = fake_parse,
      .infer = fake_infer,
      .kernels = zero_kernels },
    { .name = "ZerosLike",
      .sig = "x: T -> y: T",
      .attrs = "T: type",
      .flags = TD_OP_SHAPE_ONLY | TD_OP_NO_FOLD,
      .infer = td_infer_same,
      .kernels = zero_kernels },
    { .name = "OnesLike",
      .sig = "x: T -> y: T",
      .attrs = "T: type",
      .flags = TD_OP_SHAPE_ONLY | TD_OP_NO_FOLD,
      .infer = td_infer_same,
      .kernels = ones_kernels },
    { .name = "Range",
      .sig = "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx",
      .attrs = "Tidx: type = int32",
      .infer = range_infer,
      .kernels = range_kernels },
    { .name = "LinSpace",
      .sig = "start: T, stop: T, num: Tidx -> output: T",
      .attrs = "T: type, Tidx: type = int32",
      .infer = linspace_infer,
      .kernels = linspace_kernels },
    { 0 },
};
