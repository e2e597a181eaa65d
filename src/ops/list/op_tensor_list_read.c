/* SPDX-License-Identifier: Apache-2.0 */
/* op_tensor_list_read.c -- the TensorList ops that read lists. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/list/list_util.h"

/* ---------------------------------------------------------------- reading */

/* Element i of l as the op's output `out`; zeros when it is not set. given: input with its shape. */
static td_status put_item(td_call *c, uint32_t out, td_list *l, int64_t i, uint32_t given)
{
    const td_tensor *const t = td_list_get(l, i);
    td_shape s = *td_list_elem(l), g;

    TD_TRY(td_list_need_shape(c, given, &g));
    if (t->dtype != TD_DTYPE_NONE) {
        if (!td_shape_merge(&g, &t->shape)) return td_list_mismatch(c, &g, &t->shape);
        return td_out_set(c, out, t);
    }
    if (!td_shape_merge(&s, &g) || !td_shape_is_known(&s)) {
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

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), l));
    TD_TRY(td_need_one(c, 1, i));
    if (*i < 0 || *i >= td_list_length(*l))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Trying to access element %" PRId64 " in a list with %" PRId64 " elements.", *i,
                         td_list_length(*l));
    return NULL;
}

/* Without the list, the shape is what the op is told and what the hint says, if that is all of it. */
static td_status get_infer(td_call *c)
{
    const td_list_hint hint = td_list_hint_get(&td_in(c, 0)->shape);
    td_list *l = NULL;
    int64_t i = 0;
    td_shape s;

    TD_TRY(td_list_need_shape(c, 2, &s));
    if (!td_shape_is_known(&s) && hint.shapes == TD_LIST_SAME && !td_shape_merge(&s, &hint.elem))
        return td_list_mismatch(c, &s, &hint.elem);
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
    const td_shape planned = td_out(c, 0)->shape;
    td_list *l = NULL;
    int64_t i = 0;

    TD_TRY(find_item(c, &l, &i));
    TD_TRY(put_item(c, 0, l, i, 2));
    return td_shape_equal(&planned, &td_out(c, 0)->shape)
               ? NULL
               : td_list_mismatch(c, &planned, &td_out(c, 0)->shape);
}

static td_status pop_run(td_call *c)
{
    td_list *l = NULL, *made;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
    if (td_list_length(l) == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Trying to pop from an empty list.");
    TD_TRY(put_item(c, 1, l, td_list_length(l) - 1, 1));
    TD_TRY(td_list_resize(l, td_list_length(l) - 1, &made));
    return td_list_put(c, 0, made);
}

static td_status length_run(td_call *c)
{
    td_list *l = NULL;

    TD_TRY(td_list_in(c, 0, TD_DTYPE_NONE, &l));
    *(int32_t *)td_out(c, 0)->data = (int32_t)td_list_length(l);
    return NULL;
}

/* The element shape as ops take it: -1 when nothing is known. */
static td_status elem_shape_run(td_call *c)
{
    td_list *l = NULL;

    TD_TRY(td_list_in(c, 0, TD_DTYPE_NONE, &l));
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

static td_status stack_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->num_elements = td_attr_int(p, "num_elements");
    return td_list_parse(p);
}

/* [length, element]: by the hint, or by looking at the list. */
static td_status stack_infer(td_call *c)
{
    const td_list_hint hint = td_list_hint_get(&td_in(c, 0)->shape);
    td_list *l = NULL;
    td_shape elem;
    int64_t n = hint.length;

    TD_TRY(td_list_need_shape(c, 1, &elem));
    if (hint.shapes == TD_LIST_SAME && n >= 0) {
        if (!td_shape_merge(&elem, &hint.elem)) return td_list_mismatch(c, &elem, &hint.elem);
    } else {
        TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
        TD_TRY(td_list_common_shape(c, l, &elem, &elem));
        n = td_list_length(l);
    }
    return td_list_stack_shape(n, &elem, &td_out(c, 0)->shape);
}

static td_status stack_run(td_call *c)
{
    const int64_t want = ((const td_list_attrs *)c->attrs)->num_elements;
    const td_shape *const out = &td_out(c, 0)->shape;
    td_list *l = NULL;
    td_shape elem, planned;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
    const int64_t n = td_list_length(l);

    if (want >= 0 && want != n)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Operation expected a list with %" PRId64 " elements but got a list with %" PRId64
                         " elements.",
                         want, n);
    TD_TRY(td_list_need_shape(c, 1, &elem));
    TD_TRY(td_list_common_shape(c, l, &elem, &elem));
    TD_TRY(td_list_stack_shape(n, &elem, &planned));
    if (!td_shape_equal(&planned, out)) return td_list_mismatch(c, &planned, out);
    if (td_out(c, 0)->dtype == TD_VARIANT)
        TD_TRY(td_out_make(c, 0, &planned)); /* they have no place of their own */
    const size_t row = (size_t)td_shape_count(&elem) * td_dtype_size(td_out(c, 0)->dtype);

    td_list_copy_items(c, l, NULL, n, row);
    return NULL;
}

/* list, indices, element_shape */
static td_status gather_run(td_call *c)
{
    td_list *l = NULL;
    td_shape given;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
    TD_TRY(td_list_need_shape(c, 2, &given));
    return td_list_stack(c, l, td_in(c, 1), &given);
}

/* ---------------------------------------------------------------- TensorListConcat */

static td_status concat_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->shape = td_attr_shape(p, "element_shape");
    return td_list_parse(p);
}

static td_status concat_run(td_call *c)
{
    td_list *l = NULL;
    td_shape given;

    TD_TRY(td_list_in(c, 0, td_list_dtype_of(c), &l));
    if (c->n_in == 1) return td_list_concat(c, l, ((const td_list_attrs *)c->attrs)->shape, NULL);
    TD_TRY(td_list_need_shape(c, 1, &given));
    return td_list_concat(c, l, &given, td_in(c, 2));
}

/* ---------------------------------------------------------------- the table */

TD_RUN_KERNEL(get_kernels, 0, get_run);
TD_RUN_KERNEL(pop_kernels, 0, pop_run);
TD_RUN_KERNEL(length_kernels, 0, length_run);
TD_RUN_KERNEL(elem_shape_kernels, 0, elem_shape_run);
TD_RUN_KERNEL(stack_kernels, 0, stack_run);
TD_RUN_KERNEL(gather_kernels, 0, gather_run);
TD_RUN_KERNEL(concat_kernels, 0, concat_run);

#define BOTH "element_dtype: type, shape_type: type"

const td_op td_ops_tensor_list_read[] = {
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
      .attrs_size = sizeof(td_list_attrs),
      .parse = td_list_parse,
      .infer = get_infer,
      .kernels = get_kernels },
    { .name = "TensorListPopBack",
      .sig = "input_handle: variant, element_shape: int32 -> output_handle: variant, tensor: element_dtype",
      .attrs = "element_dtype: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(td_list_attrs),
      .parse = td_list_parse,
      .kernels = pop_kernels },
    { .name = "TensorListStack",
      .sig = "input_handle: variant, element_shape: int32 -> tensor: element_dtype",
      .attrs = "element_dtype: type, num_elements: int = -1",
      .attrs_size = sizeof(td_list_attrs),
      .parse = stack_parse,
      .infer = stack_infer,
      .kernels = stack_kernels },
    { .name = "TensorListGather",
      .sig = "input_handle: variant, indices: int32, element_shape: int32 -> values: element_dtype",
      .attrs = "element_dtype: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(td_list_attrs),
      .parse = td_list_parse,
      .kernels = gather_kernels },
    { .name = "TensorListConcat",
      .sig = "input_handle: variant -> tensor: element_dtype, lengths: int64",
      .attrs = "element_dtype: type, element_shape: shape = ?",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(td_list_attrs),
      .parse = concat_parse,
      .kernels = concat_kernels },
    { .name = "TensorListConcatV2",
      .sig = "input_handle: variant, element_shape: shape_type, leading_dims: int64 -> tensor: "
             "element_dtype, lengths: int64",
      .attrs = BOTH,
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(td_list_attrs),
      .parse = td_list_parse,
      .kernels = concat_kernels },
    { 0 },
};
