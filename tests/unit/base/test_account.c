/* SPDX-License-Identifier: Apache-2.0 */
/* test_account.c -- one sum, one limit, several accounts; what lies idle is given up before anybody is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/account.h"
#include "base/macros.h"
#include "base/thread.h"

static td_account a, b;

static int teardown(void **state)
{
    (void)state;
    td_accounts_limit(SIZE_MAX, NULL);
    assert_int_equal(a.used, 0);
    assert_int_equal(b.used, 0);
    assert_int_equal(td_accounts_used(), 0);
    return 0;
}

static void test_limit_is_of_all(void **state)
{
    (void)state;
    td_accounts_limit(100, NULL);
    assert_int_equal(td_accounts_limit_now(), 100);
    assert_ok(td_account_take(&a, 60, "it"));
    assert_ok(td_account_take(&b, 30, "it"));
    assert_ok(td_account_take(NULL, 5, "it")); /* nobody's */
    assert_int_equal(td_accounts_used(), 95);
    assert_status_like(td_account_take(&a, 6, "a run"), TD_RESOURCE_EXHAUSTED,
                       "a run needs 6 bytes of memory; 95 of 100 are in use (--max_memory_bytes)");
    assert_status_like(td_account_take(&a, SIZE_MAX, "it"), TD_RESOURCE_EXHAUSTED, "95 of 100");
    assert_int_equal(a.used, 60);
    assert_ok(td_account_take(&a, 5, "it"));
    td_account_give(&a, 65);
    td_account_give(&b, 30);
    td_account_give(NULL, 5);
}

static void test_lowered_limit(void **state)
{
    (void)state;
    assert_ok(td_account_take(&a, 50, "it"));
    td_accounts_limit(10, NULL);
    assert_status_like(td_account_take(&a, 1, "it"), TD_RESOURCE_EXHAUSTED, "50 of 10");
    td_account_give(&a, 50);
}

static void test_move(void **state)
{
    (void)state;
    assert_ok(td_account_take(&a, 40, "it"));
    td_account_move(&a, NULL, 40); /* it lies idle */
    assert_int_equal(a.used, 0);
    assert_int_equal(td_accounts_used(), 40);
    td_account_move(NULL, &b, 40);
    assert_int_equal(b.used, 40);
    td_account_give(&b, 40);
}

/* ---------------------------------------------------------------- what lies idle */

static int rounds;

/* 10 bytes are cheap, 20 more are dear. */
static bool give_up(int round)
{
    rounds = round + 1;
    td_account_give(&b, round ? 20 : 10);
    return round < 1;
}

static void test_idle_memory_goes_first(void **state)
{
    (void)state;
    td_accounts_limit(100, give_up);
    assert_ok(td_account_take(&b, 30, "idle"));
    assert_ok(td_account_take(&a, 70, "it"));
    assert_int_equal(rounds, 0);
    assert_ok(td_account_take(&a, 8, "it"));
    assert_int_equal(rounds, 1); /* cheap was enough */
    assert_int_equal(td_accounts_used(), 98);
    td_account_give(&a, 78);
    td_account_give(&b, 20);

    assert_ok(td_account_take(&b, 30, "idle"));
    assert_ok(td_account_take(&a, 60, "it"));
    assert_status_like(td_account_take(&a, 41, "it"), TD_RESOURCE_EXHAUSTED, "60 of 100");
    assert_int_equal(rounds, 2);
    rounds = 0;
    assert_status_like(td_account_take(&a, 101, "it"), TD_RESOURCE_EXHAUSTED, "60 of 100");
    assert_int_equal(rounds, 0); /* nothing could help */
    td_account_give(&a, 60);
}

/* ---------------------------------------------------------------- taken ahead */

static void test_reserve(void **state)
{
    (void)state;
    td_accounts_limit(100, NULL);
    assert_ok(td_account_reserve(&a, 80, "a model"));
    assert_int_equal(a.used, 80);
    assert_status_like(td_account_reserve(&b, 30, "another"), TD_RESOURCE_EXHAUSTED, "another needs 30");
    assert_ok(td_account_take(&a, 50, "it")); /* of those */
    assert_int_equal(td_accounts_used(), 80);
    assert_status_like(td_account_take(&a, 51, "it"), TD_RESOURCE_EXHAUSTED, "80 of 100");
    assert_ok(td_account_take(&a, 40, "it")); /* 30 of those, 10 more */
    assert_int_equal(td_accounts_used(), 90);
    td_account_unreserve(&a);
    assert_int_equal(td_accounts_used(), 90);
    td_account_give(&a, 90);

    assert_ok(td_account_reserve(&a, 80, "a model"));
    assert_ok(td_account_take(&a, 10, "it"));
    td_account_unreserve(&a);
    td_account_unreserve(&a);
    assert_int_equal(td_accounts_used(), 10);
    td_account_give(&a, 10);
}

static void *take_and_give(void *ctx)
{
    td_account *const mine = ctx;

    for (int i = 0; i < 20000; i++) {
        const td_status s = td_account_take(mine, 30, "it");

        assert_true(td_accounts_used() <= 100);
        if (!s) td_account_give(mine, 30);
        td_status_free(s);
    }
    return NULL;
}

static void test_never_beyond_it(void **state)
{
    pthread_t threads[4];

    (void)state;
    td_accounts_limit(100, NULL);
    assert_ok(td_account_reserve(&a, 20, "it"));
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        assert_ok(td_thread_start(&threads[i], "taker", take_and_give, i % 2 ? &a : &b));
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        (void)pthread_join(threads[i], NULL);
    td_account_unreserve(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_limit_is_of_all, teardown),
        cmocka_unit_test_teardown(test_lowered_limit, teardown),
        cmocka_unit_test_teardown(test_move, teardown),
        cmocka_unit_test_teardown(test_idle_memory_goes_first, teardown),
        cmocka_unit_test_teardown(test_reserve, teardown),
        cmocka_unit_test_teardown(test_never_beyond_it, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
