/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_grpc_multi.c -- any bytes as a MultiInferenceRequest: its tasks are looked at, its Examples are within it. */
#include "api/method.h"
#include "codec/pb/multi.h"
#include "driver.h"

static volatile unsigned fuzz_sink;

static void read_text(td_string s)
{
    for (size_t i = 0; i < s.size; i++)
        fuzz_sink = fuzz_sink + (unsigned char)s.data[i];
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_arena *const arena = td_arena_make();
    td_grpc_multi m;

    if (fuzz_end(td_grpc_multi_parse(data, size, arena, &m))) {
        for (size_t i = 0; i < m.n_tasks; i++) {
            read_text(m.tasks[i].model);
            read_text(m.tasks[i].signature);
            fuzz_sink = fuzz_sink + (unsigned)td_method_named(m.tasks[i].method_name);
        }
        for (size_t i = 0; i < m.list.n; i++)
            read_text(m.list.items[i]);
    }
    td_arena_free(arena);
}
