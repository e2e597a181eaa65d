/* SPDX-License-Identifier: Apache-2.0 */
/* pool_vec.h -- pooling over V; included by one file for each instruction set, after its v_*.h. */
#include <float.h>

#include "kernels/pool/pool_body.h"

#define POOL_INLINE static inline __attribute__((always_inline))

POOL_INLINE V pool_load(const float *p, const size_t n)
{
    return n == VW ? V_LOAD(p) : V_LOAD_N(p, n);
}

POOL_INLINE void pool_vector(const td_pool_shape *p, td_pool_kind kind, const window *w, float *out,
                             const float *in, const size_t n)
{
    const size_t ch = p->channels, pixels = w->count[0] * w->count[1] * w->count[2];
    V acc = kind == TD_POOL_MAX ? V_SET1(-FLT_MAX) : V_ZERO();

    for (size_t z = 0; z < w->count[0]; z++)
        for (size_t y = 0; y < w->count[1]; y++) {
            const float *line =
                in +
                (((w->n * p->in[0] + w->at[0] + z) * p->in[1] + w->at[1] + y) * p->in[2] + w->at[2]) * ch;
            for (size_t x = 0; x < w->count[2]; x++, line += ch)
                acc = kind == TD_POOL_MAX ? V_MAX(pool_load(line, n), acc) : V_ADD(acc, pool_load(line, n));
        }
    if (kind == TD_POOL_MEAN && pixels) acc = V_DIV(acc, V_SET1((float)pixels));
    if (n == VW)
        V_STORE(out, acc);
    else
        V_STORE_N(out, n, acc);
}

static void pool_pixels(const td_pool_shape *p, td_pool_kind kind, float *out, const float *in, size_t pixel0,
                        size_t pixel1)
{
    const size_t ch = p->channels;

    for (size_t pixel = pixel0; pixel < pixel1; pixel++) {
        const window w = window_at(p, pixel);
        float *const to = out + pixel * ch;
        size_t c = 0;
        if (kind == TD_POOL_MAX)
            for (; c + VW <= ch; c += VW)
                pool_vector(p, TD_POOL_MAX, &w, to + c, in + c, VW);
        else
            for (; c + VW <= ch; c += VW)
                pool_vector(p, TD_POOL_MEAN, &w, to + c, in + c, VW);
        if (c < ch) pool_vector(p, kind, &w, to + c, in + c, ch - c);
    }
}
