/* SPDX-License-Identifier: Apache-2.0 */
/* test_nd.c -- the strided copy against an element-by-element walk, at every level this CPU has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu_levels.h"

#include "kernels/array/gather.h"
#include "kernels/array/nd.h"

enum { GUARD = 64, MOST = 1 << 18 };

static uint32_t seed = 1;

static int64_t pick(int64_t lo, int64_t hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (int64_t)(seed >> 8) % (hi - lo + 1);
}

/* The definition of right: every point of the builder's dims. */
static void walk(const td_nd_builder *b, int k, char *out, const char *in)
{
    if (k == b->rank) {
        memcpy(out, in, (size_t)b->elem);
        return;
    }
    for (int64_t i = 0; i < b->dim[k].n; i++)
        walk(b, k + 1, out + i * b->dim[k].out, in + i * b->dim[k].in);
}

static void check(td_nd_builder *b, size_t out_bytes, size_t in_bytes, size_t in_at)
{
    static unsigned char in[MOST], want[MOST + 2 * GUARD], got[MOST + 2 * GUARD];
    td_arena *const arena = td_arena_make();

    assert_true(out_bytes <= MOST && in_bytes <= MOST);
    for (size_t i = 0; i < in_bytes; i++)
        in[i] = (unsigned char)pick(0, 255);
    memset(want, 0xa5, sizeof want);
    walk(b, 0, (char *)want + GUARD, (const char *)in + in_at);
    for (size_t level = 0; level < cpu_levels(); level++) {
        td_nd_builder copy = *b;
        td_nd nd;

        td_nd_finish(&copy, arena, cpu_level(level), &nd);
        memset(got, 0xa5, sizeof got);
        td_nd_copy(&nd, got + GUARD, in + in_at);
        assert_memory_equal(got, want, sizeof got);
        memset(got, 0xa5, sizeof got);
        for (size_t u = nd.units; nd.body != TD_ND_EMPTY && u > 0;
             u--) /* units are independent of each other */
            td_nd_copy_units(&nd, got + GUARD, in + in_at, u - 1, u);
        assert_memory_equal(got, want, sizeof got);
    }
    td_arena_free(arena);
}

/* Random orders of random shapes, some dims backwards or repeated. */
static void test_random(void **state)
{
    static const size_t elems[] = { 1, 2, 4, 8, 16 };

    (void)state;
    for (int round = 0; round < 600; round++) {
        const size_t elem = elems[pick(0, 4)];
        const int rank = (int)pick(0, 5);
        int64_t n[5], is[5], os[5], out = 1, in = 1, at = 0;
        int order[5];
        td_nd_builder b;

        for (int i = 0; i < rank; i++) {
            n[i] = pick(0, 40) == 0 ? 0 : pick(1, rank > 3 ? 5 : 11);
            order[i] = i;
        }
        for (int i = rank - 1; i > 0; i--) {
            const int k = (int)pick(0, i), t = order[i];
            order[i] = order[k];
            order[k] = t;
        }
        for (int i = rank - 1; i >= 0; i--) {
            os[i] = out;
            out *= n[i];
        }
        for (int i = rank - 1; i >= 0; i--) {
            is[order[i]] = in;
            in *= n[order[i]];
        }
        td_nd_start(&b, elem);
        for (int i = 0; i < rank; i++) {
            const int64_t how = pick(0, 9);
            const int64_t s = how == 0 ? 0 : how == 1 ? -is[i] : is[i];

            if (s < 0 && n[i]) at += (n[i] - 1) * is[i];
            td_nd_add(&b, n[i], os[i], s);
        }
        check(&b, (size_t)out * elem, (size_t)in * elem, out ? (size_t)at * elem : 0);
    }
}

static void test_matrices(void **state)
{
    static const int64_t sides[] = { 1, 2, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100 };
    static const size_t elems[] = { 1, 2, 4, 8, 16 };
    enum { SIDES = sizeof sides / sizeof *sides };

    (void)state;
    for (size_t i = 0; i < SIDES * SIDES * 5; i++) {
        const int64_t rows = sides[i % SIDES], cols = sides[i / SIDES % SIDES];
        const size_t elem = elems[i / SIDES / SIDES], bytes = (size_t)(3 * rows * cols) * elem;
        td_nd_builder b;

        if (bytes > MOST) continue;
        td_nd_start(&b, elem);
        td_nd_add(&b, 3, rows * cols, rows * cols);
        td_nd_add(&b, cols, rows, 1);
        td_nd_add(&b, rows, 1, cols);
        check(&b, bytes, bytes, 0);
    }
}

/* Rows of one dimension, long enough for several units: apart in the output, in the input, the same one again, backwards. */
static void test_stretches(void **state)
{
    static const int64_t lengths[] = { 1, 2, 3, 7, 12, 33, 100, 5000, 40000 };

    (void)state;
    for (size_t i = 0; i < 5 * sizeof lengths / sizeof *lengths; i++) {
        const int64_t run = lengths[i / 5], apart = run + 5, rows = (MOST - 16) / apart;
        const int64_t in = (const int64_t[]){ run, apart, 0, -apart, 0 }[i % 5];
        const int64_t out = i % 5 == 1 || i % 5 == 4 ? run : apart;
        td_nd_builder b;

        td_nd_start(&b, i % 5 == 4 && run < 3 ? (size_t)run : 1);
        td_nd_add(&b, rows, out / b.elem, in / b.elem);
        if (b.elem == 1) td_nd_add(&b, run, 1, 1);
        check(&b, (size_t)(rows * apart), (size_t)(rows * apart), in < 0 ? (size_t)((rows - 1) * apart) : 0);
    }
}

static void test_fill(void **state)
{
    static unsigned char got[1 << 17];
    static const unsigned char value[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

    (void)state;
    for (size_t elem = 1; elem <= 16; elem *= 2)
        for (size_t n = 0; n * elem < sizeof got - 1; n = n * 3 + 1) {
            memset(got, 0xa5, sizeof got);
            td_fill(got, elem, value, n);
            for (size_t i = 0; i < n; i++)
                assert_memory_equal(got + i * elem, value, elem);
            assert_int_equal(got[n * elem], 0xa5);
        }
}

static void test_gather(void **state)
{
    const int32_t index[] = { 2, 0, 1, 3 };
    const float params[] = { 0, 1, 2, 10, 11, 12, 20, 21, 22 };
    const td_gather g = { .batches = 1, .outer = 3, .limit = 3, .count = 3, .row = sizeof(float) };
    const float want[] = { 2, 0, 1, 12, 10, 11, 22, 20, 21 };
    float got[10] = { 0 };

    (void)state;
    td_gather_rows(&g, (char *)got, (const char *)params, index, TD_I32, 0, 4);
    td_gather_rows(&g, (char *)got, (const char *)params, index, TD_I32, 4, 9);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(td_gather_check(index, TD_I32, 4, 3), 3);
    assert_int_equal(td_gather_check(index, TD_I32, 3, 3), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random), cmocka_unit_test(test_matrices), cmocka_unit_test(test_stretches),
        cmocka_unit_test(test_fill),   cmocka_unit_test(test_gather),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
