/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_protos.c -- any bytes as the descriptors that DecodeProtoV2 and EncodeProto come with.
 *
 * The first byte chooses one of their golden calls, the rest is its FileDescriptorSet: the call answers or is refused. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "golden.h"
#include "ops/kernel.h"

static golden calls[256];
static size_t n_calls;

static void load_calls(void)
{
    static td_arena *arena; /* kept: calls point into it */
    const char **files;

    arena = td_arena_make();
    const size_t n = golden_files(arena, ".txt", &files);
    for (size_t i = 0; i < n; i++) {
        FILE *const f = fopen(files[i], "r");

        TD_ASSERT(f);
        for (golden g; golden_read(f, arena, &g);)
            if (n_calls < TD_COUNT(calls) && (!strcmp(g.op, "DecodeProtoV2") || !strcmp(g.op, "EncodeProto")))
                calls[n_calls++] = g;
        (void)fclose(f);
    }
    TD_ASSERT(n_calls > 0);
}

static td_string source_of(td_arena *arena, const uint8_t *data, size_t size)
{
    static const char prefix[] = "bytes://";
    char *const text = td_arena_try_alloc(arena, sizeof prefix + size, 1);

    memcpy(text, prefix, sizeof prefix - 1);
    if (size) memcpy(text + sizeof prefix - 1, data, size);
    return (td_string){ text, sizeof prefix - 1 + size };
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;

    if (size < 1) return;
    fuzz_pause();
    if (!n_calls) load_calls();
    td_arena *const arena = td_arena_make();
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    golden g = calls[data[0] % n_calls];

    for (uint32_t i = 0; i < g.n_attrs; i++)
        if (!strcmp(g.attrs[i].name, "descriptor_source"))
            g.attrs[i].value.u.s = source_of(arena, data + 1, size - 1);
    td_status s = golden_node(arena, &g, &node);
    fuzz_resume();
    if (!s && node->n_out <= GOLDEN_TENSORS) s = td_node_eval(node, &env, g.in, out);
    (void)fuzz_end(s);
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
    td_arena_free(arena);
}
