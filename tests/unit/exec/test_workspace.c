/* SPDX-License-Identifier: Apache-2.0 */
/* test_workspace.c -- pieces of memory are lent, shared by all plans, kept while they are used, and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem_fault.h"
#include "base/thread.h"
#include "exec/idle.h"
#include "exec/lane.h"
#include "exec/workspace.h"

enum { CORES = 2, KB = 1 << 10, MB = 1 << 20 };

static td_account a, b;

static td_workspace take(size_t size)
{
    td_workspace w = { 0 };

    assert_ok(td_workspace_take(&a, size, "a run's workspace", &w));
    assert_true(w.size >= size);
    assert_int_equal((uintptr_t)w.data % 64, 0);
    memset(w.data, 7, size);
    return w;
}

static int teardown(void **state)
{
    (void)state;
    (void)td_workspaces_tidy(true);
    td_memory_set_limit(SIZE_MAX);
    assert_int_equal(a.used, 0);
    assert_int_equal(td_accounts_used(), 0);
    return 0;
}

static void test_used_again(void **state)
{
    (void)state;
    td_workspace small = take(40 * KB), large = take(3 * MB);
    void *const at_small = small.data, *const at_large = large.data;

    assert_int_equal(a.used, 40 * KB + 3 * MB);
    td_workspace_give(&small);
    td_workspace_give(&large);
    td_workspace_give(&large); /* cleared */
    assert_int_equal(a.used, 0);
    assert_int_equal(td_accounts_used(), 40 * KB + 3 * MB); /* kept */
    small = take(30 * KB);                                  /* the one that fits best */
    large = take(50 * KB);
    assert_ptr_equal(small.data, at_small);
    assert_ptr_equal(large.data, at_large);
    assert_int_equal(a.used, 40 * KB + 3 * MB);
    td_workspace_give(&small);
    td_workspace_give(&large);
}

/* What is no run's leaves runs what only they need, and does not push it out. */
static void test_others(void **state)
{
    td_workspace run = take(8 * MB), run2 = take(8 * MB), other = { 0 }, small = { 0 };
    void *const at = run.data, *const at2 = run2.data;

    (void)state;
    td_workspace_give(&run);
    td_workspace_give(&run2);
    assert_ok(td_workspace_take_other(NULL, 3 * MB, "a request", &other));
    assert_true(other.data != at && other.data != at2);
    assert_ok(td_workspace_take_other(&b, 100 * KB, "a request", &small));
    assert_int_equal(b.used, 100 * KB);
    assert_int_equal(td_accounts_used(), 19 * MB + 100 * KB);
    td_workspace_give(&small); /* at once */
    td_workspace_give(&other); /* and smaller than those that are kept */
    assert_int_equal(td_accounts_used(), 16 * MB);
    assert_ok(td_workspace_take_other(NULL, 4 * MB, "a request", &other));
    assert_true(other.data == at || other.data == at2);
    td_workspace_give(&other);
    td_accounts_limit(16 * MB, NULL);
    assert_status_like(td_workspace_take_other(&b, 1 * MB, "a request", &other), TD_RESOURCE_EXHAUSTED,
                       "a request needs 1048576 bytes of memory; ");
    assert_null(other.data);
    td_accounts_limit(SIZE_MAX, NULL);
}

/* Whatever sizes come: as many as there are cores, and the largest of them. */
static void test_few_are_kept(void **state)
{
    td_workspace w[6];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(w); i++)
        w[i] = take((i + 1) * MB);
    for (size_t i = 0; i < TD_COUNT(w); i++)
        td_workspace_give(&w[(i + 3) % TD_COUNT(w)]);
    assert_int_equal(td_accounts_used(), 11 * MB);
    for (size_t size = MB; size < 40 * MB; size += MB) {
        w[0] = take(size);
        w[1] = take(size);
        td_workspace_give(&w[0]);
        td_workspace_give(&w[1]);
        assert_true(td_accounts_used() <= 2 * (TD_MAX(size, 6 * (size_t)MB)));
    }
}

static void test_idle_ones_go(void **state)
{
    (void)state;
    td_workspace w = take(MB), other = take(8 * MB);

    td_workspace_give(&other);
    td_workspace_give(&w);
    assert_false(td_workspaces_tidy(false)); /* just used */
    w = take(MB);
    td_workspace_give(&w);
    assert_true(td_workspaces_tidy(false));
    assert_int_equal(td_accounts_used(), MB);
    assert_true(td_workspaces_tidy(false));
    assert_int_equal(td_accounts_used(), 0);
    assert_false(td_workspaces_tidy(false));
}

/* One that is used every second, but for little, is too large. */
static void test_too_large_ones_go(void **state)
{
    (void)state;
    td_workspace w = take(8 * MB);

    td_workspace_give(&w);
    (void)td_workspaces_tidy(false);
    w = take(4 * MB);
    td_workspace_give(&w);
    assert_false(td_workspaces_tidy(false));
    w = take(3 * MB);
    td_workspace_give(&w);
    assert_true(td_workspaces_tidy(false));
    w = take(3 * MB);
    assert_int_equal(w.size, 3 * MB);
    td_workspace_give(&w);
}

static void test_limit(void **state)
{
    td_workspace more = { 0 };

    (void)state;
    td_memory_set_limit(10 * MB);
    td_workspace w = take(6 * MB);

    assert_status_like(td_workspace_take(&b, 5 * MB, "a run's workspace", &more), TD_RESOURCE_EXHAUSTED,
                       "a run's workspace needs 5242880 bytes of memory; 6291456 of 10485760 are in use");
    assert_null(more.data);
    assert_int_equal(b.used, 0);
    td_workspace_give(&w);
    more = take(9 * MB); /* what lies idle makes room */
    td_workspace_give(&more);
}

static void test_no_memory(void **state)
{
    td_mem_faults *const f = td_mem_faults_here();
    td_workspace w = { 0 };

    (void)state;
    for (size_t size = KB; size <= 64 * MB; size *= 8) {
        *f = (td_mem_faults){ .is_on = true, .at = 1 };
        const td_status s = td_workspace_take(&a, size, "a run's workspace", &w);

        f->is_on = false;
        assert_int_equal(td_status_code(s),
                         f->failed ? TD_RESOURCE_EXHAUSTED : TD_OK); /* debug builds fail */
        td_status_free(s);
        td_workspace_give(&w);
        assert_int_equal(a.used, 0);
        (void)td_workspaces_tidy(true);
    }
}

/* Never the same piece for two. */
static void *borrow(void *ctx)
{
    const unsigned char mine = *(const unsigned char *)ctx;

    for (size_t i = 0; i < 2000; i++) {
        const size_t size = (i % 7 + 1) * 60 * KB;
        td_workspace w;

        assert_null(td_workspace_take(&b, size, "a run's workspace", &w));
        ((unsigned char *)w.data)[0] = ((unsigned char *)w.data)[size - 1] = mine;
        if (i % 50 == 0) (void)td_workspaces_tidy(i % 100 == 0);
        assert_int_equal(((unsigned char *)w.data)[0], mine);
        assert_int_equal(((unsigned char *)w.data)[size - 1], mine);
        td_workspace_give(&w);
    }
    return NULL;
}

static void test_threads(void **state)
{
    unsigned char marks[4] = { 1, 2, 3, 4 };
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        assert_ok(td_thread_start(&threads[i], "borrower", borrow, &marks[i]));
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(b.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_used_again, teardown),
        cmocka_unit_test_teardown(test_others, teardown),
        cmocka_unit_test_teardown(test_few_are_kept, teardown),
        cmocka_unit_test_teardown(test_idle_ones_go, teardown),
        cmocka_unit_test_teardown(test_too_large_ones_go, teardown),
        cmocka_unit_test_teardown(test_limit, teardown),
        cmocka_unit_test_teardown(test_no_memory, teardown),
        cmocka_unit_test_teardown(test_threads, teardown),
    };

    td_lanes_configure(CORES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
