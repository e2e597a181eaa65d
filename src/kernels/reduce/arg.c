/* arg.c -- one body a type and direction; columns run side by side. */
#include "kernels/reduce/arg.h"

#define ARG(name, T, P, load, better)                                                                        \
    static void name(int64_t *out, const void *in, size_t n, size_t stride, size_t columns)                  \
    {                                                                                                        \
        const T *row = in;                                                                                   \
        P best[TD_ARG_CHUNK];                                                                                \
        for (size_t j = 0; j < columns; j++) {                                                               \
            best[j] = load(row[j]);                                                                          \
            out[j] = 0;                                                                                      \
        }                                                                                                    \
        for (size_t i = 1; i < n; i++) {                                                                     \
            row += stride;                                                                                   \
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
    X(F32, float, float, SAME)                                                                               \
    X(F64, double, double, SAME)                                                                             \
    X(F16, td_f16, float, td_f16_to_f32)                                                                     \
    X(BF16, td_bf16, float, td_bf16_to_f32)                                                                  \
    X(I8, int8_t, int8_t, SAME)                                                                              \
    X(I16, int16_t, int16_t, SAME)                                                                           \
    X(I32, int32_t, int32_t, SAME)                                                                           \
    X(I64, int64_t, int64_t, SAME)                                                                           \
    X(U8, uint8_t, uint8_t, SAME)                                                                            \
    X(U16, uint16_t, uint16_t, SAME)                                                                         \
    X(U32, uint32_t, uint32_t, SAME)                                                                         \
    X(U64, uint64_t, uint64_t, SAME)                                                                         \
    X(BOOL, uint8_t, uint8_t, IS_TRUE)
#define X(name, T, P, load) ARG(max_##name, T, P, load, >) ARG(min_##name, T, P, load, <)
TYPES(X)
#undef X

td_arg_fn *td_arg_find(td_dtype dtype, bool want_max)
{
    switch (dtype) {
#define X(name, T, P, load)                                                                                  \
    case TD_##name:                                                                                          \
        return want_max ? max_##name : min_##name;
        TYPES(X)
#undef X
    default:
        return NULL;
    }
}
