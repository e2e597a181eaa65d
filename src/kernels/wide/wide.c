/* SPDX-License-Identifier: Apache-2.0 */
/* wide.c -- conversions of arrays. */
#include "kernels/wide/wide.h"

#include <string.h>

#include "base/macros.h"
#include "kernels/elt/num.h"

/* type, C type */
#define WIDE_INTS(X)                                                                                         \
    X(TD_I8, int8_t)                                                                                         \
    X(TD_U8, uint8_t)                                                                                        \
    X(TD_I16, int16_t)                                                                                       \
    X(TD_U16, uint16_t)                                                                                      \
    X(TD_I32, int32_t)                                                                                       \
    X(TD_U32, uint32_t)                                                                                      \
    X(TD_I64, int64_t)                                                                                       \
    X(TD_U64, uint64_t)

/* As a CPU's conversion does: what does not fit becomes the smallest int64. */
static int64_t int_of(double x)
{
    if (x >= -0x1p63 && x < 0x1p63) return (int64_t)x;
    if (x >= 0x1p63 && x < 0x1p64) return (int64_t)(uint64_t)x;
    return INT64_MIN;
}

enum { PART = 256 };

static void halves_to_double(td_dtype type, const uint16_t *in, size_t n, double *out)
{
    td_widen_fn *const widen = td_widen_find(type, td_cpu_detect());
    float part[PART];

    for (size_t at = 0; at < n; at += PART) {
        const size_t count = TD_MIN(n - at, (size_t)PART);

        widen(part, in + at, count);
        for (size_t i = 0; i < count; i++)
            out[at + i] = (double)part[i];
    }
}

static void halves_from_double(td_dtype type, const double *in, size_t n, uint16_t *out)
{
    td_narrow_fn *const narrow = td_narrow_find(type, td_cpu_detect());
    float part[PART];

    for (size_t at = 0; at < n; at += PART) {
        const size_t count = TD_MIN(n - at, (size_t)PART);

        for (size_t i = 0; i < count; i++)
            part[i] = (float)in[at + i];
        narrow(out + at, part, count);
    }
}

void td_to_double(td_dtype type, const void *in, size_t n, double *out)
{
    switch (type) {
    case TD_F64:
        memcpy(out, in, n * sizeof *out);
        return;
    case TD_F32:
        for (size_t i = 0; i < n; i++)
            out[i] = (double)((const float *)in)[i];
        return;
    case TD_F16:
    case TD_BF16:
        halves_to_double(type, in, n, out);
        return;
#define X(t, c)                                                                                              \
    case t:                                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = (double)((const c *)in)[i];                                                             \
        return;
        WIDE_INTS(X)
#undef X
    default:
        return;
    }
}

void td_from_double(td_dtype type, const double *in, size_t n, void *out)
{
    switch (type) {
    case TD_F64:
        memcpy(out, in, n * sizeof *in);
        return;
    case TD_F32:
        for (size_t i = 0; i < n; i++)
            ((float *)out)[i] = (float)in[i];
        return;
    case TD_F16:
    case TD_BF16:
        halves_from_double(type, in, n, out);
        return;
#define X(t, c)                                                                                              \
    case t:                                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                       \
            ((c *)out)[i] = (c)int_of(in[i]);                                                                \
        return;
        WIDE_INTS(X)
#undef X
    default:
        return;
    }
}

void td_to_float(td_dtype type, const void *in, size_t n, float *out)
{
    if (type == TD_F32)
        memcpy(out, in, n * sizeof *out);
    else
        td_widen_find(type, td_cpu_detect())(out, in, n);
}

void td_from_float(td_dtype type, const float *in, size_t n, void *out)
{
    if (type == TD_F32)
        memcpy(out, in, n * sizeof *in);
    else
        td_narrow_find(type, td_cpu_detect())(out, in, n);
}

const float *td_as_floats(td_dtype type, const void *in, size_t n, float *room)
{
    if (type == TD_F32) return in;
    td_to_float(type, in, n, room);
    return room;
}

void td_bf16_round_ref(uint16_t *out, const float *in, size_t n)
{
    td_from_float(TD_BF16, in, n, out);
}

const td_bf16_round_variant td_bf16_round_variants[] = {
    TD_X86(td_bf16_round_, avx512_bf16),
    TD_PLAIN(td_bf16_round_ref),
};
