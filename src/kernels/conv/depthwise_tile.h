/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise_tile.h -- the innermost part of depthwise_body.h: tiles.
 *
 * A tile is up to TD_DEPTHWISE_SPAN neighbouring pixels of an output row by a vector of channels, whose sums stay in registers:
 * each weight is loaded once for all of them.
 */
#include "base/macros.h"
#include "kernels/conv/depthwise.h"

#ifndef Y
#define Y                float
#define Y_STORE(p, n, v) ((n) == VW ? V_STORE(p, v) : V_STORE_N(p, n, v))
#define Y_POST(f, p, n)  (f)(p, n)
#endif

#define DW_INLINE static inline __attribute__((always_inline))

/* Neighbouring outputs of a row. */
typedef struct row_job {
    const float *const *see; /* rows; the first vector */
    size_t next;             /* floats from there to the next vector; and those of its weights */
    const float *w;          /* of the first tap seen */
    size_t weights, w_row;   /* floats of a vector's weights, and of those of a filter row */
    size_t rows, tap;        /* tap: floats from one to the next */
    /* Floats to the first tap of the output so many further: a table, as compilers make chains of additions of products. */
    size_t ahead[5];
    size_t span, pixels, c0, c1, width; /* width: channels of a pixel */
    const float *bias, *add;            /* add: of the first pixel, as out */
    float lo, hi;
    Y *out;
} row_job;

DW_INLINE V load_n(const float *p, size_t n)
{
    return n == VW ? V_LOAD(p) : V_LOAD_N(p, n);
}

/* n channels from c on. */
DW_INLINE void finish(const row_job *r, const V *acc, size_t x, size_t c, const size_t span, const size_t n)
{
    const V lo = V_SET1(r->lo), hi = V_SET1(r->hi);
    const size_t width = r->width, at = x * width + c;
    Y *const out = r->out + at;
    const float *const add = r->add ? r->add + at : NULL;

#pragma GCC unroll 8
    for (size_t i = 0; i < span; i++) {
        const V sum = add ? V_ADD(acc[i], load_n(add + i * width, n)) : acc[i];
        Y_STORE(out + i * width, n, V_MAX(lo, V_MIN(hi, sum)));
    }
}

/* How outputs see pixels. */
typedef struct view {
    size_t taps; /* in a row */
    /* Floats from an output's first tap to the next one's, of taps without gaps. 0: as row_job says. */
    size_t step;
    bool is_line; /* whose vectors are all full */
} view;

/* One filter row. */
DW_INLINE void sum_taps(V *acc, const row_job *r, const float *p, const float *w, const size_t span,
                        const view s, const size_t n)
{
    const size_t tap = s.step ? VW : r->tap;
    const float *q = span > 4 ? p + (s.step ? 4 * s.step : r->ahead[4]) : p;

#pragma GCC unroll 7
    for (size_t kx = 0; kx < s.taps; kx++, p += tap, q += tap, w += VW) {
        const V weight = V_LOAD(w);
#pragma GCC unroll 8
        for (size_t i = 0; i < span; i++) {
            const size_t ahead = s.step ? i % 4 * s.step : r->ahead[i % 4];
            acc[i] = V_FMA(load_n((i < 4 ? p : q) + ahead, n), weight, acc[i]);
        }
    }
}

DW_INLINE void sum_rows(V *acc, const row_job *r, size_t from, const float *w, const size_t span,
                        const view s, const size_t n)
{
    const float *const *const see = r->see;

    for (size_t ky = 0; ky < r->rows; ky++, w += r->w_row)
        sum_taps(acc, r, see[ky] + from, w, span, s, n);
}

DW_INLINE void tile(const row_job *r, size_t x, const size_t span, const view s)
{
    size_t from = x * (s.step ? s.step : r->ahead[1]);
    const float *w = r->w;

    for (size_t c = r->c0; c < r->c1; c += VW, from += r->next, w += r->weights) {
        const size_t n = TD_MIN(VW, r->c1 - c);
        const V bias = r->bias ? load_n(r->bias + c, n) : V_ZERO();
        V acc[TD_DEPTHWISE_SPAN];

#pragma GCC unroll 8
        for (size_t i = 0; i < span; i++)
            acc[i] = bias;
        if (s.is_line || n == VW)
            sum_rows(acc, r, from, w, span, s, VW);
        else
            sum_rows(acc, r, from, w, span, s, n);
        if (n == VW)
            finish(r, acc, x, c, span, VW);
        else
            finish(r, acc, x, c, span, n);
    }
}

DW_INLINE void run_row(const row_job *r, const view s)
{
    for (size_t x = 0; x < r->pixels; x += r->span) {
        switch (TD_MIN(r->span, r->pixels - x)) {
        case 8:
            tile(r, x, 8, s);
            break;
        case 7:
            tile(r, x, 7, s);
            break;
        case 6:
            tile(r, x, 6, s);
            break;
        case 5:
            tile(r, x, 5, s);
            break;
        case 4:
            tile(r, x, 4, s);
            break;
        case 3:
            tile(r, x, 3, s);
            break;
        case 2:
            tile(r, x, 2, s);
            break;
        default:
            tile(r, x, 1, s);
        }
    }
}

/* Of lines, whose steps are known for most filters. */
static void run_line_row(const row_job *r, size_t taps, size_t stride)
{
    if (taps == 3 && stride == 1)
        run_row(r, (view){ 3, VW, true });
    else if (taps == 3 && stride == 2)
        run_row(r, (view){ 3, 2 * VW, true });
    else if (taps == 5 && stride == 1)
        run_row(r, (view){ 5, VW, true });
    else if (taps == 5 && stride == 2)
        run_row(r, (view){ 5, 2 * VW, true });
    else if (taps == 7 && stride == 1)
        run_row(r, (view){ 7, VW, true });
    else
        run_row(r, (view){ taps, 0, true });
}
