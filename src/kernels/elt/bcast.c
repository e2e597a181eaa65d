/* SPDX-License-Identifier: Apache-2.0 */
/* bcast.c -- joined dimensions, long rows in place, short rows gathered. */
#include "kernels/elt/bcast.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

enum {
    PIECE_BYTES = 4096, /* of one spread or gathered operand */
    LONG_ROW = 48,      /* elements; from here on a call of the body a row costs little */
};

/* Row-major strides of `s` seen under the dims of `out`, 0 where it is broadcast. */
static void strides_under(const td_shape *out, const td_shape *s, size_t *stride)
{
    size_t step = 1;

    for (int d = out->rank - 1, k = s->rank - 1; d >= 0; d--, k--) {
        const size_t dim = k >= 0 ? (size_t)s->dims[k] : 1;
        stride[d] = dim == 1 ? 0 : step;
        step *= dim;
    }
}

/* May this dimension be walked as a continuation of the last one by every operand? */
static bool is_joinable(const td_bcast *b, size_t dim, size_t stride[][TD_MAX_RANK], int d)
{
    for (unsigned k = 0; k < b->n_in; k++)
        if (b->operands[k].stride[b->rank - 1] != stride[k][d] * dim) return false;
    return true;
}

void td_bcast_make(td_bcast *b, td_bcast_operand *operands, const td_shape *out, const td_shape *const in[],
                   unsigned n_in)
{
    size_t stride[TD_BCAST_MAX_IN][TD_MAX_RANK] = { { 0 } };

    *b = (td_bcast){ .n_in = n_in, .count = (size_t)td_shape_count(out), .operands = operands };
    for (unsigned k = 0; k < n_in; k++)
        strides_under(out, in[k], stride[k]);
    for (int d = 0; d < out->rank; d++) {
        const size_t dim = (size_t)out->dims[d];
        if (dim == 1) continue;
        const bool join = b->rank > 0 && is_joinable(b, dim, stride, d);
        const int at = join ? b->rank - 1 : b->rank++;
        b->dims[at] = join ? b->dims[at] * dim : dim;
        for (unsigned k = 0; k < n_in; k++)
            operands[k].stride[at] = stride[k][d];
    }
    if (b->rank > 0) return;
    b->rank = 1;
    b->dims[0] = 1;
    for (unsigned k = 0; k < n_in; k++)
        operands[k].stride[0] = 0;
}

size_t td_bcast_at(const td_bcast *b, unsigned k, size_t i)
{
    size_t at = 0;

    for (int d = b->rank - 1; d >= 0; d--) {
        at += i % b->dims[d] * b->operands[k].stride[d];
        i /= b->dims[d];
    }
    return at;
}

/* ---------------------------------------------------------------- copying one element many times */

#define FILL(bits)                                                                                           \
    static void fill_##bits(void *out, const void *value, size_t n)                                          \
    {                                                                                                        \
        uint##bits##_t v, *const o = out;                                                                    \
        memcpy(&v, value, sizeof v);                                                                         \
        for (size_t i = 0; i < n; i++)                                                                       \
            o[i] = v;                                                                                        \
    }
FILL(8)
FILL(16)
FILL(32)
FILL(64)

static void fill(void *out, const void *value, size_t size, size_t n)
{
    switch (size) {
    case 1:
        fill_8(out, value, n);
        break;
    case 2:
        fill_16(out, value, n);
        break;
    case 4:
        fill_32(out, value, n);
        break;
    case 8:
        fill_64(out, value, n);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            memcpy((char *)out + i * size, value, size);
    }
}

/* ---------------------------------------------------------------- where we are */

typedef struct walk {
    const td_bcast *b;
    td_bcast_fn *fn;
    const void *ctx;
    size_t out_size;
    size_t at[TD_MAX_RANK];           /* coordinates of the next element */
    const char *row[TD_BCAST_MAX_IN]; /* operands' elements at the start of its row */
} walk;

static void walk_start(walk *w, const void *const in[], size_t begin)
{
    const td_bcast *const b = w->b;

    for (int d = b->rank - 1; d >= 0; d--) {
        w->at[d] = begin % b->dims[d];
        begin /= b->dims[d];
    }
    for (unsigned k = 0; k < b->n_in; k++) {
        size_t offset = 0;
        for (int d = 0; d < b->rank - 1; d++)
            offset += w->at[d] * b->operands[k].stride[d];
        w->row[k] = (const char *)in[k] + offset * b->operands[k].size;
    }
}

/* To the start of the next row. */
static void walk_next_row(walk *w)
{
    const td_bcast *const b = w->b;
    int d = b->rank - 1;

    w->at[d] = 0;
    while (--d >= 0) {
        for (unsigned k = 0; k < b->n_in; k++)
            w->row[k] += b->operands[k].stride[d] * b->operands[k].size;
        if (++w->at[d] < b->dims[d]) return;
        w->at[d] = 0;
        for (unsigned k = 0; k < b->n_in; k++)
            w->row[k] -= b->dims[d] * b->operands[k].stride[d] * b->operands[k].size;
    }
}

/* ---------------------------------------------------------------- long rows */

static int run_rows(walk *w, char *out, size_t n)
{
    alignas(64) char spread[TD_BCAST_MAX_IN][PIECE_BYTES];
    const td_bcast *const b = w->b;
    const int last = b->rank - 1;
    const char *filled[TD_BCAST_MAX_IN] = { 0 }; /* what spread[k] holds now */
    size_t piece = b->dims[last];
    int bits = 0;

    for (unsigned k = 0; k < b->n_in; k++)
        if (!b->operands[k].stride[last]) piece = TD_MIN(piece, PIECE_BYTES / b->operands[k].size);
    while (n) {
        const size_t left = TD_MIN(n, b->dims[last] - w->at[last]), count = TD_MIN(left, piece);
        const void *from[TD_BCAST_MAX_IN];
        for (unsigned k = 0; k < b->n_in; k++) {
            const td_bcast_operand *const o = &b->operands[k];
            if (o->stride[last]) {
                from[k] = w->row[k] + w->at[last] * o->stride[last] * o->size;
                continue;
            }
            if (filled[k] != w->row[k]) fill(spread[k], w->row[k], o->size, piece);
            filled[k] = w->row[k];
            from[k] = spread[k];
        }
        bits |= w->fn(w->ctx, out, from, count);
        out += count * w->out_size;
        n -= count;
        w->at[last] += count;
        if (w->at[last] == b->dims[last]) walk_next_row(w);
    }
    return bits;
}

/* ---------------------------------------------------------------- short rows */

static void gather(char *to, const char *from, size_t size, size_t n, bool moves)
{
    if (!moves)
        fill(to, from, size, n);
    else
        memcpy(to, from, n * size);
}

static int run_gathered(walk *w, char *out, size_t n)
{
    alignas(64) char dense[TD_BCAST_MAX_IN][PIECE_BYTES];
    const void *from[TD_BCAST_MAX_IN];
    const td_bcast *const b = w->b;
    const int last = b->rank - 1;
    size_t piece = PIECE_BYTES;
    int bits = 0;

    for (unsigned k = 0; k < b->n_in; k++) {
        piece = TD_MIN(piece, PIECE_BYTES / b->operands[k].size);
        from[k] = dense[k];
    }
    while (n) {
        const size_t count = TD_MIN(n, piece);
        for (size_t done = 0; done < count;) {
            const size_t run = TD_MIN(count - done, b->dims[last] - w->at[last]);
            for (unsigned k = 0; k < b->n_in; k++) {
                const size_t size = b->operands[k].size, stride = b->operands[k].stride[last];
                gather(dense[k] + done * size, w->row[k] + w->at[last] * stride * size, size, run,
                       stride != 0);
            }
            done += run;
            w->at[last] += run;
            if (w->at[last] == b->dims[last]) walk_next_row(w);
        }
        bits |= w->fn(w->ctx, out, from, count);
        out += count * w->out_size;
        n -= count;
    }
    return bits;
}

/* ---------------------------------------------------------------- short rows, again and again */

/* Over its last two dims an operand lies as the output does. */
static bool is_dense(const td_bcast *b, unsigned k)
{
    const size_t *const stride = b->operands[k].stride;
    return stride[b->rank - 1] == 1 && stride[b->rank - 2] == b->dims[b->rank - 1];
}

/* Has the same row under each row of a block: a bias of few channels, or an image's gates. */
static bool is_repeated(const td_bcast *b, unsigned k)
{
    return !b->operands[k].stride[b->rank - 2];
}

/* A block: what the last two dims span. */
static bool is_periodic(const td_bcast *b)
{
    if (b->dims[b->rank - 1] * b->dims[b->rank - 2] < LONG_ROW) return false;
    for (unsigned k = 0; k < b->n_in; k++)
        if (!is_repeated(b, k) && !is_dense(b, k)) return false;
    return true;
}

/* n elements of a row that is repeated, from its element `phase` on. */
static void lay_rows(char *to, const char *row, size_t dim, size_t step, size_t size, size_t phase, size_t n)
{
    const size_t first = TD_MIN(n, dim);

    for (size_t i = 0; i < first; i++)
        memcpy(to + i * size, row + (phase + i) % dim * step * size, size);
    for (size_t done = first; done < n;) {
        const size_t more = TD_MIN(done, n - done);
        memcpy(to + done * size, to, more * size);
        done += more;
    }
}

/* Elements [begin, begin + n) of the block whose operands start at w->row. Repeated rows are laid out once, as many
 * as a piece has; pieces are whole rows long, so that all of them begin at the same place of a row. */
static int run_block(const walk *w, char *out, size_t begin, size_t n)
{
    alignas(64) char rows[TD_BCAST_MAX_IN][PIECE_BYTES];
    const td_bcast *const b = w->b;
    const size_t row = b->dims[b->rank - 1];
    const void *from[TD_BCAST_MAX_IN];
    size_t piece = PIECE_BYTES;
    int bits = 0;

    for (unsigned k = 0; k < b->n_in; k++)
        piece = TD_MIN(piece, PIECE_BYTES / b->operands[k].size);
    piece = TD_MIN(piece, n + row) / row * row;
    for (unsigned k = 0; k < b->n_in; k++) {
        const td_bcast_operand *const o = &b->operands[k];
        from[k] = is_dense(b, k) ? w->row[k] + begin * o->size : rows[k];
        if (from[k] == rows[k])
            lay_rows(rows[k], w->row[k], row, o->stride[b->rank - 1], o->size, begin % row, piece);
    }
    for (size_t done = 0; done < n; done += piece) {
        const size_t count = TD_MIN(piece, n - done);
        bits |= w->fn(w->ctx, out + done * w->out_size, from, count);
        for (unsigned k = 0; k < b->n_in; k++)
            if (from[k] != rows[k]) from[k] = (const char *)from[k] + count * b->operands[k].size;
    }
    return bits;
}

static int run_periodic(walk *w, char *out, const void *const in[], size_t begin, size_t end)
{
    const td_bcast *const b = w->b;
    const size_t block = b->dims[b->rank - 1] * b->dims[b->rank - 2];
    int bits = 0;

    while (begin < end) {
        const size_t start = begin / block * block, count = TD_MIN(end, start + block) - begin;
        walk_start(w, in, start);
        bits |= run_block(w, out, begin - start, count);
        out += count * w->out_size;
        begin += count;
    }
    return bits;
}

int td_bcast_run(const td_bcast *b, void *out, size_t out_size, const void *const in[], size_t begin,
                 size_t end, td_bcast_fn *fn, const void *ctx)
{
    walk w = { .b = b, .fn = fn, .ctx = ctx, .out_size = out_size };

    if (begin >= end) return 0;
    char *const first = (char *)out + begin * out_size;
    const bool is_short = b->rank > 1 && b->dims[b->rank - 1] < LONG_ROW;
    if (is_short && is_periodic(b)) return run_periodic(&w, first, in, begin, end);
    walk_start(&w, in, begin);
    if (!is_short) return run_rows(&w, first, end - begin);
    return run_gathered(&w, first, end - begin);
}
