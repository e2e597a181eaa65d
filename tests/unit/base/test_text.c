/* SPDX-License-Identifier: Apache-2.0 */
/* test_text.c -- strings of the heap and of td_strbuf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"

static void test_strbuf(void **state)
{
    td_strbuf b = { 0 };

    (void)state;
    assert_string_equal(td_strbuf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        td_strbuf_printf(&b, "%d,", i);
    assert_int_equal(b.size, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(b.data), b.size);
    td_strbuf_puts(&b, "end");
    td_strbuf_putc(&b, '.');
    td_strbuf_add(&b, NULL, 0);
    assert_string_equal(b.data + b.size - 8, "999,end.");

    char *const text = td_strbuf_take(&b);
    assert_null(b.data);
    td_free(text);
    char *const none = td_strbuf_take(&b);
    assert_string_equal(none, "");
    td_free(none);
    td_strbuf_fini(&b);
}

static void test_printf_longer_than_room(void **state)
{
    td_strbuf b = { 0 };

    (void)state;
    td_strbuf_puts(&b, "x");
    td_strbuf_printf(&b, "%*d", 5000, 1);
    assert_int_equal(b.size, 5001);
    assert_int_equal(b.data[5000], '1');
    td_strbuf_fini(&b);
}

static void test_heap(void **state)
{
    (void)state;
    char *s = td_format("%s/%d", "a", 12);
    assert_string_equal(s, "a/12");
    td_free(s);
    s = td_strndup("hello", 3);
    assert_string_equal(s, "hel");
    td_free(s);
    assert_null(td_try_alloc(SIZE_MAX, 64));
    assert_null(td_try_alloc(SIZE_MAX - 10, 16));
    void *const p = td_try_alloc(1, 4096);
    assert_int_equal((uintptr_t)p % 4096, 0);
    td_free(p);
    td_free(td_alloc_array(0, 8));
    td_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strbuf),
        cmocka_unit_test(test_printf_longer_than_room),
        cmocka_unit_test(test_heap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
