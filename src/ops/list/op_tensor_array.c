/* SPDX-License-Identifier: Apache-2.0 */
/* op_tensor_array.c -- TF1's TensorArray and Stack: things that change, in the order that the "flow" edges
 * give.
 *
 * The handle is a resource of one run: its tensor's buffer owns the object, and goes when nobody wants the
 * handle any more. Inside is a TensorList of which only the newest version matters. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "ops/list/list_util.h"

typedef struct array {
    td_object base;
    /* Of list, between rounds that run side by side (flow/rounds.h): they read and write elements, no more. */
    td_mutex mu;
    td_list *list;
    bool grows, is_closed;
} array;

static void free_array(td_object *o)
{
    array *const a = (array *)(void *)o;

    td_list_unref(a->list);
    td_mutex_fini(&a->mu);
    td_free(a);
}

static const td_object_class array_class = { .name = "TensorArray", .free = free_array };

static void release_handle(void *data, void *ctx)
{
    td_object_unref(ctx);
    td_free(data);
}

/* Output 0 becomes a handle of a new array around l, which is taken over. */
static td_status put_array(td_call *c, td_list *l, bool grows)
{
    array *const a = TD_NEW(array);
    td_tensor handle = { .dtype = TD_RESOURCE };

    td_object_init(&a->base, &array_class);
    td_mutex_init(&a->mu, TD_LOCK_ops_array);
    a->list = l;
    a->grows = grows;
    handle.data = td_alloc(sizeof(td_object *));
    *(td_object **)handle.data = &a->base;
    const td_status s = td_buffer_wrap(handle.data, sizeof(td_object *), release_handle, a, &handle.buffer);

    if (s) {
        release_handle(handle.data, a);
        return s;
    }
    const td_status set = td_out_set(c, 0, &handle);

    td_tensor_unref(&handle);
    return set;
}

static td_status array_in(td_call *c, array **out)
{
    const td_tensor *const t = td_in(c, 0);
    td_object *const o = t->data && td_shape_count(&t->shape) == 1 ? *(td_object *const *)t->data : NULL;
    array *const a = (array *)(void *)td_object_as(o, &array_class);

    if (!a) return TD_OP_ERR(c, INVALID_ARGUMENT, "the handle is not that of a TensorArray");
    if (a->is_closed) return TD_OP_ERR(c, INVALID_ARGUMENT, "TensorArray has already been closed.");
    *out = a;
    return NULL;
}

bool td_tensor_array_look(const td_tensor *handle, td_dtype *dtype, int64_t *length)
{
    const bool is_one = handle->dtype == TD_RESOURCE && handle->data && td_shape_count(&handle->shape) == 1;
    td_object *const o = is_one ? *(td_object *const *)handle->data : NULL;
    const array *const a = (array *)(void *)td_object_as(o, &array_class);

    if (!a || a->is_closed) return false;
    *dtype = td_list_dtype(a->list);
    *length = td_list_length(a->list);
    return true;
}

static void replace(array *a, td_list *next)
{
    td_list_unref(a->list);
    a->list = next;
}

/* The flow is a number nobody looks at. */
static td_status put_flow(td_call *c, uint32_t out)
{
    TD_TRY(td_out_make(c, out, &(td_shape){ 0 }));
    if (td_out_is_used(c, out)) *(float *)td_out(c, out)->data = 0;
    return NULL;
}

/* ---------------------------------------------------------------- TensorArrayV3 */

static td_status new_parse(td_parse *p)
{
    td_list_attrs *const a = p->attrs;

    a->dtype = td_attr_type(p, "dtype");
    a->resizes = td_attr_bool(p, "dynamic_size");
    a->shape = td_attr_shape(p, "element_shape");
    return NULL;
}

static td_status new_run(td_call *c)
{
    const td_list_attrs *const a = c->attrs;
    td_list *l;
    int64_t n;

    TD_TRY(td_need_one(c, 0, &n));
    if (n < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "TensorArray size must be >= 0, but is %" PRId64, n);
    TD_TRY(td_list_make(a->dtype, a->shape, n, &l));
    TD_TRY(put_array(c, l, a->resizes));
    return put_flow(c, 1);
}

/* ---------------------------------------------------------------- writing */

static td_status set_locked(array *a, int64_t i, td_tensor t) TD_REQUIRES(a->mu)
{
    td_list *next = NULL;

    if (i >= td_list_length(a->list)) {
        const td_status s = td_list_resize(a->list, i + 1, &next);

        if (s) {
            td_tensor_unref(&t);
            return s;
        }
        replace(a, next);
    }
    TD_TRY(td_list_set(a->list, i, t, &next));
    replace(a, next);
    return NULL;
}

static td_status check_write(const td_call *c, const array *a, int64_t i, const td_tensor *value)
{
    if (i < 0 || (i >= td_list_length(a->list) && !a->grows))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Tried to write to index %" PRId64
                         " but array is not resizeable and size is: %" PRId64,
                         i, td_list_length(a->list));
    if (value->dtype != td_list_dtype(a->list))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "TensorArray dtype is %s but Op is trying to write dtype %s.",
                         td_dtype_name(td_list_dtype(a->list)), td_dtype_name(value->dtype));
    return td_list_check_item(c, a->list, &value->shape);
}

/* t is taken over, also on failure. */
static td_status write_one(const td_call *c, array *a, int64_t i, td_tensor t)
{
    td_mutex_lock(&a->mu);
    td_status s = check_write(c, a, i, &t);

    if (s)
        td_tensor_unref(&t);
    else
        s = set_locked(a, i, t);
    td_mutex_unlock(&a->mu);
    return s;
}

/* handle, index, value, flow */
static td_status write_run(td_call *c)
{
    array *a = NULL;
    int64_t i;
    td_tensor t;

    TD_TRY(td_need_one(c, 1, &i));
    TD_TRY(array_in(c, &a));
    TD_TRY(td_list_keep(td_in(c, 2), &t));
    TD_TRY(write_one(c, a, i, t));
    return put_flow(c, 0);
}

/* handle, indices, value, flow */
static td_status scatter_run(td_call *c)
{
    const td_tensor *const index = td_in(c, 1), *const value = td_in(c, 2);
    array *a = NULL;
    td_list *next = NULL;

    TD_TRY(array_in(c, &a));
    for (int64_t i = 0; i < td_shape_count(&index->shape); i++) {
        const int64_t at = td_tensor_int(index, (size_t)i);

        if (at < 0 || (at >= td_list_length(a->list) && !a->grows))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Max scatter index must be < array size (%" PRId64 " vs. %" PRId64 ")", at,
                             td_list_length(a->list));
    }
    if (value->dtype != td_list_dtype(a->list))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "TensorArray dtype is %s but Op is trying to write dtype %s.",
                         td_dtype_name(td_list_dtype(a->list)), td_dtype_name(value->dtype));
    TD_TRY(td_list_scatter(c, a->list, value, index, &next));
    replace(a, next);
    return put_flow(c, 0);
}

/* handle, value, lengths, flow */
static td_status split_run(td_call *c)
{
    array *a = NULL;
    td_list *next;

    TD_TRY(array_in(c, &a));
    if (td_in(c, 1)->dtype != td_list_dtype(a->list))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "TensorArray dtype is %s but Op is trying to write dtype %s.",
                         td_dtype_name(td_list_dtype(a->list)), td_dtype_name(td_in(c, 1)->dtype));
    if (!a->grows && td_shape_count(&td_in(c, 2)->shape) != td_list_length(a->list))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "TensorArray's size is not equal to the size of lengths (%" PRId64 " vs. %" PRId64
                         "), and the TensorArray is not marked as dynamically resizeable",
                         td_list_length(a->list), td_shape_count(&td_in(c, 2)->shape));
    TD_TRY(td_list_split(c, td_in(c, 1), td_in(c, 2), td_list_elem(a->list), &next));
    replace(a, next);
    return put_flow(c, 0);
}

/* ---------------------------------------------------------------- reading */

static td_status dtype_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->dtype = td_attr_type(p, "dtype");
    return NULL;
}

static td_status shape_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->shape = td_attr_shape(p, "element_shape");
    return dtype_parse(p);
}

static td_status concat_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->shape = td_attr_shape(p, "element_shape_except0");
    return dtype_parse(p);
}

static td_status check_read(const td_call *c, const array *a)
{
    const td_dtype dtype = td_list_dtype_of(c);

    if (dtype != td_list_dtype(a->list))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "TensorArray dtype is %s but Op requested dtype %s.",
                         td_dtype_name(td_list_dtype(a->list)), td_dtype_name(dtype));
    return NULL;
}

/* *out: a reference of element i; of none that was not written, whose shape must be known then. */
static td_status take_locked(const td_call *c, const array *a, int64_t i, td_tensor *out) TD_REQUIRES(a->mu)
{
    TD_TRY(check_read(c, a));
    if (i < 0 || i >= td_list_length(a->list))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Tried to read from index %" PRId64 " but array size is: %" PRId64, i,
                         td_list_length(a->list));
    *out = td_tensor_ref(td_list_get(a->list, i));
    if (out->dtype != TD_DTYPE_NONE) return NULL;
    out->shape = *td_list_elem(a->list);
    if (td_shape_is_known(&out->shape)) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT,
                     "Could not read index %" PRId64 " of a TensorArray because it was not written to", i);
}

static td_status put_zeros(td_call *c, const td_shape *shape)
{
    const td_tensor none = { 0 };

    TD_TRY(td_out_make(c, 0, shape));
    if (td_out_is_used(c, 0)) td_list_copy_item(td_out(c, 0)->data, &none, td_tensor_bytes(td_out(c, 0)));
    return NULL;
}

/* handle, index, flow */
static td_status read_run(td_call *c)
{
    array *a = NULL;
    int64_t i;
    td_tensor t;

    TD_TRY(td_need_one(c, 1, &i));
    TD_TRY(array_in(c, &a));
    td_mutex_lock(&a->mu);
    td_status s = take_locked(c, a, i, &t);
    td_mutex_unlock(&a->mu);
    if (s) return s;
    s = t.dtype == TD_DTYPE_NONE ? put_zeros(c, &t.shape) : td_out_set(c, 0, &t);
    td_tensor_unref(&t);
    return s;
}

/* handle, indices, flow */
static td_status gather_run(td_call *c)
{
    array *a = NULL;

    TD_TRY(array_in(c, &a));
    TD_TRY(check_read(c, a));
    return td_list_stack(c, a->list, td_in(c, 1), ((const td_list_attrs *)c->attrs)->shape);
}

/* handle, flow */
static td_status concat_run(td_call *c)
{
    td_shape given = { .rank = -1 };
    array *a = NULL;

    TD_TRY(array_in(c, &a));
    TD_TRY(check_read(c, a));
    return td_list_concat(c, a->list, &given, NULL);
}

static td_status size_run(td_call *c)
{
    array *a = NULL;

    TD_TRY(array_in(c, &a));
    *(int32_t *)td_out(c, 0)->data = (int32_t)td_list_length(a->list);
    return NULL;
}

static td_status close_run(td_call *c)
{
    array *a = NULL;

    TD_TRY(array_in(c, &a));
    a->is_closed = true;
    return NULL;
}

/* ---------------------------------------------------------------- StackV2 */

static td_status stack_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->dtype = td_attr_type(p, "elem_type");
    return NULL;
}

static td_status stack_run(td_call *c)
{
    td_list *l;

    TD_TRY(td_list_make(td_list_dtype_of(c), &(td_shape){ .rank = -1 }, 0, &l));
    return put_array(c, l, true);
}

/* handle, elem: hands the element on */
static td_status push_run(td_call *c)
{
    array *a = NULL;
    td_list *next;
    td_tensor t;

    TD_TRY(array_in(c, &a));
    if (td_in(c, 1)->dtype != td_list_dtype(a->list))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Must have type %s but got %s",
                         td_dtype_name(td_list_dtype(a->list)), td_dtype_name(td_in(c, 1)->dtype));
    TD_TRY(td_list_keep(td_in(c, 1), &t));
    TD_TRY(td_list_push(a->list, t, &next));
    replace(a, next);
    return td_out_set(c, 0, td_in(c, 1));
}

static td_status pop_run(td_call *c)
{
    array *a = NULL;
    td_list *next;

    TD_TRY(array_in(c, &a));
    TD_TRY(check_read(c, a));
    const int64_t n = td_list_length(a->list);

    if (n == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Stack is empty when calling Pop().");
    TD_TRY(td_out_set(c, 0, td_list_get(a->list, n - 1)));
    TD_TRY(td_list_resize(a->list, n - 1, &next));
    replace(a, next);
    return NULL;
}

TD_RUN_KERNEL(new_kernels, 0, new_run);
TD_RUN_KERNEL(write_kernels, 0, write_run);
TD_RUN_KERNEL(scatter_kernels, 0, scatter_run);
TD_RUN_KERNEL(split_kernels, 0, split_run);
TD_RUN_KERNEL(read_kernels, 0, read_run);
TD_RUN_KERNEL(gather_kernels, 0, gather_run);
TD_RUN_KERNEL(concat_kernels, 0, concat_run);
TD_RUN_KERNEL(size_kernels, 0, size_run);
TD_RUN_KERNEL(close_kernels, 0, close_run);
TD_RUN_KERNEL(stack_kernels, 0, stack_run);
TD_RUN_KERNEL(push_kernels, 0, push_run);
TD_RUN_KERNEL(pop_kernels, 0, pop_run);

#define ARRAY(op, sig_, attrs_, parse_, kernels_)                                                            \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .flags = TD_OP_STATEFUL | TD_OP_DYNAMIC,                   \
        .attrs_size = sizeof(td_list_attrs), .parse = parse_, .kernels = kernels_                            \
    }

const td_op td_ops_tensor_array[] = {
    ARRAY("TensorArrayV3", "size: int32 -> handle: resource, flow: float",
          "dtype: type, element_shape: shape = ?, dynamic_size: bool = false", new_parse, new_kernels),
    ARRAY("TensorArrayWriteV3", "handle: resource, index: int32, value: T, flow_in: float -> flow_out: float",
          "T: type", NULL, write_kernels),
    ARRAY("TensorArrayScatterV3",
          "handle: resource, indices: int32, value: T, flow_in: float -> flow_out: float", "T: type", NULL,
          scatter_kernels),
    ARRAY("TensorArraySplitV3",
          "handle: resource, value: T, lengths: int64, flow_in: float -> flow_out: float", "T: type", NULL,
          split_kernels),
    ARRAY("TensorArrayReadV3", "handle: resource, index: int32, flow_in: float -> value: dtype",
          "dtype: type", dtype_parse, read_kernels),
    ARRAY("TensorArrayGatherV3", "handle: resource, indices: int32, flow_in: float -> value: dtype",
          "dtype: type, element_shape: shape = ?", shape_parse, gather_kernels),
    ARRAY("TensorArrayConcatV3", "handle: resource, flow_in: float -> value: dtype, lengths: int64",
          "dtype: type, element_shape_except0: shape = ?", concat_parse, concat_kernels),
    { .name = "TensorArraySizeV3",
      .sig = "handle: resource, flow_in: float -> size: int32",
      .flags = TD_OP_STATEFUL,
      .infer = td_infer_scalar,
      .kernels = size_kernels },
    { .name = "TensorArrayCloseV3",
      .sig = "handle: resource ->",
      .flags = TD_OP_STATEFUL,
      .kernels = close_kernels },
    ARRAY("StackV2", "max_size: int32 -> handle: resource", "elem_type: type, stack_name: string = ''",
          stack_parse, stack_kernels),
    ARRAY("StackPushV2", "handle: resource, elem: T -> output: T", "T: type, swap_memory: bool = false", NULL,
          push_kernels),
    ARRAY("StackPopV2", "handle: resource -> elem: elem_type", "elem_type: type", stack_parse, pop_kernels),
    { .name = "StackCloseV2",
      .sig = "handle: resource ->",
      .flags = TD_OP_STATEFUL,
      .kernels = close_kernels },
    { 0 },
};
