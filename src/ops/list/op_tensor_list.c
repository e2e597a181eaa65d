/* SPDX-License-Identifier: Apache-2.0 */
/* op_tensor_list.c -- the TensorList ops that make and change lists.
 *
 * Elements keep their own memory: what comes out of a workspace is copied when it goes in, what comes out of
 * a list is handed on as it is. Shapes of elements are known while planning only where the op is told them.
 */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/list/list_util.h"

/* ---------------------------------------------------------------- making */

/* TensorListReserve, EmptyTensorList: element_shape, and a number (of elements, or the most there may be). */
static td_status reserve_infer(td_call *c)
{
    td_list_hint h = { .shapes = TD_LIST_NONE, .length = -1 };

    if (c->op->name[0] == 'E')
        h.length = 0;
    else if (td_in(c, 1)->data && td_shape_count(&td_in(c, 1)->shape) == 1)
        h.length = td_tensor_int(td_in(c, 1), 0);
    td_out(c, 0)->shape = (td_shape){ 0 };
    if (h.length >= -1) td_list_hint_set(&td_out(c, 0)->shape, &h);
    return NULL;
}

static td_status reserve_run(td_call *c)
{
    const bool is_empty = c->op->name[0] == 'E';
    td_shape elem;
    int64_t n;
    td_list *l = NULL;

    TD_TRY(td_list_need_shape(c, 0, &elem));
    TD_TRY(td_need_one(c, 1, &n));
    if (!is_empty && n < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The num_elements to reserve must be a non negative number, but got %" PRId64, n);
    TD_TRY(td_list_make(td_list_dtype_of(c), &elem, is_empty ? 0 : n, &l));
    if (is_empty && n >= 0) td_list_limit(l, n);
    return td_list_put(c, 0, l);
}

static td_status from_tensor_infer(td_call *c)
{
    const td_shape *const t = &td_in(c, 0)->shape;
    td_list_hint h = { .shapes = TD_LIST_NONE, .length = t->dims[0] };

    td_out(c, 0)->shape = (td_shape){ 0 };
    if (t->rank < 1) return NULL; /* run says what is wrong */
    if (h.length > 0) {
        h.shapes = TD_LIST_SAME;
        h.elem.rank = t->rank - 1;
        for (int i = 1; i < t->rank; i++)
            h.elem.dims[i - 1] = t->dims[i];
    }
    td_list_hint_set(&td_out(c, 0)->shape, &h);
    return NULL;
}

static td_status from_tensor_run(td_call *c)
{
    const td_tensor *const t = td_in(c, 0);
    td_shape elem;
    td_tensor all;
    td_list *l = NULL;

    if (t->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Tensor must be at least a vector, but saw shape: []");
    TD_TRY(td_list_need_shape(c, 1, &elem));
    td_shape row = t->shape, joint = elem;

    row.rank--;
    memmove(row.dims, row.dims + 1, (size_t)row.rank * sizeof *row.dims);
    if (!td_shape_merge(&joint, &row)) return td_list_mismatch(c, &row, &elem);
    TD_TRY(td_list_make(t->dtype, &elem, t->shape.dims[0], &l));
    const td_status s = td_list_keep(t, &all);

    if (s) {
        td_list_unref(l);
        return s;
    }
    for (int64_t i = 0; i < t->shape.dims[0]; i++)
        td_list_init(l, i, td_tensor_rows(&all, i, 1, true));
    td_tensor_unref(&all);
    return td_list_put(c, 0, l);
}

/* tensor, element_shape, lengths: element i has lengths[i] rows. */
static td_status split_run(td_call *c)
{
    td_shape elem;
    td_list *l;

    TD_TRY(td_list_need_shape(c, 1, &elem));
    TD_TRY(td_list_split(c, td_in(c, 0), td_in(c, 2), &elem, &l));
    return td_list_put(c, 0, l);
}

/* tensor, indices, element_shape[, num_elements] */
static td_status scatter_run(td_call *c)
{
    const td_tensor *const t = td_in(c, 0), *const index = td_in(c, 1);
    int64_t n = -1, most = -1;
    td_shape elem;
    td_list *l = NULL, *made;

    TD_TRY(td_list_need_shape(c, 2, &elem));
    if (c->n_in > 3) TD_TRY(td_need_one(c, 3, &n));
    for (int64_t i = 0; i < td_shape_count(&index->shape); i++)
        most = TD_MAX(most, td_tensor_int(index, (size_t)i));
    if (n >= 0 && most >= n)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "TensorListScatter: Trying to scatter at index %" PRId64 " in list with size %" PRId64, most, n);
    TD_TRY(td_list_make(t->dtype, &elem, n >= 0 ? n : most + 1, &l));
    const td_status s = td_list_scatter(c, l, t, index, &made);

    td_list_unref(l);
    return s ? s : td_list_put(c, 0, made);
}

/* list, tensor, indices */
static td_status scatter_into_run(td_call *c)
{
    td_list *l = NULL, *made;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
    TD_TRY(td_list_scatter(c, l, td_in(c, 1), td_in(c, 2), &made));
    return td_list_put(c, 0, made);
}

/* ---------------------------------------------------------------- changing */

static td_status set_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->resizes = td_attr_bool(p, "resize_if_index_out_of_bounds");
    return td_list_parse(p);
}

static td_status set_infer(td_call *c)
{
    td_list_hint h = td_list_hint_with(td_list_hint_get(&td_in(c, 0)->shape), &td_in(c, 2)->shape);

    if (((const td_list_attrs *)c->attrs)->resizes) h.length = -1;
    td_out(c, 0)->shape = (td_shape){ 0 };
    td_list_hint_set(&td_out(c, 0)->shape, &h);
    return NULL;
}

/* list, index, item */
static td_status set_run(td_call *c)
{
    const td_tensor *const item = td_in(c, 2);
    td_list *l = NULL, *wide = NULL, *made;
    td_tensor t;
    int64_t i;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
    TD_TRY(td_need_one(c, 1, &i));
    if (i < 0 || (i >= td_list_length(l) && !((const td_list_attrs *)c->attrs)->resizes))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Trying to modify element %" PRId64 " in a list with %" PRId64 " elements.", i,
                         td_list_length(l));
    TD_TRY(td_list_check_item(c, l, &item->shape));
    TD_TRY(td_list_keep(item, &t));
    if (i == td_list_length(l)) {
        TD_TRY(td_list_push(l, t, &made));
        return td_list_put(c, 0, made);
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
    return s ? s : td_list_put(c, 0, made);
}

static td_status push_infer(td_call *c)
{
    td_list_hint h = td_list_hint_with(td_list_hint_get(&td_in(c, 0)->shape), &td_in(c, 1)->shape);

    if (h.length >= 0) h.length++;
    td_out(c, 0)->shape = (td_shape){ 0 };
    td_list_hint_set(&td_out(c, 0)->shape, &h);
    return NULL;
}

static td_status check_room(const td_call *c, const td_list *l)
{
    const int64_t n = td_list_length(l), most = td_list_most(l);

    if (most < 0 || n < most) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT,
                     "Tried to push item into a full list list size: %" PRId64 " max_num_elements: %" PRId64,
                     n, most);
}

static td_status push_run(td_call *c)
{
    td_list *l = NULL, *made;
    td_tensor t;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
    TD_TRY(check_room(c, l));
    TD_TRY(td_list_check_item(c, l, &td_in(c, 1)->shape));
    TD_TRY(td_list_keep(td_in(c, 1), &t));
    TD_TRY(td_list_push(l, t, &made));
    return td_list_put(c, 0, made);
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
    TD_TRY(td_list_keep(td_in(c, 1), &all));
    for (int64_t i = 0; !s && i < n; i++) {
        td_list *l = NULL, *made;

        s = td_list_at(c, 0, (size_t)i, &l);
        if (!s) s = td_list_push(l, td_tensor_rows(&all, i, 1, true), &made);
        if (!s) ((td_list **)td_out(c, 0)->data)[i] = made;
    }
    td_tensor_unref(&all);
    return s;
}

static td_status resize_run(td_call *c)
{
    td_list *l = NULL, *made;
    int64_t n;

    TD_TRY(td_list_in(c, 0, TD_DTYPE_NONE, &l));
    TD_TRY(td_need_one(c, 1, &n));
    if (n < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "TensorListSlice expects size to be non-negative. Got: %" PRId64, n);
    TD_TRY(td_list_resize(l, n, &made));
    return td_list_put(c, 0, made);
}

static td_status concat_lists_run(td_call *c)
{
    td_list *a, *b, *made;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &a));
    TD_TRY(td_list_in(c, 1, td_list_dtype_of(c), &b));
    const int64_t na = td_list_length(a), nb = td_list_length(b);

    TD_TRY(td_list_make(td_list_dtype(a), td_list_elem(a), na + nb, &made));
    for (int64_t i = 0; i < na; i++)
        td_list_init(made, i, td_tensor_ref(td_list_get(a, i)));
    for (int64_t i = 0; i < nb; i++)
        td_list_init(made, na + i, td_tensor_ref(td_list_get(b, i)));
    return td_list_put(c, 0, made);
}

/* ---------------------------------------------------------------- the table */

TD_RUN_KERNEL(reserve_kernels, 0, reserve_run);
TD_RUN_KERNEL(from_tensor_kernels, 0, from_tensor_run);
TD_RUN_KERNEL(split_kernels, 0, split_run);
TD_RUN_KERNEL(scatter_kernels, 0, scatter_run);
TD_RUN_KERNEL(scatter_into_kernels, 0, scatter_into_run);
TD_RUN_KERNEL(set_kernels, 0, set_run);
TD_RUN_KERNEL(push_kernels, 0, push_run);
TD_RUN_KERNEL(push_batch_kernels, 0, push_batch_run);
TD_RUN_KERNEL(resize_kernels, 0, resize_run);
TD_RUN_KERNEL(concat_lists_kernels, 0, concat_lists_run);

#define LIST(op, sig_, attrs_, infer_, kernels_)                                                             \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .attrs_size = sizeof(td_list_attrs),                       \
        .parse = td_list_parse, .infer = infer_, .kernels = kernels_                                         \
    }
#define BOTH "element_dtype: type, shape_type: type"

const td_op td_ops_tensor_list[] = {
    LIST("TensorListReserve", "element_shape: shape_type, num_elements: int32 -> handle: variant", BOTH,
         reserve_infer, reserve_kernels),
    LIST("EmptyTensorList", "element_shape: shape_type, max_num_elements: int32 -> handle: variant", BOTH,
         reserve_infer, reserve_kernels),
    LIST("TensorListFromTensor", "tensor: element_dtype, element_shape: shape_type -> output_handle: variant",
         BOTH, from_tensor_infer, from_tensor_kernels),
    LIST("TensorListSplit",
         "tensor: element_dtype, element_shape: shape_type, lengths: int64 -> output_handle: variant", BOTH,
         td_infer_scalar, split_kernels),
    LIST("TensorListScatter",
         "tensor: element_dtype, indices: int32, element_shape: shape_type -> output_handle: variant", BOTH,
         td_infer_scalar, scatter_kernels),
    LIST("TensorListScatterV2",
         "tensor: element_dtype, indices: int32, element_shape: shape_type, num_elements: int32 -> "
         "output_handle: variant",
         BOTH, td_infer_scalar, scatter_kernels),
    LIST("TensorListScatterIntoExistingList",
         "input_handle: variant, tensor: element_dtype, indices: int32 -> output_handle: variant",
         "element_dtype: type", td_infer_scalar, scatter_into_kernels),
    LIST("TensorListPushBack", "input_handle: variant, tensor: element_dtype -> output_handle: variant",
         "element_dtype: type", push_infer, push_kernels),
    LIST("TensorListConcatLists", "input_a: variant, input_b: variant -> output: variant",
         "element_dtype: type", td_infer_scalar, concat_lists_kernels),
    { .name = "TensorListPushBackBatch",
      .sig = "input_handles: variant, tensor: element_dtype -> output_handles: variant",
      .attrs = "element_dtype: type",
      .infer = td_infer_same,
      .kernels = push_batch_kernels },
    { .name = "TensorListSetItem",
      .sig = "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant",
      .attrs = "element_dtype: type, resize_if_index_out_of_bounds: bool = false",
      .attrs_size = sizeof(td_list_attrs),
      .parse = set_parse,
      .infer = set_infer,
      .kernels = set_kernels },
    { .name = "TensorListResize",
      .sig = "input_handle: variant, size: int32 -> output_handle: variant",
      .attrs = "",
      .infer = td_infer_scalar,
      .kernels = resize_kernels },
    { 0 },
};
