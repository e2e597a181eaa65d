/* SPDX-License-Identifier: Apache-2.0 */
/* object.h -- what an element of a RESOURCE or VARIANT tensor points to: a variable, a table, a tensor list.
 *
 * The first member of a larger struct, with a reference count. Elements of RESOURCE tensors are borrowed (the
 * session owns its resources); elements of VARIANT tensors are owned by the tensor's buffer, which drops them
 * with itself.
 */
#ifndef TD_TENSOR_OBJECT_H
#define TD_TENSOR_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct td_object td_object;

typedef struct td_object_class {
    const char *name;           /* "TensorList"; classes are compared by address */
    void (*free)(td_object *o); /* called with the last reference; frees the struct, too */
    /* Its name when whoever reads it now fails; NULL: nobody does. */
    const char *(*lacks_value)(td_object *o);
} td_object_class;

struct td_object {
    atomic_uint refs;
    const td_object_class *cls;
};

void td_object_init(td_object *o, const td_object_class *cls); /* one reference, the caller's */
td_object *td_object_ref(td_object *o);                        /* returns o; NULL is fine */
void td_object_unref(td_object *o);                            /* NULL is fine */
bool td_object_is_unique(const td_object *o); /* exactly one reference: its holder may write */

/* o when it is of that class, else NULL (also for NULL). */
static inline td_object *td_object_as(td_object *o, const td_object_class *cls)
{
    return o && o->cls == cls ? o : NULL;
}

#endif
