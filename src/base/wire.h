/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h -- the protobuf wire format, by hand: for messages whose bulk must not be copied, and for those that
 * are too small to be worth generated code.
 *
 * A reader is a cursor over bytes that somebody else keeps. Fields come in file order; bytes fields are
 * views.
 *
 *     td_wire w = td_wire_of(bytes, size);
 *     td_wire_field f;
 *     while (td_wire_next(&w, &f))
 *         switch (f.number) { ... }
 *     if (w.bad) return TD_ERR(INVALID_ARGUMENT, "...");
 *
 * A writer is two passes: sizes first (td_wire_*_size), then td_wire_put_*(), each of which returns the place
 * after what it wrote. */
#ifndef TD_BASE_WIRE_H
#define TD_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/tensor.h"

typedef enum td_wire_type {
    TD_WIRE_VARINT = 0,
    TD_WIRE_FIXED64 = 1,
    TD_WIRE_BYTES = 2, /* strings, messages, packed lists */
    TD_WIRE_FIXED32 = 5,
} td_wire_type;

typedef struct td_wire {
    const uint8_t *at, *end;
    bool bad; /* td_wire_next() met something that is no protobuf */
} td_wire;

typedef struct td_wire_field {
    uint32_t number;
    td_wire_type type;
    uint64_t value;      /* VARINT, FIXED32, FIXED64 */
    const uint8_t *data; /* BYTES */
    size_t size;
} td_wire_field;

static inline td_wire td_wire_of(const void *bytes, size_t size)
{
    const uint8_t *const at = bytes;

    return (td_wire){ .at = at, .end = size ? at + size : at };
}

/* The next field; false at the end and when the bytes are damaged (w->bad). Groups are skipped. */
bool td_wire_next(td_wire *w, td_wire_field *f);
/* A bare varint, as packed lists hold them; false at the end and when damaged (w->bad). */
bool td_wire_varint(td_wire *w, uint64_t *value);

/* What a BYTES field holds, as a message and as text. */
static inline td_wire td_wire_inside(const td_wire_field *f)
{
    return td_wire_of(f->data, f->size);
}

static inline td_string td_wire_text(const td_wire_field *f)
{
    return (td_string){ (const char *)f->data, f->size };
}

/* Is the field the one of that number and type? A known number with another
 * type is skipped, as protobuf does. */
static inline bool td_wire_is(const td_wire_field *f, uint32_t number, td_wire_type type)
{
    return f->number == number && f->type == type;
}

/* Bytes of a varint: (bits * 9 + 64) / 64 is ceil(bits / 7) for 1 <= bits <= 64. */
static inline size_t td_wire_varint_size(uint64_t v)
{
    return (size_t)((64 - __builtin_clzll(v | 1)) * 9 + 64) / 64;
}

static inline uint32_t td_wire_tag(uint32_t number, td_wire_type type)
{
    return number << 3 | (uint32_t)type;
}

/* The last BYTES field of that number, as a message that says a field again has it; data NULL, size 0: there is none. */
td_wire_field td_wire_last(const td_wire_field *message, uint32_t number);

/* A BYTES field of `size` bytes with its tag and length. */
static inline size_t td_wire_bytes_size(uint32_t number, size_t size)
{
    return td_wire_varint_size(td_wire_tag(number, TD_WIRE_BYTES)) + td_wire_varint_size(size) + size;
}

/* A VARINT field with its tag. Signed values go as (uint64_t)(int64_t)v. */
static inline size_t td_wire_number_size(uint32_t number, uint64_t v)
{
    return td_wire_varint_size(td_wire_tag(number, TD_WIRE_VARINT)) + td_wire_varint_size(v);
}

static inline uint8_t *td_wire_put_varint(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

uint8_t *td_wire_put_head(uint8_t *p, uint32_t number, size_t size); /* tag and length of a BYTES field */
uint8_t *td_wire_put_bytes(uint8_t *p, uint32_t number, const void *data, size_t size);
uint8_t *td_wire_put_number(uint8_t *p, uint32_t number, uint64_t v);

#endif
