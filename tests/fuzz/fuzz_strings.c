/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_strings.c -- ops that read texts, on any bytes: they answer or refuse, and ask for no more memory than they may.
 *
 * The first byte chooses the op, the second one of its golden calls. The rest is cut at bytes of 0xff into the strings of
 * input 0, again and again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "driver.h"
#include "golden.h"
#include "ops/kernel.h"

static const char *const names[] = {
    "DecodeCSV",
    "DecodeBase64",
    "DecodeCompressed",
    "ParseTensor",
    "StringToNumber",
    "StringSplitV2",
    "StringNGrams",
    "Substr",
    "StringFormat",
    "EncodeBase64",
    "StringLower",
    "UnicodeTranscode",
    "DecodeRaw",
    "ReduceJoin",
    "AsString",
    "UnicodeDecodeWithOffsets",
    "ParseSequenceExample",
    "ParseSequenceExampleV2",
    "ParseSingleExample",
    "DecodeJSONExample",
    "DeserializeSparse",
    "DeserializeManySparse",
};
enum { KEPT = 64 }; /* calls of each */

static golden calls[TD_COUNT(names)][KEPT];
static size_t n_calls[TD_COUNT(names)];

static void keep(const golden *g)
{
    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (strcmp(g->op, names[i]) == 0 && g->n_in && g->in[0].dtype == TD_STRING && n_calls[i] < KEPT)
            calls[i][n_calls[i]++] = *g;
}

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
            keep(&g);
        (void)fclose(f);
    }
    for (size_t i = 0; i < TD_COUNT(names); i++)
        TD_ASSERT(n_calls[i] > 0);
}

/* A copy of its own, on the heap, so that ASan sees its ends. */
static td_string next_part(td_arena *arena, const uint8_t **at, const uint8_t *begin, const uint8_t *end)
{
    if (*at >= end) *at = begin;
    const uint8_t *const stop = *at < end ? memchr(*at, 0xff, (size_t)(end - *at)) : NULL;
    const size_t size = (size_t)((stop ? stop : end) - *at);
    char *const bytes = td_arena_try_alloc(arena, size + 1, 1);

    if (size) memcpy(bytes, *at, size);
    *at = stop ? stop + 1 : end;
    return (td_string){ bytes, size };
}

static void run(td_arena *arena, const golden *g)
{
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;
    td_status s = golden_node(arena, g, &node);

    if (!s && node->n_out <= GOLDEN_TENSORS) s = td_node_eval(node, &env, g->in, out);
    (void)fuzz_end(s);
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const uint8_t *at = data + 2, *const end = data + size;

    if (size < 2) return;
    fuzz_pause();
    if (!n_calls[0]) load_calls();
    td_arena *const arena = td_arena_make();
    const size_t op = data[0] % TD_COUNT(names);
    golden g = calls[op][data[1] % n_calls[op]];
    td_tensor texts;

    td_status_free(td_tensor_copy_flat(&g.in[0], &texts));
    for (int64_t i = 0; i < td_shape_count(&texts.shape); i++)
        ((td_string *)texts.data)[i] = next_part(arena, &at, data + 2, end);
    g.in[0] = texts;
    fuzz_resume();
    run(arena, &g);
    td_tensor_unref(&texts);
    td_arena_free(arena);
}
