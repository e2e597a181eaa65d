/* SPDX-License-Identifier: Apache-2.0 */
/* conv8.c -- convolutions of bytes by panels of outputs, and depthwise ones by lines of channels.
 *
 * A packed filter is, for each group, its panels, and behind all of them the sum of each output's filter. */
#include "kernels/quant/conv8.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

enum { SIGN = 0x80, CENTRE = 128, STEP = 64 }; /* bytes of depth that some bodies take at once */

/* What follows from the sizes. */
typedef struct shape8 {
    size_t depth, taps, count; /* of a group: channels, filter places, their product */
    size_t quads, stride;      /* of depth; bytes of a patch's pixel */
    size_t outputs, panels;    /* of a group */
    size_t panel;              /* bytes */
} shape8;

static shape8 shape_of(const td_conv8 *c)
{
    const td_conv *const g = &c->conv;
    shape8 s = { .depth = g->in_channels / g->groups,
                 .taps = g->kernel[1] * g->kernel[2],
                 .outputs = g->out_channels / g->groups };

    s.count = s.depth * s.taps;
    s.quads = td_div_up(s.count, 4);
    s.stride = td_round_up(s.count, STEP);
    s.panels = td_div_up(s.outputs, TD_CONV8_PANEL);
    s.panel = s.stride * TD_CONV8_PANEL;
    return s;
}

bool td_conv8_is_fast(const td_conv8 *c)
{
    const td_conv *const g = &c->conv;
    const bool are_bytes = c->x != TD_INT_S16 && (c->live || c->y != TD_INT_S16);

    return are_bytes && (!c->is_depthwise || g->in_channels == g->out_channels);
}

static bool sizes_fit(const td_conv8 *c, size_t *panels)
{
    const td_conv *const g = &c->conv;
    size_t count;

    if (!td_mul_size(g->in_channels / g->groups, g->kernel[1] * g->kernel[2], &count) ||
        count > SIZE_MAX / 1024)
        return false;
    const shape8 s = shape_of(c);

    return td_mul_size(s.panel, s.panels, panels) && td_mul_size(*panels, g->groups, panels);
}

bool td_conv8_packed_size(const td_conv8 *c, size_t *out)
{
    size_t panels;

    *out = 0;
    if (c->is_depthwise) return true;
    return sizes_fit(c, &panels) && td_add_size(panels, c->conv.out_channels * sizeof(int32_t), out);
}

static void pack_output(const td_conv8 *c, const shape8 *s, int8_t *panel, int32_t *sum, const uint8_t *w)
{
    const uint8_t flip = c->w == TD_INT_U8 ? SIGN : 0;
    uint32_t total = 0;

    for (size_t k = 0; k < s->count; k++) {
        const int v = (int8_t)(w[k] ^ flip);

        panel[k / 4 * 4 * TD_CONV8_PANEL + k % 4] = (int8_t)v;
        total += (uint32_t)v;
    }
    *sum = (int32_t)total;
}

void td_conv8_pack(const td_conv8 *c, void *packed, const void *w)
{
    const shape8 s = shape_of(c);
    const size_t groups = c->conv.groups, all = s.panel * s.panels * groups;
    int32_t *const sums = (int32_t *)(void *)((char *)packed + all);

    memset(packed, 0, all);
    for (size_t o = 0; o < c->conv.out_channels; o++) {
        const size_t panel = o / s.outputs * s.panels + o % s.outputs / TD_CONV8_PANEL;
        int8_t *const to = (int8_t *)packed + panel * s.panel + o % s.outputs % TD_CONV8_PANEL * 4;

        pack_output(c, &s, to, &sums[o], (const uint8_t *)w + o * s.count);
    }
}

/* ---------------------------------------------------------------- scratch of a thread */

typedef struct work8 {
    uint8_t *patch;
    int32_t *acc;
    int32_t *add;           /* [out] */
    const uint8_t **x, **w; /* [taps] */
} work8;

static bool place_work(const td_conv8 *c, char *base, work8 *out, size_t *size)
{
    const td_conv *const g = &c->conv;
    const size_t taps = c->is_depthwise ? g->kernel[1] * g->kernel[2] : 0;
    size_t panels, at = 0;

    if (!c->is_depthwise && !sizes_fit(c, &panels)) return false;
    if (taps > SIZE_MAX / 1024 || g->out_channels > SIZE_MAX / 1024) return false;
    const shape8 s = shape_of(c);
    const size_t patch = td_reserve(&at, c->is_depthwise ? 0 : s.stride * TD_CONV8_ROWS);
    const size_t n_acc = c->is_depthwise ? g->out_channels : (size_t)TD_CONV8_PANEL * TD_CONV8_ROWS;
    const size_t acc = td_reserve(&at, n_acc * sizeof(int32_t));
    const size_t add = td_reserve(&at, g->out_channels * sizeof(int32_t));
    const size_t x = td_reserve(&at, taps * sizeof(void *)), w = td_reserve(&at, taps * sizeof(void *));

    *size = at;
    if (!base) return true;
    *out = (work8){ (uint8_t *)base + patch, (int32_t *)(void *)(base + acc), (int32_t *)(void *)(base + add),
                    (const uint8_t **)(void *)(base + x), (const uint8_t **)(void *)(base + w) };
    return true;
}

bool td_conv8_scratch(const td_conv8 *c, size_t *out)
{
    return place_work(c, NULL, NULL, out);
}

/* ---------------------------------------------------------------- panels */

/* Zero points as bytes of patches and panels have them. */
static int32_t patch_zero(const td_conv8 *c, size_t image)
{
    return (c->live ? c->live->zeros[image] : c->zero_x) + (c->x == TD_INT_S8 ? CENTRE : 0);
}

static int32_t panel_zero(const td_conv8 *c)
{
    return c->zero_w - (c->w == TD_INT_U8 ? CENTRE : 0);
}

/* A pixel of the output. */
typedef struct place8 {
    size_t image, y, x;
} place8;

static place8 place_of(const td_conv *g, size_t pixel)
{
    return (place8){ pixel / (g->out[1] * g->out[2]), pixel / g->out[2] % g->out[1], pixel % g->out[2] };
}

static void step_on(const td_conv *g, place8 *p)
{
    if (++p->x < g->out[2]) return;
    p->x = 0;
    if (++p->y < g->out[1]) return;
    p->y = 0;
    p->image++;
}

/* bias - zero_x * SUM w + count * zero_x * zero_w: what is to be added for the zero points, but for what depends on the pixel. */
static void fill_add(const td_conv8 *c, const shape8 *s, int32_t *add, const int32_t *sums,
                     const int32_t *bias)
{
    if (c->live) { /* every image has its own zero point */
        memcpy(add, sums, c->conv.out_channels * sizeof *add);
        return;
    }
    const uint32_t zero = (uint32_t)patch_zero(c, 0),
                   both = zero * (uint32_t)panel_zero(c) * (uint32_t)s->count;

    for (size_t o = 0; o < c->conv.out_channels; o++)
        add[o] = (int32_t)((bias ? (uint32_t)bias[o] : 0) - zero * (uint32_t)sums[o] + both);
}

static void copy_flipped(uint8_t *to, const uint8_t *from, size_t n, uint8_t flip)
{
    const uint64_t flips = flip * UINT64_C(0x0101010101010101);
    size_t i = 0;

    for (uint64_t v; i + sizeof v <= n; i += sizeof v) {
        memcpy(&v, from + i, sizeof v);
        v ^= flips;
        memcpy(to + i, &v, sizeof v);
    }
    for (; i < n; i++)
        to[i] = from[i] ^ flip;
}

/* A line of the filter over a line of the image, which begins at `line` for the group's channels. */
static void gather_line(const td_conv8 *c, const shape8 *s, uint8_t *to, const uint8_t *line, size_t x,
                        int32_t zero)
{
    const td_conv *const g = &c->conv;
    const uint8_t flip = c->x == TD_INT_S8 ? SIGN : 0;
    const int64_t first = td_conv8_place(g, 2, x, 0), last = td_conv8_place(g, 2, x, g->kernel[2] - 1);
    const bool is_dense = g->groups == 1 && !g->is_transposed && g->dilation[2] == 1;

    if (is_dense && first >= 0 && last >= 0) {
        copy_flipped(to, line + (size_t)first * g->in_channels, g->kernel[2] * s->depth, flip);
        return;
    }
    for (size_t kx = 0; kx < g->kernel[2]; kx++, to += s->depth) {
        const int64_t ix = td_conv8_place(g, 2, x, kx);

        if (ix < 0)
            memset(to, zero, s->depth);
        else
            copy_flipped(to, line + (size_t)ix * g->in_channels, s->depth, flip);
    }
}

/* What lies under the filter for one pixel. */
static void gather(const td_conv8 *c, const shape8 *s, uint8_t *to, const uint8_t *in, const place8 *p,
                   size_t group)
{
    const td_conv *const g = &c->conv;
    const size_t width = g->in[2] * g->in_channels, line = g->kernel[2] * s->depth;
    const uint8_t *const image = in + p->image * g->in[1] * width + group * s->depth;
    const int32_t zero = patch_zero(c, p->image);

    for (size_t ky = 0; ky < g->kernel[1]; ky++, to += line) {
        const int64_t iy = td_conv8_place(g, 1, p->y, ky);

        if (iy < 0)
            memset(to, zero, line);
        else
            gather_line(c, s, to, image + (size_t)iy * width, p->x, zero);
    }
}

/* acc[row][..] -= zero of the filter * SUM of the patch's row. */
static void take_rows(int32_t *acc, const uint8_t *patch, const shape8 *s, size_t rows, int32_t zero)
{
    for (size_t r = 0; r < rows; r++) {
        uint32_t sum = 0;

        for (size_t k = 0; k < s->count; k++)
            sum += patch[r * s->stride + k];
        for (size_t o = 0; o < TD_CONV8_PANEL; o++)
            acc[r * TD_CONV8_PANEL + o] =
                (int32_t)((uint32_t)acc[r * TD_CONV8_PANEL + o] - sum * (uint32_t)zero);
    }
}

static td_conv8_end end_of(const td_conv8 *c, const int32_t *add, size_t o)
{
    const bool is_one = c->n_factors == 1;

    return (td_conv8_end){ add + o,       c->factors + (is_one ? 0 : o), !is_one, c->zero_y, c->low, c->high,
                           c->rounds_once };
}

/* Outputs [o, o + n) of a pixel as floats. zero: what each step of the filter's sum, which is in w->add, takes off. */
static void write_live(const td_conv8 *c, const work8 *w, float *out, const int32_t *acc, size_t image,
                       int32_t zero, size_t o, size_t n)
{
    const td_conv8_live *const l = c->live;

    for (size_t i = 0; i < n; i++) {
        const int32_t sum = (int32_t)((uint32_t)acc[i] - (uint32_t)zero * (uint32_t)w->add[o + i]);
        const float v = (float)sum * l->scales_w[(o + i) * l->scale_step] * l->scales[image];

        out[i] = v + (l->bias ? l->bias[o + i] : 0.0f);
    }
}

static void write_panel(const td_conv8 *c, const td_conv8_bodies *b, const work8 *w, void *out, size_t pixel,
                        size_t rows, size_t o, size_t n)
{
    const size_t step = c->conv.out_channels;

    if (c->live) {
        for (size_t r = 0; r < rows; r++) {
            const size_t image = place_of(&c->conv, pixel + r).image;

            write_live(c, w, (float *)out + (pixel + r) * step + o, w->acc + r * TD_CONV8_PANEL, image,
                       c->is_depthwise ? 0 : patch_zero(c, image), o, n);
        }
        return;
    }
    const td_conv8_end end = end_of(c, w->add, o);
    b->finish((uint8_t *)out + pixel * step + o, step, w->acc, rows, &end, n);
}

static void run_group(const td_conv8 *c, const shape8 *s, const td_conv8_bodies *b, void *out,
                      const int8_t *panels, const work8 *w, size_t pixel, size_t rows, size_t first)
{
    const int32_t zero = panel_zero(c);

    for (size_t p = 0; p < s->panels; p++) {
        const size_t n = TD_MIN(s->outputs - p * TD_CONV8_PANEL, (size_t)TD_CONV8_PANEL);

        b->sums(w->acc, w->patch, s->stride, rows, panels + p * s->panel, s->quads);
        if (zero) take_rows(w->acc, w->patch, s, rows, zero);
        write_panel(c, b, w, out, pixel, rows, first + p * TD_CONV8_PANEL, n);
    }
}

static void run_panels(const td_conv8 *c, const td_conv8_bodies *b, void *out, const uint8_t *in,
                       const int8_t *packed, const int32_t *bias, const work8 *w, size_t begin, size_t end)
{
    const td_conv *const g = &c->conv;
    const shape8 s = shape_of(c);
    const size_t group_size = s.panel * s.panels;

    memset(w->patch, 0, s.stride * TD_CONV8_ROWS); /* what is behind the depth stays so */
    fill_add(c, &s, w->add, (const int32_t *)(const void *)(packed + group_size * g->groups), bias);
    for (size_t at = begin; at < end; at += TD_CONV8_ROWS) {
        const size_t rows = TD_MIN(end - at, (size_t)TD_CONV8_ROWS);

        for (size_t group = 0; group < g->groups; group++) {
            place8 p = place_of(g, at);

            for (size_t r = 0; r < rows; r++, step_on(g, &p))
                gather(c, &s, w->patch + r * s.stride, in, &p, group);
            run_group(c, &s, b, out, packed + group * group_size, w, at, rows, group * s.outputs);
        }
    }
}

/* ---------------------------------------------------------------- channels */

/* The places of image and filter that count for a pixel. */
static size_t find_taps(const td_conv8 *c, const work8 *w, const uint8_t *in, const uint8_t *filter,
                        const place8 *p)
{
    const td_conv *const g = &c->conv;
    const size_t n = g->in_channels;
    const uint8_t *const image = in + p->image * g->in[1] * g->in[2] * n;
    size_t found = 0;

    for (size_t ky = 0; ky < g->kernel[1]; ky++) {
        const int64_t iy = td_conv8_place(g, 1, p->y, ky);

        if (iy < 0) continue;
        for (size_t kx = 0; kx < g->kernel[2]; kx++) {
            const int64_t ix = td_conv8_place(g, 2, p->x, kx);

            if (ix < 0) continue;
            w->x[found] = image + ((size_t)iy * g->in[2] + (size_t)ix) * n;
            w->w[found++] = filter + (ky * g->kernel[2] + kx) * n;
        }
    }
    return found;
}

static void run_channels(const td_conv8 *c, const td_conv8_bodies *b, void *out, const uint8_t *in,
                         const uint8_t *filter, const int32_t *bias, const work8 *w, size_t begin, size_t end)
{
    const size_t n = c->conv.out_channels;
    const bool is_x_u8 = c->x == TD_INT_U8, is_w_u8 = c->w == TD_INT_U8;
    td_conv8_zeros zeros = { c->zero_x - (is_x_u8 ? CENTRE : 0), c->zero_w - (is_w_u8 ? CENTRE : 0),
                             is_x_u8 ? SIGN : 0, is_w_u8 ? SIGN : 0 };

    for (size_t o = 0; o < n; o++)
        w->add[o] = bias ? bias[o] : 0;
    place8 p = place_of(&c->conv, begin);

    for (size_t at = begin; at < end; at++, step_on(&c->conv, &p)) {
        if (c->live) zeros.x = c->live->zeros[p.image];
        b->taps(w->acc, w->x, w->w, find_taps(c, w, in, filter, &p), n, &zeros);
        write_panel(c, b, w, out, at, 1, 0, n);
    }
}

/* ---------------------------------------------------------------- floats to steps */

/* Rounded to nearest, halves away from zero. */
static float round_away(float v)
{
    const float whole = truncf(v);

    return fabsf(v - whole) >= 0.5f ? whole + copysignf(1.0f, v) : whole;
}

static void fill_steps(int8_t *out, const float *in, size_t n, float scale, float zero, float low)
{
    for (size_t i = 0; i < n; i++) {
        const float step = round_away(zero + in[i] * scale);

        out[i] = (int8_t)(step >= 127.0f ? 127.0f : step > low ? step : low);
    }
}

/* What [low, high], which has 0 in it, makes of 256 steps: from whichever end has the smaller error. */
static int32_t nudged_zero(double low, double high, double scale)
{
    const double from_low = INT8_MIN - low / scale, from_high = INT8_MAX - high / scale;
    const double error_low = 128.0 + fabs(low / scale), error_high = 127.0 + fabs(high / scale);
    const double zero = error_low < error_high ? from_low : from_high;

    return zero <= INT8_MIN ? INT8_MIN : zero >= INT8_MAX ? INT8_MAX : (int32_t)round(zero);
}

void td_conv8_quantize(int8_t *out, const float *in, size_t n, bool asymmetric, int32_t *zero, float *scale)
{
    float low = 0, high = 0;

    for (size_t i = 0; i < n; i++) { /* NaN is passed over */
        low = in[i] < low ? in[i] : low;
        high = in[i] > high ? in[i] : high;
    }
    const float most = -low > high ? -low : high;

    *zero = 0;
    *scale = 1;
    if (most <= 0) {
        memset(out, 0, n);
    } else if (asymmetric) {
        const double exact = ((double)high - (double)low) / 255.0;

        *zero = nudged_zero((double)low, (double)high, exact);
        *scale = (float)exact;
        fill_steps(out, in, n, 1.0f / *scale, (float)*zero, -128.0f);
    } else {
        *scale = most / 127.0f;
        fill_steps(out, in, n, 127.0f / most, 0.0f, -127.0f);
    }
}

void td_conv8_run(const td_conv8 *c, const td_conv8_bodies *b, void *out, const void *in, const void *packed,
                  const int32_t *bias, void *scratch, size_t begin, size_t end)
{
    work8 w = { 0 };
    size_t size;

    if (!place_work(c, scratch, &w, &size)) return; /* whoever asked td_conv8_scratch() does not come here */
    if (c->is_depthwise) {
        run_channels(c, b, out, in, packed, bias, &w, begin, end);
        return;
    }
    if (b->begin) b->begin();
    run_panels(c, b, out, in, packed, bias, &w, begin, end);
    if (b->end) b->end();
}
