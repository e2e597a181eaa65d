/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wire.c -- the protobuf reader on any bytes:
 * every field, those of nested messages and packed lists too. */
#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"
#include "driver.h"

enum { FUZZ_DEPTH = 8 };

static volatile uint8_t fuzz_sink; /* so that views are really read */

static void walk_packed(td_wire w)
{
    for (uint64_t value; td_wire_varint(&w, &value);)
        fuzz_sink = (uint8_t)value;
}

static void walk_message(td_wire w, int depth)
{
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (f.type != TD_WIRE_BYTES) continue;
        for (size_t i = 0; i < f.size; i++)
            fuzz_sink = f.data[i];
        walk_packed(td_wire_inside(&f));
        if (depth < FUZZ_DEPTH) walk_message(td_wire_inside(&f), depth + 1);
    }
}

void fuzz_one(const uint8_t *data, size_t size)
{
    walk_message(td_wire_of(data, size), 0);
}
