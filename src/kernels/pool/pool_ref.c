/* SPDX-License-Identifier: Apache-2.0 */
/* pool_ref.c -- the definition of right, and the body for every other type. */
#include <float.h>

#include "kernels/pool/pool_body.h"

void td_pool_f32_ref(const td_pool_shape *p, td_pool_kind kind, float *out, const float *in, size_t pixel0,
                     size_t pixel1)
{
    for (size_t pixel = pixel0; pixel < pixel1; pixel++) {
        const window w = window_at(p, pixel);
        for (size_t c = 0; c < p->channels; c++) {
            const size_t pixels = w.count[0] * w.count[1] * w.count[2];
            double acc = kind == TD_POOL_MAX ? -(double)FLT_MAX : 0.0;
            for (size_t i = 0; i < pixels; i++) {
                const size_t z = w.at[0] + i / w.count[2] / w.count[1],
                             y = w.at[1] + i / w.count[2] % w.count[1];
                const size_t x = w.at[2] + i % w.count[2];
                const double v =
                    (double)in[(((w.n * p->in[0] + z) * p->in[1] + y) * p->in[2] + x) * p->channels + c];
                if (kind == TD_POOL_MEAN)
                    acc += v;
                else if (v > acc) /* a NaN is nobody's maximum */
                    acc = v;
            }
            out[pixel * p->channels + c] =
                (float)(kind == TD_POOL_MEAN && pixels ? acc / (double)pixels : acc);
        }
    }
}

void td_pool_f64(const td_pool_shape *p, td_pool_kind kind, double *out, const double *in, int64_t *argmax,
                 int with_batch)
{
    const size_t image = p->in[0] * p->in[1] * p->in[2] * p->channels;
    const size_t n = p->batch * p->out[0] * p->out[1] * p->out[2] * p->channels;

    for (size_t o = 0; o < n; o++) {
        const window w = window_at(p, o / p->channels);
        const size_t pixels = w.count[0] * w.count[1] * w.count[2], c = o % p->channels;
        double acc = kind == TD_POOL_MAX ? -DBL_MAX : 0.0;
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < pixels; i++) {
            const size_t z = w.at[0] + i / w.count[2] / w.count[1], y = w.at[1] + i / w.count[2] % w.count[1];
            const size_t x = w.at[2] + i % w.count[2];
            const size_t at = (((w.n * p->in[0] + z) * p->in[1] + y) * p->in[2] + x) * p->channels + c;
            if (kind == TD_POOL_MEAN)
                acc += in[at];
            else if ((argmax && best == SIZE_MAX) || in[at] > acc)
                acc = in[at], best = at;
        }
        out[o] = kind == TD_POOL_MEAN && pixels ? acc / (double)pixels : acc;
        if (argmax) argmax[o] = (int64_t)(with_batch ? best : best % image);
    }
}

const td_pool_variant td_pool_variants[] = {
    TD_X86(td_pool_f32_, avx512),
    TD_X86(td_pool_f32_, avx2),
    TD_PLAIN(td_pool_f32_ref),
};
