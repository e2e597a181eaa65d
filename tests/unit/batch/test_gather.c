/* SPDX-License-Identifier: Apache-2.0 */
/* test_gather.c -- quick calls of one thread that run together, over a session that doubles x. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "batch/gather.h"
#include "fake_session.h"

enum { N = 12 };

static int away; /* calls that were sent elsewhere */

static void count_away(td_batch_call *c)
{
    (void)c;
    away++;
}

static td_batcher *begin(td_gather *g)
{
    td_gather_init(g);
    atomic_store(&runs, 0);
    atomic_store(&largest, 0);
    away = 0;
    known_rows = INT64_MAX;
    row_ns = 1000;
    is_crowded = false;
    return td_batcher_make(NULL, &(td_batch_options){ 0 });
}

static void add(td_gather *g, td_batcher *b, call *c, size_t rows, size_t cols, float v)
{
    fill(c, rows, cols, v);
    c->c.options.never_waits = true;
    c->c.elsewhere = count_away;
    td_gather_add(g, b, &c->c);
}

/* It ended on this thread: its error's code. Checks what came. */
static td_code end(call *c)
{
    const td_code code = td_status_code(c->error);

    assert_true(c->has_ended);
    for (size_t i = 0; !c->error && i < (size_t)td_shape_count(&c->in.shape); i++)
        assert_true(((const float *)c->out[0].data)[i] == 2.0f * c->x[i]);
    td_status_free(c->error);
    close_call(c);
    return code;
}

/* Sizes grow by what runs take, and the fake's take nothing that grows with rows. */
static void teach(td_gather *g, td_batcher *b, size_t n)
{
    call c[N];

    for (int round = 0; round < 40; round++) {
        for (size_t i = 0; i < n; i++)
            add(g, b, &c[i], 1, 2, (float)i);
        td_gather_run(g);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(end(&c[i]), TD_OK);
    }
}

static void test_runs_together(void **state)
{
    td_gather g;
    td_batcher *const b = begin(&g);

    (void)state;
    teach(&g, b, 8);
    assert_true(atomic_load(&largest) >= 2);
    assert_true(atomic_load(&runs) < 40 * 8);
    assert_int_equal(g.n, 0);
    assert_int_equal(away, 0);
    assert_int_equal(atomic_load(&results), 0);
    td_batcher_free(b);
}

/* Other shapes, signatures and batchers; calls whose rows are not known. */
static void test_unlike_calls_go_apart(void **state)
{
    td_gather g;
    td_batcher *const b = begin(&g), *const other = td_batcher_make(NULL, &(td_batch_options){ 0 });
    call c[N];

    (void)state;
    teach(&g, b, 8);
    atomic_store(&largest, 0);
    for (size_t i = 0; i < N; i++) {
        add(&g, i % 4 == 3 ? other : b, &c[i], 1, 1 + i % 4, (float)i);
        if (i == 4) c[i].c.sig = &signatures[PAIRS];
    }
    td_gather_run(&g);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(end(&c[i]), TD_OK);
    assert_true(atomic_load(&largest) <= 4); /* no shape has more than three */
    assert_int_equal(atomic_load(&results), 0);
    td_batcher_free(other);
    td_batcher_free(b);
}

static void test_a_bad_one_fails_alone(void **state)
{
    td_gather g;
    td_batcher *const b = begin(&g);
    call c[N];

    (void)state;
    teach(&g, b, N);
    for (size_t i = 0; i < N; i++)
        add(&g, b, &c[i], 1, 2, i == 5 ? (float)BAD : 1.0f);
    td_gather_run(&g);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(end(&c[i]), i == 5 ? TD_OUT_OF_RANGE : TD_OK);
    td_batcher_free(b);
}

/* The last to end may be the one that frees the batcher. */
static void test_ends_that_free(void **state)
{
    td_gather g;
    call c;

    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        td_batcher *const b = begin(&g);
        call first;

        if (n == 2) add(&g, b, &first, 1, 3, 1.0f);
        add(&g, b, &c, 1, 2, 1.0f);
        c.batcher = b;
        c.c.done = end_and_free;
        td_gather_run(&g);
        assert_int_equal(end(&c), TD_OK);
        if (n == 2) assert_int_equal(end(&first), TD_OK);
    }
}

/* What would take too long together is run in parts; a size of which nothing is known only if half of it is quick. */
static void test_stays_quick(void **state)
{
    td_gather g;
    td_batcher *const b = begin(&g);

    (void)state;
    row_ns = TD_QUICK_NS / 2;
    teach(&g, b, 8);
    assert_int_equal(atomic_load(&largest), 2);
    td_batcher_free(b);

    td_batcher *const unknown = begin(&g);
    known_rows = 1;
    teach(&g, unknown, 8);
    assert_int_equal(atomic_load(&largest), 2);
    td_batcher_free(unknown);
}

static void test_never_waits(void **state)
{
    td_gather g;
    td_batcher *const b = begin(&g);
    call c[N];

    (void)state;
    teach(&g, b, 8);
    is_crowded = true;
    for (size_t i = 0; i < N; i++)
        add(&g, b, &c[i], 1, i < 8 ? 2 : 3, 1.0f);
    td_gather_run(&g);
    assert_int_equal(away, N);
    for (size_t i = 0; i < N; i++) {
        assert_false(c[i].has_ended);
        close_call(&c[i]);
    }
    td_batcher_free(b);
}

/* Runs that cost nothing, models that join nothing: at once. Without company for a while, most go at once, too. */
static void test_wants(void **state)
{
    td_gather g;
    td_batcher *const b = begin(&g), *const off =
                                         td_batcher_make(NULL, &(td_batch_options){ .is_off = true });
    const td_signature *const sig = &signatures[JOINED];
    call c[2];
    int alone = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_false(td_gather_wants(&g, b, sig, 1000));
        assert_false(td_gather_wants(&g, b, &signatures[SINGLE], 50000));
        assert_false(td_gather_wants(&g, off, sig, 50000));
        assert_false(td_gather_wants(&g, NULL, sig, 50000));
        alone += td_gather_wants(&g, b, sig, 50000);
    }
    assert_in_range(alone, 1, 20);
    for (int i = 0; i < 2; i++)
        add(&g, b, &c[i], 1, 2, 1.0f);
    assert_true(td_gather_wants(&g, b, sig, 50000));
    td_gather_run(&g);
    for (int i = 0; i < 2; i++)
        assert_int_equal(end(&c[i]), TD_OK);
    for (int i = 0; i < 5; i++)
        assert_true(td_gather_wants(&g, b, sig, 50000)); /* others came */
    td_batcher_free(off);
    td_batcher_free(b);
}

static void test_is_full(void **state)
{
    enum { MANY = 200 };
    td_gather g;
    td_batcher *const b = begin(&g);
    call *const c = calloc(MANY, sizeof *c);
    size_t n = 0;

    (void)state;
    while (!td_gather_is_full(&g) && n < MANY)
        add(&g, b, &c[n++], 1, 2, 1.0f);
    assert_in_range(n, 8, 128);
    td_gather_run(&g);
    assert_false(td_gather_is_full(&g));
    while (n)
        assert_int_equal(end(&c[--n]), TD_OK);
    free(c);
    td_batcher_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_together),
        cmocka_unit_test(test_unlike_calls_go_apart),
        cmocka_unit_test(test_a_bad_one_fails_alone),
        cmocka_unit_test(test_ends_that_free),
        cmocka_unit_test(test_stays_quick),
        cmocka_unit_test(test_never_waits),
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
