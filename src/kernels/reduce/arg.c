/* SPDX-License-Identifier: Apache-2.0 */
/* arg.c -- one body a type and direction; columns run side by side. Each starts from the type's end, index 0,
 * so that a NaN is never chosen, and no infinity of the wrong sign: as TensorFlow does. */
#include "kernels/reduce/arg.h"

#include <float.h>

#define ARG(name, T, P, load, better, worst)                                                                 \
    static void name(int64_t *out, const void *in, size_t n, size_t stride, size_t columns)                  \
    {                                                                                                        \
        const T *row = in;                                                                                   \
        P best[TD_ARG_CHUNK];                                                                                \
        for (size_t j = 0; j < columns; j++) {                                                               \
            best[j] = (P)(worst);                                                                            \
            out[j] = 0;                                                                                      \
        }                                                                                                    \
        for (size_t i = 0; i < n; i++, row += stride) {                                                      \
            for (size_t j = 0; j < columns; j++) {                                                           \
                const P x = load(row[j]);                                                                    \
                if (x better best[j]) {                                                                      \
                    best[j] = x;                                                                             \
                    out[j] = (int64_t)i;                                                                     \
                }                                                                                            \
            }                                                                                                \
        }                                                                                                    \
    }
#define SAME(x)    (x)
#define IS_TRUE(x) ((x) != 0)
#define TYPES(X)                                                                                             \
    X(F32, float, float, SAME, -FLT_MAX, FLT_MAX)                                                            \
    X(F64, double, double, SAME, -DBL_MAX, DBL_MAX)                                                          \
    X(F16, td_f16, float, td_f16_to_f32, -65504, 65504)                                                      \
    X(BF16, td_bf16, float, td_bf16_to_f32, -0x1.fep127f, 0x1.fep127f)                                       \
    X(I8, int8_t, int8_t, SAME, INT8_MIN, INT8_MAX)                                                          \
    X(I16, int16_t, int16_t, SAME, INT16_MIN, INT16_MAX)                                                     \
    X(I32, int32_t, int32_t, SAME, INT32_MIN, INT32_MAX)                                                     \
    X(I64, int64_t, int64_t, SAME, INT64_MIN, INT64_MAX)                                                     \
    X(U8, uint8_t, uint8_t, SAME, 0, UINT8_MAX)                                                              \
    X(U16, uint16_t, uint16_t, SAME, 0, UINT16_MAX)                                                          \
    X(U32, uint32_t, uint32_t, SAME, 0, UINT32_MAX)                                                          \
    X(U64, uint64_t, uint64_t, SAME, 0, UINT64_MAX)                                                          \
    X(BOOL, uint8_t, uint8_t, IS_TRUE, 0, 1)
#define X(name, T, P, load, low, high)                                                                       \
    ARG(max_##name, T, P, load, >, low) ARG(min_##name, T, P, load, <, high)
TYPES(X)
#undef X

td_arg_fn *td_arg_find(td_dtype dtype, bool want_max)
{
    switch (dtype) {
#define X(name, ...)                                                                                         \
    case TD_##name:                                                                                          \
        return want_max ? max_##name : min_##name;
        TYPES(X)
#undef X
    default:
        return NULL;
    }
}
