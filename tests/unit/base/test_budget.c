/* SPDX-License-Identifier: Apache-2.0 */
/* test_budget.c -- budgets: what they let pass, what they refuse, and that they go on refusing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/budget.h"
#include "base/clock.h"

static void test_limits(void **state)
{
    td_budget b;

    (void)state;
    td_budget_begin(&b, 10, 0, -1, 0);
    assert_ok(td_budget_take(&b, TD_BUDGET_NODES, 10, "f"));
    assert_ok(td_budget_take(&b, TD_BUDGET_BODIES, UINT64_MAX, "f"));
    assert_ok(td_budget_check(&b));
    td_budget_give(&b, TD_BUDGET_NODES, 4);
    assert_ok(td_budget_take(&b, TD_BUDGET_NODES, 4, "f"));
    assert_status_like(td_budget_take(&b, TD_BUDGET_NODES, 1, "function f"), TD_INVALID_ARGUMENT,
                       "loading takes more than 10 nodes (--max_load_nodes): function f");
    td_budget_give(&b, TD_BUDGET_NODES, 10);
    assert_status_like(td_budget_check(&b), TD_INVALID_ARGUMENT,
                       "--max_load_nodes"); /* what was refused is missing */
}

static void test_sums_do_not_wrap(void **state)
{
    td_budget b;

    (void)state;
    td_budget_begin(&b, 0, 0, 100, 0);
    assert_ok(td_budget_take(&b, TD_BUDGET_BYTES, 60, NULL));
    assert_status_like(td_budget_take(&b, TD_BUDGET_BYTES, UINT64_MAX - 10, NULL), TD_INVALID_ARGUMENT,
                       "--max_load_bytes");
    td_budget_give(&b, TD_BUDGET_BYTES, UINT64_MAX);
    assert_int_equal(b.used[TD_BUDGET_BYTES], 0);
}

static void test_time(void **state)
{
    td_budget b;

    (void)state;
    td_budget_begin(&b, 0, 0, 0, INT64_MAX); /* no overflow */
    assert_ok(td_budget_check(&b));
    td_budget_begin(&b, 0, 0, 0, 1);
    assert_ok(td_budget_take(&b, TD_BUDGET_NODES, 1, NULL));
    b.end_ns = td_now_ns() - 1;
    assert_status_like(td_budget_take(&b, TD_BUDGET_NODES, 1, NULL), TD_DEADLINE_EXCEEDED,
                       "loading takes more than 1 seconds (--max_load_seconds)");
    assert_status_like(td_budget_check(&b), TD_DEADLINE_EXCEEDED, "--max_load_seconds");
    assert_ok(td_budget_take(NULL, TD_BUDGET_NODES, 1, NULL));
    assert_ok(td_budget_check(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_sums_do_not_wrap),
        cmocka_unit_test(test_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
