/* SPDX-License-Identifier: Apache-2.0 */
/* bag.c -- see bag.h. */
#include "ops/bag.h"

#include "base/mem.h"

td_bag *td_bag_make(const td_object_class *cls, size_t room)
{
    td_bag *const b = TD_NEW(td_bag);

    td_object_init(&b->base, cls);
    b->items = TD_NEW_N(td_tensor, room);
    return b;
}

void td_bag_free(td_object *o)
{
    td_bag *const b = (td_bag *)(void *)o;

    for (size_t i = 0; i < b->n; i++)
        td_tensor_unref(&b->items[i]);
    td_free(b->items);
    td_free(b);
}

void td_bag_unref(td_bag *b)
{
    if (b) td_object_unref(&b->base);
}

td_status td_bag_add(td_bag *b, const td_tensor *t)
{
    if (t->buffer)
        b->items[b->n] = td_tensor_ref(t);
    else
        TD_TRY(td_tensor_copy_flat(t, &b->items[b->n]));
    b->n++;
    return NULL;
}

td_bag *td_bag_at(const td_tensor *t, int64_t at, const td_object_class *cls)
{
    td_object *const *const objects = t->data;

    return objects ? (td_bag *)(void *)td_object_as(objects[at], cls) : NULL;
}

td_status td_bag_in(td_call *c, uint32_t i, const td_object_class *cls, td_bag **out)
{
    td_bag *const b = td_in(c, i)->shape.rank == 0 ? td_bag_at(td_in(c, i), 0, cls) : NULL;

    if (!b) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input handle is not a %s.", cls->name);
    *out = b;
    return NULL;
}

td_status td_bag_put(td_call *c, uint32_t i, td_bag *b)
{
    const td_status s = td_out_make(c, i, &(td_shape){ 0 });

    if (s || !td_out_is_used(c, i))
        td_bag_unref(b);
    else
        *(td_bag **)td_out(c, i)->data = b;
    return s;
}
