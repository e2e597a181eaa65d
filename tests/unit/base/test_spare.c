/* SPDX-License-Identifier: Apache-2.0 */
/* test_spare.c -- blocks come again while they are used, go when they are not, count all the time, and are of one thread
 * each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/account.h"
#include "base/macros.h"
#include "base/mem_fault.h"
#include "base/spare.h"
#include "base/thread.h"

enum { KB = 1 << 10, MB = 1 << 20 };

typedef struct piece {
    unsigned char *data;
    size_t real;
} piece;

static piece take(size_t size)
{
    piece p;

    p.data = td_spare_take(size, &p.real);
    assert_non_null(p.data);
    assert_true(p.real >= size && p.real <= size + size / 4 + 4 * KB);
    assert_int_equal((uintptr_t)p.data % 64, 0);
    memset(p.data, 7, p.real);
    return p;
}

static void give(piece p)
{
    td_spare_give(p.data, p.real);
}

static int teardown(void **state)
{
    (void)state;
    (void)td_spare_tidy(true);
    assert_false(td_spare_tidy(true));
    td_accounts_limit(SIZE_MAX, NULL);
    assert_int_equal(td_accounts_used(), 0);
    return 0;
}

static void test_come_again(void **state)
{
    (void)state;
    const piece a = take(110 * KB), b = take(110 * KB), c = take(5 * MB);

    assert_ptr_not_equal(a.data, b.data);
    assert_int_equal(td_accounts_used(), a.real + b.real + c.real);
    give(a);
    give(c);
    give((piece){ NULL, 0 });
    assert_int_equal(td_accounts_used(), TD_SPARE_KEEPS ? a.real + b.real + c.real : b.real);
    const piece d = take(90 * KB), e = take(110 * KB), f = take(5 * MB - KB);

    if (TD_SPARE_KEEPS) {
        assert_ptr_not_equal(d.data, a.data); /* of another size */
        assert_ptr_equal(e.data, a.data);
        assert_ptr_equal(f.data, c.data);
    }
    give(b);
    give(d);
    give(e);
    give(f);
}

/* Of each size as many as were never taken between two looks. */
static void test_go_when_unused(void **state)
{
    piece p[4];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(p); i++)
        p[i] = take(MB);
    for (size_t i = 0; i < TD_COUNT(p); i++)
        give(p[i]);
    (void)td_spare_tidy(false); /* all of them were in use since the beginning */
    assert_int_equal(td_accounts_used(), TD_SPARE_KEEPS ? 4 * p[0].real : 0);
    const piece a = take(MB), b = take(MB);

    give(a);
    give(b);
    assert_int_equal(td_spare_tidy(false), TD_SPARE_KEEPS);
    assert_int_equal(td_accounts_used(), TD_SPARE_KEEPS ? 2 * p[0].real : 0);
    assert_int_equal(td_spare_tidy(false), TD_SPARE_KEEPS);
    assert_int_equal(td_accounts_used(), 0);
}

/* Not more than so much is kept, and nothing that is larger. */
static void test_kept_most(void **state)
{
    piece p[80];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(p); i++)
        p[i] = take(MB);
    for (size_t i = 0; i < TD_COUNT(p); i++)
        give(p[i]);
    assert_int_equal(td_accounts_used(), TD_SPARE_KEEPS ? TD_SPARE_MOST / p[0].real * p[0].real : 0);
    assert_int_equal(td_spare_tidy(true), TD_SPARE_KEEPS);
    give(take(TD_SPARE_MOST + 1));
    assert_int_equal(td_accounts_used(), 0);
}

static void test_limit(void **state)
{
    size_t real;

    (void)state;
    td_accounts_limit(3 * MB, NULL);
    const piece a = take(2 * MB);

    assert_null(td_spare_take(2 * MB, &real));
    assert_null(td_spare_take(SIZE_MAX, &real));
    assert_null(td_spare_take(SIZE_MAX - 64, &real));
    assert_int_equal(td_accounts_used(), a.real);
    give(a);
    give(take(5 * MB / 2)); /* what is kept goes for it */
}

#ifdef TD_DEBUG
static void test_no_memory(void **state)
{
    td_mem_faults *const faults = td_mem_faults_here();
    size_t real;

    (void)state;
    *faults = (td_mem_faults){ .is_on = true, .is_lasting = true, .at = 1 };
    assert_null(td_spare_take(MB, &real));
    *faults = (td_mem_faults){ 0 };
    assert_int_equal(td_accounts_used(), 0);
}
#endif

/* Nobody else has what one of the threads has. */
static void *use(void *arg)
{
    const unsigned char mine = (unsigned char)(uintptr_t)arg;
    piece p[8] = { 0 };

    for (unsigned i = 0; i < 4000; i++) {
        piece *const at = &p[i * 7 % TD_COUNT(p)];

        if (at->data && (at->data[0] != mine || at->data[at->real - 1] != mine)) return arg;
        td_spare_give(at->data, at->real);
        at->data = td_spare_take((64 + i % 5 * 40) * KB, &at->real);
        if (!at->data) return arg;
        at->data[0] = at->data[at->real - 1] = mine;
        if (i % 500 == 0) (void)td_spare_tidy(i % 1000 == 0);
    }
    for (size_t k = 0; k < TD_COUNT(p); k++)
        td_spare_give(p[k].data, p[k].real);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (uintptr_t i = 0; i < TD_COUNT(threads); i++)
        assert_null(td_thread_start(&threads[i], "spare", use, (void *)(i + 1)));
    for (size_t i = 0; i < TD_COUNT(threads); i++) {
        void *wrong;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_come_again, teardown),
        cmocka_unit_test_teardown(test_go_when_unused, teardown),
        cmocka_unit_test_teardown(test_kept_most, teardown),
        cmocka_unit_test_teardown(test_limit, teardown),
#ifdef TD_DEBUG
        cmocka_unit_test_teardown(test_no_memory, teardown),
#endif
        cmocka_unit_test_teardown(test_threads, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
