/* SPDX-License-Identifier: Apache-2.0 */
/* snappy.c -- expanding Snappy's raw format.
 *
 * A varint with the size, then elements. The low two bits of an element's first byte say what it is, T is
 * what the upper six hold:
 *
 *     0  literal: T + 1 bytes follow; from T = 60 on, T - 59 bytes hold the length less one first
 *     1  copy of 4 to 11 bytes (4 + low three bits of T), offset of 11 bits: upper three of T, next byte
 *     2  copy of T + 1 bytes, offset in two bytes
 *     3  copy of T + 1 bytes, offset in four bytes
 *
 * Numbers are little-endian. An offset counts back from the end of what is written; a copy longer than its
 * offset repeats itself.
 */
#include "formats/snappy.h"

#include <string.h>

#include "base/wire.h"

/* An element that says most with least: a copy of 64 bytes, in three. */
enum { COPY_MAX = 64, COPY_BYTES = 3 };

typedef struct expansion {
    const uint8_t *in, *in_end;
    uint8_t *start, *out, *out_end;
} expansion;

/* A number of n bytes, 1 to 4. */
static bool read_number(expansion *x, size_t n, uint32_t *out)
{
    uint32_t v = 0;

    if ((size_t)(x->in_end - x->in) < n) return false;
    for (size_t i = 0; i < n; i++)
        v |= (uint32_t)x->in[i] << (8 * i);
    x->in += n;
    *out = v;
    return true;
}

static bool add_literal(expansion *x, uint32_t tag)
{
    uint32_t last = tag >> 2;

    if (last >= 60 && !read_number(x, last - 59, &last)) return false;
    const size_t n = (size_t)last + 1;
    if (n > (size_t)(x->in_end - x->in) || n > (size_t)(x->out_end - x->out)) return false;
    memcpy(x->out, x->in, n);
    x->in += n;
    x->out += n;
    return true;
}

static bool add_copy(expansion *x, uint32_t tag)
{
    const bool is_short = (tag & 3) == 1;
    const size_t n = is_short ? 4 + (tag >> 2 & 7) : (tag >> 2) + 1;
    uint32_t offset;

    if (!read_number(x, is_short ? 1 : (tag & 3) == 2 ? 2 : 4, &offset)) return false;
    if (is_short) offset |= tag >> 5 << 8;
    if (offset == 0 || offset > (size_t)(x->out - x->start) || n > (size_t)(x->out_end - x->out))
        return false;
    for (size_t i = 0; i < n; i++, x->out++)
        *x->out = *(x->out - offset);
    return true;
}

bool td_snappy_size(const uint8_t *in, size_t size, size_t *out)
{
    td_wire w = td_wire_of(in, size);
    uint64_t n;

    if (!td_wire_varint(&w, &n) || n > UINT32_MAX) return false;
    if (n > ((uint64_t)(w.end - w.at) / COPY_BYTES + 1) * COPY_MAX) return false;
    *out = (size_t)n;
    return true;
}

bool td_snappy_expand(const uint8_t *in, size_t size, uint8_t *out, size_t out_size)
{
    td_wire w = td_wire_of(in, size);
    uint64_t n;

    if (!td_wire_varint(&w, &n) || n != out_size) return false;
    expansion x = { w.at, w.end, out, out, out + out_size };
    while (x.in < x.in_end) {
        const uint32_t tag = *x.in++;
        if (!((tag & 3) == 0 ? add_literal(&x, tag) : add_copy(&x, tag))) return false;
    }
    return x.out == x.out_end;
}
