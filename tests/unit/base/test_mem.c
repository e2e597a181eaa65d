/* SPDX-License-Identifier: Apache-2.0 */
/* test_mem.c -- buffers that grow from the heap into pages of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mem_fault.h"

enum { MB = 1 << 20 };

/* Around where pages begin, huge ones begin, and odd. */
static const size_t sizes[] = { 1,          1000,    MB - 1,  MB,          MB + 1,
                                3 * MB + 7, 31 * MB, 32 * MB, 33 * MB + 5, 70 * MB };

static void fill(unsigned char *p, size_t from, size_t to)
{
    for (size_t i = from; i < to; i += i / 64 + 1)
        p[i] = (unsigned char)(i * 7 + 1);
}

static void check(const unsigned char *p, size_t size)
{
    for (size_t i = 0; i < size; i += i / 64 + 1)
        assert_int_equal(p[i], (unsigned char)(i * 7 + 1));
}

static void test_grows(void **state)
{
    unsigned char *p = NULL;
    size_t size = 0;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(sizes); i++) {
        p = td_try_grow(p, size, sizes[i]);
        assert_non_null(p);
        fill(p, 0, sizes[i]);
        check(p, sizes[i]);
        size = sizes[i];
    }
    td_free_grown(p, size);
    td_free_grown(NULL, 0);
}

static void test_each_keeps_what_was_there(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < TD_COUNT(sizes); i++)
        for (size_t k = i; k < TD_COUNT(sizes); k++) {
            unsigned char *p = td_try_grow(NULL, 0, sizes[i]);

            fill(p, 0, sizes[i]);
            p = td_try_grow(p, sizes[i], sizes[k]);
            assert_non_null(p);
            check(p, sizes[i]);
            p[sizes[k] - 1] = 1; /* it is there */
            td_free_grown(p, sizes[k]);
        }
}

/* Without memory the old buffer stays. */
static void test_no_memory(void **state)
{
    td_mem_faults *const faults = td_mem_faults_here();
    const size_t small = 100, large = 2 * MB;
    unsigned char *p = td_try_grow(NULL, 0, small), *q = td_try_grow(NULL, 0, large);

    (void)state;
    fill(p, 0, small);
    fill(q, 0, large);
    assert_null(td_try_grow(p, small, SIZE_MAX / 2));
    assert_null(td_try_grow(q, large, SIZE_MAX / 2));
#ifdef TD_DEBUG
    *faults = (td_mem_faults){ .is_on = true, .most = 1 };
    assert_null(td_try_grow(p, small, small + 1));
    assert_null(td_try_grow(p, small, large));
    assert_null(td_try_grow(q, large, large + 1));
#endif
    *faults = (td_mem_faults){ 0 };
    check(p, small);
    check(q, large);
    td_free_grown(p, small);
    td_free_grown(q, large);
}

static void test_large_blocks_of_an_arena(void **state)
{
    td_arena *const a = td_arena_make();

    (void)state;
    for (int round = 0; round < 3; round++) {
        unsigned char *const p = td_arena_try_alloc(a, 3 * MB, 64), *const q = td_arena_alloc(a, 9 * MB),
                             *const r = td_arena_alloc(a, 10);

        assert_int_equal((uintptr_t)p % 64, 0);
        assert_int_equal(q[9 * MB - 1] | q[0] | r[9], 0);
        fill(p, 0, 3 * MB);
        memset(q, 5, 9 * MB);
        memset(r, 6, 10);
        check(p, 3 * MB);
        td_arena_reset(a);
        assert_true(td_arena_held(a) < 8 * MB); /* none larger is kept */
    }
    td_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_each_keeps_what_was_there),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_large_blocks_of_an_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
