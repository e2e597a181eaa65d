/* SPDX-License-Identifier: Apache-2.0 */
/* test_deflate.c -- there and back, at every size of window; and what is not worth it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assert_status.h"
#include "base/mem.h"
#include "net/deflate.h"
#include "net/inflate.h"

enum { MOST = 3 << 20 };

static char text[MOST + 16];
static int looks;

static bool never(void *ctx)
{
    (void)ctx;
    looks++;
    return false;
}

static bool later(void *ctx)
{
    (void)ctx;
    return ++looks > 3;
}

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t at = 0, i = 0; at < MOST; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%zu, ", i * i);
    for (size_t size = 512; size <= MOST; size += size / 3) {
        char *packed, *back;
        size_t n, capacity, back_size, back_capacity;

        assert_true(td_gzip(text, size, never, NULL, &packed, &n, &capacity));
        assert_true(n < size && n <= capacity);
        assert_ok(td_inflate(packed, n, MOST, 0, &back, &back_size, &back_capacity));
        assert_int_equal(back_size, size);
        assert_memory_equal(back, text, size);
        td_free_grown(packed, capacity);
        td_free_grown(back, back_capacity);
    }
}

static void test_not_worth_it(void **state)
{
    size_t n, capacity;
    char *packed;

    (void)state;
    srand(1);
    for (size_t i = 0; i < MOST; i++)
        text[i] = (char)(rand() >> 7);
    assert_false(td_gzip(text, 1000, never, NULL, &packed, &n, &capacity));
    assert_false(td_gzip(text, MOST, never, NULL, &packed, &n, &capacity));
    assert_false(td_gzip(text, 0, never, NULL, &packed, &n, &capacity));
}

static void test_stops(void **state)
{
    size_t n, capacity;
    char *packed;

    (void)state;
    memset(text, 'x', MOST);
    looks = 0;
    assert_false(td_gzip(text, MOST, later, NULL, &packed, &n, &capacity));
    assert_int_equal(looks, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_not_worth_it),
        cmocka_unit_test(test_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
