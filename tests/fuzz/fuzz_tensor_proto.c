/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tensor_proto.c -- any bytes as a TensorProto: parsed, decoded, every byte of the result read. */
#include <stddef.h>
#include <stdint.h>

#include "driver.h"
#include "formats/tensor_proto.h"

enum {
    FUZZ_MOST = 1 << 20
}; /* elements: a few bytes may rightly ask for a huge tensor of one repeated value */

static volatile uint8_t fuzz_sink;

static void read_all(const td_tensor *t)
{
    const int64_t n = td_shape_count(&t->shape);

    if (t->dtype == TD_STRING) {
        const td_string *const s = t->data;
        for (int64_t i = 0; i < n; i++)
            for (size_t k = 0; k < s[i].size; k++)
                fuzz_sink = (uint8_t)s[i].data[k];
        return;
    }
    const uint8_t *const bytes = t->data;
    for (int64_t i = 0; i < n * (int64_t)td_dtype_size(t->dtype); i++)
        fuzz_sink = bytes[i];
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_tensor_proto proto;
    td_status status = td_tensor_proto_parse(data, size, &proto);

    if (!status && td_shape_count(&proto.shape) <= FUZZ_MOST) {
        td_arena *const arena = td_arena_make();
        td_tensor t;

        status = td_tensor_proto_read(data, size, arena, &t);
        if (!status) read_all(&t);
        td_arena_free(arena);
    }
    (void)fuzz_end(status);
}
