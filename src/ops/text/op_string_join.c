/* SPDX-License-Identifier: Apache-2.0 */
/* op_string_join.c -- ReduceJoin, UnsortedSegmentJoin: the strings of one tensor, joined. (StringJoin, of several
 * tensors, is in op_string.c.)
 *
 * Both sort the elements into groups, one for each output: a chain of elements in the order they are joined in. */
#include <inttypes.h>
#include <string.h>

#include "base/size.h"
#include "ops/array/array.h"
#include "ops/strings.h"

typedef struct join_attrs {
    td_string separator;
    bool keeps_dims;
} join_attrs;

static td_status segments_parse(td_parse *p)
{
    ((join_attrs *)p->attrs)->separator = td_attr_string(p, "separator");
    return NULL;
}

static td_status reduce_parse(td_parse *p)
{
    TD_TRY(segments_parse(p));
    ((join_attrs *)p->attrs)->keeps_dims = td_attr_bool(p, "keep_dims");
    return NULL;
}

/* n strings to one; places[i] is where the i-th is among all. */
typedef struct group {
    const td_string *all;
    const int64_t *places;
    size_t n;
} group;

static td_status join_group(td_call *c, const group *g, td_string *out)
{
    const td_string sep = ((const join_attrs *)c->attrs)->separator;
    size_t size = 0, at = 0;
    char *text;

    for (size_t i = 0; i < g->n; i++)
        if (!td_add_size(size, g->all[g->places[i]].size, &size) ||
            !td_add_size(size, i ? sep.size : 0, &size))
            return TD_ERR(RESOURCE_EXHAUSTED, "a joined string is too long");
    TD_TRY(td_text_alloc(c, size, &text));
    for (size_t i = 0; i < g->n; i++) {
        const td_string s = g->all[g->places[i]];

        if (i && sep.size) memcpy(text + at, sep.data, sep.size);
        at += i ? sep.size : 0;
        if (s.size) memcpy(text + at, s.data, s.size);
        at += s.size;
    }
    *out = (td_string){ text, size };
    return NULL;
}

/* ---------------------------------------------------------------- ReduceJoin: inputs, reduction_indices */

/* The axes as given: the first of them changes fastest. bits: which. */
typedef struct axes {
    int axis[TD_MAX_RANK];
    size_t n;
    uint32_t bits;
} axes;

static td_status read_axes(td_call *c, axes *a)
{
    const int rank = td_in(c, 0)->shape.rank;
    int64_t given[TD_MAX_RANK];

    TD_TRY(td_need_list(c, 1, given, TD_MAX_RANK, &a->n));
    a->bits = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (given[i] < -rank || given[i] >= rank)
            return TD_ERR(OUT_OF_RANGE,
                          "Invalid reduction dimension %" PRId64 " for input with %d dimension(s)", given[i],
                          rank);
        a->axis[i] = (int)(given[i] < 0 ? given[i] + rank : given[i]);
        if (a->bits >> a->axis[i] & 1)
            return TD_ERR(INVALID_ARGUMENT, "Duplicate reduction dimension %" PRId64, given[i]);
        a->bits |= UINT32_C(1) << a->axis[i];
    }
    return NULL;
}

static td_status reduce_infer(td_call *c)
{
    const bool keeps_dims = ((const join_attrs *)c->attrs)->keeps_dims;
    const td_shape *const in = &td_in(c, 0)->shape;
    td_shape s = { 0 };
    axes a;

    TD_TRY(read_axes(c, &a));
    for (int d = 0; d < in->rank; d++) {
        const bool is_reduced = a.bits >> d & 1;

        if (!is_reduced || keeps_dims) s.dims[s.rank++] = is_reduced ? 1 : in->dims[d];
    }
    TD_TRY(td_shape_check(&s)); /* dims of 0 that go away may have hidden how large it is */
    td_out(c, 0)->shape = s;
    return NULL;
}

/* Where the elements of a group are, from its first. */
static td_status group_offsets(td_call *c, const axes *a, const int64_t *strides, group *g)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t *places, n = 1;

    for (size_t k = 0; k < a->n; k++)
        n *= in->dims[a->axis[k]];
    TD_TRY(td_text_rooms(c, (size_t)n, sizeof *places, &places));
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i;

        places[i] = 0;
        for (size_t k = 0; k < a->n; rest /= in->dims[a->axis[k++]])
            places[i] += rest % in->dims[a->axis[k]] * strides[a->axis[k]];
    }
    g->places = places;
    g->n = (size_t)n;
    return NULL;
}

/* The first element of group i. */
static int64_t group_begin(const td_shape *in, const axes *a, const int64_t *strides, int64_t i)
{
    int64_t at = 0;

    for (int d = in->rank - 1; d >= 0; d--) {
        if (a->bits >> d & 1) continue;
        at += i % in->dims[d] * strides[d];
        i /= in->dims[d];
    }
    return at;
}

static td_status reduce_run(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_out(c, 0)->shape);
    int64_t strides[TD_MAX_RANK];
    group g;
    axes a;

    TD_TRY(read_axes(c, &a));
    td_shape_strides(in, strides);
    TD_TRY(group_offsets(c, &a, strides, &g));
    for (int64_t i = 0; i < n; i++) {
        g.all = g.n ? td_strings_in(c, 0) + group_begin(in, &a, strides, i) : NULL;
        TD_TRY(join_group(c, &g, &out[i]));
    }
    return NULL;
}

/* ------------------------------------------------- UnsortedSegmentJoin: inputs, segment_ids, num_segments */

static td_status segments_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape, *const ids = &td_in(c, 1)->shape;
    int64_t segments;

    if (td_in(c, 2)->shape.rank != 0) return TD_ERR(INVALID_ARGUMENT, "Number of segments must be a scalar");
    if (ids->rank == 0) return TD_ERR(INVALID_ARGUMENT, "Segment_id cannot have rank 0");
    if (ids->rank > in->rank)
        return TD_ERR(OUT_OF_RANGE, "Invalid segment_id rank %d for input with %d dimension(s)",
                      (int)ids->rank, (int)in->rank);
    for (int d = 0; d < ids->rank; d++)
        if (ids->dims[d] != in->dims[d])
            return TD_ERR(INVALID_ARGUMENT,
                          "Segment dimension is %" PRId64 " while input dimension is %" PRId64 " in rank %d",
                          ids->dims[d], in->dims[d], d);
    TD_TRY(td_need_one(c, 2, &segments));
    if (segments < 0)
        return TD_ERR(INVALID_ARGUMENT, "Number of segments must be non-negative but got %" PRId64, segments);
    td_shape s = { 1, { segments } };
    for (int d = ids->rank; d < in->rank; d++)
        s.dims[s.rank++] = in->dims[d];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* Rows of inputs in the order of their segments, starts[s] to starts[s + 1]: a counting sort. */
typedef struct segments {
    int64_t *starts, *rows;
} segments;

static td_status sort_rows(td_call *c, int64_t n, int64_t rows, segments *s)
{
    const td_tensor *const ids = td_in(c, 1);

    TD_TRY(td_text_rooms(c, (size_t)n + 2, sizeof *s->starts, &s->starts));
    TD_TRY(td_text_rooms(c, (size_t)rows, sizeof *s->rows, &s->rows));
    memset(s->starts, 0, ((size_t)n + 2) * sizeof *s->starts);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t id = td_tensor_int(ids, (size_t)i);

        if (id < 0 || id >= n)
            return TD_ERR(INVALID_ARGUMENT,
                          "segment_ids are not allowed to exceed num_segments or to have negative values.");
        s->starts[id + 2]++;
    }
    for (int64_t i = 2; i < n + 2; i++)
        s->starts[i] += s->starts[i - 1];
    for (int64_t i = 0; i < rows; i++)
        s->rows[s->starts[td_tensor_int(ids, (size_t)i) + 1]++] = i;
    return NULL;
}

/* There is no separator before the first string that is not empty. */
static void skip_empty(group *g)
{
    while (g->n && !g->all[*g->places].size) {
        g->places++;
        g->n--;
    }
}

static td_status segments_run(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const int ids_rank = td_in(c, 1)->shape.rank;
    const int64_t n = td_out(c, 0)->shape.dims[0], rows = td_shape_span(in, 0, ids_rank),
                  inner = td_shape_span(in, ids_rank, in->rank);
    td_string *out = td_out(c, 0)->data;
    segments s;

    TD_TRY(sort_rows(c, n, rows, &s));
    for (int64_t i = 0; i < rows; i++)
        s.rows[i] *= inner;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < inner; k++) {
            group g = { rows ? td_strings_in(c, 0) + k : NULL, s.rows + s.starts[i],
                        (size_t)(s.starts[i + 1] - s.starts[i]) };

            skip_empty(&g);
            TD_TRY(join_group(c, &g, out++));
        }
    return NULL;
}

TD_RUN_KERNEL(reduce_kernels, 0, reduce_run);
TD_RUN_KERNEL(segments_kernels, 0, segments_run);

const td_op td_ops_string_join[] = {
    { .name = "ReduceJoin",
      .sig = "inputs: string, reduction_indices: int32 -> output: string",
      .attrs = "keep_dims: bool = false, separator: string = ''",
      .attrs_size = sizeof(join_attrs),
      .parse = reduce_parse,
      .infer = reduce_infer,
      .kernels = reduce_kernels },
    { .name = "UnsortedSegmentJoin",
      .sig = "inputs: string, segment_ids: Tindices, num_segments: Tnumsegments -> output: string",
      .attrs = "Tindices: type, Tnumsegments: type = int32, separator: string = ''",
      .attrs_size = sizeof(join_attrs),
      .parse = segments_parse,
      .infer = segments_infer,
      .kernels = segments_kernels },
    { 0 },
};
