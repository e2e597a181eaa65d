/* SPDX-License-Identifier: Apache-2.0 */
/* conv8_ref.c -- the definition of right, and the plain bodies of panels. */
#include "kernels/quant/conv8.h"

static int32_t get(td_int type, const void *p, size_t i)
{
    switch (type) {
    case TD_INT_S8:
        return ((const int8_t *)p)[i];
    case TD_INT_U8:
        return ((const uint8_t *)p)[i];
    default:
        return ((const int16_t *)p)[i];
    }
}

static void put(td_int type, void *p, size_t i, int32_t v)
{
    if (type == TD_INT_S16)
        ((int16_t *)p)[i] = (int16_t)v;
    else
        ((uint8_t *)p)[i] = (uint8_t)v;
}

static int64_t sum_of(const td_conv8 *c, const void *in, const void *w, size_t pixel, size_t o)
{
    const td_conv *const g = &c->conv;
    const size_t depth = g->in_channels / g->groups, of_group = g->out_channels / g->groups;
    const size_t y = pixel / g->out[2] % g->out[1], x = pixel % g->out[2];
    const size_t image = pixel / (g->out[1] * g->out[2]) * g->in[1] * g->in[2];
    int64_t sum = 0;

    for (size_t ky = 0; ky < g->kernel[1]; ky++)
        for (size_t kx = 0; kx < g->kernel[2]; kx++) {
            const int64_t iy = td_conv8_place(g, 1, y, ky), ix = td_conv8_place(g, 2, x, kx);
            const size_t tap = ky * g->kernel[2] + kx, taps = g->kernel[1] * g->kernel[2];

            if (iy < 0 || ix < 0) continue;
            const size_t from =
                (image + (size_t)iy * g->in[2] + (size_t)ix) * g->in_channels + o / of_group * depth;
            for (size_t k = 0; k < depth; k++)
                sum += (int64_t)(get(c->x, in, from + k) - c->zero_x) *
                       (get(c->w, w,
                            c->is_depthwise ? tap * g->out_channels + o : (o * taps + tap) * depth + k) -
                        c->zero_w);
        }
    return sum;
}

/* One number of a float result. */
static float live_of(const td_conv8 *c, const void *in, const void *w, size_t pixel, size_t o)
{
    const td_conv8_live *const l = c->live;
    const size_t image = pixel / (c->conv.out[1] * c->conv.out[2]);
    td_conv8 own = *c;

    own.zero_x = l->zeros[image];
    const int32_t sum = (int32_t)(uint32_t)sum_of(&own, in, w, pixel, o);
    const float v = (float)sum * l->scales_w[o * l->scale_step] * l->scales[image];
    return v + (l->bias ? l->bias[o] : 0.0f);
}

void td_conv8_ref(const td_conv8 *c, void *out, const void *in, const void *w, const void *bias, size_t begin,
                  size_t end)
{
    const size_t n = c->conv.out_channels;

    for (size_t i = begin * n; i < end * n; i++) {
        const size_t o = i % n;

        if (c->live) {
            ((float *)out)[i] = live_of(c, in, w, i / n, o);
            continue;
        }
        const td_fixed factor = c->factors[c->n_factors > 1 ? o : 0];
        int64_t sum = sum_of(c, in, w, i / n, o), v;

        if (c->x == TD_INT_S16)
            sum = (int64_t)((uint64_t)sum + (bias ? ((const uint64_t *)bias)[o] : 0));
        else /* 32 bits may overflow, as they do in the fast bodies */
            sum = (int32_t)((uint32_t)sum + (bias ? ((const uint32_t *)bias)[o] : 0));
        if (c->rounds_once)
            v = td_fixed_times_once(sum, factor);
        else
            v = c->x == TD_INT_S16 ? td_fixed_times_wide(sum, factor) : td_fixed_times((int32_t)sum, factor);
        put(c->y, out, i, td_steps_of(v, c->zero_y, c->low, c->high));
    }
}

static void plain_sums(int32_t *acc, const uint8_t *patch, size_t stride, size_t rows, const int8_t *panel,
                       size_t quads)
{
    for (size_t r = 0; r < rows; r++, patch += stride)
        for (size_t o = 0; o < TD_CONV8_PANEL; o++) {
            uint32_t sum = 0;

            for (size_t k = 0; k < 4 * quads; k++)
                sum += (uint32_t)(patch[k] * panel[(k / 4 * TD_CONV8_PANEL + o) * 4 + k % 4]);
            acc[r * TD_CONV8_PANEL + o] = (int32_t)sum;
        }
}

static void finish_row(uint8_t *out, const int32_t *acc, const td_conv8_end *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t sum = (int32_t)((uint32_t)acc[i] + (uint32_t)e->add[i]);
        const td_fixed f = e->factors[i * e->factor_step];
        const int64_t v = e->rounds_once ? td_fixed_times_once(sum, f) : td_fixed_times(sum, f);

        out[i] = (uint8_t)td_steps_of(v, e->zero, e->low, e->high);
    }
}

void td_conv8_finish_ref(uint8_t *out, size_t step, const int32_t *acc, size_t rows, const td_conv8_end *e,
                         size_t n)
{
    for (size_t r = 0; r < rows; r++)
        finish_row(out + r * step, acc + r * TD_CONV8_PANEL, e, n);
}

void td_conv8_taps_ref(int32_t *acc, const uint8_t *const *x, const uint8_t *const *w, size_t n_taps,
                       size_t n, const td_conv8_zeros *z)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t sum = 0;

        for (size_t t = 0; t < n_taps; t++)
            sum +=
                (uint32_t)(((int8_t)(x[t][i] ^ z->flip_x) - z->x) * ((int8_t)(w[t][i] ^ z->flip_w) - z->w));
        acc[i] = (int32_t)sum;
    }
}

static const td_conv8_bodies plain = { .sums = plain_sums,
                                       .finish = td_conv8_finish_ref,
                                       .taps = td_conv8_taps_ref };

const td_conv8_variant td_conv8_variants[] = {
    TD_X86(&td_conv8_, amx),  TD_X86(&td_conv8_, vnni), TD_X86(&td_conv8_, avx512),
    TD_X86(&td_conv8_, avx2), TD_PLAIN(&plain),
};
