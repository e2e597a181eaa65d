/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c -- parts of tensors. */
#include "formats/savedmodel/slice.h"

#include <string.h>

#include "base/macros.h"

td_slice td_slice_whole(const td_shape *shape)
{
    td_slice s = { .rank = shape->rank };

    for (int32_t i = 0; i < s.rank; i++) {
        s.length[i] = shape->dims[i];
        s.is_full[i] = true;
    }
    return s;
}

td_shape td_slice_shape(const td_slice *s)
{
    td_shape shape = { .rank = s->rank };

    for (int32_t i = 0; i < s->rank; i++)
        shape.dims[i] = s->length[i];
    return shape;
}

bool td_slice_equal(const td_slice *a, const td_slice *b)
{
    if (a->rank != b->rank) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->start[i] != b->start[i] || a->length[i] != b->length[i]) return false;
    return true;
}

bool td_slice_intersect(const td_slice *a, const td_slice *b, td_slice *out)
{
    td_slice s = { .rank = a->rank };

    for (int32_t i = 0; i < a->rank; i++) {
        const int64_t end = TD_MIN(a->start[i] + a->length[i], b->start[i] + b->length[i]);
        s.start[i] = TD_MAX(a->start[i], b->start[i]);
        s.length[i] = end - s.start[i];
        if (s.length[i] <= 0) return false;
    }
    *out = s;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool fits(int64_t start, int64_t length, int64_t dim)
{
    return start >= 0 && length >= 0 && start <= dim && length <= dim - start;
}

/* A decimal number at *at; moves behind it. */
static bool parse_number(const char **at, const char *end, int64_t *out)
{
    const char *p = *at;
    int64_t n = 0;

    for (; p < end && *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n)) return false;
    if (p == *at) return false;
    *at = p;
    *out = n;
    return true;
}

/* "-" or "start,length" of dim i. */
static bool parse_extent(const char **at, const char *end, td_slice *s, int32_t i, int64_t dim)
{
    if (*at < end && **at == '-') {
        ++*at;
        s->start[i] = 0;
        s->length[i] = dim;
        s->is_full[i] = true;
        return true;
    }
    if (!parse_number(at, end, &s->start[i]) || *at == end || *(*at)++ != ',') return false;
    return parse_number(at, end, &s->length[i]) && fits(s->start[i], s->length[i], dim);
}

td_status td_slice_parse(td_string text, const td_shape *shape, td_slice *out)
{
    const char *at = text.data, *const end = at + text.size;
    td_slice s = { .rank = shape->rank };
    bool ok = true;

    for (int32_t i = 0; i < s.rank && ok; i++) {
        if (i) ok = at < end && *at++ == ':';
        ok = ok && parse_extent(&at, end, &s, i, shape->dims[i]);
    }
    if (!ok || at != end)
        return TD_ERR(INVALID_ARGUMENT, "'%.*s' is not a slice of the tensor", (int)TD_MIN(text.size, 200),
                      text.data);
    *out = s;
    return NULL;
}

enum { SLICE_EXTENT = 1, EXTENT_START = 1, EXTENT_LENGTH = 2 };

td_status td_slice_proto_read(const td_wire_field *field, const td_shape *shape, td_slice *out)
{
    td_wire w = td_wire_inside(field);
    td_slice s = { .rank = 0 };

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, SLICE_EXTENT, TD_WIRE_BYTES)) continue;
        const int32_t i = s.rank++;
        if (i >= shape->rank) break;
        td_wire extent = td_wire_inside(&f);
        s.is_full[i] = true;
        for (td_wire_field x; td_wire_next(&extent, &x);) {
            if (td_wire_is(&x, EXTENT_START, TD_WIRE_VARINT)) s.start[i] = (int64_t)x.value;
            if (!td_wire_is(&x, EXTENT_LENGTH, TD_WIRE_VARINT)) continue;
            s.length[i] = (int64_t)x.value;
            s.is_full[i] = false;
        }
        if (s.is_full[i] && s.start[i] == 0) s.length[i] = shape->dims[i];
        if (extent.bad || !fits(s.start[i], s.length[i], shape->dims[i])) w.bad = true;
    }
    if (w.bad || s.rank != shape->rank) return TD_ERR(DATA_LOSS, "a slice does not fit its tensor");
    *out = s;
    return NULL;
}

/* ---- keys ---------------------------------------------------------------------------------------------- */

/* Big-endian without leading zeros, after one byte that says how long: numbers in this code sort as bytes. */
static void put_unsigned(td_strbuf *out, uint64_t v)
{
    char bytes[9];
    int n = 0;

    for (uint64_t rest = v; rest; rest >>= 8)
        n++;
    bytes[0] = (char)n;
    for (int i = 0; i < n; i++)
        bytes[n - i] = (char)(v >> 8 * i & 0xff);
    td_strbuf_add(out, bytes, (size_t)n + 1);
}

/* The head's high bits say how long: n bytes for numbers of up to 7n - 1 bits,
 * two's complement, big-endian. */
static void put_signed(td_strbuf *out, int64_t v)
{
    static const uint8_t heads[11][2] = { { 0, 0 },    { 0x80, 0 },    { 0xc0, 0 },   { 0xe0, 0 },
                                          { 0xf0, 0 }, { 0xf8, 0 },    { 0xfc, 0 },   { 0xfe, 0 },
                                          { 0xff, 0 }, { 0xff, 0x80 }, { 0xff, 0xc0 } };
    const uint64_t magnitude = (uint64_t)(v < 0 ? ~v : v);
    const int bits = magnitude ? 64 - __builtin_clzll(magnitude) : 0;
    const int n = bits / 7 + 1;
    uint8_t bytes[10];

    memset(bytes, v < 0 ? 0xff : 0, 2);
    for (int i = 0; i < 8; i++)
        bytes[9 - i] = (uint8_t)((uint64_t)v >> 8 * i);
    uint8_t *const at = bytes + 10 - n;
    at[0] ^= heads[n][0];
    if (n > 1) at[1] ^= heads[n][1];
    td_strbuf_add(out, at, (size_t)n);
}

/* 00 and ff are followed by a byte that keeps order; 00 01 ends the string. */
static void put_string(td_strbuf *out, td_string s)
{
    for (size_t i = 0; i < s.size; i++) {
        const uint8_t c = (uint8_t)s.data[i];
        td_strbuf_putc(out, (char)c);
        if (c == 0) td_strbuf_putc(out, (char)0xff);
        if (c == 0xff) td_strbuf_putc(out, 0);
    }
    td_strbuf_add(out, "\0\1", 2);
}

void td_slice_key(td_string name, const td_slice *s, td_strbuf *out)
{
    put_unsigned(out, 0);
    put_string(out, name);
    put_unsigned(out, (uint64_t)s->rank);
    for (int32_t i = 0; i < s->rank; i++) {
        put_signed(out, s->start[i]);
        put_signed(out, s->is_full[i] ? -1 : s->length[i]);
    }
}

/* ---- copying ------------------------------------------------------------------------------------------- */

/* The element of slice s that lies at `index` of the whole tensor. */
static size_t element_at(const td_slice *s, const int64_t *index)
{
    int64_t at = 0;

    for (int32_t i = 0; i < s->rank; i++)
        at = at * s->length[i] + index[i] - s->start[i];
    return (size_t)at;
}

/* Moves index to the next row of part (its last dim stays); false after the last one. */
static bool next_row(const td_slice *part, int64_t *index)
{
    for (int32_t i = part->rank - 2; i >= 0; i--) {
        if (++index[i] < part->start[i] + part->length[i]) return true;
        index[i] = part->start[i];
    }
    return false;
}

void td_slice_copy(const td_slice *part, const td_slice *from, const void *from_data, const td_slice *to,
                   void *to_data, size_t element)
{
    int64_t index[TD_MAX_RANK];
    const size_t row = (part->rank ? (size_t)part->length[part->rank - 1] : 1) * element;

    memcpy(index, part->start, sizeof index);
    do
        memcpy((char *)to_data + element_at(to, index) * element,
               (const char *)from_data + element_at(from, index) * element, row);
    while (next_row(part, index));
}
