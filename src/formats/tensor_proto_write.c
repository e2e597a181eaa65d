/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_proto_write.c -- a tensor as a serialized TensorProto: see tensor_proto.h. */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "base/wire.h"
#include "formats/tensor_proto.h"

/* Fields of TensorProto, of TensorShapeProto, of its Dim. */
enum { DTYPE = 1, SHAPE = 2, CONTENT = 4, STRING_VAL = 8, DIM = 2, SIZE = 1 };

/* Of a dimension; zeros are not written. */
static size_t dim_size(int64_t dim)
{
    return dim ? td_wire_number_size(SIZE, (uint64_t)dim) : 0;
}

static size_t shape_size(const td_shape *s)
{
    size_t size = 0;

    for (int i = 0; i < s->rank; i++)
        size += td_wire_bytes_size(DIM, dim_size(s->dims[i]));
    return size;
}

static uint8_t *put_shape(uint8_t *p, const td_shape *s)
{
    p = td_wire_put_head(p, SHAPE, shape_size(s));
    for (int i = 0; i < s->rank; i++) {
        p = td_wire_put_head(p, DIM, dim_size(s->dims[i]));
        if (s->dims[i]) p = td_wire_put_number(p, SIZE, (uint64_t)s->dims[i]);
    }
    return p;
}

/* Bytes of tensor_content; strings are there as the lengths of all, then the bytes of all. */
static bool content_size(const td_tensor *t, size_t *size)
{
    const size_t n = (size_t)td_shape_count(&t->shape);
    const td_string *const strings = t->data;

    *size = 0;
    if (t->dtype != TD_STRING) {
        *size = td_tensor_bytes(t);
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (!td_add_size(*size, td_wire_varint_size(strings[i].size), size) ||
            !td_add_size(*size, strings[i].size, size))
            return false;
    return true;
}

/* Elements with their heads. */
static bool payload_size(const td_tensor *t, td_proto_strings how, size_t *size)
{
    const size_t n = (size_t)td_shape_count(&t->shape);
    const td_string *const strings = t->data;

    if (t->dtype != TD_STRING || how == TD_PROTO_STRINGS_JOINED) {
        if (!content_size(t, size)) return false;
        if (*size) *size = td_wire_bytes_size(CONTENT, *size);
        return true;
    }
    *size = 0;
    for (size_t i = 0; i < n; i++)
        if (!td_add_size(*size, td_wire_bytes_size(STRING_VAL, strings[i].size), size)) return false;
    return true;
}

static uint8_t *put_joined(uint8_t *p, const td_tensor *t)
{
    const size_t n = (size_t)td_shape_count(&t->shape);
    const td_string *const strings = t->data;
    size_t size;

    if (!content_size(t, &size) || !size) return p;
    p = td_wire_put_head(p, CONTENT, size);
    for (size_t i = 0; i < n; i++)
        p = td_wire_put_varint(p, strings[i].size);
    for (size_t i = 0; i < n; p += strings[i++].size)
        if (strings[i].size) memcpy(p, strings[i].data, strings[i].size);
    return p;
}

static uint8_t *put_payload(uint8_t *p, const td_tensor *t, td_proto_strings how)
{
    const size_t n = (size_t)td_shape_count(&t->shape), bytes = td_tensor_bytes(t);
    const td_string *const strings = t->data;

    if (t->dtype != TD_STRING) return bytes ? td_wire_put_bytes(p, CONTENT, t->data, bytes) : p;
    if (how == TD_PROTO_STRINGS_JOINED) return put_joined(p, t);
    for (size_t i = 0; i < n; i++)
        p = td_wire_put_bytes(p, STRING_VAL, strings[i].data, strings[i].size);
    return p;
}

td_status td_tensor_proto_size(const td_tensor *t, td_proto_strings how, size_t *out)
{
    const size_t head =
        td_wire_number_size(DTYPE, (uint64_t)t->dtype) + td_wire_bytes_size(SHAPE, shape_size(&t->shape));
    size_t size;

    if (!payload_size(t, how, &size) || !td_add_size(size, head, &size))
        return TD_ERR(RESOURCE_EXHAUSTED, "a tensor is too large to be serialized");
    *out = size;
    return NULL;
}

uint8_t *td_tensor_proto_put(uint8_t *p, const td_tensor *t, td_proto_strings how)
{
    p = td_wire_put_number(p, DTYPE, (uint64_t)t->dtype);
    return put_payload(put_shape(p, &t->shape), t, how);
}
