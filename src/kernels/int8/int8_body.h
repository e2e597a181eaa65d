/* SPDX-License-Identifier: Apache-2.0 */
/* int8_body.h -- what is around the sums, in C that compilers make vectors of; compiled once for each instruction set. */
#include <math.h>
#include <string.h>

#include "kernels/int8/int8.h"

#define INT8_INLINE static inline __attribute__((always_inline))

static uint32_t int8_most(const float *x, size_t n)
{
    int32_t most = 0;

    for (size_t i = 0; i < n; i++) {
        int32_t bits;

        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT32_MAX;
        most = bits > most ? bits : most;
    }
    return (uint32_t)most;
}

INT8_INLINE int32_t int8_step(float x, float factor)
{
    const float v = rintf(x * factor);

    return (int32_t)(v < -127.0f ? -127.0f : v > 127.0f ? 127.0f : v);
}

INT8_INLINE void int8_round_16(int16_t *out, const float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)int8_step(x[i], factor);
}

INT8_INLINE void int8_round_8(uint8_t *out, const float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(int8_step(x[i], factor) + 128);
}

INT8_INLINE void int8_finish_row(float *out, const int32_t *acc, size_t n, float row_scale, int32_t zero,
                                 const float *add, const td_int8_end *e)
{
    float v[TD_INT8_COLS];

    for (size_t c = 0; c < n; c++)
        v[c] = (float)(acc[c] - zero * e->sums[c]) * (row_scale * e->scales[c]);
    if (e->bias)
        for (size_t c = 0; c < n; c++)
            v[c] += e->bias[c];
    if (add)
        for (size_t c = 0; c < n; c++)
            v[c] += add[c];
    for (size_t c = 0; c < n; c++)
        out[c] = v[c] < e->lo ? e->lo : v[c] > e->hi ? e->hi : v[c];
}

INT8_INLINE void int8_finish(float *out, size_t ld, const int32_t *acc, size_t rows, size_t n, int32_t zero,
                             const td_int8_end *e)
{
    for (size_t r = 0; r < rows; r++, out += ld, acc += TD_INT8_COLS) {
        const float *const add = e->add ? e->add + r * e->add_ld : NULL;

        if (n == TD_INT8_COLS) /* a constant, which loops are made for */
            int8_finish_row(out, acc, TD_INT8_COLS, e->row_scales[r], zero, add, e);
        else
            int8_finish_row(out, acc, n, e->row_scales[r], zero, add, e);
    }
}
