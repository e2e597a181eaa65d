/* SPDX-License-Identifier: Apache-2.0 */
/* resources.h -- what a model keeps between requests: variables, tables, by container and name.
 *
 * One td_resources per session. Look-ups lock; handles that programs hold do not: a VarHandleOp is looked up
 * when its program is made. */
#ifndef TD_OPS_RESOURCES_H
#define TD_OPS_RESOURCES_H

#include "tensord/tensor.h"

#include "base/mutex.h"
#include "ops/op.h"
#include "tensor/object.h"

td_resources *td_resources_make(void);
void td_resources_free(td_resources *r); /* drops its references */

/* Finds the resource `name` of class cls, or makes it by make(ctx). The session owns it; the pointer lives as
 * long as the session. INVALID_ARGUMENT when the name is taken by another class. */
TD_MUST_USE td_status td_resources_get(td_resources *r, const char *container, const char *name,
                                       const td_object_class *cls, td_object *(*make)(const void *ctx),
                                       const void *ctx, td_object **out);

/* Output i, a scalar, becomes a handle that owns o, whose reference is taken, also on failure: it goes with the run. */
TD_MUST_USE td_status td_out_own(td_call *c, uint32_t i, td_object *o);

/* A variable. `mu` guards value; readers copy or take a reference under it. */
typedef struct td_variable {
    td_object base;
    td_mutex mu;
    td_tensor value; /* dtype TD_DTYPE_NONE: not initialised */
    char *name;
    td_dtype dtype;
    td_shape shape;   /* as declared; may be unknown */
    bool is_reached;  /* a served signature or the init op has its handle; set while the session loads */
    bool is_assigned; /* by a served signature; set while the session loads */
    bool is_given;    /* likewise, by one that need not read it first */
} td_variable;

extern const td_object_class td_variable_class;

/* A reference to the current value; FAILED_PRECONDITION as TensorFlow words it when there is none. */
TD_MUST_USE td_status td_variable_read(td_variable *v, td_tensor *out);
/* Makes value the variable's: takes a reference when the tensor owns its buffer, copies otherwise. */
TD_MUST_USE td_status td_variable_assign(td_variable *v, const td_tensor *value);
/* Changes the value by change(ctx, value), which works on a copy: readers see all of it or nothing, and those that
 * hold the old value keep it. No lock is held meanwhile; when another change came first, it is called again, on a
 * copy of what that one left. An error of change leaves the variable as it was. */
TD_MUST_USE td_status td_variable_update(td_variable *v, td_status (*change)(void *ctx, td_tensor *value),
                                         void *ctx);
/* The name of the variable or table behind element 0 of a resource tensor, when nothing has given it a value and
 * no served signature is known to; else NULL. */
const char *td_resource_lacks_value(const td_tensor *handle);
/* Does any variable that a served signature reaches, or any table, lack a value? */
bool td_resources_lack_values(td_resources *r);
/* The variable behind element 0 of a resource tensor; INVALID_ARGUMENT when it is something else. */
TD_MUST_USE td_status td_variable_of(const td_tensor *handle, td_variable **out);

#endif
