/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c -- reading and writing protobuf's wire format; see wire.h. */
#include "base/wire.h"

#include <string.h>

#include "base/macros.h"

enum { GROUP_START = 3, GROUP_END = 4, MAX_GROUP_DEPTH = 64 };

static bool fail(td_wire *w)
{
    w->bad = true;
    w->at = w->end;
    return false;
}

bool td_wire_varint(td_wire *w, uint64_t *value)
{
    uint64_t v = 0;

    if (w->at == w->end) return false;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (w->at == w->end) return fail(w);
        const uint8_t b = *w->at++;
        if (shift < 64) v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *value = v;
            return true;
        }
    }
    return fail(w);
}

/* Most are of one byte. */
static inline bool read_varint(td_wire *w, uint64_t *value)
{
    if (TD_UNLIKELY(w->at == w->end || *w->at >= 0x80)) return td_wire_varint(w, value);
    *value = *w->at++;
    return true;
}

static bool read_fixed(td_wire *w, size_t size, uint64_t *value)
{
    uint64_t v = 0;

    if ((size_t)(w->end - w->at) < size) return fail(w);
    memcpy(&v, w->at, size); /* little-endian on both sides */
    w->at += size;
    *value = v;
    return true;
}

static inline bool read_bytes(td_wire *w, td_wire_field *f)
{
    uint64_t size;

    if (!read_varint(w, &size)) return fail(w);
    if (size > (uint64_t)(w->end - w->at)) return fail(w);
    f->data = w->at;
    f->size = (size_t)size;
    w->at += f->size;
    return true;
}

/* Tag and value, groups' tags included; *type may be 3 or 4 then. */
static inline bool read_any(td_wire *w, td_wire_field *f, unsigned *type)
{
    uint64_t tag;

    if (!read_varint(w, &tag)) return false;
    if (tag >> 3 == 0 || tag > UINT32_MAX) return fail(w);
    f->number = (uint32_t)(tag >> 3);
    *type = (unsigned)(tag & 7);
    switch (*type) {
    case TD_WIRE_VARINT:
        return read_varint(w, &f->value) || fail(w);
    case TD_WIRE_FIXED64:
        return read_fixed(w, 8, &f->value);
    case TD_WIRE_FIXED32:
        return read_fixed(w, 4, &f->value);
    case TD_WIRE_BYTES:
        return read_bytes(w, f);
    case GROUP_START:
    case GROUP_END:
        return true;
    default:
        return fail(w);
    }
}

/* Behind the start of group `number`: goes behind its end. */
static bool skip_group(td_wire *w, uint32_t number)
{
    uint32_t open[MAX_GROUP_DEPTH] = { number };
    size_t depth = 1;
    td_wire_field f;
    unsigned type;

    while (depth) {
        if (!read_any(w, &f, &type)) return fail(w); /* also at the end: the group is not closed */
        if (type == GROUP_START) {
            if (depth == MAX_GROUP_DEPTH) return fail(w);
            open[depth++] = f.number;
        } else if (type == GROUP_END && open[--depth] != f.number) {
            return fail(w);
        }
    }
    return true;
}

bool td_wire_next(td_wire *w, td_wire_field *f)
{
    for (unsigned type; read_any(w, f, &type);) {
        if (TD_LIKELY(type != GROUP_START && type != GROUP_END)) {
            f->type = (td_wire_type)type;
            return true;
        }
        if (type == GROUP_END) return fail(w);
        if (!skip_group(w, f->number)) return false;
    }
    return false;
}

td_wire_field td_wire_last(const td_wire_field *message, uint32_t number)
{
    td_wire w = td_wire_inside(message);
    td_wire_field found = { .number = number, .type = TD_WIRE_BYTES };

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, number, TD_WIRE_BYTES)) found = f;
    return found;
}

uint8_t *td_wire_put_head(uint8_t *p, uint32_t number, size_t size)
{
    p = td_wire_put_varint(p, td_wire_tag(number, TD_WIRE_BYTES));
    return td_wire_put_varint(p, size);
}

uint8_t *td_wire_put_bytes(uint8_t *p, uint32_t number, const void *data, size_t size)
{
    p = td_wire_put_head(p, number, size);
    if (size) memcpy(p, data, size);
    return p + size;
}

uint8_t *td_wire_put_number(uint8_t *p, uint32_t number, uint64_t v)
{
    p = td_wire_put_varint(p, td_wire_tag(number, TD_WIRE_VARINT));
    return td_wire_put_varint(p, v);
}
