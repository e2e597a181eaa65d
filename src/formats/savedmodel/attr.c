/* SPDX-License-Identifier: Apache-2.0 */
/* attr.c -- AttrValue, the value of a node's attribute: one of nine kinds, or a list of one of them.
 *
 * A function's own attributes, which could nest for ever, are not read: nothing here recurses. */
#include "formats/savedmodel/source.h"

#include <string.h>

#include "formats/shape_proto.h"

/* AttrValue's and AttrValue.ListValue's fields differ only for functions. */
enum { LIST = 1, STRING, INT, FLOAT, BOOL, TYPE, SHAPE, TENSOR, LIST_FUNC = 9, PLACEHOLDER = 9, FUNC = 10 };
enum { FUNC_NAME = 1 };

static td_dtype type_of(uint64_t number)
{
    const bool is_ref = number > TD_DTYPE_REF;
    const uint64_t plain = is_ref ? number - TD_DTYPE_REF : number;

    if (plain >= TD_DTYPE_COUNT || !td_dtype_is_valid((int64_t)plain)) return TD_DTYPE_NONE;
    return (td_dtype)number;
}

static float float_of(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float f;

    memcpy(&f, &low, sizeof f);
    return f;
}

static td_status read_shape(const td_wire_field *f, td_arena *arena, td_attr_value *out)
{
    td_shape shape = { .rank = 0 };

    TD_TRY(td_shape_proto_read(f->data, f->size, &shape));
    td_shape *const copy = TD_ARENA_NEW(arena, td_shape);
    *copy = shape;
    *out = (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = copy };
    return NULL;
}

static td_status read_tensor(td_source *s, const td_wire_field *f, td_arena *arena, td_attr_value *out)
{
    td_tensor *const t = TD_ARENA_NEW(arena, td_tensor);
    const td_status status = td_source_tensor(s, f->data, f->size, arena, t);

    if (status && td_status_code(status) == TD_UNIMPLEMENTED) { /* fails only who uses it */
        td_status_free(status);
        *out = (td_attr_value){ .kind = TD_ATTR_NONE };
        return NULL;
    }
    TD_TRY(status);
    *out = (td_attr_value){ .kind = TD_ATTR_TENSOR, .u.tensor = t };
    return NULL;
}

static td_status read_func(const td_source *s, const td_wire_field *f, td_arena *arena, td_attr_value *out)
{
    td_wire w = td_wire_inside(f);
    const char *name = "";

    for (td_wire_field x; td_wire_next(&w, &x);)
        if (td_wire_is(&x, FUNC_NAME, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &x, arena, &name));
    if (w.bad) return td_source_damage(s, f->data, "function attribute");
    *out = (td_attr_value){ .kind = TD_ATTR_FUNC, .u.func = name };
    return NULL;
}

/* A field that holds one value; *is_value tells whether it did. */
static td_status read_field(td_source *s, const td_wire_field *f, uint32_t func, td_arena *arena,
                            td_attr_value *out, bool *is_value)
{
    *is_value = true;
    if (f->type == TD_WIRE_BYTES) {
        if (f->number == STRING) {
            *out = (td_attr_value){ .kind = TD_ATTR_STRING, .u.s = td_wire_text(f) };
            return NULL;
        }
        if (f->number == SHAPE) return read_shape(f, arena, out);
        if (f->number == TENSOR) return read_tensor(s, f, arena, out);
        if (f->number == func) return read_func(s, f, arena, out);
    } else if (td_wire_is(f, INT, TD_WIRE_VARINT)) {
        *out = (td_attr_value){ .kind = TD_ATTR_INT, .u.i = (int64_t)f->value };
        return NULL;
    } else if (td_wire_is(f, FLOAT, TD_WIRE_FIXED32)) {
        *out = (td_attr_value){ .kind = TD_ATTR_FLOAT, .u.f = float_of(f->value) };
        return NULL;
    } else if (td_wire_is(f, BOOL, TD_WIRE_VARINT)) {
        *out = (td_attr_value){ .kind = TD_ATTR_BOOL, .u.b = f->value != 0 };
        return NULL;
    } else if (td_wire_is(f, TYPE, TD_WIRE_VARINT)) {
        *out = (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = type_of(f->value) };
        return NULL;
    }
    *is_value = false;
    return NULL;
}

/* ---- lists --------------------------------------------------------------------------------------------- */

static bool is_packed(const td_wire_field *f)
{
    return f->type == TD_WIRE_BYTES && f->number >= INT && f->number <= TYPE;
}

/* Items that a field of a list may hold, at most. */
static size_t items_of(const td_wire_field *f)
{
    if (!is_packed(f)) return 1;
    if (f->number == FLOAT) return f->size / 4;
    size_t n = 0;
    for (size_t i = 0; i < f->size; i++)
        n += f->data[i] < 0x80; /* a varint's last byte */
    return n;
}

/* One item of a packed run as the field it would be alone; false at the end. */
static bool next_packed(td_wire *w, uint32_t number, td_wire_field *out)
{
    *out = (td_wire_field){ .number = number, .type = TD_WIRE_VARINT };
    if (number != FLOAT) return td_wire_varint(w, &out->value);
    out->type = TD_WIRE_FIXED32;
    if (w->end - w->at < 4) {
        w->bad = w->at != w->end;
        return false;
    }
    memcpy(&out->value, w->at, 4);
    w->at += 4;
    return true;
}

static td_status add_packed(td_source *s, const td_wire_field *f, td_arena *arena, td_attr_value *items,
                            size_t *count)
{
    td_wire w = td_wire_inside(f);
    bool is_value;

    for (td_wire_field x; next_packed(&w, f->number, &x); (*count)++)
        TD_TRY(read_field(s, &x, LIST_FUNC, arena, &items[*count], &is_value));
    return w.bad ? td_source_damage(s, f->data, "list attribute") : NULL;
}

static td_status read_list(td_source *s, const td_wire_field *list, td_arena *arena, td_attr_value *out)
{
    td_wire w = td_wire_inside(list);
    size_t room = 0, count = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        room += items_of(&f);
    if (w.bad) return td_source_damage(s, list->data, "list attribute");
    td_attr_value *const items = room ? TD_ARENA_NEW_N(arena, td_attr_value, room) : NULL;
    w = td_wire_inside(list);
    for (td_wire_field f; td_wire_next(&w, &f);) {
        bool is_value = false;
        if (is_packed(&f)) {
            TD_TRY(add_packed(s, &f, arena, items, &count));
            continue;
        }
        TD_TRY(read_field(s, &f, LIST_FUNC, arena, &items[count], &is_value));
        count += is_value;
    }
    *out = (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { .items = items, .count = count } };
    return NULL;
}

td_status td_attr_value_read(td_source *s, const uint8_t *bytes, size_t size, td_arena *arena,
                             td_attr_value *out)
{
    td_attr_value value = { .kind = TD_ATTR_NONE };
    td_wire w = td_wire_of(bytes, size);
    bool is_value;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, LIST, TD_WIRE_BYTES))
            TD_TRY(read_list(s, &f, arena, &value));
        else
            TD_TRY(read_field(s, &f, FUNC, arena, &value, &is_value));
    }
    if (w.bad) return td_source_damage(s, bytes, "attribute");
    *out = value;
    return NULL;
}
