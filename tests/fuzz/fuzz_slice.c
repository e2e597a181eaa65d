/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_slice.c -- any bytes as the text and the message of a slice of a tensor.
 *
 * The first byte is the tensor's rank, then a byte each for its dimensions; the rest is both. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "formats/savedmodel/slice.h"

static void check_inside(const td_slice *s, const td_shape *shape)
{
    TD_ASSERT(s->rank == shape->rank);
    for (int32_t i = 0; i < s->rank; i++) {
        TD_ASSERT(s->start[i] >= 0 && s->length[i] >= 0);
        TD_ASSERT(s->start[i] <= shape->dims[i] && s->length[i] <= shape->dims[i] - s->start[i]);
    }
}

/* Copies the slice out of a tensor whose elements are their own numbers, and back. */
static void check_copies(const td_slice *s, const td_shape *shape)
{
    const td_slice whole = td_slice_whole(shape);
    const td_shape part = td_slice_shape(s);
    const size_t n = (size_t)td_shape_count(shape), n_part = (size_t)td_shape_count(&part);
    td_slice both;

    if (n > 4096 || !td_slice_intersect(s, &whole, &both)) return;
    TD_ASSERT(td_slice_equal(&both, s));
    uint32_t *const all = malloc((n + 1) * sizeof *all), *const out = malloc((n_part + 1) * sizeof *out);

    for (size_t i = 0; i < n; i++)
        all[i] = (uint32_t)i;
    td_slice_copy(s, &whole, all, s, out, sizeof *all);
    for (size_t i = 1; i < n_part; i++)
        TD_ASSERT(out[i] > out[i - 1] && out[i] < n);
    td_slice_copy(s, s, out, &whole, all, sizeof *all);
    for (size_t i = 0; i < n; i++)
        TD_ASSERT(all[i] == i);
    free(all);
    free(out);
}

static void check(const td_slice *s, const td_shape *shape)
{
    td_strbuf key = { 0 };

    check_inside(s, shape);
    check_copies(s, shape);
    td_slice_key((td_string){ "v\0w", 3 }, s, &key);
    TD_ASSERT(key.size > 0);
    td_strbuf_fini(&key);
}

static void read_message(const uint8_t *data, size_t size, const td_shape *shape)
{
    td_wire w = td_wire_of(data, size);
    td_slice s;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, 1, TD_WIRE_BYTES) && fuzz_end(td_slice_proto_read(&f, shape, &s)))
            check(&s, shape);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_shape shape = { .rank = size ? data[0] % (TD_MAX_RANK + 1) : 0 };
    const size_t head = 1 + (size_t)shape.rank;
    td_slice s;

    if (size < head) return;
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = data[1 + i] == 0xff ? 1 << 20 : data[1 + i];
    const td_status bad = td_shape_check(&shape);

    if (!fuzz_end(bad)) return;
    if (fuzz_end(td_slice_parse((td_string){ (const char *)data + head, size - head }, &shape, &s)))
        check(&s, &shape);
    read_message(data + head, size - head, &shape);
}
