/* SPDX-License-Identifier: Apache-2.0 */
/* test_slabs.c -- pieces of any size lie apart and aligned, come again when they were given back, and go all at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/mem_fault.h"
#include "base/slabs.h"

enum { KB = 1 << 10, MB = 1 << 20 };

static const size_t sizes[] = { 1,           63,       64,     65, 4 * KB, 32 * KB,
                                32 * KB + 1, 100 * KB, MB - 1, MB, 3 * MB, 40 * MB };

static void test_apart(void **state)
{
    unsigned char *at[2 * TD_COUNT(sizes)];
    td_slabs s;

    (void)state;
    td_slabs_init(&s);
    for (size_t i = 0; i < TD_COUNT(at); i++) {
        const size_t size = sizes[i % TD_COUNT(sizes)];

        at[i] = td_slabs_take(&s, size);
        assert_non_null(at[i]);
        assert_int_equal((uintptr_t)at[i] % 64, 0);
        memset(at[i], (int)i, size);
    }
    for (size_t i = 0; i < TD_COUNT(at); i++) {
        assert_int_equal(at[i][0], i);
        assert_int_equal(at[i][sizes[i % TD_COUNT(sizes)] - 1], i);
    }
    td_slabs_fini(&s);
}

static void test_come_again(void **state)
{
    td_slabs s;

    (void)state;
    td_slabs_init(&s);
    void *const a = td_slabs_take(&s, 100 * KB), *const b = td_slabs_take(&s, 100 * KB);

    td_slabs_give(&s, a, 100 * KB);
    td_slabs_give(&s, NULL, 100 * KB);
    assert_ptr_not_equal(td_slabs_take(&s, 101 * KB), a);
    assert_ptr_equal(td_slabs_take(&s, 100 * KB), a);
    assert_ptr_not_equal(td_slabs_take(&s, 100 * KB), b);
    td_slabs_fini(&s);
}

static void test_expected_lie_together(void **state)
{
    td_slabs s;

    (void)state;
    if (td_mem_is_watched()) return; /* then each has a place of its own */
    td_slabs_init(&s);
    td_slabs_expect(&s, 50 * MB);
    const unsigned char *const first = td_slabs_take(&s, 20 * MB), *const second = td_slabs_take(&s, 30 * MB);

    assert_ptr_equal(first + 20 * MB, second);
    td_slabs_fini(&s);
}

/* Who expected more than there is gets what he needs, if there is that. */
static void test_no_memory(void **state)
{
    td_slabs s;

    (void)state;
    td_slabs_init(&s);
    td_slabs_expect(&s, SIZE_MAX / 2);
    assert_non_null(td_slabs_take(&s, 100 * KB));
    assert_null(td_slabs_take(&s, SIZE_MAX));
    assert_null(td_slabs_take(&s, SIZE_MAX / 2));
    td_slabs_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_come_again),
        cmocka_unit_test(test_expected_lie_together),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
