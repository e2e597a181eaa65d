/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise_ref.c -- the definition of right. */
#include "kernels/conv/depthwise.h"

static float one_output(const td_depthwise *d, const float *image, const float *w, size_t y, size_t x,
                        size_t o)
{
    const size_t c = o / d->multiplier, width = d->channels * d->multiplier;
    double sum = 0.0;

    for (size_t ky = 0; ky < d->kernel[0]; ky++) {
        const int64_t iy = (int64_t)(y * d->stride[0] + ky * d->dilation[0]) - d->pad[0];
        if (iy < 0 || iy >= (int64_t)d->in[0]) continue;
        for (size_t kx = 0; kx < d->kernel[1]; kx++) {
            const int64_t ix = (int64_t)(x * d->stride[1] + kx * d->dilation[1]) - d->pad[1];
            if (ix < 0 || ix >= (int64_t)d->in[1]) continue;
            sum += (double)image[((size_t)iy * d->in[1] + (size_t)ix) * d->channels + c] *
                   (double)w[(ky * d->kernel[1] + kx) * width + o];
        }
    }
    return (float)sum;
}

void td_depthwise_ref(const td_depthwise *d, void *to_rows, const void *from, const float *w,
                      const td_depthwise_end *end, const td_depthwise_part *part)
{
    float *const out = to_rows;
    const float *const in = from;
    const size_t width = d->channels * d->multiplier, o0 = part->c0 * d->multiplier,
                 o1 = part->c1 * d->multiplier;

    for (size_t row = part->row0; row < part->row1; row++) {
        const float *const image = in + row / d->out[0] * d->in[0] * d->in[1] * d->channels;
        for (size_t x = 0; x < d->out[1]; x++) {
            float *const to = out + ((row - part->row0) * d->out[1] + x) * width;
            for (size_t o = o0; o < o1; o++) {
                const float sum =
                    one_output(d, image, w, row % d->out[0], x, o) + (end->bias ? end->bias[o] : 0.0f);
                const float v = sum + (end->add ? end->add[(row * d->out[1] + x) * width + o] : 0.0f);
                to[o] = v < end->lo ? end->lo : v > end->hi ? end->hi : v;
            }
            if (end->post) end->post(to + o0, o1 - o0);
        }
    }
}

const td_depthwise_variant td_depthwise_variants[] = {
    TD_X86(td_depthwise_, avx512),
    TD_X86(td_depthwise_, avx2),
    TD_PLAIN(td_depthwise_ref),
};

const td_depthwise_bf16_variant td_depthwise_bf16_variants[] = {
    TD_X86(&td_depthwise_bf16_, avx512_bf16),
    TD_PLAIN(NULL),
};
