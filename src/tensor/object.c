/* SPDX-License-Identifier: Apache-2.0 */
/* object.c -- reference counts of objects. */
#include "tensor/object.h"

#include "base/macros.h"

void td_object_init(td_object *o, const td_object_class *cls)
{
    atomic_init(&o->refs, 1);
    o->cls = cls;
}

td_object *td_object_ref(td_object *o)
{
    /* relaxed: whoever passes the pointer on already holds a reference, and publishes what it points to */
    if (o) atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

void td_object_unref(td_object *o)
{
    if (!o) return;
    /* release: what we did with the object comes before its end; acquire: so does what others did */
    const unsigned before = atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel);

    TD_ASSERT(before > 0);
    if (before == 1) o->cls->free(o);
}

bool td_object_is_unique(const td_object *o)
{
    /* acquire: pairs with the release of those who dropped theirs,
     * so that our writes come after their reads */
    return atomic_load_explicit(&o->refs, memory_order_acquire) == 1;
}
