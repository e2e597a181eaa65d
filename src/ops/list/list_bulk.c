/* SPDX-License-Identifier: Apache-2.0 */
/* list_bulk.c -- lists from tensors and tensors from lists, all elements at once. See list_util.h. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/list/list_util.h"

td_status td_list_stack_shape(int64_t n, const td_shape *elem, td_shape *out)
{
    int64_t dims[TD_MAX_RANK + 1] = { n };

    for (int i = 0; i < elem->rank; i++)
        dims[i + 1] = elem->dims[i];
    return td_shape_make(elem->rank + 1, dims, out);
}

static td_status make_stack(td_call *c, int64_t n, const td_shape *elem, size_t *row)
{
    td_shape s;

    TD_TRY(td_list_stack_shape(n, elem, &s));
    *row = (size_t)td_shape_count(elem) * td_dtype_size(td_out(c, 0)->dtype);
    return td_out_make(c, 0, &s);
}

typedef struct item_copy {
    td_list *list;
    const td_tensor *index;
    char *to;
    size_t row;
} item_copy;

static void copy_some(void *ctx, size_t begin, size_t end)
{
    const item_copy *const x = ctx;

    for (size_t i = begin; i < end; i++)
        td_list_copy_item(x->to + i * x->row,
                          td_list_get(x->list, x->index ? td_tensor_int(x->index, i) : (int64_t)i), x->row);
}

static void copy_behind_first(void *ctx, size_t begin, size_t end)
{
    copy_some(ctx, begin + 1, end + 1);
}

void td_list_copy_items(td_call *c, td_list *l, const td_tensor *index, int64_t n, size_t row)
{
    enum { GRAIN_BYTES = 256 << 10 };
    item_copy x = { l, index, td_out(c, 0)->data, row };

    if (n == 0) return;
    copy_some(&x, 0, 1); /* makes l the newest of its versions: from here on looking at it changes nothing */
    td_call_parallel(c, (size_t)n - 1, GRAIN_BYTES / TD_MIN(TD_MAX(row, (size_t)1), (size_t)GRAIN_BYTES),
                     copy_behind_first, &x);
}

td_status td_list_stack(td_call *c, td_list *l, const td_tensor *index, const td_shape *given)
{
    const int64_t n = index ? td_shape_count(&index->shape) : td_list_length(l);
    td_shape elem;
    size_t row;

    if (!td_out_is_used(c, 0)) return NULL;
    for (int64_t i = 0; index && i < n; i++) {
        const int64_t at = td_tensor_int(index, (size_t)i);

        if (at < 0 || at >= td_list_length(l))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Index %" PRId64 " out of range; list only has %" PRId64 " elements.", at,
                             td_list_length(l));
    }
    TD_TRY(td_list_common_shape(c, l, given, &elem));
    TD_TRY(make_stack(c, n, &elem, &row));
    td_list_copy_items(c, l, index, n, row);
    return NULL;
}

/* What elements share but for their first dim; -1 there. */
static td_status concat_shape(td_call *c, td_list *l, const td_shape *given, td_shape *out)
{
    td_shape s = *given, own = *td_list_elem(l);

    if (s.rank > 0) s.dims[0] = -1;
    if (own.rank > 0) own.dims[0] = -1;
    if (!td_shape_merge(&s, &own)) return td_list_mismatch(c, given, td_list_elem(l));
    for (int64_t i = 0; i < td_list_length(l); i++) {
        td_shape t = td_list_get(l, i)->shape;

        if (td_list_get(l, i)->dtype == TD_DTYPE_NONE) continue;
        if (t.rank < 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Concat requires elements to be at least vectors, found scalars instead.");
        t.dims[0] = -1;
        if (!td_shape_merge(&s, &t)) return td_list_mismatch(c, &t, &s);
    }
    if (s.rank < 1)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "All except the first dimension must be fully defined when concating an empty tensor list.");
    *out = s;
    return NULL;
}

/* Rows of element i: its own; for one that is not set, what lengths or the given shape say. */
static td_status rows_in(const td_call *c, td_list *l, int64_t i, const td_shape *given,
                         const td_tensor *lengths, int64_t *rows)
{
    const td_tensor *const t = td_list_get(l, i);

    *rows = -1;
    if (t->dtype != TD_DTYPE_NONE)
        *rows = t->shape.dims[0];
    else if (lengths && i < td_shape_count(&lengths->shape))
        *rows = td_tensor_int(lengths, (size_t)i);
    else if (given->rank > 0)
        *rows = given->dims[0];
    return *rows < 0 ? TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Concating lists with uninitialized elements is not supported in this case")
                     : NULL;
}

td_status td_list_concat(td_call *c, td_list *l, const td_shape *given, const td_tensor *lengths)
{
    const int64_t n = td_list_length(l);
    int64_t total = 0;
    td_shape elem;

    TD_TRY(concat_shape(c, l, given, &elem));
    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { n } }));
    for (int64_t i = 0; i < n; i++) {
        int64_t rows;

        TD_TRY(rows_in(c, l, i, given, lengths, &rows));
        if (td_out_is_used(c, 1)) ((int64_t *)td_out(c, 1)->data)[i] = rows;
        if (!td_add_i64(total, rows, &total)) return TD_OP_ERR(c, INVALID_ARGUMENT, "too many rows");
    }
    elem.dims[0] = total;
    TD_TRY(td_shape_check(&elem));
    TD_TRY(td_out_make(c, 0, &elem));
    if (!td_out_is_used(c, 0)) return NULL;
    const size_t row = (size_t)td_shape_span(&elem, 1, elem.rank) * td_dtype_size(td_out(c, 0)->dtype);
    char *to = td_out(c, 0)->data;

    for (int64_t i = 0; i < n; i++) {
        int64_t rows;

        TD_TRY(rows_in(c, l, i, given, lengths, &rows));
        td_list_copy_item(to, td_list_get(l, i), (size_t)rows * row);
        to += (size_t)rows * row;
    }
    return NULL;
}

static td_status scatter_rows(td_call *c, td_list *into, const td_tensor *t, const td_tensor *index,
                              td_list **out)
{
    td_tensor all;
    td_status s = td_list_keep(t, &all);

    td_object_ref((td_object *)(void *)into);
    for (int64_t i = 0; !s && i < td_shape_count(&index->shape); i++) {
        const int64_t at = td_tensor_int(index, (size_t)i);
        td_list *next;

        if (at < 0) {
            s = TD_OP_ERR(c, INVALID_ARGUMENT, "Indices in TensorListScatter must all be non-negative.");
            break;
        }
        if (at >= td_list_length(into)) {
            s = td_list_resize(into, at + 1, &next);
            if (s) break;
            td_list_unref(into);
            into = next;
        }
        s = td_list_set(into, at, td_tensor_rows(&all, i, 1, true), &next);
        if (s) break;
        td_list_unref(into);
        into = next;
    }
    td_tensor_unref(&all);
    if (s)
        td_list_unref(into);
    else
        *out = into;
    return s;
}

td_status td_list_scatter(td_call *c, td_list *into, const td_tensor *t, const td_tensor *index,
                          td_list **out)
{
    if (index->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected indices to be a vector, but received shape of rank %d",
                         (int)index->shape.rank);
    if (t->shape.rank < 1 || t->shape.dims[0] != index->shape.dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected len(indices) == tensor.shape[0], but saw: %" PRId64,
                         index->shape.dims[0]);
    return scatter_rows(c, into, t, index, out);
}

td_status td_list_split(td_call *c, const td_tensor *t, const td_tensor *lengths, const td_shape *elem,
                        td_list **out)
{
    const int64_t n = td_shape_count(&lengths->shape);
    int64_t total = 0;
    td_tensor all;
    td_list *l;

    if (t->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Tensor must be at least a vector, but saw shape: []");
    for (int64_t i = 0; i < n; i++) {
        const int64_t len = td_tensor_int(lengths, (size_t)i);

        if (len < 0 || !td_add_i64(total, len, &total))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid value in lengths: %" PRId64, len);
    }
    if (total != t->shape.dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Attempting to slice %" PRId64 " rows out of %" PRId64, total,
                         t->shape.dims[0]);
    TD_TRY(td_list_make(t->dtype, elem, n, &l));
    const td_status s = td_list_keep(t, &all);

    if (s) {
        td_list_unref(l);
        return s;
    }
    for (int64_t i = 0, at = 0; i < n; i++) {
        const int64_t len = td_tensor_int(lengths, (size_t)i);

        td_list_init(l, i, td_tensor_rows(&all, at, len, false));
        at += len;
    }
    td_tensor_unref(&all);
    *out = l;
    return NULL;
}
