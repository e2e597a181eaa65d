/* SPDX-License-Identifier: Apache-2.0 */
/* test_bcast.c -- random shapes that broadcast, over random ranges, against td_bcast_at(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/macros.h"
#include "kernels/elt/bcast.h"

enum { OPERANDS = 3, MOST = 20000, ROUNDS = 3000 };

static uint32_t seed = 1;

static unsigned pick(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* Operands of unlike widths: 4, 1 and 8 bytes. */
static int sum(const void *ctx, void *out, const void *const in[], size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        ((int64_t *)out)[i] = 10000 * (int64_t)((const int32_t *)in[0])[i] +
                              100 * (int64_t)((const int8_t *)in[1])[i] + ((const int64_t *)in[2])[i];
    return 4;
}

static td_shape draw_shape(void)
{
    static const int64_t dims[] = { 1, 2, 3, 5, 7, 16, 17, 40, 47, 48, 100 };
    td_shape s = { .rank = (int)pick(5) };

    for (int64_t d = s.rank - 1, left = MOST; d >= 0; d--) {
        const int64_t dim = dims[pick(TD_COUNT(dims))];
        s.dims[d] = TD_MIN(left, dim);
        left /= s.dims[d];
    }
    return s;
}

/* Some leading dims gone, some of the others 1. */
static td_shape narrower(const td_shape *s)
{
    const int gone = s->rank ? (int)pick(2) * (int)pick((unsigned)s->rank + 1) : 0;
    td_shape t = { .rank = s->rank - gone };

    for (int d = 0; d < t.rank; d++)
        t.dims[d] = pick(3) ? s->dims[d + gone] : 1;
    return t;
}

static void test_random_shapes(void **state)
{
    static int64_t data[OPERANDS][MOST], out[MOST];
    static const size_t sizes[OPERANDS] = { 4, 1, 8 };

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        ((int32_t *)data[0])[i] = (int32_t)i;
        ((int8_t *)data[1])[i] = (int8_t)(i * 7 % 100);
        data[2][i] = (int64_t)(i * 13 % 97);
    }
    for (int round = 0; round < ROUNDS; round++) {
        const td_shape shape = draw_shape();
        td_shape shapes[OPERANDS];
        const td_shape *pointers[OPERANDS];
        const void *in[OPERANDS];
        td_bcast_operand operands[OPERANDS];
        td_bcast b;

        for (unsigned k = 0; k < OPERANDS; k++) {
            shapes[k] = narrower(&shape);
            pointers[k] = &shapes[k];
            in[k] = data[k];
            operands[k].size = sizes[k];
        }
        td_bcast_make(&b, operands, &shape, pointers, OPERANDS);
        const size_t begin = pick((unsigned)b.count), end = begin + pick((unsigned)(b.count - begin) + 1);
        for (size_t i = 0; i < b.count; i++)
            out[i] = -1;
        assert_int_equal(td_bcast_run(&b, out, sizeof *out, in, begin, end, sum, NULL), begin < end ? 4 : 0);
        for (size_t i = 0; i < b.count; i++) {
            int64_t expected = -1;
            if (i >= begin && i < end)
                expected = 10000 * (int64_t)((int32_t *)data[0])[td_bcast_at(&b, 0, i)] +
                           100 * (int64_t)((int8_t *)data[1])[td_bcast_at(&b, 1, i)] +
                           data[2][td_bcast_at(&b, 2, i)];
            assert_int_equal(out[i], expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_shapes) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
