/* SPDX-License-Identifier: Apache-2.0 */
/* nd.c -- the strided copy: plan and walk. See nd.h.
 *
 * Plan. Dims of 1 go. The rest is sorted by output stride, so that writes run forward; neighbours that are
 * one dimension in both views are merged; a dense innermost dimension becomes part of the run. What is left:
 *
 *   ROWS       [outer dims ...][loop] run         one unit per index of the outer dims
 *   TRANSPOSE  [outer dims ...][cols][rows] run   units cut `rows` into stretches, too
 */
#include "kernels/array/nd.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

void td_nd_start(td_nd_builder *b, size_t elem_size)
{
    b->rank = 0;
    b->elem = (int64_t)elem_size;
}

void td_nd_add(td_nd_builder *b, int64_t n, int64_t out_stride, int64_t in_stride)
{
    if (n == 1) return;
    TD_ASSERT(b->rank < TD_ND_MAX);
    b->dim[b->rank++] = (td_nd_dim){ n, out_stride * b->elem, in_stride * b->elem };
}

/* ---------------------------------------------------------------- plan */

static void sort_dims(td_nd_dim *dim, int rank)
{
    for (int i = 1; i < rank; i++) {
        const td_nd_dim d = dim[i];
        int k = i;

        for (; k > 0 && llabs(dim[k - 1].out) < llabs(d.out); k--)
            dim[k] = dim[k - 1];
        dim[k] = d;
    }
}

static int merge_dims(td_nd_dim *dim, int rank)
{
    int kept = 0;

    for (int i = 1; i < rank; i++) {
        td_nd_dim *const outer = &dim[kept];
        const td_nd_dim *const inner = &dim[i];

        if (outer->out == inner->n * inner->out && outer->in == inner->n * inner->in)
            *outer = (td_nd_dim){ outer->n * inner->n, inner->out, inner->in };
        else
            dim[++kept] = *inner;
    }
    return rank ? kept + 1 : 0;
}

static bool is_element(size_t run)
{
    return run == 1 || run == 2 || run == 4 || run == 8 || run == 16;
}

/* Moves the dimension that is dense in the input next to the last one, which is dense in the output. */
static bool find_transpose(td_nd *nd)
{
    const int last = nd->rank - 1;
    const int64_t run = (int64_t)nd->run;

    if (!is_element(nd->run) || last < 1 || nd->dim[last].out != run || nd->dim[last].in == 0) return false;
    for (int i = last - 1; i >= 0; i--) {
        if (nd->dim[i].in != run || nd->dim[i].n < 4 || nd->dim[last].n < 4) continue;
        const td_nd_dim cols = nd->dim[i];

        for (; i < last - 1; i++)
            nd->dim[i] = nd->dim[i + 1];
        nd->dim[last - 1] = cols;
        return true;
    }
    return false;
}

/* A short last dimension makes for short loops: the longer neighbour does the looping. */
static void swap_short(td_nd *nd)
{
    td_nd_dim *const last = &nd->dim[nd->rank - 1];

    if (nd->rank < 2 || last->n >= 8 || last[-1].n <= last->n) return;
    const td_nd_dim d = *last;

    *last = last[-1];
    last[-1] = d;
}

enum { UNIT_BYTES = 32 * 1024 };

static int64_t stretches_of(const td_nd *nd)
{
    return (nd->dim[nd->rank - 1].n + nd->rows_per_unit - 1) / nd->rows_per_unit;
}

/* Units are stretches of the last dimension; of a transpose, whole multiples of 16 of its rows. */
static void plan_units(td_nd *nd)
{
    const bool is_transpose = nd->body == TD_ND_TRANSPOSE;
    const td_nd_dim *const last = &nd->dim[nd->rank - 1];
    const int64_t row_bytes = (is_transpose ? last[-1].n : 1) * (int64_t)nd->run,
                  least = is_transpose ? 16 : 1;
    const int64_t want = (UNIT_BYTES / TD_MAX(row_bytes, 1) + least - 1) / least * least;

    nd->rows_per_unit = TD_MIN(TD_MAX(want, least), last->n);
    nd->units = (size_t)stretches_of(nd);
    for (int i = 0; i < nd->rank - (is_transpose ? 2 : 1); i++)
        nd->units *= (size_t)nd->dim[i].n;
}

void td_nd_finish(td_nd_builder *b, td_arena *arena, td_cpu cpu, td_nd *out)
{
    int64_t count = 1;

    *out = (td_nd){ .run = (size_t)b->elem, .cpu = cpu };
    for (int i = 0; i < b->rank; i++)
        count *= b->dim[i].n;
    if (count == 0) return;
    out->bytes = (size_t)(count * b->elem);
    sort_dims(b->dim, b->rank);
    int rank = merge_dims(b->dim, b->rank);

    while (rank && b->dim[rank - 1].out == (int64_t)out->run && b->dim[rank - 1].in == (int64_t)out->run)
        out->run *= (size_t)b->dim[--rank].n;
    if (!rank) b->dim[rank++] = (td_nd_dim){ .n = 1 };
    out->rank = rank;
    out->dim = TD_ARENA_NEW_N(arena, td_nd_dim, (size_t)rank);
    memcpy(out->dim, b->dim, (size_t)rank * sizeof *b->dim);
    out->body = find_transpose(out) ? TD_ND_TRANSPOSE : TD_ND_ROWS;
    if (out->body == TD_ND_ROWS) swap_short(out);
    plan_units(out);
}

/* ---------------------------------------------------------------- bodies */

const td_transpose_u32_variant td_transpose_u32_variants[] = {
    TD_X86(td_transpose_u32_, avx2),
    TD_PLAIN(td_transpose_u32_ref),
};

/* A loop over elements of `size` bytes, size being a number the compiler knows. */
#define COPY_ROW(size)                                                                                       \
    do {                                                                                                     \
        if (d->out == (size))                                                                                \
            for (int64_t i = 0; i < n; i++)                                                                  \
                memcpy(out + i * (size), in + i * is, (size));                                               \
        else if (is == (size))                                                                               \
            for (int64_t i = 0; i < n; i++)                                                                  \
                memcpy(out + i * os, in + i * (size), (size));                                               \
        else                                                                                                 \
            for (int64_t i = 0; i < n; i++)                                                                  \
                memcpy(out + i * os, in + i * is, (size));                                                   \
    } while (0)

static void copy_rows(const td_nd *nd, char *restrict out, const char *restrict in, int64_t n)
{
    const td_nd_dim *const d = &nd->dim[nd->rank - 1];
    const int64_t os = d->out, is = d->in;

    if (is == 0 && os == (int64_t)nd->run && is_element(nd->run)) {
        td_fill(out, nd->run, in, (size_t)n);
        return;
    }
    switch (nd->run) {
    case 1:
        COPY_ROW(1);
        break;
    case 2:
        COPY_ROW(2);
        break;
    case 4:
        COPY_ROW(4);
        break;
    case 8:
        COPY_ROW(8);
        break;
    case 12:
        COPY_ROW(12);
        break;
    case 16:
        COPY_ROW(16);
        break;
    default:
        for (int64_t i = 0; i < n; i++)
            memcpy(out + i * os, in + i * is, nd->run);
    }
}

/* Blocks of 16 by 16: reads stay within 16 lines, writes within 16 others. */
#define COPY_BLOCKS(size)                                                                                    \
    for (int64_t c0 = 0; c0 < cols; c0 += 16)                                                                \
        for (int64_t r0 = 0; r0 < rows; r0 += 16)                                                            \
            for (int64_t c = c0; c < TD_MIN(c0 + 16, cols); c++)                                             \
                for (int64_t r = r0; r < TD_MIN(r0 + 16, rows); r++)                                         \
    memcpy(out + c * os + r * (size), in + r * is + c * (size), (size))

static void copy_transposed(const td_nd *nd, char *restrict out, const char *restrict in, int64_t rows)
{
    const td_nd_dim *const last = &nd->dim[nd->rank - 1];
    const int64_t cols = last[-1].n, os = last[-1].out, is = last->in;

    switch (nd->run) {
    case 1:
        COPY_BLOCKS(1);
        break;
    case 2:
        COPY_BLOCKS(2);
        break;
    case 4:
        td_transpose_u32_select(nd->cpu)(out, os, in, is, rows, cols);
        break;
    case 8:
        COPY_BLOCKS(8);
        break;
    default:
        COPY_BLOCKS(16);
    }
}

/* ---------------------------------------------------------------- walk */

static void copy_unit(const td_nd *nd, char *out, const char *in, int64_t stretch)
{
    const td_nd_dim *const last = &nd->dim[nd->rank - 1];
    const int64_t first = stretch * nd->rows_per_unit, n = TD_MIN(nd->rows_per_unit, last->n - first);

    (nd->body == TD_ND_ROWS ? copy_rows : copy_transposed)(nd, out + first * last->out, in + first * last->in,
                                                           n);
}

void td_nd_copy_units(const td_nd *nd, void *out, const void *in, size_t begin, size_t end)
{
    const int outer = nd->rank - (nd->body == TD_ND_TRANSPOSE ? 2 : 1);
    int64_t at[TD_ND_MAX + 1] = { 0 }; /* the last one counts stretches */
    char *o = out;
    const char *i = in;

    if (nd->body == TD_ND_EMPTY || begin >= end) return;
    const int64_t stretches = stretches_of(nd);
    size_t rest = begin / (size_t)stretches;
    int64_t stretch = (int64_t)(begin % (size_t)stretches);

    for (int k = outer - 1; k >= 0; k--) {
        at[k] = (int64_t)(rest % (size_t)nd->dim[k].n);
        rest /= (size_t)nd->dim[k].n;
        o += at[k] * nd->dim[k].out;
        i += at[k] * nd->dim[k].in;
    }
    for (size_t unit = begin; unit < end; unit++) {
        copy_unit(nd, o, i, stretch);
        if (++stretch < stretches) continue;
        stretch = 0;
        for (int k = outer - 1; k >= 0; k--) { /* an odometer */
            const td_nd_dim *const d = &nd->dim[k];

            o += d->out;
            i += d->in;
            if (++at[k] < d->n) break;
            at[k] = 0;
            o -= d->n * d->out;
            i -= d->n * d->in;
        }
    }
}

void td_nd_copy(const td_nd *nd, void *out, const void *in)
{
    td_nd_copy_units(nd, out, in, 0, nd->units);
}
