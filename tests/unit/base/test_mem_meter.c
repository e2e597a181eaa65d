/* SPDX-License-Identifier: Apache-2.0 */
/* test_mem_meter.c -- what a meter counts, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/mem_meter.h"

static void test_what_comes_goes(void **state)
{
    td_mem_meter m = { .most = INT64_MAX };
    td_mem_meter *const before = td_mem_meter_swap(&m);

    (void)state;
    assert_null(before);
    void *const a = td_alloc(1000), *const b = td_try_alloc(3000, 64), *const c = td_try_alloc(5000, 64);
    const int64_t taken = m.used;
    void *const d = td_try_realloc(td_realloc(NULL, 100), 20000);
    const int64_t more = m.used;
    td_arena *const arena = td_arena_make();
    (void)td_arena_alloc(arena, 1 << 20);
    const int64_t most = m.used;
    td_arena_free(arena);
    td_free(d);
    td_free(c);
    td_free(b);
    td_free(a);
    (void)td_mem_meter_swap(before);
    assert_in_range(taken, 9000, 20000);
    assert_in_range(more - taken, 20000, 40000);
    assert_in_range(most - more, 1 << 20, 2 << 20);
    assert_int_equal(m.used, 0);
    assert_false(m.is_over);
}

static void test_limit(void **state)
{
    td_mem_meter m = { .most = 10000 };

    (void)state;
    (void)td_mem_meter_swap(&m);
    void *const a = td_try_alloc(6000, 16), *const b = td_try_alloc(6000, 16);
    const bool was_over = m.is_over;
    void *const c = td_try_realloc(a, 8000); /* in place of what it had */
    void *const d = td_try_realloc(c, 12000), *const e = td_try_alloc(SIZE_MAX, 16);
    const int64_t used = m.used;
    (void)td_mem_meter_swap(NULL);
    assert_non_null(a);
    assert_null(b);
    assert_true(was_over);
    assert_non_null(c);
    assert_null(d);
    assert_null(e);
    assert_in_range(used, 8000, 10000);
    td_free(c);
}

/* What may not fail goes on, and says so. */
static void test_bookkeeping_goes_on(void **state)
{
    td_mem_meter m = { .most = 100 };

    (void)state;
    (void)td_mem_meter_swap(&m);
    void *const a = td_alloc(1000);
    (void)td_mem_meter_swap(NULL);
    assert_true(m.is_over);
    td_free(a);
    assert_in_range(m.used, 1000, 2000); /* that was not this meter's any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_goes),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_bookkeeping_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
