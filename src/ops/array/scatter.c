/* SPDX-License-Identifier: Apache-2.0 */
/* scatter.c -- see scatter.h. */
#include "ops/array/scatter.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/gather.h"
#include "ops/array/array.h"

td_status td_scatter_check(const td_call *c, const td_shape *out, const td_shape *index,
                           const td_shape *updates)
{
    char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

    if (index->rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Indices shape must have rank at least one. Found: []");
    if (updates->rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Updates shape must have rank at least one. Found: []");
    const int rows = index->rank - 1;
    const int64_t depth = index->dims[rows];

    if (depth > out->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The inner %d dimensions of output.shape=%s must match the indices", (int)depth,
                         td_shape_text(out, a, sizeof a));
    bool fits = updates->rank == rows + out->rank - (int)depth;

    for (int i = 0; fits && i < rows; i++)
        fits = updates->dims[i] == index->dims[i];
    if (!fits)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Dimensions [0,%d) of indices[shape=%s] must match dimensions [0,%d) of updates[shape=%s]", rows,
            td_shape_text(index, a, sizeof a), rows, td_shape_text(updates, b, sizeof b));
    for (int i = (int)depth; fits && i < out->rank; i++)
        fits = updates->dims[rows + i - (int)depth] == out->dims[i];
    if (!fits)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Dimensions [%d,%d) of input[shape=%s] must match dimensions [%d,%d) of updates[shape=%s]",
            (int)depth, (int)out->rank, td_shape_text(out, a, sizeof a), rows, (int)updates->rank,
            td_shape_text(updates, b, sizeof b));
    return NULL;
}

typedef struct scatter {
    const td_tensor *index, *updates;
    td_tensor *out;
    int64_t rows, depth;
    int64_t strides[TD_MAX_RANK]; /* of out, in elements */
    size_t slice;                 /* elements */
} scatter;

static void open_scatter(scatter *s, td_tensor *out, const td_tensor *index, const td_tensor *updates)
{
    const int last = index->shape.rank - 1;

    *s = (scatter){ .index = index, .updates = updates, .out = out };
    s->rows = td_shape_span(&index->shape, 0, last);
    s->depth = index->shape.dims[last];
    s->slice = (size_t)td_shape_span(&out->shape, (int)s->depth, out->shape.rank);
    td_shape_strides(&out->shape, s->strides);
}

/* Where row r goes, in elements; -1 when that is nowhere. */
static int64_t place(const scatter *s, int64_t r)
{
    int64_t at = 0;

    for (int64_t k = 0; k < s->depth; k++) {
        const int64_t v = td_index_at(s->index->data, s->index->dtype, r * s->depth + k);

        if (v < 0 || v >= s->out->shape.dims[k]) return -1;
        at += v * s->strides[k];
    }
    return at;
}

static td_status check_places(const td_call *c, const scatter *s)
{
    for (int64_t r = 0; r < s->rows; r++) {
        td_shape v = { .rank = (int32_t)s->depth };
        char at[TD_SHAPE_TEXT], in[TD_SHAPE_TEXT];

        if (place(s, r) >= 0) continue;
        for (int64_t k = 0; k < s->depth; k++)
            v.dims[k] = td_index_at(s->index->data, s->index->dtype, r * s->depth + k);
        return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%" PRId64 "] = %s does not index into shape %s", r,
                         td_shape_text(&v, at, sizeof at), td_shape_text(&s->out->shape, in, sizeof in));
    }
    return NULL;
}

/* Strings are added by putting one behind the other. */
static td_status join_strings(td_call *c, td_string *to, const td_string *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *const bytes = td_string_alloc(c, to[i].size + from[i].size);

        if (!bytes) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
        if (to[i].size) memcpy(bytes, to[i].data, to[i].size);
        if (from[i].size) memcpy(bytes + to[i].size, from[i].data, from[i].size);
        to[i] = (td_string){ bytes, to[i].size + from[i].size };
    }
    return NULL;
}

static td_status scatter_all(td_call *c, const scatter *s, int mode)
{
    const size_t elem = td_dtype_size(s->out->dtype);
    td_combine_fn *const fold =
        mode == TD_SCATTER_SET ? NULL : td_combine_find((td_combine)mode, s->out->dtype);

    for (int64_t r = 0; r < s->rows && s->slice; r++) {
        const int64_t at = place(s, r);
        char *const to = (char *)s->out->data + (size_t)TD_MAX(at, 0) * elem;
        const char *const from = (const char *)s->updates->data + (size_t)r * s->slice * elem;

        if (at < 0) continue;
        if (fold)
            fold(to, from, s->slice, 1);
        else if (mode == TD_SCATTER_SET)
            memcpy(to, from, s->slice * elem);
        else
            TD_TRY(join_strings(c, (td_string *)(void *)to, (const td_string *)(const void *)from, s->slice));
    }
    return NULL;
}

td_status td_scatter(td_call *c, td_tensor *out, const td_tensor *index, const td_tensor *updates, int mode,
                     bool ignore)
{
    scatter s;

    open_scatter(&s, out, index, updates);
    if (!ignore) TD_TRY(check_places(c, &s));
    return scatter_all(c, &s, mode);
}
