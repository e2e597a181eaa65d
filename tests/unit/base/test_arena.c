/* SPDX-License-Identifier: Apache-2.0 */
/* test_arena.c -- alignment, growth, reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void test_grows_and_aligns(void **state)
{
    td_arena *const a = td_arena_make();
    unsigned char *seen[300];
    size_t used = 0;

    (void)state;
    for (size_t i = 0; i < 300; i++) {
        const size_t size = i * 37, align = (size_t)1 << (i % 8);

        seen[i] = td_arena_try_alloc(a, size, align);
        assert_non_null(seen[i]);
        assert_int_equal((uintptr_t)seen[i] % align, 0);
        memset(seen[i], (int)(i & 255), size);
        used += size;
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i * 37; k++)
            if (seen[i][k] != (i & 255)) fail_msg("allocation %zu was overwritten", i);
    assert_true(td_arena_used(a) >= used);
    td_arena_reset(a);
    assert_int_equal(td_arena_used(a), 0);
    td_arena_free(a);
    td_arena_free(NULL);
}

static void test_is_zeroed_after_reset(void **state)
{
    td_arena *const a = td_arena_make();

    (void)state;
    memset(td_arena_alloc(a, 3000), 0xff, 3000);
    td_arena_reset(a);
    const unsigned char *const p = td_arena_alloc(a, 3000);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(p[i], 0);
    assert_int_equal((uintptr_t)p % 16, 0);
    td_arena_free(a);
}

static void test_impossible_sizes(void **state)
{
    td_arena *const a = td_arena_make();

    (void)state;
    assert_null(td_arena_try_alloc(a, SIZE_MAX, 16));
    assert_null(td_arena_try_alloc(a, SIZE_MAX - 64, 64));
    assert_null(td_arena_try_alloc(a, SIZE_MAX / 2, 1));
    assert_non_null(td_arena_try_alloc(a, 1, 1));
    assert_non_null(td_arena_alloc(a, 0));
    td_arena_free(a);
}

static void test_text(void **state)
{
    td_arena *const a = td_arena_make();

    (void)state;
    assert_string_equal(td_arena_strdup(a, "abc"), "abc");
    assert_string_equal(td_arena_strndup(a, "abc", 2), "ab");
    assert_string_equal(td_arena_strndup(a, NULL, 0), "");
    assert_string_equal(td_arena_format(a, "%s-%d", "x", 5), "x-5");
    td_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_aligns),
        cmocka_unit_test(test_is_zeroed_after_reset),
        cmocka_unit_test(test_impossible_sizes),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
