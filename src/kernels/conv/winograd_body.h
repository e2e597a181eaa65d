/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_body.h -- the transforms over V;
 * included by one file for each instruction set, after its v_*.h. */
#include "kernels/conv/winograd.h"

#define WINO_INLINE static inline __attribute__((always_inline))

/* Bt d B, rows then columns: (d0 - d2, d1 + d2, d2 - d1, d1 - d3). */
WINO_INLINE void transform_in(float *v, size_t step, const float *const pixels[16], size_t channels)
{
    for (size_t c = 0; c < channels; c += VW) {
        V t[4][4];
#pragma GCC unroll 4
        for (int x = 0; x < 4; x++) {
            const V d0 = V_LOAD(pixels[x] + c), d1 = V_LOAD(pixels[4 + x] + c);
            const V d2 = V_LOAD(pixels[8 + x] + c), d3 = V_LOAD(pixels[12 + x] + c);
            t[0][x] = V_SUB(d0, d2);
            t[1][x] = V_ADD(d1, d2);
            t[2][x] = V_SUB(d2, d1);
            t[3][x] = V_SUB(d1, d3);
        }
#pragma GCC unroll 4
        for (int y = 0; y < 4; y++) {
            float *const to = v + (size_t)y * 4 * step + c;
            V_STORE(to, V_SUB(t[y][0], t[y][2]));
            V_STORE(to + step, V_ADD(t[y][1], t[y][2]));
            V_STORE(to + 2 * step, V_SUB(t[y][2], t[y][1]));
            V_STORE(to + 3 * step, V_SUB(t[y][1], t[y][3]));
        }
    }
}

/* At m A: (m0 + m1 + m2, m1 - m2 - m3) along rows, then along columns. */
WINO_INLINE void transform_out(float *const out[4], const float *const add[4], const float *m, size_t step,
                               size_t channels, const float *bias, const float lo, const float hi)
{
    for (size_t c = 0; c < channels; c += VW) {
        V t[2][4];
        const V b = bias ? V_LOAD(bias + c) : V_ZERO();
#pragma GCC unroll 4
        for (int x = 0; x < 4; x++) {
            const float *const from = m + (size_t)x * step + c;
            const V m0 = V_LOAD(from), m1 = V_LOAD(from + 4 * step);
            const V m2 = V_LOAD(from + 8 * step), m3 = V_LOAD(from + 12 * step);
            t[0][x] = V_ADD(V_ADD(m0, m1), m2);
            t[1][x] = V_SUB(V_SUB(m1, m2), m3);
        }
#pragma GCC unroll 2
        for (int y = 0; y < 2; y++) {
            V y0 = V_ADD(V_ADD(V_ADD(t[y][0], t[y][1]), t[y][2]), b);
            V y1 = V_ADD(V_SUB(V_SUB(t[y][1], t[y][2]), t[y][3]), b);
            float *const to0 = out[2 * y], *const to1 = out[2 * y + 1];
            if (to0) {
                if (add[2 * y]) y0 = V_ADD(y0, V_LOAD(add[2 * y] + c));
                V_STORE(to0 + c, V_MAX(V_SET1(lo), V_MIN(V_SET1(hi), y0)));
            }
            if (to1) {
                if (add[2 * y + 1]) y1 = V_ADD(y1, V_LOAD(add[2 * y + 1] + c));
                V_STORE(to1 + c, V_MAX(V_SET1(lo), V_MIN(V_SET1(hi), y1)));
            }
        }
    }
}
