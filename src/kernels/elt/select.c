/* SPDX-License-Identifier: Apache-2.0 */
/* select.c -- one body for each element size; nothing in it depends on what the bytes mean. */
#include "kernels/elt/select.h"

#include "kernels/elt/body.h"

typedef struct pair {
    uint64_t low, high;
} pair;

#define SELECT(size, type)                                                                                   \
    static int select_##size(void *out_void, const void *const in[], size_t n, const td_elt_arg *arg)        \
    {                                                                                                        \
        const uint8_t *const condition = in[0];                                                              \
        const type *const yes = in[1], *const no = in[2];                                                    \
        type *const out = out_void;                                                                          \
        (void)arg;                                                                                           \
        TD_IVDEP                                                                                             \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = condition[i] ? yes[i] : no[i];                                                          \
        return 0;                                                                                            \
    }
SELECT(1, uint8_t)
SELECT(2, uint16_t)
SELECT(4, uint32_t)
SELECT(8, uint64_t)
SELECT(16, pair)

bool td_select_find(size_t size, td_elt *out)
{
    td_elt_fn *const fn = size == 1    ? select_1
                          : size == 2  ? select_2
                          : size == 4  ? select_4
                          : size == 8  ? select_8
                          : size == 16 ? select_16
                                       : NULL;

    *out = (td_elt){ .fn = fn, .n_in = 3, .in_size = { 1, size, size }, .out_size = size };
    return fn != NULL;
}
