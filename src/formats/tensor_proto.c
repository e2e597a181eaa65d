/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_proto.c -- reading a serialized TensorProto.
 *
 * Each dtype has one typed list that may hold its elements. A list is a run of units: the stored pieces of an
 * element, one for most types, two for complex ones. Decoding walks the message once and puts units one after
 * another into the caller's memory; what the list does not give is filled afterwards.
 */
#include "formats/tensor_proto.h"

#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "base/wire.h"
#include "formats/shape_proto.h"

enum { PROTO_DTYPE = 1, PROTO_SHAPE = 2, PROTO_CONTENT = 4 };

/* Where a dtype's elements are when they are not in tensor_content. */
typedef struct list_rule {
    uint8_t number;  /* the field */
    uint8_t type;    /* td_wire_type of one item */
    uint8_t unit;    /* bytes in memory of one item; strings: their struct */
    bool is_boolean; /* any number but zero is true */
} list_rule;

static const list_rule rules[TD_DTYPE_COUNT] = {
    [TD_F32] = { 5, TD_WIRE_FIXED32, 4, false },
    [TD_F64] = { 6, TD_WIRE_FIXED64, 8, false },
    [TD_I32] = { 7, TD_WIRE_VARINT, 4, false },
    [TD_U8] = { 7, TD_WIRE_VARINT, 1, false },
    [TD_I16] = { 7, TD_WIRE_VARINT, 2, false },
    [TD_I8] = { 7, TD_WIRE_VARINT, 1, false },
    [TD_QI8] = { 7, TD_WIRE_VARINT, 1, false },
    [TD_QU8] = { 7, TD_WIRE_VARINT, 1, false },
    [TD_QI32] = { 7, TD_WIRE_VARINT, 4, false },
    [TD_QI16] = { 7, TD_WIRE_VARINT, 2, false },
    [TD_QU16] = { 7, TD_WIRE_VARINT, 2, false },
    [TD_U16] = { 7, TD_WIRE_VARINT, 2, false },
    [TD_STRING] = { 8, TD_WIRE_BYTES, sizeof(td_string), false },
    [TD_C64] = { 9, TD_WIRE_FIXED32, 4, false },
    [TD_I64] = { 10, TD_WIRE_VARINT, 8, false },
    [TD_BOOL] = { 11, TD_WIRE_VARINT, 1, true },
    [TD_C128] = { 12, TD_WIRE_FIXED64, 8, false },
    [TD_F16] = { 13, TD_WIRE_VARINT, 2, false },
    [TD_BF16] = { 13, TD_WIRE_VARINT, 2, false },
    [TD_U32] = { 16, TD_WIRE_VARINT, 4, false },
    [TD_U64] = { 17, TD_WIRE_VARINT, 8, false },
    [TD_F8E5M2] = { 18, TD_WIRE_BYTES, 1, false },
    [TD_F8E4M3FN] = { 18, TD_WIRE_BYTES, 1, false },
};

/* ---- the head ------------------------------------------------------------------------------------------ */

static td_status check_content(const td_tensor_proto *p)
{
    const uint64_t count = (uint64_t)td_shape_count(&p->shape);
    char text[TD_SHAPE_TEXT];

    if (!p->content || p->dtype == TD_STRING) return NULL;
    if (p->content_size == count * td_dtype_size(p->dtype)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "tensor_content has %zu bytes; %s%s has %llu", p->content_size,
                  td_dtype_name(p->dtype), td_shape_text(&p->shape, text, sizeof text),
                  (unsigned long long)(count * td_dtype_size(p->dtype)));
}

td_status td_tensor_proto_parse(const uint8_t *bytes, size_t size, td_tensor_proto *out)
{
    td_tensor_proto p = { .bytes = bytes, .size = size };
    td_wire w = td_wire_of(bytes, size);
    uint64_t dtype = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, PROTO_DTYPE, TD_WIRE_VARINT)) dtype = f.value;
        if (td_wire_is(&f, PROTO_SHAPE, TD_WIRE_BYTES)) TD_TRY(td_shape_proto_read(f.data, f.size, &p.shape));
        if (td_wire_is(&f, PROTO_CONTENT, TD_WIRE_BYTES)) {
            p.content = f.size ? f.data : NULL;
            p.content_size = f.size;
        }
    }
    if (w.bad) return TD_ERR(INVALID_ARGUMENT, "not a TensorProto");
    if (dtype > INT32_MAX || !td_dtype_is_valid((int64_t)dtype))
        return TD_ERR(INVALID_ARGUMENT, "invalid tensor type %llu", (unsigned long long)dtype);
    p.dtype = (td_dtype)dtype;
    if (!rules[p.dtype].number)
        return TD_ERR(UNIMPLEMENTED, "tensors of type %s cannot be read", td_dtype_name(p.dtype));
    if (!td_shape_is_known(&p.shape)) return TD_ERR(INVALID_ARGUMENT, "tensor shape is not fully defined");
    TD_TRY(check_content(&p));
    *out = p;
    return NULL;
}

bool td_tensor_proto_is_view(const td_tensor_proto *p)
{
    if (!p->content || p->dtype == TD_STRING) return false;
    if (p->dtype == TD_BOOL) { /* C's bool must be 0 or 1 */
        for (size_t i = 0; i < p->content_size; i++)
            if (p->content[i] > 1) return false;
        return true;
    }
    /* 8 whatever the type: kernels move complex numbers as words,
     * and Bitcast makes large elements of small */
    return (uintptr_t)p->content % 8 == 0;
}

/* ---- the elements -------------------------------------------------------------------------------------- */

typedef struct sink {
    uint8_t *at, *end; /* room for whole units */
} sink;

static inline void put(sink *s, const void *unit, size_t size)
{
    memcpy(s->at, unit, size);
    s->at += size;
}

/* The items of a packed list of varints; little-endian, so a short unit is the head of a long one. */
static inline void put_varints(sink *s, td_wire *w, size_t unit)
{
    for (uint64_t v; s->at < s->end && td_wire_varint(w, &v);)
        put(s, &v, unit);
}

static void put_booleans(sink *s, td_wire *w)
{
    for (uint64_t v; s->at < s->end && td_wire_varint(w, &v);)
        *s->at++ = v != 0;
}

static void put_packed_varints(sink *s, td_wire *w, const list_rule *r)
{
    if (r->is_boolean)
        put_booleans(s, w);
    else if (r->unit == 1)
        put_varints(s, w, 1);
    else if (r->unit == 2)
        put_varints(s, w, 2);
    else if (r->unit == 4)
        put_varints(s, w, 4);
    else
        put_varints(s, w, 8);
}

static td_status put_packed(sink *s, const td_wire_field *f, const list_rule *r)
{
    const size_t room = (size_t)(s->end - s->at);

    if (r->type == TD_WIRE_VARINT) {
        td_wire w = td_wire_inside(f);
        put_packed_varints(s, &w, r);
        return w.bad ? TD_ERR(INVALID_ARGUMENT, "damaged list of values") : NULL;
    }
    if (f->size % r->unit) return TD_ERR(INVALID_ARGUMENT, "damaged list of values");
    const size_t size = TD_MIN(f->size, room);
    if (size) put(s, f->data, size);
    return NULL;
}

/* One field of the list's number: an item, or a packed run of items. */
static td_status put_field(sink *s, const td_wire_field *f, const list_rule *r)
{
    if (r->type == TD_WIRE_BYTES && r->unit == sizeof(td_string)) {
        const td_string text = td_wire_text(f);
        if (f->type == TD_WIRE_BYTES && s->at < s->end) put(s, &text, sizeof text);
        return NULL;
    }
    if (f->type == TD_WIRE_BYTES) return put_packed(s, f, r);
    if (f->type == (td_wire_type)r->type && s->at < s->end) {
        const uint64_t v = r->is_boolean ? f->value != 0 : f->value;
        put(s, &v, r->unit);
    }
    return NULL;
}

/* The last whole element again and again; zeros when there is none. */
static void fill_rest(sink *s, uint8_t *data, size_t element)
{
    const size_t given = (size_t)(s->at - data) / element * element;

    s->at = data + given;
    if (s->at == s->end) return;
    if (!given) {
        memset(s->at, 0, (size_t)(s->end - s->at));
        return;
    }
    for (const uint8_t *const last = s->at - element; s->at < s->end;)
        put(s, last, element);
}

static td_status decode_list(const td_tensor_proto *p, uint8_t *data, size_t size)
{
    const list_rule *const r = &rules[p->dtype];
    sink s = { .at = data, .end = data + size };
    td_wire w = td_wire_of(p->bytes, p->size);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (f.number == r->number) TD_TRY(put_field(&s, &f, r));
    fill_rest(&s, data, td_dtype_size(p->dtype));
    return NULL;
}

/* Strings in tensor_content: the lengths of all, then the bytes of all. */
static td_status decode_string_content(const td_tensor_proto *p, td_string *out, size_t count)
{
    td_wire w = td_wire_of(p->content, p->content_size);

    for (size_t i = 0; i < count; i++) {
        uint64_t size;
        if (!td_wire_varint(&w, &size) || size > p->content_size)
            return TD_ERR(INVALID_ARGUMENT, "tensor_content ends within the lengths of its strings");
        out[i].size = (size_t)size;
    }
    for (size_t i = 0; i < count; i++) {
        if (out[i].size > (size_t)(w.end - w.at))
            return TD_ERR(INVALID_ARGUMENT, "tensor_content ends within its strings");
        out[i].data = (const char *)w.at;
        w.at += out[i].size;
    }
    if (w.at != w.end) return TD_ERR(INVALID_ARGUMENT, "tensor_content has bytes after its last string");
    return NULL;
}

td_status td_tensor_proto_decode(const td_tensor_proto *p, void *data)
{
    const size_t count = (size_t)td_shape_count(&p->shape);

    if (!count) return NULL;
    if (!p->content) return decode_list(p, data, count * td_dtype_size(p->dtype));
    if (p->dtype == TD_STRING) return decode_string_content(p, data, count);
    memcpy(data, p->content, p->content_size);
    if (p->dtype == TD_BOOL)
        for (uint8_t *b = data, *const end = b + count; b < end; b++)
            *b = *b != 0;
    return NULL;
}

td_status td_tensor_proto_read(const uint8_t *bytes, size_t size, td_arena *arena, td_tensor *out)
{
    td_tensor_proto p;

    TD_TRY(td_tensor_proto_parse(bytes, size, &p));
    td_tensor t = { .dtype = p.dtype, .shape = p.shape };
    if (td_tensor_proto_is_view(&p)) {
        t.data = (void *)(uintptr_t)p.content; /* const: nobody writes what no buffer owns */
    } else {
        t.data = td_arena_try_alloc(arena, TD_MAX(td_tensor_bytes(&t), 1), TD_ALIGN);
        if (!t.data)
            return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a tensor of %zu bytes", td_tensor_bytes(&t));
        TD_TRY(td_tensor_proto_decode(&p, t.data));
    }
    *out = t;
    return NULL;
}
