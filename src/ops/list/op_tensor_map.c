/* SPDX-License-Identifier: Apache-2.0 */
/* op_tensor_map.c -- TensorMap and Optional: small variants that hold tensors.
 *
 * A map is a list of pairs, in the order in which keys came.
 * Changing one makes a new one, which shares the tensors. */
#include <string.h>

#include "base/macros.h"
#include "ops/bag.h"

/* A map is the bag of key, value, key, value...; an optional that of its components. */
static const td_object_class map_class = { .name = "TensorMap", .free = td_bag_free };
static const td_object_class optional_class = { .name = "Optional", .free = td_bag_free };

/* ---------------------------------------------------------------- maps */

static bool same_key(const td_tensor *a, const td_tensor *b)
{
    const int64_t n = td_shape_count(&a->shape);

    if (a->dtype != b->dtype || !td_shape_equal(&a->shape, &b->shape)) return false;
    if (a->dtype != TD_STRING) return n == 0 || memcmp(a->data, b->data, td_tensor_bytes(a)) == 0;
    for (int64_t i = 0; i < n; i++) {
        const td_string *const x = (const td_string *)a->data + i, *const y = (const td_string *)b->data + i;

        if (x->size != y->size || (x->size && memcmp(x->data, y->data, x->size) != 0)) return false;
    }
    return true;
}

/* The place of a key among the items; n when it is not there. */
static size_t find_key(const td_bag *m, const td_tensor *key)
{
    size_t i = 0;

    while (i < m->n && !same_key(&m->items[i], key))
        i += 2;
    return i;
}

static td_status empty_run(td_call *c)
{
    return td_bag_put(c, 0, td_bag_make(&map_class, 0));
}

static td_status size_run(td_call *c)
{
    td_bag *m = NULL;

    TD_TRY(td_bag_in(c, 0, &map_class, &m));
    *(int32_t *)td_out(c, 0)->data = (int32_t)(m->n / 2);
    return NULL;
}

static td_status has_key_run(td_call *c)
{
    td_bag *m = NULL;

    TD_TRY(td_bag_in(c, 0, &map_class, &m));
    *(uint8_t *)td_out(c, 0)->data = find_key(m, td_in(c, 1)) < m->n;
    return NULL;
}

static td_status lookup_run(td_call *c)
{
    td_bag *m = NULL;

    TD_TRY(td_bag_in(c, 0, &map_class, &m));
    const size_t at = find_key(m, td_in(c, 1));

    if (at == m->n) return TD_OP_ERR(c, INVALID_ARGUMENT, "Trying to lookup non-existent key.");
    if (td_out_is_used(c, 0) && m->items[at + 1].dtype != td_out(c, 0)->dtype)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "the value is of type %s",
                         td_dtype_name(m->items[at + 1].dtype));
    return td_out_set(c, 0, &m->items[at + 1]);
}

/* A copy of m without the pair at `skip`, and with room for one more. */
static td_status copy_map(const td_bag *m, size_t skip, td_bag **out)
{
    td_bag *const made = td_bag_make(&map_class, m->n + 2);

    for (size_t i = 0; i < m->n; i++)
        if (i / 2 != skip / 2 || skip == m->n) made->items[made->n++] = td_tensor_ref(&m->items[i]);
    *out = made;
    return NULL;
}

static td_status insert_run(td_call *c)
{
    td_bag *m = NULL, *made;

    TD_TRY(td_bag_in(c, 0, &map_class, &m));
    TD_TRY(copy_map(m, find_key(m, td_in(c, 1)), &made));
    td_status s = td_bag_add(made, td_in(c, 1));
    if (!s) s = td_bag_add(made, td_in(c, 2));
    if (!s) return td_bag_put(c, 0, made);
    td_bag_unref(made);
    return s;
}

static td_status erase_run(td_call *c)
{
    td_bag *m = NULL, *made;

    TD_TRY(td_bag_in(c, 0, &map_class, &m));
    const size_t at = find_key(m, td_in(c, 1));

    if (at == m->n) return TD_OP_ERR(c, INVALID_ARGUMENT, "Trying to erase non-existent item.");
    TD_TRY(copy_map(m, at, &made));
    return td_bag_put(c, 0, made);
}

static td_status stack_keys_run(td_call *c)
{
    td_bag *m = NULL;

    TD_TRY(td_bag_in(c, 0, &map_class, &m));
    if (m->n == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "TensorMapStackKeys cannot be called on empty map.");
    const td_shape *const key = &m->items[0].shape;
    int64_t dims[TD_MAX_RANK + 1] = { (int64_t)m->n / 2 };
    td_shape s;

    for (int i = 0; i < key->rank; i++)
        dims[i + 1] = key->dims[i];
    TD_TRY(td_shape_make(key->rank + 1, dims, &s));
    TD_TRY(td_out_make(c, 0, &s));
    if (!td_out_is_used(c, 0)) return NULL;
    const size_t row = td_tensor_bytes(&m->items[0]);

    for (size_t i = 0; i < m->n; i += 2) {
        if (m->items[i].dtype != td_out(c, 0)->dtype || !td_shape_equal(&m->items[i].shape, key))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Keys must all have the same type and shape.");
        if (row) memcpy((char *)td_out(c, 0)->data + i / 2 * row, m->items[i].data, row);
    }
    return NULL;
}

/* ---------------------------------------------------------------- optionals */

static td_status none_run(td_call *c)
{
    return td_bag_put(c, 0, td_bag_make(&optional_class, 0));
}

static td_status from_value_run(td_call *c)
{
    td_bag *const b = td_bag_make(&optional_class, c->n_in);
    td_status s = NULL;

    b->has_value = true;
    for (uint32_t i = 0; !s && i < c->n_in; i++)
        s = td_bag_add(b, td_in(c, i));
    if (!s) return td_bag_put(c, 0, b);
    td_bag_unref(b);
    return s;
}

static td_status has_value_run(td_call *c)
{
    td_bag *b = NULL;

    TD_TRY(td_bag_in(c, 0, &optional_class, &b));
    *(uint8_t *)td_out(c, 0)->data = b->has_value;
    return NULL;
}

static td_status get_value_run(td_call *c)
{
    td_bag *b = NULL;

    TD_TRY(td_bag_in(c, 0, &optional_class, &b));
    if (!b->has_value) return TD_OP_ERR(c, INVALID_ARGUMENT, "The given optional does not have a value.");
    if (b->n != c->n_out)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "The given optional has %zu components, expected %u.", b->n,
                         c->n_out);
    for (uint32_t i = 0; i < c->n_out; i++) {
        if (td_out_is_used(c, i) && td_out(c, i)->dtype != b->items[i].dtype)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "component %u of the optional is of type %s", i,
                             td_dtype_name(b->items[i].dtype));
        TD_TRY(td_out_set(c, i, &b->items[i]));
    }
    return NULL;
}

TD_RUN_KERNEL(empty_kernels, 0, empty_run);
TD_RUN_KERNEL(size_kernels, 0, size_run);
TD_RUN_KERNEL(has_key_kernels, 0, has_key_run);
TD_RUN_KERNEL(lookup_kernels, 0, lookup_run);
TD_RUN_KERNEL(insert_kernels, 0, insert_run);
TD_RUN_KERNEL(erase_kernels, 0, erase_run);
TD_RUN_KERNEL(stack_keys_kernels, 0, stack_keys_run);
TD_RUN_KERNEL(none_kernels, 0, none_run);
TD_RUN_KERNEL(from_value_kernels, 0, from_value_run);
TD_RUN_KERNEL(has_value_kernels, 0, has_value_run);
TD_RUN_KERNEL(get_value_kernels, 0, get_value_run);

#define SCALAR(op, sig_, attrs_, kernels_)                                                                   \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .infer = td_infer_scalar, .kernels = kernels_              \
    }
#define DYNAMIC(op, sig_, attrs_, kernels_)                                                                  \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .flags = TD_OP_DYNAMIC, .kernels = kernels_                \
    }

const td_op td_ops_tensor_map[] = {
    SCALAR("EmptyTensorMap", "-> handle: variant", "", empty_kernels),
    SCALAR("TensorMapSize", "input_handle: variant -> size: int32", "", size_kernels),
    SCALAR("TensorMapHasKey", "input_handle: variant, key: key_dtype -> has_key: bool", "key_dtype: type",
           has_key_kernels),
    SCALAR("TensorMapInsert",
           "input_handle: variant, key: key_dtype, value: value_dtype -> output_handle: variant",
           "key_dtype: type, value_dtype: type", insert_kernels),
    SCALAR("TensorMapErase", "input_handle: variant, key: key_dtype -> output_handle: variant",
           "key_dtype: type, value_dtype: type", erase_kernels),
    DYNAMIC("TensorMapLookup", "input_handle: variant, key: key_dtype -> value: value_dtype",
            "key_dtype: type, value_dtype: type", lookup_kernels),
    DYNAMIC("TensorMapStackKeys", "input_handle: variant -> keys: key_dtype", "key_dtype: type",
            stack_keys_kernels),
    SCALAR("OptionalNone", "-> optional: variant", "", none_kernels),
    SCALAR("OptionalFromValue", "components: Toutput_types -> optional: variant", "Toutput_types: list(type)",
           from_value_kernels),
    SCALAR("OptionalHasValue", "optional: variant -> has_value: bool", "", has_value_kernels),
    DYNAMIC("OptionalGetValue", "optional: variant -> components: output_types",
            "output_types: list(type), output_shapes: list(shape)", get_value_kernels),
    { 0 },
};
