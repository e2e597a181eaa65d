/* SPDX-License-Identifier: Apache-2.0 */
/* list_util.c -- see list_util.h. */
#include "ops/list/list_util.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"

td_status td_list_parse(td_parse *p)
{
    ((td_list_attrs *)p->attrs)->dtype = td_attr_type(p, "element_dtype");
    return NULL;
}

td_status td_list_at(td_call *c, uint32_t i, size_t at, td_list **out)
{
    TD_TRY(td_need(c, i));
    const td_tensor *const t = td_in(c, i);
    td_object *const o = (size_t)td_shape_count(&t->shape) > at ? ((td_object *const *)t->data)[at] : NULL;
    td_list *const l = (td_list *)(void *)td_object_as(o, &td_list_class);

    if (!l) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input handle is not a list.");
    *out = l;
    return NULL;
}

td_status td_list_in(td_call *c, uint32_t i, td_dtype dtype, td_list **out)
{
    const td_tensor *const t = td_in(c, i);
    td_list *l = NULL;

    if (t->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input handle must be a scalar, saw rank %d",
                         (int)t->shape.rank);
    TD_TRY(td_list_at(c, i, 0, &l));
    if (dtype != TD_DTYPE_NONE && td_list_dtype(l) != dtype)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid data types; op elements %s but list elements %s",
                         td_dtype_name(dtype), td_dtype_name(td_list_dtype(l)));
    *out = l;
    return NULL;
}

td_status td_list_put(td_call *c, uint32_t i, td_list *l)
{
    td_status s = td_out_make(c, i, &(td_shape){ 0 });

    if (s || !td_out_is_used(c, i)) {
        td_list_unref(l);
        return s;
    }
    const td_list_hint known = td_list_known(l);

    *(td_list **)td_out(c, i)->data = l;
    td_list_hint_set(&td_out(c, i)->shape, &known);
    return NULL;
}

td_status td_list_need_shape(td_call *c, uint32_t i, td_shape *out)
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

bool td_shape_merge(td_shape *a, const td_shape *b)
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

td_status td_list_mismatch(const td_call *c, const td_shape *a, const td_shape *b)
{
    char x[TD_SHAPE_TEXT], y[TD_SHAPE_TEXT];

    return TD_OP_ERR(c, INVALID_ARGUMENT,
                     "Tried to use a tensor of shape %s in a list with elements of shape %s (op %s)",
                     td_shape_text(a, x, sizeof x), td_shape_text(b, y, sizeof y), c->op->name);
}

td_status td_list_common_shape(const td_call *c, td_list *l, const td_shape *given, td_shape *out)
{
    td_shape s = *td_list_elem(l);

    if (!td_shape_merge(&s, given)) return td_list_mismatch(c, given, td_list_elem(l));
    for (int64_t i = 0; i < td_list_length(l); i++) {
        const td_tensor *const t = td_list_get(l, i);

        if (t->dtype != TD_DTYPE_NONE && !td_shape_merge(&s, &t->shape))
            return td_list_mismatch(c, &t->shape, &s);
    }
    if (!td_shape_is_known(&s))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Tried to stack list which only contains uninitialized tensors and has a "
                         "non-fully-defined element shape");
    *out = s;
    return NULL;
}

td_status td_list_keep(const td_tensor *t, td_tensor *out)
{
    if (!t->buffer) return td_tensor_copy_flat(t, out);
    *out = td_tensor_ref(t);
    return NULL;
}

td_tensor td_tensor_rows(const td_tensor *t, int64_t at, int64_t n, bool flat)
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

td_status td_list_check_item(const td_call *c, const td_list *l, const td_shape *item)
{
    td_shape s = *td_list_elem(l);

    return td_shape_merge(&s, item) ? NULL : td_list_mismatch(c, item, td_list_elem(l));
}

void td_list_copy_item(char *to, const td_tensor *t, size_t bytes)
{
    if (!bytes) return;
    if (t->dtype == TD_DTYPE_NONE) {
        memset(to, 0, bytes);
        return;
    }
    memcpy(to, t->data, bytes);
    if (t->dtype != TD_VARIANT) return;
    for (size_t i = 0; i < bytes / sizeof(td_object *); i++)
        td_object_ref(((td_object **)(void *)to)[i]);
}
