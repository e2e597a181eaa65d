/* SPDX-License-Identifier: Apache-2.0 */
/* flex.c -- a FlexBuffer is read from its end: the root's width, its type, itself. What is not a number is an offset back to
 * where it lies. A map's values follow each other, then a byte of type each; before them, backwards: how many they are, the
 * width of the keys' offsets, and the offset of those.
 *
 *     "x\0" ... keys: [-> "x"]   |  -> keys, width, n  | values[n] | types[n] | root -> values, type, width */
#include "formats/tflite/flex.h"

#include <string.h>

#include "base/macros.h"

enum { TYPE_INT = 1, TYPE_UINT = 2, TYPE_STRING = 5, TYPE_MAP = 9, TYPE_BLOB = 25, TYPE_BOOL = 26 };

typedef struct flex {
    const uint8_t *data;
    size_t size;
} flex;

static bool read_number(const flex *f, size_t at, size_t width, uint64_t *out)
{
    uint64_t v = 0;

    if (at > f->size || width > f->size - at) return false;
    for (size_t i = 0; i < width; i++)
        v |= (uint64_t)f->data[at + i] << (8 * i);
    *out = v;
    return true;
}

/* Where the offset at `at` leads: back. */
static bool follow(const flex *f, size_t at, size_t width, size_t *out)
{
    uint64_t back;

    if (!read_number(f, at, width, &back) || back > at) return false;
    *out = at - (size_t)back;
    return true;
}

static int64_t extended(uint64_t v, size_t width)
{
    const unsigned shift = (unsigned)(64 - 8 * width);

    return (int64_t)(v << shift) >> shift;
}

static bool read_text(const flex *f, size_t at, size_t width, size_t own, td_string *out)
{
    size_t begin;
    uint64_t size;

    if (!follow(f, at, width, &begin) || begin < own || !read_number(f, begin - own, own, &size) ||
        size > f->size - begin)
        return false;
    *out = (td_string){ (const char *)f->data + begin, (size_t)size };
    return true;
}

static bool read_key(const flex *f, size_t at, size_t width, td_string *out)
{
    size_t begin;

    if (!follow(f, at, width, &begin)) return false;
    const uint8_t *const end = memchr(f->data + begin, 0, f->size - begin);

    if (!end) return false;
    *out = (td_string){ (const char *)f->data + begin, (size_t)(end - f->data) - begin };
    return true;
}

static bool read_value(const flex *f, size_t at, size_t width, uint8_t type, td_flex_entry *e)
{
    uint64_t v;

    switch (type >> 2) {
    case TYPE_STRING:
    case TYPE_BLOB:
        return read_text(f, at, width, (size_t)1 << (type & 3), &e->text);
    case TYPE_INT:
    case TYPE_UINT:
    case TYPE_BOOL:
        if (!read_number(f, at, width, &v)) return false;
        e->number = type >> 2 == TYPE_INT ? extended(v, width) : (int64_t)v;
        return true;
    default:
        return true;
    }
}

/* Values of a map. */
typedef struct values {
    size_t at, width, n, keys, key_width;
} values;

static bool open_map(const flex *f, values *out)
{
    uint64_t n, key_width;

    if (f->size < 3) return false;
    const size_t root_width = f->data[f->size - 1];
    const uint8_t type = f->data[f->size - 2];

    if (!root_width || root_width > 8 || root_width > f->size - 2 || type >> 2 != TYPE_MAP) return false;
    out->width = (size_t)1 << (type & 3);
    if (!follow(f, f->size - 2 - root_width, root_width, &out->at) || out->at < 3 * out->width) return false;
    const size_t head = out->at - 3 * out->width;

    if (!follow(f, head, out->width, &out->keys) ||
        !read_number(f, head + out->width, out->width, &key_width) ||
        !read_number(f, head + 2 * out->width, out->width, &n))
        return false;
    if (!key_width || key_width > 8 || n > (f->size - out->at) / (out->width + 1)) return false;
    out->n = (size_t)n;
    out->key_width = (size_t)key_width;
    return true;
}

td_status td_flex_map(td_string bytes, td_arena *arena, td_flex_entry **out, size_t *n)
{
    const flex f = { (const uint8_t *)bytes.data, bytes.size };
    values v = { 0 };

    if (!open_map(&f, &v)) return TD_ERR(DATA_LOSS, "no map, or a damaged one");
    td_flex_entry *const entries = TD_ARENA_NEW_N(arena, td_flex_entry, v.n);

    for (size_t i = 0; i < v.n; i++)
        if (!read_key(&f, v.keys + i * v.key_width, v.key_width, &entries[i].key) ||
            !read_value(&f, v.at + i * v.width, v.width, f.data[v.at + v.n * v.width + i], &entries[i]))
            return TD_ERR(DATA_LOSS, "damaged entry %zu", i);
    *out = entries;
    *n = v.n;
    return NULL;
}
