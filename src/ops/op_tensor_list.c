/* op_tensor_list.c -- the TensorList ops.
 *
 * Elements keep their own memory: what comes out of a workspace is copied when it goes in, what comes out of
 * a list is handed on as it is. Shapes of elements are known while planning only where the op is told them.
 */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array.h"
#include "ops/tensor_list.h"

/* ---------------------------------------------------------------- lists and shapes */

static td_status list_at(td_call *c, uint32_t i, size_t at, td_list **out)
{
    TD_TRY(td_need(c, i));
    const td_tensor *const t = td_in(c, i);
    td_object *const o = (size_t)td_shape_count(&t->shape) > at ? ((td_object *const *)t->data)[at] : NULL;
    td_list *const l = (td_list *)(void *)td_object_as(o, &td_list_class);

    if (!l) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input handle is not a list.");
    *out = l;
    return NULL;
}

/* The list in input i, whose elements are of type dtype (NONE: any). */
static td_status list_in(td_call *c, uint32_t i, td_dtype dtype, td_list **out)
{
    const td_tensor *const t = td_in(c, i);
    td_list *l = NULL;

    if (t->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input handle must be a scalar, saw rank %d",
                         (int)t->shape.rank);
    TD_TRY(list_at(c, i, 0, &l));
    if (dtype != TD_DTYPE_NONE && td_list_dtype(l) != dtype)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid data types; op elements %s but list elements %s",
                         td_dtype_name(dtype), td_dtype_name(td_list_dtype(l)));
    *out = l;
    return NULL;
}

/* Output i becomes l, whose reference is taken. */
static td_status put_list(td_call *c, uint32_t i, td_list *l)
{
    td_status s = td_out_make(c, i, &(td_shape){ 0 });

    if (s || !td_out_is_used(c, i)) {
        td_list_unref(l);
        return s;
    }
    *(td_list **)td_out(c, i)->data = l;
    return NULL;
}

/* An element's shape as ops give it: -1 for anything at all, or a vector with -1 for unknown dims. */
static td_status elem_shape(td_call *c, uint32_t i, td_shape *out)
{
    const td_tensor *const t = td_in(c, i);
    td_shape s = { 0 };
    size_t n;

    TD_TRY(td_need_list(c, i, s.dims, TD_MAX_RANK, &n));
    s.rank = (int32_t)n;
    if (t->shape.rank == 0) {
        if (s.dims[0] != -1)
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "The only valid scalar shape tensor is the fully unknown shape specified as -1.");
        s.rank = -1;
    }
    for (int k = 0; k < s.rank; k++)
        if (s.dims[k] < -1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Dimension %" PRId64 " must be >= -1", s.dims[k]);
    *out = s;
    return NULL;
}

/* Joins what two partial shapes say into *a; false when they contradict each other. */
static bool merge_shapes(td_shape *a, const td_shape *b)
{
    if (b->rank < 0) return true;
    if (a->rank < 0) {
        *a = *b;
        return true;
    }
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++) {
        if (a->dims[i] < 0) a->dims[i] = b->dims[i];
        if (b->dims[i] >= 0 && b->dims[i] != a->dims[i]) return false;
    }
    return true;
}

static td_status mismatch(const td_call *c, const td_shape *a, const td_shape *b)
{
    char x[TD_SHAPE_TEXT], y[TD_SHAPE_TEXT];

    return TD_OP_ERR(c, INVALID_ARGUMENT,
                     "Tried to use a tensor of shape %s in a list with elements of shape %s (op %s)",
                     td_shape_text(a, x, sizeof x), td_shape_text(b, y, sizeof y), c->op->name);
}

/* The shape that all elements of l share, with what input `given` says of it (0: nothing). */
static td_status common_shape(td_call *c, td_list *l, uint32_t given, td_shape *out)
{
    td_shape s = *td_list_elem(l);

    if (given) {
        td_shape g;

        TD_TRY(elem_shape(c, given, &g));
        if (!merge_shapes(&s, &g)) return mismatch(c, &g, td_list_elem(l));
    }
    for (int64_t i = 0; i < td_list_length(l); i++) {
        const td_tensor *const t = td_list_get(l, i);

        if (t->dtype != TD_DTYPE_NONE && !merge_shapes(&s, &t->shape)) return mismatch(c, &t->shape, &s);
    }
    if (!td_shape_is_known(&s))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Tried to stack list which only contains uninitialized tensors and has a "
                         "non-fully-defined element shape");
    *out = s;
    return NULL;
}

/* A tensor that a list may keep: t itself, or a copy when its memory is somebody else's. */
static td_status keep(const td_tensor *t, td_tensor *out)
{
    if (!t->buffer) return td_tensor_copy_flat(t, out);
    *out = td_tensor_ref(t);
    return NULL;
}

/* Rows [at, at + n) of dim 0 of t, sharing its buffer; `flat`: one row without its dim. */
static td_tensor rows_of(const td_tensor *t, int64_t at, int64_t n, bool flat)
{
    td_tensor v = td_tensor_ref(t);
    const int64_t row = td_shape_span(&t->shape, 1, t->shape.rank);

    v.shape.dims[0] = n;
    if (flat) {
        v.shape.rank--;
        memmove(v.shape.dims, v.shape.dims + 1, (size_t)v.shape.rank * sizeof *v.shape.dims);
    }
    if (t->data) v.data = (char *)t->data + (size_t)(at * row) * td_dtype_size(t->dtype);
    return v;
}

static td_status check_item(const td_call *c, const td_list *l, const td_shape *item)
{
    td_shape s = *td_list_elem(l);

    return merge_shapes(&s, item) ? NULL : mismatch(c, item, td_list_elem(l));
}

/* ---------------------------------------------------------------- making */

typedef struct list_attrs {
    td_dtype dtype;
    int64_t num_elements;
    bool resizes;
    const td_shape *shape;
} list_attrs;

static td_status list_parse(td_parse *p)
{
    ((list_attrs *)p->attrs)->dtype = td_attr_type(p, "element_dtype");
    return NULL;
}

static td_dtype dtype_of(const td_call *c)
{
    return ((const list_attrs *)c->attrs)->dtype;
}

/* TensorListReserve, EmptyTensorList: element_shape, and a number (of elements, or the most there may be). */
static td_status reserve_run(td_call *c)
{
    const bool is_empty = c->op->name[0] == 'E';
    td_shape elem;
    int64_t n;
    size_t one;
    td_list *l = NULL;

    TD_TRY(elem_shape(c, 0, &elem));
    TD_TRY(td_need_list(c, 1, &n, 1, &one));
    if (!is_empty && n < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The num_elements to reserve must be a non negative number, but got %" PRId64, n);
    TD_TRY(td_list_make(dtype_of(c), &elem, is_empty ? 0 : n, &l));
    return put_list(c, 0, l);
}

static td_status from_tensor_run(td_call *c)
{
    const td_tensor *const t = td_in(c, 0);
    td_shape elem;
    td_tensor all;
    td_list *l = NULL;

    if (t->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Tensor must be at least a vector, but saw shape: []");
    TD_TRY(elem_shape(c, 1, &elem));
    td_shape row = t->shape, joint = elem;

    row.rank--;
    memmove(row.dims, row.dims + 1, (size_t)row.rank * sizeof *row.dims);
    if (!merge_shapes(&joint, &row)) return mismatch(c, &row, &elem);
    TD_TRY(td_list_make(t->dtype, &elem, t->shape.dims[0], &l));
    const td_status s = keep(t, &all);

    if (s) {
        td_list_unref(l);
        return s;
    }
    for (int64_t i = 0; i < t->shape.dims[0]; i++)
        td_list_init(l, i, rows_of(&all, i, 1, true));
    td_tensor_unref(&all);
    return put_list(c, 0, l);
}

/* tensor, element_shape, lengths: element i has lengths[i] rows. */
static td_status split_run(td_call *c)
{
    const td_tensor *const t = td_in(c, 0), *const lengths = td_in(c, 2);
    const int64_t n = td_shape_count(&lengths->shape);
    int64_t total = 0;
    td_shape elem;
    td_tensor all;
    td_list *l = NULL;

    if (t->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Tensor must be at least a vector, but saw shape: []");
    TD_TRY(elem_shape(c, 1, &elem));
    for (int64_t i = 0; i < n; i++) {
        const int64_t len = td_tensor_int(lengths, (size_t)i);

        if (len < 0 || !td_add_i64(total, len, &total))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid value in lengths: %" PRId64, len);
    }
    if (total != t->shape.dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Attempting to slice %" PRId64 " rows out of %" PRId64, total,
                         t->shape.dims[0]);
    TD_TRY(td_list_make(t->dtype, &elem, n, &l));
    const td_status s = keep(t, &all);

    if (s) {
        td_list_unref(l);
        return s;
    }
    for (int64_t i = 0, at = 0; i < n; i++) {
        const int64_t len = td_tensor_int(lengths, (size_t)i);

        td_list_init(l, i, rows_of(&all, at, len, false));
        at += len;
    }
    td_tensor_unref(&all);
    return put_list(c, 0, l);
}

/* Puts row i of t where index i says. */
static td_status scatter_rows(td_call *c, td_list *into, const td_tensor *t, const td_tensor *index,
                              td_list **out)
{
    td_tensor all;
    td_status s = keep(t, &all);

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
        s = td_list_set(into, at, rows_of(&all, i, 1, true), &next);
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

static td_status check_scatter(td_call *c, const td_tensor *t, const td_tensor *index)
{
    if (index->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected indices to be a vector, but received shape of rank %d",
                         (int)index->shape.rank);
    if (t->shape.rank < 1 || t->shape.dims[0] != index->shape.dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected len(indices) == tensor.shape[0], but saw: %" PRId64,
                         index->shape.dims[0]);
    return NULL;
}

/* tensor, indices, element_shape[, num_elements] */
static td_status scatter_run(td_call *c)
{
    const td_tensor *const t = td_in(c, 0), *const index = td_in(c, 1);
    int64_t n = -1, most = -1;
    size_t one;
    td_shape elem;
    td_list *l = NULL, *made;

    TD_TRY(check_scatter(c, t, index));
    TD_TRY(elem_shape(c, 2, &elem));
    if (c->n_in > 3) TD_TRY(td_need_list(c, 3, &n, 1, &one));
    for (int64_t i = 0; i < index->shape.dims[0]; i++)
        most = TD_MAX(most, td_tensor_int(index, (size_t)i));
    if (n >= 0 && most >= n)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "TensorListScatter: Trying to scatter at index %" PRId64 " in list with size %" PRId64, most, n);
    TD_TRY(td_list_make(t->dtype, &elem, n >= 0 ? n : most + 1, &l));
    const td_status s = scatter_rows(c, l, t, index, &made);

    td_list_unref(l);
    return s ? s : put_list(c, 0, made);
}

/* list, tensor, indices */
static td_status scatter_into_run(td_call *c)
{
    td_list *l = NULL, *made;

    TD_TRY(check_scatter(c, td_in(c, 1), td_in(c, 2)));
    TD_TRY(list_in(c, 0, dtype_of(c), &l));
    TD_TRY(scatter_rows(c, l, td_in(c, 1), td_in(c, 2), &made));
    return put_list(c, 0, made);
}

/* ---------------------------------------------------------------- changing */

static td_status set_parse(td_parse *p)
{
    ((list_attrs *)p->attrs)->resizes = td_attr_bool(p, "resize_if_index_out_of_bounds");
    return list_parse(p);
}

/* list, index, item */
static td_status set_run(td_call *c)
{
    const td_tensor *const item = td_in(c, 2);
    td_list *l = NULL, *wide = NULL, *made;
    td_tensor t;
    int64_t i;
    size_t one;

    TD_TRY(list_in(c, 0, dtype_of(c), &l));
    TD_TRY(td_need_list(c, 1, &i, 1, &one));
    if (i < 0 || (i >= td_list_length(l) && !((const list_attrs *)c->attrs)->resizes))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Trying to modify element %" PRId64 " in a list with %" PRId64 " elements.", i,
                         td_list_length(l));
    TD_TRY(check_item(c, l, &item->shape));
    TD_TRY(keep(item, &t));
    if (i == td_list_length(l)) {
        TD_TRY(td_list_push(l, t, &made));
        return put_list(c, 0, made);
    }
    if (i > td_list_length(l)) {
        const td_status s = td_list_resize(l, i + 1, &wide);

        if (s) {
            td_tensor_unref(&t);
            return s;
        }
    }
    const td_status s = td_list_set(wide ? wide : l, i, t, &made);

    td_list_unref(wide);
    return s ? s : put_list(c, 0, made);
}

static td_status push_run(td_call *c)
{
    td_list *l = NULL, *made;
    td_tensor t;

    TD_TRY(list_in(c, 0, dtype_of(c), &l));
    TD_TRY(check_item(c, l, &td_in(c, 1)->shape));
    TD_TRY(keep(td_in(c, 1), &t));
    TD_TRY(td_list_push(l, t, &made));
    return put_list(c, 0, made);
}

/* A vector of lists and a tensor with a row for each. */
static td_status push_batch_run(td_call *c)
{
    const td_tensor *const lists = td_in(c, 0);
    const int64_t n = td_shape_count(&lists->shape);
    td_tensor all;
    td_status s = NULL;

    if (td_in(c, 1)->shape.rank < 1 || td_in(c, 1)->shape.dims[0] != n)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected tensor.shape[0] == input_handles.size, but saw %" PRId64, n);
    TD_TRY(td_out_make(c, 0, &lists->shape));
    if (!td_out_is_used(c, 0)) return NULL;
    TD_TRY(keep(td_in(c, 1), &all));
    for (int64_t i = 0; !s && i < n; i++) {
        td_list *l = NULL, *made;

        s = list_at(c, 0, (size_t)i, &l);
        if (!s) s = td_list_push(l, rows_of(&all, i, 1, true), &made);
        if (!s) ((td_list **)td_out(c, 0)->data)[i] = made;
    }
    td_tensor_unref(&all);
    return s;
}

static td_status resize_run(td_call *c)
{
    td_list *l = NULL, *made;
    int64_t n;
    size_t one;

    TD_TRY(list_in(c, 0, TD_DTYPE_NONE, &l));
    TD_TRY(td_need_list(c, 1, &n, 1, &one));
    if (n < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "TensorListSlice expects size to be non-negative. Got: %" PRId64, n);
    TD_TRY(td_list_resize(l, n, &made));
    return put_list(c, 0, made);
}

static td_status concat_lists_run(td_call *c)
{
    td_list *a, *b, *made;

    TD_TRY(list_in(c, 0, dtype_of(c), &a));
    TD_TRY(list_in(c, 1, dtype_of(c), &b));
    const int64_t na = td_list_length(a), nb = td_list_length(b);

    TD_TRY(td_list_make(td_list_dtype(a), td_list_elem(a), na + nb, &made));
    for (int64_t i = 0; i < na; i++)
        td_list_init(made, i, td_tensor_ref(td_list_get(a, i)));
    for (int64_t i = 0; i < nb; i++)
        td_list_init(made, na + i, td_tensor_ref(td_list_get(b, i)));
    return put_list(c, 0, made);
}

/* ---------------------------------------------------------------- reading */

/* Element i of l as the op's output `out`; zeros when it is not set. given: input with its shape. */
static td_status put_item(td_call *c, uint32_t out, td_list *l, int64_t i, uint32_t given)
{
    const td_tensor *const t = td_list_get(l, i);
    td_shape s = *td_list_elem(l), g;

    TD_TRY(elem_shape(c, given, &g));
    if (t->dtype != TD_DTYPE_NONE) {
        if (!merge_shapes(&g, &t->shape)) return mismatch(c, &g, &t->shape);
        return td_out_set(c, out, t);
    }
    if (!merge_shapes(&s, &g) || !td_shape_is_known(&s)) {
        char text[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Trying to read an uninitialized element but element_shape is not fully defined: %s",
                         td_shape_text(&s, text, sizeof text));
    }
    TD_TRY(td_out_make(c, out, &s));
    if (td_out_is_used(c, out) && td_tensor_bytes(td_out(c, out)))
        memset(td_out(c, out)->data, 0, td_tensor_bytes(td_out(c, out)));
    return NULL;
}

/* The list and the element that TensorListGetItem asks for. */
static td_status find_item(td_call *c, td_list **l, int64_t *i)
{
    size_t one;

    TD_TRY(list_in(c, 0, dtype_of(c), l));
    TD_TRY(td_need_list(c, 1, i, 1, &one));
    if (*i < 0 || *i >= td_list_length(*l))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Trying to access element %" PRId64 " in a list with %" PRId64 " elements.", *i,
                         td_list_length(*l));
    return NULL;
}

/* Without the list, the shape is what the op is told, if that is all of it. */
static td_status get_infer(td_call *c)
{
    td_list *l = NULL;
    int64_t i = 0;
    td_shape s;

    TD_TRY(elem_shape(c, 2, &s));
    if (!td_shape_is_known(&s)) {
        TD_TRY(find_item(c, &l, &i));
        const td_tensor *const t = td_list_get(l, i);

        s = t->dtype != TD_DTYPE_NONE ? t->shape : *td_list_elem(l);
        if (!td_shape_is_known(&s)) s = (td_shape){ 0 }; /* run will say what is wrong */
    }
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status get_run(td_call *c)
{
    td_list *l = NULL;
    int64_t i = 0;

    TD_TRY(find_item(c, &l, &i));
    return put_item(c, 0, l, i, 2);
}

static td_status pop_run(td_call *c)
{
    td_list *l = NULL, *made;

    TD_TRY(list_in(c, 0, dtype_of(c), &l));
    if (td_list_length(l) == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Trying to pop from an empty list.");
    TD_TRY(put_item(c, 1, l, td_list_length(l) - 1, 1));
    TD_TRY(td_list_resize(l, td_list_length(l) - 1, &made));
    return put_list(c, 0, made);
}

static td_status length_run(td_call *c)
{
    td_list *l = NULL;

    TD_TRY(list_in(c, 0, TD_DTYPE_NONE, &l));
    *(int32_t *)td_out(c, 0)->data = (int32_t)td_list_length(l);
    return NULL;
}

/* The element shape as ops take it: -1 when nothing is known. */
static td_status elem_shape_run(td_call *c)
{
    td_list *l = NULL;

    TD_TRY(list_in(c, 0, TD_DTYPE_NONE, &l));
    const td_shape *const s = td_list_elem(l);

    if (s->rank < 0)
        TD_TRY(td_out_make(c, 0, &(td_shape){ 0 }));
    else
        TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { s->rank } }));
    if (!td_out_is_used(c, 0)) return NULL;
    if (s->rank < 0) td_tensor_set_int(td_out(c, 0), 0, -1);
    for (int i = 0; i < s->rank; i++)
        td_tensor_set_int(td_out(c, 0), (size_t)i, s->dims[i]);
    return NULL;
}

/* Copies an element, or zeros, to `to`. */
static void copy_item(char *to, const td_tensor *t, size_t bytes)
{
    if (!bytes) return;
    if (t->dtype == TD_DTYPE_NONE)
        memset(to, 0, bytes);
    else
        memcpy(to, t->data, bytes);
}

static td_status make_stack(td_call *c, int64_t n, const td_shape *elem, size_t *row)
{
    int64_t dims[TD_MAX_RANK + 1] = { n };
    td_shape s;

    for (int i = 0; i < elem->rank; i++)
        dims[i + 1] = elem->dims[i];
    TD_TRY(td_shape_make(elem->rank + 1, dims, &s));
    *row = (size_t)td_shape_count(elem) * td_dtype_size(dtype_of(c));
    return td_out_make(c, 0, &s);
}

static td_status stack_parse(td_parse *p)
{
    ((list_attrs *)p->attrs)->num_elements = td_attr_int(p, "num_elements");
    return list_parse(p);
}

static td_status stack_run(td_call *c)
{
    const int64_t want = ((const list_attrs *)c->attrs)->num_elements;
    td_shape elem;
    td_list *l = NULL;
    size_t row;

    TD_TRY(list_in(c, 0, dtype_of(c), &l));
    const int64_t n = td_list_length(l);

    if (want >= 0 && want != n)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Operation expected a list with %" PRId64 " elements but got a list with %" PRId64
                         " elements.",
                         want, n);
    TD_TRY(common_shape(c, l, 1, &elem));
    TD_TRY(make_stack(c, n, &elem, &row));
    for (int64_t i = 0; i < n && td_out_is_used(c, 0); i++)
        copy_item((char *)td_out(c, 0)->data + (size_t)i * row, td_list_get(l, i), row);
    return NULL;
}

/* list, indices, element_shape */
static td_status gather_run(td_call *c)
{
    const td_tensor *const index = td_in(c, 1);
    const int64_t n = td_shape_count(&index->shape);
    td_shape elem;
    td_list *l = NULL;
    size_t row;

    TD_TRY(list_in(c, 0, dtype_of(c), &l));
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = td_tensor_int(index, (size_t)i);

        if (at < 0 || at >= td_list_length(l))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Index %" PRId64 " out of range; list only has %" PRId64 " elements.", at,
                             td_list_length(l));
    }
    TD_TRY(common_shape(c, l, 2, &elem));
    TD_TRY(make_stack(c, n, &elem, &row));
    for (int64_t i = 0; i < n && td_out_is_used(c, 0); i++)
        copy_item((char *)td_out(c, 0)->data + (size_t)i * row,
                  td_list_get(l, td_tensor_int(index, (size_t)i)), row);
    return NULL;
}

/* ---------------------------------------------------------------- TensorListConcat */

static td_status concat_parse(td_parse *p)
{
    ((list_attrs *)p->attrs)->shape = td_attr_shape(p, "element_shape");
    return list_parse(p);
}

/* What elements share but for their first dim; -1 there. */
static td_status concat_shape(td_call *c, td_list *l, const td_shape *given, td_shape *out)
{
    td_shape s = *given, own = *td_list_elem(l);

    if (s.rank > 0) s.dims[0] = -1;
    if (own.rank > 0) own.dims[0] = -1;
    if (!merge_shapes(&s, &own)) return mismatch(c, given, td_list_elem(l));
    for (int64_t i = 0; i < td_list_length(l); i++) {
        td_shape t = td_list_get(l, i)->shape;

        if (td_list_get(l, i)->dtype == TD_DTYPE_NONE) continue;
        if (t.rank < 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Concat requires elements to be at least vectors, found scalars instead.");
        t.dims[0] = -1;
        if (!merge_shapes(&s, &t)) return mismatch(c, &t, &s);
    }
    if (s.rank < 1)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "All except the first dimension must be fully defined when concating an empty tensor list.");
    *out = s;
    return NULL;
}

/* Rows of element i: its own; for one that is not set, leading_dims' or the element shape's. */
static td_status rows_in(td_call *c, td_list *l, int64_t i, const td_shape *given, int64_t *rows)
{
    const td_tensor *const t = td_list_get(l, i);

    *rows = -1;
    if (t->dtype != TD_DTYPE_NONE)
        *rows = t->shape.dims[0];
    else if (c->n_in > 2 && i < td_shape_count(&td_in(c, 2)->shape))
        *rows = td_tensor_int(td_in(c, 2), (size_t)i);
    else if (given->rank > 0)
        *rows = given->dims[0];
    return *rows < 0 ? TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Concating lists with uninitialized elements is not supported in this case")
                     : NULL;
}

static td_status concat_run(td_call *c)
{
    td_shape given = { .rank = -1 }, elem;
    int64_t total = 0;
    td_list *l = NULL;

    TD_TRY(list_in(c, 0, dtype_of(c), &l));
    if (c->n_in > 1)
        TD_TRY(elem_shape(c, 1, &given));
    else
        given = *((const list_attrs *)c->attrs)->shape;
    TD_TRY(concat_shape(c, l, &given, &elem));
    const int64_t n = td_list_length(l);

    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { n } }));
    for (int64_t i = 0; i < n; i++) {
        int64_t rows;

        TD_TRY(rows_in(c, l, i, &given, &rows));
        if (td_out_is_used(c, 1)) ((int64_t *)td_out(c, 1)->data)[i] = rows;
        if (!td_add_i64(total, rows, &total)) return TD_OP_ERR(c, INVALID_ARGUMENT, "too many rows");
    }
    elem.dims[0] = total;
    TD_TRY(td_shape_check(&elem));
    TD_TRY(td_out_make(c, 0, &elem));
    if (!td_out_is_used(c, 0)) return NULL;
    const size_t row = (size_t)td_shape_span(&elem, 1, elem.rank) * td_dtype_size(dtype_of(c));
    char *to = td_out(c, 0)->data;

    for (int64_t i = 0; i < n; i++) {
        int64_t rows;

        TD_TRY(rows_in(c, l, i, &given, &rows));
        copy_item(to, td_list_get(l, i), (size_t)rows * row);
        to += (size_t)rows * row;
    }
    return NULL;
}

/* ---------------------------------------------------------------- the table */

#define KERNEL(name, run_fn) static const td_kernel name[] = { { .run = run_fn }, { 0 } }
KERNEL(reserve_kernels, reserve_run);
KERNEL(from_tensor_kernels, from_tensor_run);
KERNEL(split_kernels, split_run);
KERNEL(scatter_kernels, scatter_run);
KERNEL(scatter_into_kernels, scatter_into_run);
KERNEL(set_kernels, set_run);
KERNEL(push_kernels, push_run);
KERNEL(push_batch_kernels, push_batch_run);
KERNEL(resize_kernels, resize_run);
KERNEL(concat_lists_kernels, concat_lists_run);
KERNEL(get_kernels, get_run);
KERNEL(pop_kernels, pop_run);
KERNEL(length_kernels, length_run);
KERNEL(elem_shape_kernels, elem_shape_run);
KERNEL(stack_kernels, stack_run);
KERNEL(gather_kernels, gather_run);
KERNEL(concat_kernels, concat_run);

#define LIST(op, sig_, attrs_, kernels_)                                                                     \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .attrs_size = sizeof(list_attrs), .parse = list_parse,     \
        .infer = td_infer_scalar, .kernels = kernels_                                                        \
    }
#define BOTH "element_dtype: type, shape_type: type"

const td_op td_ops_tensor_list[] = {
    LIST("TensorListReserve", "element_shape: shape_type, num_elements: int32 -> handle: variant", BOTH,
         reserve_kernels),
    LIST("EmptyTensorList", "element_shape: shape_type, max_num_elements: int32 -> handle: variant", BOTH,
         reserve_kernels),
    LIST("TensorListFromTensor", "tensor: element_dtype, element_shape: shape_type -> output_handle: variant",
         BOTH, from_tensor_kernels),
    LIST("TensorListSplit",
         "tensor: element_dtype, element_shape: shape_type, lengths: int64 -> output_handle: variant", BOTH,
         split_kernels),
    LIST("TensorListScatter",
         "tensor: element_dtype, indices: int32, element_shape: shape_type -> output_handle: variant", BOTH,
         scatter_kernels),
    LIST("TensorListScatterV2",
         "tensor: element_dtype, indices: int32, element_shape: shape_type, num_elements: int32 -> "
         "output_handle: variant",
         BOTH, scatter_kernels),
    LIST("TensorListScatterIntoExistingList",
         "input_handle: variant, tensor: element_dtype, indices: int32 -> output_handle: variant",
         "element_dtype: type", scatter_into_kernels),
    LIST("TensorListPushBack", "input_handle: variant, tensor: element_dtype -> output_handle: variant",
         "element_dtype: type", push_kernels),
    LIST("TensorListConcatLists", "input_a: variant, input_b: variant -> output: variant",
         "element_dtype: type", concat_lists_kernels),
    { .name = "TensorListPushBackBatch",
      .sig = "input_handles: variant, tensor: element_dtype -> output_handles: variant",
      .attrs = "element_dtype: type",
      .infer = td_infer_same,
      .kernels = push_batch_kernels },
    { .name = "TensorListSetItem",
      .sig = "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant",
      .attrs = "element_dtype: type, resize_if_index_out_of_bounds: bool = false",
      .attrs_size = sizeof(list_attrs),
      .parse = set_parse,
      .infer = td_infer_scalar,
      .kernels = set_kernels },
    { .name = "TensorListResize",
      .sig = "input_handle: variant, size: int32 -> output_handle: variant",
      .attrs = "",
      .infer = td_infer_scalar,
      .kernels = resize_kernels },
    { .name = "TensorListLength",
      .sig = "input_handle: variant -> length: int32",
      .attrs = "",
      .infer = td_infer_scalar,
      .kernels = length_kernels },
    { .name = "TensorListElementShape",
      .sig = "input_handle: variant -> element_shape: shape_type",
      .attrs = "shape_type: type",
      .flags = TD_OP_DYNAMIC,
      .kernels = elem_shape_kernels },
    { .name = "TensorListGetItem",
      .sig = "input_handle: variant, index: int32, element_shape: Tshape -> item: element_dtype",
      .attrs = "element_dtype: type, Tshape: type = int32",
      .flags = TD_OP_BY_REF,
      .attrs_size = sizeof(list_attrs),
      .parse = list_parse,
      .infer = get_infer,
      .kernels = get_kernels },
    { .name = "TensorListPopBack",
      .sig = "input_handle: variant, element_shape: int32 -> output_handle: variant, tensor: element_dtype",
      .attrs = "element_dtype: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(list_attrs),
      .parse = list_parse,
      .kernels = pop_kernels },
    { .name = "TensorListStack",
      .sig = "input_handle: variant, element_shape: int32 -> tensor: element_dtype",
      .attrs = "element_dtype: type, num_elements: int = -1",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(list_attrs),
      .parse = stack_parse,
      .kernels = stack_kernels },
    { .name = "TensorListGather",
      .sig = "input_handle: variant, indices: int32, element_shape: int32 -> values: element_dtype",
      .attrs = "element_dtype: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(list_attrs),
      .parse = list_parse,
      .kernels = gather_kernels },
    { .name = "TensorListConcat",
      .sig = "input_handle: variant -> tensor: element_dtype, lengths: int64",
      .attrs = "element_dtype: type, element_shape: shape = ?",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(list_attrs),
      .parse = concat_parse,
      .kernels = concat_kernels },
    { .name = "TensorListConcatV2",
      .sig = "input_handle: variant, element_shape: shape_type, leading_dims: int64 -> tensor: "
             "element_dtype, lengths: int64",
      .attrs = BOTH,
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(list_attrs),
      .parse = list_parse,
      .kernels = concat_kernels },
    { 0 },
};
