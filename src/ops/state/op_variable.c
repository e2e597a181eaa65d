/* SPDX-License-Identifier: Apache-2.0 */
/* op_variable.c -- resource variables. Reference variables of TF1 become these in passes/deref.
 *
 * A handle is looked up when its program is made (VarHandleOp is pure, so it folds). A read takes a reference
 * to the current value: assignments replace values, they never write into one. Variables that no served
 * signature assigns are constants by the time a signature's program is made (passes/freeze).
 */
#include <string.h>

#include "base/mem.h"
#include "kernels/array/combine.h"
#include "ops/resources.h"
#include "ops/op.h"

typedef struct handle_attrs {
    const char *container, *name;
    td_dtype dtype;
    td_shape shape;
} handle_attrs;

static td_status handle_parse(td_parse *p)
{
    handle_attrs *const a = p->attrs;
    const td_string container = td_attr_string(p, "container"), shared = td_attr_string(p, "shared_name");

    a->container = td_arena_strndup(p->arena, container.data, container.size);
    a->name = shared.size ? td_arena_strndup(p->arena, shared.data, shared.size) : p->node->name;
    a->dtype = td_attr_type(p, "dtype");
    a->shape = *td_attr_shape(p, "shape");
    return NULL;
}

static td_status own_parse(td_parse *p)
{
    handle_attrs *const a = p->attrs;

    *a = (handle_attrs){ "", p->node->name, td_attr_type(p, "dtype"), *td_attr_shape(p, "shape") };
    return NULL;
}

static td_object *variable_make(const void *ctx)
{
    const handle_attrs *const a = ctx;
    td_variable *const v = TD_NEW(td_variable);

    td_object_init(&v->base, &td_variable_class);
    td_mutex_init(&v->mu, TD_LOCK_ops_resource);
    v->name = td_strdup(a->name);
    v->dtype = a->dtype;
    v->shape = a->shape;
    return &v->base;
}

static td_status handle_run(td_call *c)
{
    const handle_attrs *const a = c->attrs;
    td_object *o;

    TD_TRY(
        td_resources_get(c->env->resources, a->container, a->name, &td_variable_class, variable_make, a, &o));
    *(td_object **)td_out(c, 0)->data = o;
    return NULL;
}

/* A variable of one run. */
static td_status own_run(td_call *c)
{
    return td_out_own(c, 0, variable_make(c->attrs));
}

static td_status read_infer(td_call *c)
{
    td_variable *v;
    td_tensor value;

    TD_TRY(td_need(c, 0));
    TD_TRY(td_variable_of(td_in(c, 0), &v));
    if (td_shape_is_known(&v->shape)) {
        td_out(c, 0)->shape = v->shape;
        return NULL;
    }
    const td_status s = td_variable_read(v, &value);
    if (s) {
        c->is_deferred = true;
        return s;
    }
    td_out(c, 0)->shape = value.shape;
    td_tensor_unref(&value);
    return NULL;
}

static td_status read_run(td_call *c)
{
    const td_shape planned = td_out(c, 0)->shape;
    td_variable *v;
    td_tensor value;

    TD_TRY(td_variable_of(td_in(c, 0), &v));
    TD_TRY(td_variable_read(v, &value));
    td_status s = NULL;
    if (value.dtype != td_out(c, 0)->dtype)
        s = TD_ERR(INVALID_ARGUMENT, "Trying to read variable with wrong dtype. Expected %s got %s",
                   td_dtype_name(td_out(c, 0)->dtype), td_dtype_name(value.dtype));
    else if (planned.rank >= 0 && !td_shape_equal(&planned, &value.shape))
        s = TD_ERR(FAILED_PRECONDITION, "variable %s changed its shape", v->name);
    if (!s) s = td_out_set(c, 0, &value);
    td_tensor_unref(&value);
    return s;
}

static td_status assign_check(td_call *c, td_variable **v)
{
    const td_tensor *const value = td_in(c, 1);

    TD_TRY(td_variable_of(td_in(c, 0), v));
    if ((*v)->dtype != value->dtype)
        return TD_ERR(INVALID_ARGUMENT, "Trying to assign variable with wrong dtype. Expected %s got %s",
                      td_dtype_name((*v)->dtype), td_dtype_name(value->dtype));
    return NULL;
}

static td_status assign_parse(td_parse *p)
{
    *(bool *)p->attrs = td_attr_bool(p, "validate_shape");
    return NULL;
}

/* What the variable was declared with; dims may be unknown. */
static td_status check_shape(const td_variable *v, const td_shape *value)
{
    bool fits = v->shape.rank < 0 || v->shape.rank == value->rank;
    char want[TD_SHAPE_TEXT], got[TD_SHAPE_TEXT];

    for (int i = 0; fits && i < v->shape.rank; i++)
        fits = v->shape.dims[i] < 0 || v->shape.dims[i] == value->dims[i];
    if (fits) return NULL;
    return TD_ERR(INVALID_ARGUMENT,
                  "Trying to assign to variable with tensor with wrong shape. Expected %s got %s",
                  td_shape_text(&v->shape, want, sizeof want), td_shape_text(value, got, sizeof got));
}

static td_status assign_run(td_call *c)
{
    td_variable *v;

    TD_TRY(assign_check(c, &v));
    if (*(const bool *)c->attrs) TD_TRY(check_shape(v, &td_in(c, 1)->shape));
    return td_variable_assign(v, td_in(c, 1));
}

/* Adds input 1 to the variable's value, or takes it away. */
static td_status add_into(td_call *c, td_tensor *value, td_combine op)
{
    const td_tensor *const delta = td_in(c, 1);
    td_combine_fn *const fold = td_combine_find(op, value->dtype);

    if (!td_shape_equal(&value->shape, &delta->shape)) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_ERR(
            INVALID_ARGUMENT,
            "Cannot update variable with shape %s using a Tensor with shape %s, shapes must be equal.",
            td_shape_text(&value->shape, a, sizeof a), td_shape_text(&delta->shape, b, sizeof b));
    }
    if (!fold || value->dtype != delta->dtype)
        return TD_ERR(UNIMPLEMENTED, "%s of type %s", c->op->name, td_dtype_name(delta->dtype));
    fold(value->data, delta->data, (size_t)td_shape_count(&delta->shape), 1);
    return NULL;
}

static td_status plus(void *c, td_tensor *value)
{
    return add_into(c, value, TD_COMBINE_ADD);
}

static td_status minus(void *c, td_tensor *value)
{
    return add_into(c, value, TD_COMBINE_SUB);
}

static td_status add_to_variable(td_call *c, bool is_minus)
{
    td_variable *v;

    TD_TRY(assign_check(c, &v));
    return td_variable_update(v, is_minus ? minus : plus, c);
}

static td_status assign_add_run(td_call *c)
{
    return add_to_variable(c, false);
}

static td_status assign_sub_run(td_call *c)
{
    return add_to_variable(c, true);
}

static td_status is_initialized_run(td_call *c)
{
    td_variable *v;
    td_tensor value = { 0 };

    TD_TRY(td_variable_of(td_in(c, 0), &v));
    const td_status s = td_variable_read(v, &value);
    *(bool *)td_out(c, 0)->data = s == NULL;
    td_status_free(s);
    td_tensor_unref(&value);
    return NULL;
}

static td_status shape_run(td_call *c)
{
    td_variable *v;
    td_tensor value;

    TD_TRY(td_variable_of(td_in(c, 0), &v));
    TD_TRY(td_variable_read(v, &value));
    const td_shape s = value.shape;
    td_tensor_unref(&value);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { s.rank } }));
    for (int i = 0; td_out_is_used(c, 0) && i < s.rank; i++) {
        if (td_out(c, 0)->dtype == TD_I32)
            ((int32_t *)td_out(c, 0)->data)[i] = (int32_t)s.dims[i];
        else
            ((int64_t *)td_out(c, 0)->data)[i] = s.dims[i];
    }
    return NULL;
}

static td_status nothing_run(td_call *c)
{
    (void)c;
    return NULL;
}

TD_RUN_KERNEL(handle_kernels, 0, handle_run);
TD_RUN_KERNEL(own_kernels, 0, own_run);
TD_RUN_KERNEL(read_kernels, 0, read_run);
TD_RUN_KERNEL(assign_kernels, 0, assign_run);
TD_RUN_KERNEL(assign_add_kernels, 0, assign_add_run);
TD_RUN_KERNEL(assign_sub_kernels, 0, assign_sub_run);
TD_RUN_KERNEL(is_initialized_kernels, 0, is_initialized_run);
TD_RUN_KERNEL(shape_kernels, 0, shape_run);
TD_RUN_KERNEL(nothing_kernels, 0, nothing_run);

#define ASSIGN_ATTRS "dtype: type, validate_shape: bool = false"

const td_op td_ops_variable[] = {
    { .name = "VarHandleOp",
      .sig = "-> resource: resource",
      .attrs = "container: string = '', shared_name: string = '', debug_name: string = '', dtype: type, "
               "shape: shape, "
               "allowed_devices: list(string) = []",
      .attrs_size = sizeof(handle_attrs),
      .parse = handle_parse,
      .infer = td_infer_scalar,
      .kernels = handle_kernels },
    { .name = "_OwnVariable",
      .sig = "-> resource: resource",
      .attrs = "dtype: type, shape: shape",
      .flags = TD_OP_STATEFUL | TD_OP_BY_REF,
      .attrs_size = sizeof(handle_attrs),
      .parse = own_parse,
      .infer = td_infer_scalar,
      .kernels = own_kernels },
    { .name = "ReadVariableOp",
      .sig = "resource: resource -> value: dtype",
      .attrs = "dtype: type",
      .flags = TD_OP_STATEFUL | TD_OP_BY_REF | TD_OP_READS,
      .infer = read_infer,
      .kernels = read_kernels },
    { .name = "AssignVariableOp",
      .sig = "resource: resource, value: dtype",
      .attrs = ASSIGN_ATTRS,
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .attrs_size = sizeof(bool),
      .parse = assign_parse,
      .kernels = assign_kernels },
    { .name = "AssignAddVariableOp",
      .sig = "resource: resource, value: dtype",
      .attrs = "dtype: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS,
      .kernels = assign_add_kernels },
    { .name = "AssignSubVariableOp",
      .sig = "resource: resource, value: dtype",
      .attrs = "dtype: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS,
      .kernels = assign_sub_kernels },
    { .name = "VarIsInitializedOp",
      .sig = "resource: resource -> is_initialized: bool",
      .flags = TD_OP_STATEFUL,
      .infer = td_infer_scalar,
      .kernels = is_initialized_kernels },
    { .name = "VariableShape",
      .sig = "input: resource -> output: out_type",
      .attrs = "out_type: type = int32",
      .flags = TD_OP_STATEFUL | TD_OP_DYNAMIC | TD_OP_READS,
      .kernels = shape_kernels },
    { .name = "DisableCopyOnRead",
      .sig = "resource: resource",
      .flags = TD_OP_STATEFUL,
      .kernels = nothing_kernels },
    { .name = "DestroyResourceOp",
      .sig = "resource: resource",
      .attrs = "ignore_lookup_error: bool = true",
      .flags = TD_OP_STATEFUL,
      .kernels = nothing_kernels },
    /* TF1's reference variables, for passes/deref only: they have no kernels. */
    { .name = "VariableV2",
      .sig = "-> ref: &dtype",
      .attrs = "shape: shape, dtype: type, container: string = '', shared_name: string = ''",
      .flags = TD_OP_STATEFUL },
    { .name = "Variable",
      .sig = "-> ref: &dtype",
      .attrs = "shape: shape, dtype: type, container: string = '', shared_name: string = ''",
      .flags = TD_OP_STATEFUL },
    { .name = "Assign",
      .sig = "ref: &T, value: T -> output_ref: &T",
      .attrs = "T: type, validate_shape: bool = true, use_locking: bool = true",
      .flags = TD_OP_STATEFUL },
    { .name = "AssignAdd",
      .sig = "ref: &T, value: T -> output_ref: &T",
      .attrs = "T: type, use_locking: bool = false",
      .flags = TD_OP_STATEFUL },
    { .name = "AssignSub",
      .sig = "ref: &T, value: T -> output_ref: &T",
      .attrs = "T: type, use_locking: bool = false",
      .flags = TD_OP_STATEFUL },
    { .name = "TemporaryVariable",
      .sig = "-> ref: &dtype",
      .attrs = "shape: shape, dtype: type, var_name: string = ''",
      .flags = TD_OP_STATEFUL },
    { .name = "DestroyTemporaryVariable",
      .sig = "ref: &T -> value: T",
      .attrs = "T: type, var_name: string",
      .flags = TD_OP_STATEFUL },
    { .name = "IsVariableInitialized",
      .sig = "ref: &dtype -> is_initialized: bool",
      .attrs = "dtype: type",
      .flags = TD_OP_STATEFUL },
    { 0 },
};
