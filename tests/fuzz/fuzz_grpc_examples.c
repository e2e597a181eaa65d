/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_grpc_examples.c -- any bytes as a ClassificationRequest:
 * its Examples found, and their features read. */
#include <stdlib.h>

#include "base/macros.h"
#include "codec/pb/examples.h"
#include "driver.h"
#include "formats/example.h"

static volatile uint8_t fuzz_sink;

static void read_bytes(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fuzz_sink = ((const uint8_t *)data)[i];
}

static void read_feature(const td_feature *f)
{
    const int64_t n = td_feature_count(f);
    const size_t elem = f->kind ? td_dtype_size(f->kind) : 1;

    if (n < 0) return;
    void *const values = malloc((size_t)n * elem + 1); /* exact but for one byte: ASan looks */
    td_feature_read(f, values);
    read_bytes(values, (size_t)n * elem);
    for (int64_t i = 0; f->kind == TD_STRING && i < n; i++)
        read_bytes(((td_string *)values)[i].data, ((td_string *)values)[i].size);
    free(values);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static const td_string names[] = { { "x", 1 }, { "y", 1 }, { "", 0 }, { "x", 1 } };
    td_arena *const arena = td_arena_make();
    td_feature features[TD_COUNT(names)];
    td_grpc_examples e;

    if (fuzz_end(td_grpc_examples_parse(data, size, arena, &e)))
        for (size_t i = 0; i < e.list.n; i++)
            if (td_example_find(e.list.items[i], names, TD_COUNT(names), features))
                for (size_t k = 0; k < TD_COUNT(names); k++)
                    read_feature(&features[k]);
    td_arena_free(arena);
}
