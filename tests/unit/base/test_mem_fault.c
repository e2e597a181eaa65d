/* SPDX-License-Identifier: Apache-2.0 */
/* test_mem_fault.c -- allocations that fail on purpose (debug builds), and those that never do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/mem_fault.h"
#include "tensord/status.h"

#ifdef TD_DEBUG
static const bool is_debug = true;
#else
static const bool is_debug = false;
#endif

/* Three allocations that may fail, and three that may not, in turn. Bit i: the i-th of the first kind did. */
static unsigned allocate(void)
{
    unsigned failed = 0;
    td_arena *const arena = td_arena_make();
    void *const one = td_try_alloc(8, 8);
    char *const text = td_strdup("never NULL");
    void *const two = td_arena_try_alloc(arena, 1 << 20, 8);
    void *const block = td_arena_alloc(arena, 1 << 20);
    void *const three = td_try_realloc(NULL, 8);

    assert_non_null(text);
    assert_non_null(block);
    failed = (unsigned)!one | (unsigned)!two << 1 | (unsigned)!three << 2;
    td_free(one);
    td_free(text);
    td_free(three);
    td_arena_free(arena);
    return failed;
}

static unsigned with_fault(uint64_t at, bool is_lasting)
{
    td_mem_faults *const f = td_mem_faults_here();

    *f = (td_mem_faults){ .is_on = true, .is_lasting = is_lasting, .at = at };
    const unsigned failed = allocate();
    f->is_on = false;
    assert_int_equal(f->asked, is_debug ? 3 : 0);
    return failed;
}

static void test_each(void **state)
{
    (void)state;
    assert_int_equal(with_fault(0, false), 0);
    assert_int_equal(with_fault(1, false), is_debug ? 1 : 0);
    assert_int_equal(with_fault(2, false), is_debug ? 2 : 0);
    assert_int_equal(with_fault(3, false), is_debug ? 4 : 0);
    assert_int_equal(with_fault(4, false), 0);
    assert_int_equal(with_fault(2, true), is_debug ? 6 : 0);
    assert_int_equal(allocate(), 0);
}

static void test_status(void **state)
{
    td_mem_faults *const f = td_mem_faults_here();

    (void)state;
    *f = (td_mem_faults){ .is_on = true, .at = 1 };
    td_status s = TD_ERR(INVALID_ARGUMENT, "a text");
    f->is_on = false;
    assert_int_equal(td_status_code(s), is_debug ? TD_RESOURCE_EXHAUSTED : TD_INVALID_ARGUMENT);
    td_status_free(td_status_prefix(td_status_copy(s), "more: "));
    td_status_free(s);
}

/* What the whole machine could not hold is refused before the kernel promises it. */
static void test_too_much(void **state)
{
    (void)state;
    char *const p = td_try_alloc(8, 8);

    assert_null(td_try_alloc(SIZE_MAX, 64));
    assert_null(td_try_realloc(p, SIZE_MAX));
    assert_null(td_try_realloc(p, (size_t)1 << 50));
    p[7] = 1; /* it is still there */
    td_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
