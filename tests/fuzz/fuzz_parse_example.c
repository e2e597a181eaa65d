/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_parse_example.c -- any bytes as the tf.Examples that ParseExample reads: sparse, dense and ragged features of
 * each type, of fixed and of variable length.
 *
 * The first byte chooses the op; then each example has its length ahead, one byte. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "golden.h"
#include "ops/kernel.h"

enum { MOST_EXAMPLES = 8 };

/* Features: sparse s (string), i (int64); dense f (two floats), v (int64s, padded with 5); ragged w, x. */
static const char *const calls[] = {
    "case ParseExample\nattr Ndense int 2\nattr Nsparse int 2\nattr Tdense types 1,9\nattr dense_shapes "
    "shapes "
    "2;-1\nattr sparse_types types 7,9\nin 7 1 00\nin 7 0\nin 7 - 73\nin 7 - 69\nin 7 - 66\nin 7 - 76\nin 1 "
    "2 1.0 "
    "2.0\nin 9 - 5\nend\n",
    "case ParseExampleV2\nattr Tdense types 1,9\nattr dense_shapes shapes 2;-1\nattr num_sparse int 1\nattr "
    "ragged_split_types types 3,9\nattr ragged_value_types types 9,7\nattr sparse_types types 7\nin 7 1 "
    "00\nin 7 "
    "0\nin 7 1 73\nin 7 2 66 76\nin 7 2 69 77\nin 1 0\nin 9 - 5\nend\n",
    "case ParseExampleV2\nattr Tdense types 7\nattr dense_shapes shapes -1,2\nattr num_sparse int 2\nattr "
    "ragged_split_types types 9\nattr ragged_value_types types 1\nattr sparse_types types 1,9\nin 7 1 00\nin "
    "7 "
    "0\nin 7 2 66 69\nin 7 1 73\nin 7 1 78\nin 7 - 2e\nend\n",
};

static void read_call(td_arena *arena, const char *text, golden *g)
{
    FILE *const f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    TD_ASSERT(f && golden_read(f, arena, g));
    (void)fclose(f);
}

static size_t split(const uint8_t *data, size_t size, td_string *out)
{
    size_t n = 0;

    while (size && n < MOST_EXAMPLES) {
        const size_t length = TD_MIN((size_t)*data, size - 1);

        out[n++] = (td_string){ (const char *)data + 1, length };
        data += 1 + length;
        size -= 1 + length;
    }
    return n;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_string examples[MOST_EXAMPLES];
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;
    golden g;

    if (!size) return;
    fuzz_pause();
    td_arena *const arena = td_arena_make();
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };

    read_call(arena, calls[*data % TD_COUNT(calls)], &g);
    const int64_t n = (int64_t)split(data + 1, size - 1, examples);

    g.in[0] = (td_tensor){ TD_STRING, { 1, { n } }, examples, NULL };
    if (n == 1 && *data & 0x80) g.in[0].shape = (td_shape){ 0 };
    fuzz_resume();
    td_status s = golden_node(arena, &g, &node);

    if (!s) s = td_node_eval(node, &env, g.in, out);
    (void)fuzz_end(s);
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
    td_arena_free(arena);
}
