/* SPDX-License-Identifier: Apache-2.0 */
/* check_conv8.c -- convolutions of bytes by every body this CPU can run, against the definition, to the last bit. */
#include <string.h>

#include "check.h"

#include "kernels/quant/conv8.h"

static size_t pixels_of(const td_conv *g)
{
    return g->batch * g->out[1] * g->out[2];
}

static int32_t zero_of(td_int type)
{
    return (int32_t)(type == TD_INT_U8 ? check_random_int(0, 255) : check_random_int(-128, 127));
}

static void check_body(const char *name, const td_conv8_bodies *b, const td_conv8 *c, const void *in,
                       const void *w, const int32_t *bias, const void *want)
{
    const size_t size = pixels_of(&c->conv) * c->conv.out_channels * (c->live ? sizeof(float) : 1);
    size_t packed_size = 0, work_size = 0;

    CHECK(td_conv8_packed_size(c, &packed_size) && td_conv8_scratch(c, &work_size), "%s: no size", name);
    uint8_t *const packed = check_bytes(packed_size), *const work = check_bytes(work_size);
    uint8_t *const got = check_bytes(size);

    if (packed_size) td_conv8_pack(c, packed, w);
    td_conv8_run(c, b, got, in, packed_size ? packed : w, bias, work, 0, pixels_of(&c->conv));
    CHECK(!memcmp(got, want, size), "%s: %zu of %zu to %zu by %zux%zu%s differ", name, c->conv.in[1],
          c->conv.in_channels, c->conv.out_channels, c->conv.kernel[1], c->conv.kernel[2],
          c->is_depthwise ? ", depthwise" : "");
    CHECK(check_bytes_guards(got, size) && check_bytes_guards(work, work_size) &&
              check_bytes_guards(packed, packed_size),
          "%s wrote outside its output", name);
    check_bytes_free(packed), check_bytes_free(work), check_bytes_free(got);
}

static void check_one(const td_conv8 *c)
{
    const td_conv *const g = &c->conv;
    const size_t n_in = g->batch * g->in[1] * g->in[2] * g->in_channels,
                 n_w = g->kernel[1] * g->kernel[2] * (c->is_depthwise ? 1 : g->in_channels / g->groups) *
                       g->out_channels,
                 n_out = pixels_of(g) * g->out_channels * (c->live ? sizeof(float) : 1);
    uint8_t *const in = check_bytes_rand(n_in), *const w = check_bytes_rand(n_w),
                   *const want = check_bytes(n_out);
    int32_t *const bias = check_bytes(g->out_channels * sizeof *bias);

    for (size_t i = 0; i < g->out_channels; i++)
        bias[i] = (int32_t)check_random_int(-100000, 100000);
    td_conv8_ref(c, want, in, w, c->live ? NULL : bias, 0, pixels_of(g));
    CHECK_EACH(conv8, v)
        check_body(v->name, v->body, c, in, w, bias, want);
    check_bytes_free(in), check_bytes_free(w), check_bytes_free(want), check_bytes_free(bias);
}

enum { OUTPUTS_MOST = 64, IMAGES_MOST = 3 };

static void check_types(td_conv8 *c)
{
    td_fixed factors[OUTPUTS_MOST];

    c->factors = factors;
    c->low = c->y == TD_INT_U8 ? 3 : -120;
    c->high = c->y == TD_INT_U8 ? 250 : 121;
    c->zero_x = zero_of(c->x);
    c->zero_w = zero_of(c->w);
    c->zero_y = zero_of(c->y);
    for (size_t i = 0; i < c->conv.out_channels; i++)
        factors[i] =
            (td_fixed){ (int32_t)check_random_int(1 << 30, INT32_MAX), (int32_t)check_random_int(-14, -4) };
    factors[0].shift = 1; /* to the left, too */
    for (int once = 0; once < 2; once++) {
        c->rounds_once = once;
        c->n_factors = once ? 1 : c->conv.out_channels;
        check_one(c);
    }
}

static void check_live(td_conv8 *c)
{
    const int32_t zeros[IMAGES_MOST] = { -128, 127, 3 };
    const float scales[IMAGES_MOST] = { 0.5f, 0.25f, 0.01f }, scale_w = 0.125f;
    const td_conv8_live live = { zeros, scales, &scale_w, 0, NULL };

    c->x = c->w = TD_INT_S8;
    c->zero_w = 0;
    c->live = &live;
    check_one(c);
    c->live = NULL;
}

static void check_shape(size_t channels, size_t outputs, size_t kernel, size_t stride, size_t groups)
{
    td_conv8 c = { .conv = { .batch = 2,
                             .groups = groups,
                             .in = { 1, 6, 5 },
                             .in_channels = channels,
                             .out_channels = outputs,
                             .out = { 1, (6 + stride - 1) / stride, (5 + stride - 1) / stride },
                             .kernel = { 1, kernel, kernel },
                             .stride = { 1, stride, stride },
                             .dilation = { 1, 1, 1 },
                             .pad = { 0, (int64_t)kernel / 2, (int64_t)kernel / 2 } } };

    c.is_depthwise = groups == channels && groups > 1;
    for (int types = 0; types < 4; types++) {
        c.x = c.y = types & 1 ? TD_INT_U8 : TD_INT_S8;
        c.w = types & 2 ? TD_INT_U8 : TD_INT_S8;
        check_types(&c);
    }
    check_live(&c);
}

/* The image's gradient, as it were: 5 by 4 from 3 by 2. */
static void check_transposed(void)
{
    td_conv8 c = { .conv = { .batch = 2,
                             .groups = 1,
                             .in = { 1, 3, 2 },
                             .in_channels = 5,
                             .out_channels = 18,
                             .out = { 1, 5, 4 },
                             .kernel = { 1, 3, 3 },
                             .stride = { 1, 2, 2 },
                             .dilation = { 1, 1, 1 },
                             .pad = { 0, 1, 0 },
                             .is_transposed = true } };

    check_types(&c);
}

static void check_rounding(void)
{
    static const float in[] = { 0.5f, -0.5f, 1.5f, 2.49999f, 126.5f, -127, 0, 127 };
    static const int8_t want[] = { 1, -1, 2, 2, 127, -127, 0, 127 };
    int8_t got[TD_COUNT(in)];
    int32_t zero;
    float scale;

    td_conv8_quantize(got, in, TD_COUNT(in), false, &zero, &scale);
    CHECK(!memcmp(got, want, sizeof want) && !zero && scale >= 1.0f && scale <= 1.0f, "steps around 0");
    td_conv8_quantize(got, in + 3, 2, true, &zero, &scale);
    CHECK(zero == -128 && got[1] == 127, "steps from the lowest: %d, %d", (int)zero, got[1]);
    td_conv8_quantize(got, in + 6, 1, true, &zero, &scale);
    CHECK(!got[0] && !zero, "steps of nothing");
}

void check_conv8(void)
{
    static const size_t channels[] = { 1, 3, 4, 15, 16, 17, 64, 67 };

    for (size_t i = 0; i < TD_COUNT(channels); i++) {
        check_shape(channels[i], channels[TD_COUNT(channels) - 1 - i] % OUTPUTS_MOST + 1, 1, 1, 1);
        check_shape(channels[i], 17, 3, 2, 1);
        if (channels[i] < OUTPUTS_MOST) check_shape(channels[i], channels[i], 3, 1, channels[i]);
    }
    check_shape(8, 36, 3, 1, 2);
    check_transposed();
    check_rounding();
}
