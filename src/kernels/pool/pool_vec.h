/* SPDX-License-Identifier: Apache-2.0 */
/* pool_vec.h -- pooling over V; included by one file for each instruction set, after its v_*.h.
 *
 * Neighbouring windows that overlap share columns: each column is pooled once for all of them, then each window is pooled from its
 * columns. Windows that don't, or that are very wide, go one by one, and memory is read in order.
 */
#include <float.h>
#include <stdbool.h>

#include "base/macros.h"
#include "kernels/pool/pool_body.h"

#define POOL_INLINE static inline __attribute__((always_inline))

enum {
    COLUMNS = 64,          /* that are pooled at once */
    NEAR_FLOATS = 1 << 17, /* of an image in a second-level cache */
};

POOL_INLINE V pool_load(const float *p, const size_t n)
{
    return n == VW ? V_LOAD(p) : V_LOAD_N(p, n);
}

POOL_INLINE void pool_store(float *p, const size_t n, V x)
{
    if (n == VW)
        V_STORE(p, x);
    else
        V_STORE_N(p, n, x);
}

POOL_INLINE V pool_none(const td_pool_kind kind)
{
    return kind == TD_POOL_MAX ? V_SET1(-FLT_MAX) : V_ZERO();
}

/* A NaN is nobody's maximum. */
POOL_INLINE V pool_more(const td_pool_kind kind, V acc, V x)
{
    return kind == TD_POOL_MAX ? V_MAX(x, acc) : V_ADD(acc, x);
}

/* `count` neighbours: of three or fewer no loop, which are most. */
POOL_INLINE V pool_some(const td_pool_kind kind, const V *x, size_t count)
{
    V acc = pool_none(kind);

    if (count == 3) return pool_more(kind, pool_more(kind, pool_more(kind, acc, x[0]), x[1]), x[2]);
    if (count == 2) return pool_more(kind, pool_more(kind, acc, x[0]), x[1]);
    for (size_t i = 0; i < count; i++)
        acc = pool_more(kind, acc, x[i]);
    return acc;
}

/* `rows` rows, `line` floats apart, into the columns that there are so far (is_first: none). */
POOL_INLINE void pool_rows(const td_pool_kind kind, V *to, const float *in, size_t columns, const size_t ch,
                           const size_t line, const size_t rows, const bool is_first, const size_t n)
{
    for (size_t x = 0; x < columns; x++, in += ch) {
        V acc = is_first ? pool_none(kind) : to[x];
#pragma GCC unroll 3
        for (size_t y = 0; y < rows; y++)
            acc = pool_more(kind, acc, pool_load(in + y * line, n));
        to[x] = acc;
    }
}

/* Columns of a window's rows, the first at `in`. */
POOL_INLINE void pool_columns(const td_pool_shape *p, const td_pool_kind kind, const window *w, V *to,
                              const float *in, size_t columns, const size_t n)
{
    const size_t ch = p->channels, line = p->in[2] * ch;
    bool is_first = true;

    for (size_t z = 0; z < w->count[0]; z++)
        for (size_t y = 0, rows; y < w->count[1]; y += rows) {
            const float *const from = in + (z * p->in[1] + y) * line;
            rows = TD_MIN(3, w->count[1] - y);
            if (rows == 3 && is_first)
                pool_rows(kind, to, from, columns, ch, line, 3, true, n);
            else if (rows == 2 && is_first)
                pool_rows(kind, to, from, columns, ch, line, 2, true, n);
            else
                pool_rows(kind, to, from, columns, ch, line, rows, is_first, n);
            is_first = false;
        }
    if (is_first) pool_rows(kind, to, in, columns, ch, line, 0, true, n);
}

/* Columns [*begin, *end) of the image are in the window of output x. */
static inline void columns_of(const td_pool_shape *p, size_t x, size_t *begin, size_t *end)
{
    const int64_t from = (int64_t)(x * p->stride[2]) - p->pad[2], to = from + (int64_t)p->kernel[2];

    *begin = (size_t)TD_MIN(TD_MAX(from, 0), (int64_t)p->in[2]);
    *end = (size_t)TD_MAX((int64_t)*begin, TD_MIN(to, (int64_t)p->in[2]));
}

/* n channels of outputs [x0, x1) of a row, which see COLUMNS at most; out: of the first, in: of the image's first column. */
POOL_INLINE void pool_windows(const td_pool_shape *p, const td_pool_kind kind, const window *w, float *out,
                              const float *in, size_t x0, size_t x1, const size_t n)
{
    const size_t ch = p->channels, rows = w->count[0] * w->count[1];
    size_t begin, end, first, last = 0;
    V columns[COLUMNS], share = V_ZERO();

    columns_of(p, x1 - 1, &begin, &end);
    columns_of(p, x0, &first, &begin);
    pool_columns(p, kind, w, columns, in + first * ch, TD_MAX(first, end) - first, n);
    for (size_t x = x0; x < x1; x++, out += ch) {
        columns_of(p, x, &begin, &end);
        V acc = pool_some(kind, columns + (begin - first), end - begin);
        if (kind == TD_POOL_MEAN && rows && end > begin) {
            if (last != end - begin) share = V_DIV(V_SET1(1.0f), V_SET1((float)(rows * (end - begin))));
            last = end - begin;
            acc = V_MUL(acc, share);
        }
        pool_store(out, n, acc);
    }
}

/* The same of one output, by itself. */
POOL_INLINE void pool_window(const td_pool_shape *p, const td_pool_kind kind, const window *w, float *out,
                             const float *in, const size_t n)
{
    const size_t ch = p->channels, line = p->in[2] * ch, pixels = w->count[0] * w->count[1] * w->count[2];
    V acc = pool_none(kind);

    for (size_t z = 0; z < w->count[0]; z++)
        for (size_t y = 0; y < w->count[1]; y++) {
            const float *const from = in + (z * p->in[1] + y) * line + w->at[2] * ch;
            V row = pool_none(kind); /* by itself: sums that wait for each other take longer than loads */
            for (size_t x = 0; x < w->count[2]; x++)
                row = pool_more(kind, row, pool_load(from + x * ch, n));
            acc = pool_more(kind, acc, row);
        }
    if (kind == TD_POOL_MEAN && pixels) acc = V_DIV(acc, V_SET1((float)pixels));
    pool_store(out, n, acc);
}

POOL_INLINE void pool_channels(const td_pool_shape *p, const td_pool_kind kind, const window *w, float *out,
                               const float *in, size_t x0, size_t x1)
{
    const size_t ch = p->channels;
    const bool has_rows = w->count[0] && w->count[1];
    const float *const row =
        has_rows ? in + ((w->n * p->in[0] + w->at[0]) * p->in[1] + w->at[1]) * p->in[2] * ch : in;

    for (size_t c = 0; c < ch; c += VW) {
        const size_t n = TD_MIN(VW, ch - c);
        if (x1 - x0 == 1 && n == VW)
            pool_window(p, kind, w, out + c, row + c, VW);
        else if (x1 - x0 == 1)
            pool_window(p, kind, w, out + c, row + c, n);
        else if (n == VW)
            pool_windows(p, kind, w, out + c, row + c, x0, x1, VW);
        else
            pool_windows(p, kind, w, out + c, row + c, x0, x1, n);
    }
}

/* How many neighbours are pooled at once. With a stride they share little: less than reading in order is worth, beyond caches. */
static size_t neighbours(const td_pool_shape *p)
{
    const size_t kernel = p->kernel[2], stride = p->stride[2];
    const size_t floats = p->in[0] * p->in[1] * p->in[2] * p->channels;
    const bool is_shared = kernel > stride && kernel <= COLUMNS / 2;

    if (!is_shared || (stride > 1 && floats > NEAR_FLOATS)) return 1;
    return (COLUMNS - kernel) / stride + 1;
}

static void pool_pixels(const td_pool_shape *p, td_pool_kind kind, float *out, const float *in, size_t pixel0,
                        size_t pixel1)
{
    const size_t most = neighbours(p);

    for (size_t pixel = pixel0, stop; pixel < pixel1; pixel = stop) {
        const window w = window_at(p, pixel);
        const size_t x = pixel % p->out[2];
        float *const to = out + pixel * p->channels;
        stop = TD_MIN(TD_MIN(pixel1, pixel + most), pixel - x + p->out[2]);
        if (kind == TD_POOL_MAX)
            pool_channels(p, TD_POOL_MAX, &w, to, in, x, x + (stop - pixel));
        else
            pool_channels(p, TD_POOL_MEAN, &w, to, in, x, x + (stop - pixel));
    }
}
