/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.c -- reference counted buffers, and tensors that view them.
 *
 *   a buffer of our own:  [head, 64 bytes | elements ... | string bytes of td_tensor_copy ...]
 *   a wrapped one:        [head] -> memory of somebody else, given back by a callback
 */
#include "tensord/tensor.h"

#include <stdatomic.h>
#include <string.h>

#include "base/account.h"
#include "base/mem.h"
#include "base/size.h"
#include "base/spare.h"
#include "tensor/object.h"

bool td_string_is(td_string s, const char *text)
{
    return s.size == strlen(text) && (!s.size || memcmp(s.data, text, s.size) == 0);
}

struct td_buffer {
    atomic_uint refs;
    void *data;
    size_t objects; /* the first so many elements are td_object* that the buffer owns */
    size_t size;    /* bytes at data */
    void (*release)(void *data, void *ctx); /* NULL: data lies behind this head */
    void *ctx;
    size_t spare; /* bytes of a block of base/spare.h that head and elements lie in; 0: they are the heap's */
};

enum { BUFFER_HEAD = 64 };
_Static_assert(sizeof(td_buffer) <= BUFFER_HEAD && BUFFER_HEAD % TD_ALIGN == 0, "elements stay aligned");

/* A request may ask a run for tensors of any size: large ones count against the process's limit. */
static td_buffer *buffer_make(size_t size)
{
    size_t bytes, spare = 0;

    if (!td_add_size(size, BUFFER_HEAD, &bytes)) return NULL;
    const bool is_spare = bytes >= TD_SPARE_LEAST && td_account_in_run();
    td_buffer *const b = is_spare ? td_spare_take(bytes, &spare) : td_try_alloc(bytes, TD_ALIGN);

    if (!b) return NULL;
    *b = (td_buffer){ .data = (char *)b + BUFFER_HEAD, .size = size, .spare = spare };
    atomic_init(&b->refs, 1);
    return b;
}

td_status td_buffer_wrap(void *data, size_t size, void (*release)(void *data, void *ctx), void *ctx,
                         td_buffer **out)
{
    td_buffer *const b = td_try_alloc(sizeof *b, _Alignof(td_buffer));

    TD_ASSERT(release);
    if (!b) return TD_ERR(RESOURCE_EXHAUSTED, "out of memory");
    *b = (td_buffer){ .data = data, .size = size, .release = release, .ctx = ctx };
    atomic_init(&b->refs, 1);
    *out = b;
    return NULL;
}

td_buffer *td_buffer_ref(td_buffer *b)
{
    /* relaxed: whoever passes the pointer on already holds a reference, and publishes what it points to */
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void td_buffer_unref(td_buffer *b)
{
    if (!b) return;
    /* release: our reads and writes come before the end of the memory; acquire: so do those of all others */
    const unsigned before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);

    TD_ASSERT(before > 0);
    if (before > 1) return;
    td_object *const *const objects = b->data;
    for (size_t i = 0; i < b->objects; i++)
        td_object_unref(objects[i]);
    if (b->release) b->release(b->data, b->ctx);
    if (b->spare)
        td_spare_give(b, b->spare);
    else
        td_free(b);
}

size_t td_tensor_bytes(const td_tensor *t)
{
    return (size_t)td_shape_count(&t->shape) * td_dtype_size(t->dtype);
}

/* As td_tensor_make(), with `more` bytes behind the elements. */
static td_status make_with_tail(td_dtype dtype, const td_shape *shape, size_t more, td_tensor *out)
{
    td_tensor t = { .dtype = dtype, .shape = *shape };
    size_t bytes;

    TD_TRY(td_shape_check(shape));
    if (!td_dtype_is_valid(dtype)) return TD_ERR(INVALID_ARGUMENT, "%d is no data type", (int)dtype);
    t.buffer = td_add_size(td_tensor_bytes(&t), more, &bytes) ? buffer_make(bytes) : NULL;
    if (!t.buffer) {
        char text[TD_SHAPE_TEXT];

        return TD_ERR(RESOURCE_EXHAUSTED,
                      "OOM when allocating tensor with shape%s and type %s (%zu of %zu bytes are in use)",
                      td_shape_text(shape, text, sizeof text), td_dtype_name(dtype), td_accounts_used(),
                      td_accounts_limit_now());
    }
    t.data = t.buffer->data;
    if (dtype == TD_STRING || dtype == TD_RESOURCE || dtype == TD_VARIANT) memset(t.data, 0, bytes);
    if (dtype == TD_VARIANT) t.buffer->objects = (size_t)td_shape_count(shape);
    *out = t;
    return NULL;
}

td_status td_tensor_make(td_dtype dtype, const td_shape *shape, td_tensor *out)
{
    return make_with_tail(dtype, shape, 0, out);
}

td_tensor td_tensor_ref(const td_tensor *t)
{
    if (t->buffer) td_buffer_ref(t->buffer);
    return *t;
}

void td_tensor_unref(td_tensor *t)
{
    if (!t) return;
    td_buffer_unref(t->buffer);
    *t = (td_tensor){ 0 };
}

static td_status copy_strings(const td_tensor *t, td_tensor *out)
{
    const size_t n = (size_t)td_shape_count(&t->shape);
    const td_string *const from = t->data;
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        if (!td_add_size(bytes, from[i].size, &bytes))
            return TD_ERR(RESOURCE_EXHAUSTED, "strings are too large");
    TD_TRY(make_with_tail(TD_STRING, &t->shape, bytes, out));

    td_string *const to = out->data;
    char *tail = (char *)(to + n);
    for (size_t i = 0; i < n; i++) {
        to[i] = (td_string){ tail, from[i].size };
        if (from[i].size) memcpy(tail, from[i].data, from[i].size);
        tail += from[i].size;
    }
    return NULL;
}

td_status td_tensor_copy(const td_tensor *t, td_tensor *out)
{
    return t->dtype == TD_STRING ? copy_strings(t, out) : td_tensor_copy_flat(t, out);
}

td_status td_tensor_copy_flat(const td_tensor *t, td_tensor *out)
{
    td_tensor made = { 0 };

    TD_TRY(td_tensor_make(t->dtype, &t->shape, &made));
    const size_t bytes = td_tensor_bytes(&made);

    if (bytes) memcpy(made.data, t->data, bytes);
    if (t->dtype == TD_VARIANT) {
        td_object *const *const objects = made.data;
        for (size_t i = 0; i < made.buffer->objects; i++)
            td_object_ref(objects[i]);
    }
    *out = made; /* t, perhaps */
    return NULL;
}
