/* SPDX-License-Identifier: Apache-2.0 */
/* resources.c -- a session's named state, and variables, the plainest kind of it. */
#include "ops/resources.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

struct td_resources {
    td_mutex mu;
    td_map by_key; /* "container/name" -> td_object; keys are owned */
};

td_resources *td_resources_make(void)
{
    td_resources *const r = TD_NEW(td_resources);

    td_mutex_init(&r->mu, TD_LOCK_ops_resources);
    return r;
}

void td_resources_free(td_resources *r)
{
    const char *key;
    void *value;

    if (!r) return;
    for (size_t i = 0; td_map_next(&r->by_key, &i, &key, &value);) {
        td_object_unref(value);
        td_free((void *)(uintptr_t)key);
    }
    td_map_fini(&r->by_key);
    td_mutex_fini(&r->mu);
    td_free(r);
}

static td_object *find(td_resources *r, const char *key)
{
    td_mutex_lock(&r->mu);
    td_object *const o = td_map_get(&r->by_key, key);
    td_mutex_unlock(&r->mu);
    return o;
}

/* Takes over key and made; returns what is there now. */
static td_object *insert(td_resources *r, char *key, td_object *made)
{
    td_mutex_lock(&r->mu);
    td_object *const o = td_map_get(&r->by_key, key);
    if (!o) (void)td_map_put(&r->by_key, key, made);
    td_mutex_unlock(&r->mu);
    if (!o) return made;
    td_free(key); /* somebody else was faster */
    td_object_unref(made);
    return o;
}

td_status td_resources_get(td_resources *r, const char *container, const char *name,
                           const td_object_class *cls, td_object *(*make)(const void *ctx), const void *ctx,
                           td_object **out)
{
    char *const key = td_format("%s/%s", container, name);
    td_object *o = find(r, key);

    if (!o && make)
        o = insert(r, key, make(ctx));
    else
        td_free(key);
    if (!o) return TD_ERR(NOT_FOUND, "Resource %s/%s does not exist.", container, name);
    if (o->cls != cls)
        return TD_ERR(INVALID_ARGUMENT, "Resource %s is a %s, not a %s", name, o->cls->name, cls->name);
    *out = o;
    return NULL;
}

static void drop_owned(void *data, void *ctx)
{
    td_object **const cell = data;

    (void)ctx;
    td_object_unref(*cell);
    td_free(cell);
}

td_status td_out_own(td_call *c, uint32_t i, td_object *o)
{
    td_object **const cell = td_try_alloc(sizeof *cell, _Alignof(td_object *));
    td_tensor handle = { .dtype = TD_RESOURCE, .data = cell };

    if (!cell) {
        td_object_unref(o);
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a handle");
    }
    *cell = o;
    td_status s = td_buffer_wrap(cell, sizeof *cell, drop_owned, NULL, &handle.buffer);
    if (s) {
        drop_owned(cell, NULL);
        return s;
    }
    s = td_out_set(c, i, &handle);
    td_tensor_unref(&handle);
    return s;
}

static void variable_free(td_object *o)
{
    td_variable *const v = (td_variable *)o;

    td_tensor_unref(&v->value);
    td_mutex_fini(&v->mu);
    td_free(v->name);
    td_free(v);
}

static const char *variable_lacks(td_object *o)
{
    td_variable *const v = (td_variable *)o;

    td_mutex_lock(&v->mu);
    const bool is_set = v->value.dtype != TD_DTYPE_NONE;
    td_mutex_unlock(&v->mu);
    return is_set || v->is_given ? NULL : v->name;
}

const td_object_class td_variable_class = { .name = "Var",
                                            .free = variable_free,
                                            .lacks_value = variable_lacks };

const char *td_resource_lacks_value(const td_tensor *handle)
{
    td_object *const o = handle->dtype == TD_RESOURCE && handle->data ? *(td_object **)handle->data : NULL;

    return o && o->cls->lacks_value ? o->cls->lacks_value(o) : NULL;
}

bool td_resources_lack_values(td_resources *r)
{
    const char *key;
    void *value;
    bool any = false;

    td_mutex_lock(&r->mu);
    for (size_t i = 0; td_map_next(&r->by_key, &i, &key, &value);) {
        td_object *const o = value;
        const bool is_dead = o->cls == &td_variable_class && !((td_variable *)o)->is_reached;

        any = any || (!is_dead && o->cls->lacks_value && o->cls->lacks_value(o));
    }
    td_mutex_unlock(&r->mu);
    return any;
}

td_status td_variable_of(const td_tensor *handle, td_variable **out)
{
    td_object *const o = handle->data ? *(td_object **)handle->data : NULL;

    if (handle->dtype != TD_RESOURCE || !td_object_as(o, &td_variable_class))
        return TD_ERR(INVALID_ARGUMENT, "Trying to access a variable through a handle of a %s",
                      o ? o->cls->name : "resource that is not there");
    *out = (td_variable *)o;
    return NULL;
}

td_status td_variable_read(td_variable *v, td_tensor *out)
{
    td_mutex_lock(&v->mu);
    const bool is_set = v->value.dtype != TD_DTYPE_NONE;
    if (is_set) *out = td_tensor_ref(&v->value);
    td_mutex_unlock(&v->mu);
    if (is_set) return NULL;
    return TD_ERR(
        FAILED_PRECONDITION,
        "Could not find variable %s. This could mean that the variable has been deleted. In TF1, it can "
        "also mean the variable is uninitialized.",
        v->name);
}

td_status td_variable_assign(td_variable *v, const td_tensor *value)
{
    td_tensor next;

    if (value->buffer && value->dtype != TD_STRING) /* string bytes may lie in the request's arena */
        next = td_tensor_ref(value);
    else
        TD_TRY(td_tensor_copy(value, &next));
    td_mutex_lock(&v->mu);
    td_tensor old = v->value;
    v->value = next;
    td_mutex_unlock(&v->mu);
    td_tensor_unref(&old);
    return NULL;
}

/* A changed copy of old. */
static td_status make_next(const td_tensor *old, td_status (*change)(void *ctx, td_tensor *value), void *ctx,
                           td_tensor *out)
{
    td_tensor next, own;

    TD_TRY(td_tensor_copy_flat(old, &next));
    td_status s = change(ctx, &next);
    if (!s && next.dtype == TD_STRING) { /* new bytes lie in the request's arena */
        s = td_tensor_copy(&next, &own);
        td_tensor_unref(&next);
        next = s ? (td_tensor){ 0 } : own;
    }
    if (s)
        td_tensor_unref(&next);
    else
        *out = next;
    return s;
}

/* Takes over next when the value is still old; old has a reference, so its buffer cannot be another one's. */
static bool replace(td_variable *v, const td_tensor *old, td_tensor *next)
{
    td_mutex_lock(&v->mu);
    const bool is_same = v->value.buffer == old->buffer;
    if (is_same) {
        td_tensor was = v->value;

        v->value = *next;
        *next = was; /* dropped by the caller, without the lock */
    }
    td_mutex_unlock(&v->mu);
    return is_same;
}

td_status td_variable_update(td_variable *v, td_status (*change)(void *ctx, td_tensor *value), void *ctx)
{
    for (;;) {
        td_tensor old, next;

        const td_status unset = td_variable_read(v, &old);
        if (unset) {
            td_status_free(unset);
            return TD_ERR(FAILED_PRECONDITION, "Attempting to use uninitialized value %s", v->name);
        }
        const td_status s = make_next(&old, change, ctx, &next);
        const bool is_done = s || replace(v, &old, &next);

        if (!s) td_tensor_unref(&next);
        td_tensor_unref(&old);
        if (is_done) return s;
    }
}
