/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_einsum.c -- any text as the equation of an Einsum.
 *
 * The first byte chooses types and the number of operands, the next two the operands' ranks and dimensions. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "golden.h"
#include "ops/kernel.h"

enum { HEAD = 3 };

static const float numbers[4096];

/* Up to five small dimensions, the same ones in turn so that labels mostly fit. */
static td_tensor operand(td_dtype dtype, uint8_t byte)
{
    td_tensor t = { dtype, { byte % 6, { 0 } }, (void *)(uintptr_t)numbers, NULL };

    for (int i = 0; i < t.shape.rank; i++)
        t.shape.dims[i] = byte & 0x80 ? (byte >> 3) % 4 : 2;
    return t;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static const td_dtype types[] = { TD_F32, TD_F64, TD_I32, TD_BF16, TD_C64 };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;
    golden g = { .op = "Einsum", .n_attrs = 3 };

    if (size < HEAD) return;
    fuzz_pause();
    td_arena *const arena = td_arena_make();
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    const td_dtype type = types[*data / 2 % TD_COUNT(types)];

    g.n_in = 1 + *data % 2;
    g.in[0] = operand(type, data[1]);
    g.in[1] = operand(type, data[2]);
    g.attrs[0] = (td_attr){ "T", { .kind = TD_ATTR_TYPE, .u.type = type } };
    g.attrs[1] = (td_attr){ "N", { .kind = TD_ATTR_INT, .u.i = g.n_in } };
    g.attrs[2] = (td_attr){ "equation",
                            { .kind = TD_ATTR_STRING, .u.s = { (const char *)data + HEAD, size - HEAD } } };
    fuzz_resume();
    td_status s = golden_node(arena, &g, &node);

    if (!s) s = td_node_eval(node, &env, g.in, out);
    (void)fuzz_end(s);
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
    td_arena_free(arena);
}
