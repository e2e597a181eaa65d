/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h -- shapes, buffers and tensors.
 *
 * A tensor is a value: dtype, shape, and a pointer to its elements, row-major and dense. `buffer` says who
 * keeps the elements alive: a reference counted buffer, or (NULL) somebody else for longer than the tensor is
 * in use: a workspace, an arena, a mapped file. Copying the struct copies the view; td_tensor_ref() also
 * takes a reference.
 *
 * Strings: elements are td_string, views of bytes that live in an arena, a model, or the tensor's own buffer.
 * Resources and variants: elements are pointers to td_object (tensor/object.h): borrowed in a
 * resource tensor, owned by the buffer in a variant tensor.
 */
#ifndef TENSORD_TENSOR_H
#define TENSORD_TENSOR_H

#include "tensord/dtype.h"
#include "tensord/status.h"

TD_BEGIN_DECLS

enum { TD_MAX_RANK = 12, TD_ALIGN = 64 };

typedef struct td_shape {
    int32_t rank;              /* -1: unknown (signatures only) */
    int64_t dims[TD_MAX_RANK]; /* -1: unknown (signatures only) */
} td_shape;

typedef struct td_string {
    const char *data; /* not NUL-terminated; may be NULL when size is 0 */
    size_t size;
} td_string;

bool td_string_is(td_string s, const char *text); /* the same bytes? */

typedef struct td_buffer td_buffer;

typedef struct td_tensor {
    td_dtype dtype;
    td_shape shape;
    void *data;        /* NULL: no elements, or a value that is not known yet (shape inference) */
    td_buffer *buffer; /* keeps data alive; NULL when something else does */
} td_tensor;

/* Elements of a known shape. Every td_shape with dims >= 0 that was made by td_shape_make() or checked by
 * td_shape_check() has a count and a byte size that fit. A scalar has 1. */
int64_t td_shape_count(const td_shape *s);
bool td_shape_equal(const td_shape *a, const td_shape *b);
bool td_shape_is_known(const td_shape *s); /* rank and every dim */

/* INVALID_ARGUMENT when rank is beyond TD_MAX_RANK, a dim is negative, or the count (zero dims taken as 1)
 * times 16 bytes does not fit in 2^62. */
TD_MUST_USE td_status td_shape_make(int64_t rank, const int64_t *dims, td_shape *out);
TD_MUST_USE td_status td_shape_check(const td_shape *s);

/* "[2,3]", "[]", "[?,3]", "<unknown>". Writes at most size bytes with the NUL; returns buf. */
char *td_shape_text(const td_shape *s, char *buf, size_t size);
enum { TD_SHAPE_TEXT = 21 * TD_MAX_RANK + 3 };

size_t td_tensor_bytes(const td_tensor *t); /* count times element size */

/* A new tensor with a buffer of its own, 64-byte aligned, not cleared (strings, resources, variants:
 * cleared). RESOURCE_EXHAUSTED without memory. */
TD_MUST_USE td_status td_tensor_make(td_dtype dtype, const td_shape *shape, td_tensor *out);
td_tensor td_tensor_ref(const td_tensor *t); /* takes a reference of the buffer, if any */
void td_tensor_unref(td_tensor *t); /* drops it and clears the struct; NULL and cleared structs are fine */

/* A deep copy with a buffer of its own; string bytes are copied into it too. */
TD_MUST_USE td_status td_tensor_copy(const td_tensor *t, td_tensor *out);

/* The same, but the bytes of strings stay where they are:
 * they must outlive the copy (those of a request do). */
TD_MUST_USE td_status td_tensor_copy_flat(const td_tensor *t, td_tensor *out);

td_buffer *td_buffer_ref(td_buffer *b); /* returns b */
void td_buffer_unref(td_buffer *b);     /* NULL is fine */

/* A buffer around memory that `release(data, ctx)` gives back with the last reference. On failure
 * (RESOURCE_EXHAUSTED) release is not called. */
TD_MUST_USE td_status td_buffer_wrap(void *data, size_t size, void (*release)(void *data, void *ctx),
                                     void *ctx, td_buffer **out);

TD_END_DECLS

#endif
