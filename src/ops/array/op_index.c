/* SPDX-License-Identifier: Apache-2.0 */
/* op_index.c -- small ops on indices and orders: ReverseSequence, InvertPermutation, UnravelIndex, and the
 * permutations between data formats. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"

/* ---------------------------------------------------------------- ReverseSequence */

typedef struct sequence_attrs {
    int64_t seq_dim, batch_dim;
} sequence_attrs;

static td_status sequence_parse(td_parse *p)
{
    *(sequence_attrs *)p->attrs = (sequence_attrs){ td_attr_int(p, "seq_dim"), td_attr_int(p, "batch_dim") };
    return NULL;
}

static td_status sequence_infer(td_call *c)
{
    const sequence_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape, *const len = &td_in(c, 1)->shape;

    if (a->seq_dim < 0 || a->seq_dim >= in->rank || a->batch_dim < 0 || a->batch_dim >= in->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "seq_dim and batch_dim must be < input rank, but got %" PRId64 ", %" PRId64,
                         a->seq_dim, a->batch_dim);
    if (a->seq_dim == a->batch_dim)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "batch_dim == seq_dim == %" PRId64, a->seq_dim);
    if (len->rank != 1 || len->dims[0] != in->dims[a->batch_dim])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Length of seq_lengths != input.dims(%" PRId64 ")",
                         a->batch_dim);
    return td_infer_same(c);
}

/* Seen as [outer, first, middle, second, inner],
 * first and second being batch and sequence in either order. */
static td_status sequence_run(td_call *c)
{
    const sequence_attrs *const a = c->attrs;
    const td_tensor *const in = td_in(c, 0);
    const td_shape *const s = &in->shape;
    const int lo = (int)TD_MIN(a->seq_dim, a->batch_dim), hi = (int)TD_MAX(a->seq_dim, a->batch_dim);
    const int64_t outer = td_shape_span(s, 0, lo), middle = td_shape_span(s, lo + 1, hi);
    const size_t row = (size_t)td_shape_span(s, hi + 1, s->rank) * td_dtype_size(in->dtype);
    const int64_t n1 = s->dims[lo], n2 = s->dims[hi];

    for (int64_t i = 0; i < s->dims[a->batch_dim]; i++) {
        const int64_t len = td_tensor_int(td_in(c, 1), (size_t)i);

        if (len < 0 || len > s->dims[a->seq_dim])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "seq_lens(%" PRId64 ") > input.dims(%" PRId64 ")", i,
                             a->seq_dim);
    }
    char *to = td_out(c, 0)->data;

    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n1; i++)
            for (int64_t m = 0; m < middle; m++)
                for (int64_t k = 0; k < n2; k++, to += row) {
                    const int64_t batch = a->batch_dim == lo ? i : k, at = a->batch_dim == lo ? k : i;
                    const int64_t len = td_tensor_int(td_in(c, 1), (size_t)batch);
                    const int64_t from = at < len ? len - 1 - at : at;
                    const int64_t fi = a->batch_dim == lo ? i : from, fk = a->batch_dim == lo ? from : k;

                    memcpy(to,
                           (const char *)in->data + (size_t)(((o * n1 + fi) * middle + m) * n2 + fk) * row,
                           row);
                }
    return NULL;
}

/* ---------------------------------------------------------------- InvertPermutation */

static td_status invert_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "invert_permutation expects a 1D vector.");
    return td_infer_same(c);
}

static td_status invert_run(td_call *c)
{
    const int64_t n = td_in(c, 0)->shape.dims[0];
    td_tensor *const out = td_out(c, 0);

    for (int64_t i = 0; i < n; i++)
        td_tensor_set_int(out, (size_t)i, -1);
    for (int64_t i = 0; i < n; i++) {
        const int64_t d = td_tensor_int(td_in(c, 0), (size_t)i);

        if (d < 0 || d >= n)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%" PRId64 " is not between 0 and %" PRId64, d, n);
        if (td_tensor_int(out, (size_t)d) != -1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%" PRId64 " is duplicated in the input.", d);
        td_tensor_set_int(out, (size_t)d, i);
    }
    return NULL;
}

/* ---------------------------------------------------------------- UnravelIndex */

static td_status unravel_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape, *const dims = &td_in(c, 1)->shape;

    if (in->rank > 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "The indices can only be scalar or vector, got rank %d",
                         (int)in->rank);
    if (dims->rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "The indices can only be 1-D, got rank %d", (int)dims->rank);
    td_shape s = { 1, { dims->dims[0] } };

    if (in->rank) s.dims[s.rank++] = in->dims[0];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status unravel_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0), *const dims = td_in(c, 1);
    const size_t rank = (size_t)dims->shape.dims[0], n = (size_t)td_shape_count(&in->shape);
    int64_t total = 1;

    for (size_t k = 0; k < rank; k++) {
        const int64_t d = td_tensor_int(dims, k);

        if (d <= 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Input dims cannot contain a dim of zero or less, but dims contains %" PRId64,
                             d);
        if (!td_mul_i64(total, d, &total))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Input dims product is causing integer overflow");
    }
    for (size_t i = 0; i < n; i++) {
        int64_t v = td_tensor_int(in, i);

        if (v < 0 || v >= total)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "index is out of bound as with dims: index %" PRId64 " of %" PRId64, v, total);
        for (size_t k = rank; k-- > 0;) {
            const int64_t d = td_tensor_int(dims, k);

            td_tensor_set_int(td_out(c, 0), k * n + i, v % d);
            v /= d;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- data formats */

typedef struct format_attrs {
    char src[8], dst[8];
    size_t n;
} format_attrs;

static td_status read_format(td_parse *p, const char *name, char *out, size_t *n)
{
    const td_string s = td_attr_string(p, name);

    if (s.size < 4 || s.size > 5)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s must be of length 4 or 5, received %zu letters",
                      p->node->name, name, s.size);
    memcpy(out, s.data, s.size);
    *n = s.size;
    return NULL;
}

static td_status format_parse(td_parse *p)
{
    format_attrs *const a = p->attrs;
    size_t n;

    TD_TRY(read_format(p, "src_format", a->src, &a->n));
    TD_TRY(read_format(p, "dst_format", a->dst, &n));
    for (size_t i = 0; i < n; i++)
        if (n != a->n || !memchr(a->src, a->dst[i], a->n) || memchr(a->dst, a->dst[i], i))
            return TD_ERR(INVALID_ARGUMENT, "%s: formats %s and %s are not permutations of each other",
                          p->node->name, a->src, a->dst);
    return NULL;
}

static size_t place(const char *format, size_t n, char letter)
{
    return (size_t)((const char *)memchr(format, letter, n) - format);
}

static td_status dim_map_run(td_call *c)
{
    const format_attrs *const a = c->attrs;
    const size_t n = (size_t)td_shape_count(&td_in(c, 0)->shape);

    for (size_t i = 0; i < n; i++) {
        int64_t v = td_tensor_int(td_in(c, 0), i);

        v = ((v % (int64_t)a->n) + (int64_t)a->n) % (int64_t)a->n;
        td_tensor_set_int(td_out(c, 0), i, (int64_t)place(a->dst, a->n, a->src[v]));
    }
    return NULL;
}

static td_status vec_permute_infer(td_call *c)
{
    const format_attrs *const a = c->attrs;
    const td_shape *const s = &td_in(c, 0)->shape;

    if (s->rank != 1 && s->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be a vector or 2D tensor, but got rank %d",
                         (int)s->rank);
    if (s->dims[0] != (int64_t)a->n && s->dims[0] != (int64_t)a->n - 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "1D input must be of size %zu or %zu, but got %" PRId64,
                         a->n - 2, a->n, s->dims[0]);
    if (s->rank == 2 && s->dims[1] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Second dimension of 2D input must be of size 2, but got %" PRId64, s->dims[1]);
    return td_infer_same(c);
}

/* A vector of the spatial dims alone leaves N and C out of both formats. */
static td_status vec_permute_run(td_call *c)
{
    const format_attrs *const a = c->attrs;
    const td_tensor *const in = td_in(c, 0);
    const bool spatial = in->shape.dims[0] == (int64_t)a->n - 2;
    const size_t row = (size_t)(in->shape.rank == 2 ? 2 : 1) * td_dtype_size(in->dtype);
    char src[8] = { 0 }, dst[8] = { 0 };
    size_t ns = 0, nd = 0;

    for (size_t i = 0; i < a->n; i++) {
        if (!spatial || (a->src[i] != 'N' && a->src[i] != 'C')) src[ns++] = a->src[i];
        if (!spatial || (a->dst[i] != 'N' && a->dst[i] != 'C')) dst[nd++] = a->dst[i];
    }
    if (ns != (size_t)in->shape.dims[0] || nd != ns)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "formats %s and %s do not fit the input", a->src, a->dst);
    for (size_t i = 0; i < nd; i++)
        memcpy((char *)td_out(c, 0)->data + i * row, (const char *)in->data + place(src, ns, dst[i]) * row,
               row);
    return NULL;
}

static const td_kernel sequence_kernels[] = { { .dtypes = TD_MOVABLE, .run = sequence_run }, { 0 } };
static const td_kernel invert_kernels[] = { { .run = invert_run }, { 0 } };
static const td_kernel unravel_kernels[] = { { .run = unravel_run }, { 0 } };
static const td_kernel dim_map_kernels[] = { { .run = dim_map_run }, { 0 } };
static const td_kernel vec_permute_kernels[] = { { .run = vec_permute_run }, { 0 } };

#define FORMAT_ATTRS "T: type = int32, src_format: string = 'NHWC', dst_format: string = 'NCHW'"

const td_op td_ops_index[] = {
    { .name = "ReverseSequence",
      .sig = "input: T, seq_lengths: Tlen -> output: T",
      .attrs = "seq_dim: int, batch_dim: int = 0, T: type, Tlen: type = int64",
      .attrs_size = sizeof(sequence_attrs),
      .parse = sequence_parse,
      .infer = sequence_infer,
      .kernels = sequence_kernels },
    { .name = "InvertPermutation",
      .sig = "x: T -> y: T",
      .attrs = "T: type = int32",
      .infer = invert_infer,
      .kernels = invert_kernels },
    { .name = "UnravelIndex",
      .sig = "indices: Tidx, dims: Tidx -> output: Tidx",
      .attrs = "Tidx: type = int32",
      .infer = unravel_infer,
      .kernels = unravel_kernels },
    { .name = "DataFormatDimMap",
      .sig = "x: T -> y: T",
      .attrs = FORMAT_ATTRS,
      .attrs_size = sizeof(format_attrs),
      .parse = format_parse,
      .infer = td_infer_same,
      .kernels = dim_map_kernels },
    { .name = "DataFormatVecPermute",
      .sig = "x: T -> y: T",
      .attrs = FORMAT_ATTRS,
      .attrs_size = sizeof(format_attrs),
      .parse = format_parse,
      .infer = vec_permute_infer,
      .kernels = vec_permute_kernels },
    { 0 },
};
