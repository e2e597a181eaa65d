/* SPDX-License-Identifier: Apache-2.0 */
/* test_sizes.c -- sizes grow while rows get cheaper, and no further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "batch/sizes.h"

/* ns of a run of so many rows. */
typedef double cost_fn(double rows);

static double fixed_cost(double rows)
{
    return 1e6 + 1e4 * rows; /* a batch is cheap */
}

static double no_gain(double rows)
{
    return 1e6 * rows;
}

/* Rows get dearer beyond 8: they leave the cache. */
static double best_at_8(double rows)
{
    return rows <= 8 ? 1e6 + 1e6 * rows : 3e6 * rows;
}

/* What is chosen in the end when plenty waits. */
static size_t settled(td_batch_sizes *s, cost_fn *cost, size_t most)
{
    size_t rows = 0;

    for (int i = 0; i < 200; i++) {
        rows = td_batch_sizes_choose(s, 1, 1000, most);
        td_batch_sizes_learn(s, rows, (int64_t)cost((double)rows));
    }
    return rows;
}

static void test_grows_while_it_gains(void **state)
{
    td_batch_sizes cheap = { 0 }, same = { 0 }, eight = { 0 }, bound = { 0 };

    (void)state;
    assert_int_equal(settled(&cheap, fixed_cost, 256), 256);
    assert_int_equal(settled(&same, no_gain, 256), 1);
    assert_int_equal(settled(&eight, best_at_8, 256), 8);
    assert_int_equal(settled(&bound, fixed_cost, 100), 64);
}

/* Where rows add little, all that wait go at once; where they are all that costs, nothing is filled up. */
static void test_fills_up_where_it_pays(void **state)
{
    td_batch_sizes s = { 0 }, eight = { 0 };

    (void)state;
    (void)settled(&s, fixed_cost, 256);
    for (size_t n = 1; n < 300; n++) {
        const size_t rows = td_batch_sizes_choose(&s, 1, n, 256);
        assert_true(rows <= 256 && rows < 2 * n && 2 * rows > (n < 256 ? n : 256));
    }
    assert_int_equal(td_batch_sizes_choose(&s, 1, 3, 256), 4);
    assert_int_equal(td_batch_sizes_choose(&s, 1, 29, 256), 32);
    assert_int_equal(td_batch_sizes_choose(&s, 1, 129, 256), 128); /* and one more costs less than 256 */
    assert_int_equal(td_batch_sizes_choose(&s, 1, 29, 31), 16);
    assert_true(td_batch_sizes_row_ns(&s) < 2e4);
    (void)settled(&eight, best_at_8, 256);
    for (size_t n = 1; n < 300; n++) {
        const size_t rows = td_batch_sizes_choose(&eight, 1, n, 256);
        assert_true(rows <= 16 && (rows <= n || rows <= 8));
    }
}

/* A size that never ran may cost anything: it is not filled up. */
static void test_fills_no_unknown_size(void **state)
{
    td_batch_sizes s = { 0 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        td_batch_sizes_learn(&s, 1, 1000);
        td_batch_sizes_learn(&s, 2, 1010);
    }
    assert_int_equal(td_batch_sizes_choose(&s, 1, 3, 256), 2);
    assert_int_equal(td_batch_sizes_choose(&s, 1, 4, 256), 4);
}

/* Calls of many rows: theirs are the sizes that count. */
static void test_large_calls(void **state)
{
    td_batch_sizes s = { 0 };
    size_t rows = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        rows = td_batch_sizes_choose(&s, 50, 1000, 256);
        td_batch_sizes_learn(&s, rows, (int64_t)fixed_cost((double)rows));
    }
    assert_int_equal(rows, 256);
    assert_int_equal(td_batch_sizes_choose(&s, 300, 1000, 256), 300);
    assert_int_equal(td_batch_sizes_choose(&s, 50, 50, 256), 50);
}

/* The first run of a size makes its plan: that is not what it costs. */
static void test_first_run_does_not_count(void **state)
{
    td_batch_sizes s = { 0 };

    (void)state;
    td_batch_sizes_learn(&s, 1, INT64_C(1000000000));
    assert_true(td_batch_sizes_row_ns(&s) <= 0.0);
    td_batch_sizes_learn(&s, 1, 1000);
    assert_true(td_batch_sizes_row_ns(&s) <= 1000.0);
}

/* What once was slow, as another process had the cores, is tried again. */
static void test_looks_again(void **state)
{
    td_batch_sizes s = { 0 };

    (void)state;
    assert_int_equal(settled(&s, no_gain, 64), 1);
    size_t rows = 0;
    for (int i = 0; i < 20000; i++) {
        rows = td_batch_sizes_choose(&s, 1, 1000, 64);
        td_batch_sizes_learn(&s, rows, (int64_t)fixed_cost((double)rows));
    }
    assert_int_equal(rows, 64);
}

/* What is chosen in the end, and whether a larger one was run after the first few. */
static size_t settled_within(td_batch_sizes *s, cost_fn *cost, double slo_ns)
{
    size_t rows = 0;

    s->slo_ns = slo_ns;
    for (int i = 0; i < 600; i++) {
        rows = td_batch_sizes_choose(s, 1, 1000, 256);
        td_batch_sizes_learn(s, rows, (int64_t)cost((double)rows));
        if (rows > 1) assert_true(cost((double)rows) <= slo_ns / 2);
    }
    return rows;
}

/* A call waits for a run and has one of its own: both fit into what is promised. Sizes that do not are never run. */
static void test_keeps_a_promise(void **state)
{
    td_batch_sizes s[4] = { { .slo_ns = 0 } };

    (void)state;
    assert_int_equal(settled_within(&s[0], fixed_cost, 1e9), 256);
    assert_int_equal(settled_within(&s[1], fixed_cost, 5.5e6),
                     128); /* 2.28 ms; 256 might take 4.56 and does not */
    assert_int_equal(settled_within(&s[2], fixed_cost, 1e6), 1); /* nothing keeps it */
    assert_int_equal(settled_within(&s[3], best_at_8, 12e6), 4);
}

/* One run in a hundred may take longer; ten may not. */
static void test_counts_the_slow_ones(void **state)
{
    td_batch_sizes rare = { .slo_ns = 10e6 }, often = { .slo_ns = 10e6 };
    int large[2] = { 0 };

    (void)state;
    for (int i = 0; i < 20000; i++) {
        const size_t a = td_batch_sizes_choose(&rare, 1, 1000, 256),
                     b = td_batch_sizes_choose(&often, 1, 1000, 256);

        td_batch_sizes_learn(&rare, a, (int64_t)(fixed_cost((double)a) * (i % 1000 ? 1 : 4)));
        td_batch_sizes_learn(&often, b, (int64_t)(fixed_cost((double)b) * (i % 10 ? 1 : 4)));
        large[0] += a == 256;
        large[1] += b == 256;
    }
    assert_true(large[0] > 15000);
    assert_true(large[1] < 2000);
}

/* A size that was slow for a while is run again, by and by. */
static void test_forgives(void **state)
{
    td_batch_sizes s = { .slo_ns = 20e6 };
    size_t rows = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        rows = td_batch_sizes_choose(&s, 1, 1000, 64);
        td_batch_sizes_learn(&s, rows, (int64_t)(fixed_cost((double)rows) * (i > 300 && i < 320 ? 9 : 1)));
    }
    assert_int_equal(rows, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_while_it_gains),
        cmocka_unit_test(test_fills_up_where_it_pays),
        cmocka_unit_test(test_fills_no_unknown_size),
        cmocka_unit_test(test_large_calls),
        cmocka_unit_test(test_first_run_does_not_count),
        cmocka_unit_test(test_looks_again),
        cmocka_unit_test(test_keeps_a_promise),
        cmocka_unit_test(test_counts_the_slow_ones),
        cmocka_unit_test(test_forgives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
