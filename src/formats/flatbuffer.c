/* SPDX-License-Identifier: Apache-2.0 */
/* flatbuffer.c -- numbers are little endian. A table begins with the way back to its list of fields: bytes of the list,
 * bytes of the table, and for each field where it is in the table (0: absent). Vectors and strings are behind their
 * field, as far as it says, and begin with their number of elements. */
#include "formats/flatbuffer.h"

#include <string.h>

#include "base/size.h"

static uint32_t read_u16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t read_u32(const uint8_t *p)
{
    return read_u16(p) | read_u16(p + 2) << 16;
}

static bool fits(size_t size, size_t at, size_t bytes)
{
    return at <= size && bytes <= size - at;
}

/* The table that begins at `at`. */
static bool open_table(const uint8_t *data, size_t size, size_t at, td_flat_table *out)
{
    if (!fits(size, at, 4)) return false;
    const int64_t list = (int64_t)at - (int32_t)read_u32(data + at);

    if (list < 0 || !fits(size, (size_t)list, 4)) return false;
    const size_t bytes = read_u16(data + list), table = read_u16(data + list + 2);

    if (bytes < 4 || !fits(size, (size_t)list, bytes) || !fits(size, at, table)) return false;
    *out = (td_flat_table){ data, size, at, (size_t)list + 4, (bytes - 4) / 2, table };
    return true;
}

bool td_flat_root(const void *bytes, size_t size, td_flat_table *out)
{
    return size >= 4 && open_table(bytes, size, read_u32(bytes), out);
}

/* Where a field of so many bytes is; 0: absent. */
static bool find_field(const td_flat_table *t, size_t field, size_t bytes, size_t *at)
{
    const size_t in_table = field < t->n_fields ? read_u16(t->data + t->fields + 2 * field) : 0;

    *at = in_table ? t->at + in_table : 0;
    return fits(t->bytes, in_table, in_table ? bytes : 0);
}

bool td_flat_u32(const td_flat_table *t, size_t field, uint32_t fallback, uint32_t *out)
{
    size_t at;

    if (!find_field(t, field, 4, &at)) return false;
    *out = at ? read_u32(t->data + at) : fallback;
    return true;
}

bool td_flat_i32(const td_flat_table *t, size_t field, int32_t fallback, int32_t *out)
{
    uint32_t v;

    if (!td_flat_u32(t, field, (uint32_t)fallback, &v)) return false;
    *out = (int32_t)v;
    return true;
}

bool td_flat_u64(const td_flat_table *t, size_t field, uint64_t fallback, uint64_t *out)
{
    size_t at;

    if (!find_field(t, field, 8, &at)) return false;
    *out = at ? read_u32(t->data + at) | (uint64_t)read_u32(t->data + at + 4) << 32 : fallback;
    return true;
}

bool td_flat_f32(const td_flat_table *t, size_t field, float fallback, float *out)
{
    uint32_t bits;

    memcpy(&bits, &fallback, sizeof bits);
    if (!td_flat_u32(t, field, bits, &bits)) return false;
    memcpy(out, &bits, sizeof bits);
    return true;
}

bool td_flat_u8(const td_flat_table *t, size_t field, uint8_t fallback, uint8_t *out)
{
    size_t at;

    if (!find_field(t, field, 1, &at)) return false;
    *out = at ? t->data[at] : fallback;
    return true;
}

bool td_flat_bool(const td_flat_table *t, size_t field, bool *out)
{
    size_t at;

    if (!find_field(t, field, 1, &at)) return false;
    *out = at && t->data[at] != 0;
    return true;
}

/* The vector that the 4 bytes at `at` lead to. */
static bool follow(const uint8_t *data, size_t size, size_t at, size_t elem, td_flat_vector *out)
{
    size_t begin, bytes;

    if (!td_add_size(at, read_u32(data + at), &begin) || !fits(size, begin, 4)) return false;
    const size_t n = read_u32(data + begin);

    if (!td_mul_size(n, elem, &bytes) || !fits(size, begin + 4, bytes)) return false;
    *out = (td_flat_vector){ data + begin + 4, n, data, size };
    return true;
}

bool td_flat_vector_of(const td_flat_table *t, size_t field, size_t elem, td_flat_vector *out)
{
    size_t at;

    if (!find_field(t, field, 4, &at)) return false;
    *out = (td_flat_vector){ 0 };
    return !at || follow(t->data, t->size, at, elem, out);
}

bool td_flat_string(const td_flat_table *t, size_t field, td_string *out)
{
    td_flat_vector v;

    if (!td_flat_vector_of(t, field, 1, &v)) return false;
    *out = (td_string){ (const char *)v.data, v.n };
    return true;
}

/* The table that the 4 bytes at `at` lead to. */
static bool follow_table(const uint8_t *data, size_t size, size_t at, td_flat_table *out)
{
    size_t begin;

    return td_add_size(at, read_u32(data + at), &begin) && open_table(data, size, begin, out);
}

bool td_flat_table_of(const td_flat_table *t, size_t field, td_flat_table *out)
{
    size_t at;

    if (!find_field(t, field, 4, &at)) return false;
    *out = (td_flat_table){ 0 };
    return !at || follow_table(t->data, t->size, at, out);
}

bool td_flat_table_at(const td_flat_vector *v, size_t i, td_flat_table *out)
{
    return follow_table(v->buffer, v->size, (size_t)(v->data - v->buffer) + 4 * i, out);
}

uint32_t td_flat_u32_at(const td_flat_vector *v, size_t i)
{
    return read_u32(v->data + 4 * i);
}

bool td_flat_string_at(const td_flat_vector *v, size_t i, td_string *out)
{
    td_flat_vector s;

    if (!follow(v->buffer, v->size, (size_t)(v->data - v->buffer) + 4 * i, 1, &s)) return false;
    *out = (td_string){ (const char *)s.data, s.n };
    return true;
}
