/* SPDX-License-Identifier: Apache-2.0 */
/* pool8.c -- see pool8.h. Plain loops over channels, which compilers make vectors of. */
#include "kernels/quant/pool8.h"

static void begin_pixel(const td_pool8 *p, int32_t *acc)
{
    for (size_t i = 0; i < p->shape.channels; i++)
        acc[i] = p->kind == TD_POOL_MAX ? INT32_MIN : 0;
}

#define ADD_PLACE(type)                                                                                      \
    do {                                                                                                     \
        const type *const x = (const type *)in + at;                                                         \
        for (size_t i = 0; p->kind == TD_POOL_MAX && i < n; i++)                                             \
            acc[i] = TD_MAX(acc[i], x[i]);                                                                   \
        for (size_t i = 0; p->kind == TD_POOL_MEAN && i < n; i++)                                            \
            acc[i] += x[i];                                                                                  \
    } while (0)

static void add_place(const td_pool8 *p, int32_t *acc, const void *in, size_t at)
{
    const size_t n = p->shape.channels;

    if (p->type == TD_INT_S8)
        ADD_PLACE(int8_t);
    else if (p->type == TD_INT_U8)
        ADD_PLACE(uint8_t);
    else
        ADD_PLACE(int16_t);
}

static size_t add_window(const td_pool8 *p, int32_t *acc, const void *in, size_t pixel)
{
    const td_pool_shape *const g = &p->shape;
    const int64_t y0 = (int64_t)(pixel / g->out[2] % g->out[1] * g->stride[1]) - g->pad[1];
    const int64_t x0 = (int64_t)(pixel % g->out[2] * g->stride[2]) - g->pad[2];
    const int64_t y1 = TD_MIN(y0 + (int64_t)g->kernel[1], (int64_t)g->in[1]);
    const int64_t x1 = TD_MIN(x0 + (int64_t)g->kernel[2], (int64_t)g->in[2]);
    const size_t image = pixel / (g->out[1] * g->out[2]) * g->in[1];
    size_t count = 0;

    for (int64_t y = TD_MAX(y0, 0); y < y1; y++)
        for (int64_t x = TD_MAX(x0, 0); x < x1; x++, count++)
            add_place(p, acc, in, ((image + (size_t)y) * g->in[2] + (size_t)x) * g->channels);
    return count;
}

static int32_t mean_of(int32_t sum, int32_t count)
{
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

void td_pool8_run(const td_pool8 *p, void *out, const void *in, int32_t *acc, size_t begin, size_t end)
{
    const size_t n = p->shape.channels;

    for (size_t pixel = begin; pixel < end; pixel++) {
        begin_pixel(p, acc);
        const int32_t count = (int32_t)add_window(p, acc, in, pixel);

        for (size_t i = 0; i < n; i++) {
            const int32_t v = p->kind == TD_POOL_MAX || !count ? acc[i] : mean_of(acc[i], count);
            const int32_t y = td_steps_clamp(v, p->low, p->high);

            if (p->type == TD_INT_S16)
                ((int16_t *)out)[pixel * n + i] = (int16_t)y;
            else
                ((uint8_t *)out)[pixel * n + i] = (uint8_t)y;
        }
    }
}
