/* SPDX-License-Identifier: Apache-2.0 */
/* number.c -- see number.h. */
#include "number.h"

#include <float.h>
#include <inttypes.h>

#include "tensor/half.h"

bool fz_is_float(td_dtype t)
{
    return t == TD_F32 || t == TD_F64 || t == TD_F16 || t == TD_BF16;
}

bool fz_is_inexact(td_dtype t)
{
    return fz_is_float(t) || t == TD_C64 || t == TD_C128;
}

double fz_ulp(td_dtype t)
{
    switch (t) {
    case TD_F32:
    case TD_C64:
        return 0x1p-23;
    case TD_F64:
    case TD_C128:
        return 0x1p-52;
    case TD_F16:
        return 0x1p-10;
    case TD_BF16:
        return 0x1p-7;
    default:
        return 0.0;
    }
}

double fz_smallest(td_dtype t)
{
    switch (t) {
    case TD_F32:
    case TD_C64:
    case TD_BF16:
        return (double)FLT_MIN;
    case TD_F16:
        return 0x1p-14;
    default:
        return DBL_MIN;
    }
}

size_t fz_parts(const td_tensor *t)
{
    const size_t n = (size_t)td_shape_count(&t->shape);

    return t->dtype == TD_C64 || t->dtype == TD_C128 ? 2 * n : n;
}

double fz_get(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
#define X(id, type, read)                                                                                    \
    case TD_##id: {                                                                                          \
        const type v = ((const type *)t->data)[i];                                                           \
        return (double)read(v);                                                                              \
    }
        X(F32, float, )
        X(F64, double, )
        X(C64, float, )
        X(C128, double, )
        X(F16, td_f16, td_f16_to_f32)
        X(BF16, td_bf16, td_bf16_to_f32)
        X(I8, int8_t, )
        X(I16, int16_t, )
        X(I32, int32_t, )
        X(I64, int64_t, )
        X(U8, uint8_t, )
        X(U16, uint16_t, )
        X(U32, uint32_t, )
        X(U64, uint64_t, )
        X(BOOL, uint8_t, )
#undef X
    default:
        return 0.0;
    }
}

static td_f16 to_f16(double v)
{
    return td_f32_to_f16((float)v);
}

static td_bf16 to_bf16(double v)
{
    return td_f32_to_bf16((float)v);
}

void fz_set(td_tensor *t, size_t i, double v)
{
    switch (t->dtype) {
#define X(id, type, write)                                                                                   \
    case TD_##id:                                                                                            \
        ((type *)t->data)[i] = write(v);                                                                     \
        break;
        X(F32, float, (float))
        X(F64, double, )
        X(C64, float, (float))
        X(C128, double, )
        X(F16, td_f16, to_f16)
        X(BF16, td_bf16, to_bf16)
        X(I8, int8_t, (int8_t))
        X(I16, int16_t, (int16_t))
        X(I32, int32_t, (int32_t))
        X(I64, int64_t, (int64_t))
        X(U8, uint8_t, (uint8_t))
        X(U16, uint16_t, (uint16_t))
        X(U32, uint32_t, (uint32_t))
        X(U64, uint64_t, (uint64_t))
#undef X
    case TD_BOOL:
        ((bool *)t->data)[i] = v != 0.0;
        break;
    default:
        break;
    }
}

#define FZ_INEXACT(X)                                                                                        \
    X(F32, float, , (float))                                                                                 \
    X(F64, double, , )                                                                                       \
    X(C64, float, , (float))                                                                                 \
    X(C128, double, , )                                                                                      \
    X(F16, td_f16, td_f16_to_f32, to_f16)                                                                    \
    X(BF16, td_bf16, td_bf16_to_f32, to_bf16)

void fz_read(const td_tensor *t, double *out)
{
    const size_t n = fz_parts(t);

    switch (t->dtype) {
#define X(id, type, read, write)                                                                             \
    case TD_##id:                                                                                            \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = (double)read(((const type *)t->data)[i]);                                               \
        break;
        FZ_INEXACT(X)
#undef X
    default:
        break;
    }
}

void fz_write(td_tensor *t, const double *v)
{
    const size_t n = fz_parts(t);

    switch (t->dtype) {
#define X(id, type, read, write)                                                                             \
    case TD_##id:                                                                                            \
        for (size_t i = 0; i < n; i++)                                                                       \
            ((type *)t->data)[i] = write(v[i]);                                                              \
        break;
        FZ_INEXACT(X)
#undef X
    default:
        break;
    }
}

void fz_number_text(const td_tensor *t, size_t i, td_strbuf *out)
{
    if (t->dtype == TD_I64)
        td_strbuf_printf(out, "%" PRId64, ((const int64_t *)t->data)[i]);
    else if (t->dtype == TD_U64)
        td_strbuf_printf(out, "%" PRIu64, ((const uint64_t *)t->data)[i]);
    else if (t->dtype == TD_C64 || t->dtype == TD_C128)
        td_strbuf_printf(out, "%.9g%+.9gi", fz_get(t, 2 * i), fz_get(t, 2 * i + 1));
    else
        td_strbuf_printf(out, "%.9g", fz_get(t, i));
}
