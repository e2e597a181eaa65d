/* SPDX-License-Identifier: Apache-2.0 */
/* test_nearest.c -- distances of names, and which of them is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static td_string text(const char *s)
{
    return (td_string){ s, strlen(s) };
}

static void distances(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = { { "", "", 0 },
                  { "", "abc", 3 },
                  { "abc", "abc", 0 },
                  { "abc", "abd", 1 },
                  { "abc", "ab", 1 },
                  { "abc", "acb", 1 },
                  { "kitten", "sitting", 3 },
                  { "Port", "port", 0 },
                  { "ab", "ba", 1 },
                  { "abcd", "badc", 2 },
                  { "a", "b", 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(td_edit_distance(text(cases[i].a), text(cases[i].b)), cases[i].distance);
        assert_int_equal(td_edit_distance(text(cases[i].b), text(cases[i].a)), cases[i].distance);
    }
}

static void long_names_are_cut(void **state)
{
    char a[1000], b[1000];

    (void)state;
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    b[999] = 'y';
    assert_int_equal(td_edit_distance((td_string){ a, sizeof a }, (td_string){ b, sizeof b }), 0);
    b[3] = 'y';
    assert_int_equal(td_edit_distance((td_string){ a, sizeof a }, (td_string){ b, sizeof b }), 1);
}

static void what_was_meant(void **state)
{
    static const char *const flags[] = { "port", "rest_api_port", "model_name", "model_base_path" };

    (void)state;
    assert_string_equal(td_nearest(text("model_basepath"), flags, 4), "model_base_path");
    assert_string_equal(td_nearest(text("prot"), flags, 4), "port");
    assert_string_equal(td_nearest(text("base_path"), flags, 4), "model_base_path");
    assert_string_equal(td_nearest(text("api_port"), flags, 4), "rest_api_port");
    assert_null(td_nearest(text("frobnicate"), flags, 4));
    assert_null(td_nearest(text(""), flags, 4));
    assert_null(td_nearest(text("q"), (const char *const[]){ "y" }, 1));
    assert_null(td_nearest(text("port"), flags, 0));
}

static void lists(void **state)
{
    static const char *const few[] = { "predict", "serving_default", "serve" };
    const char *many[100];
    char names[100][8], long_name[600];
    td_strbuf out = { 0 };

    (void)state;
    td_nearest_list(text("serving"), few, 3, &out);
    assert_string_equal(td_strbuf_text(&out), "serving_default, serve, predict");
    td_strbuf_fini(&out);
    td_nearest_list(text("serving"), few, 0, &out);
    assert_string_equal(td_strbuf_text(&out), "none");
    td_strbuf_fini(&out);

    for (size_t i = 0; i < 100; i++) {
        snprintf(names[i], sizeof names[i], "n%02zu", i);
        many[i] = names[i];
    }
    td_nearest_list(text("n42"), many, 100, &out);
    assert_memory_equal(td_strbuf_text(&out), "n42, ", 5);
    assert_non_null(strstr(td_strbuf_text(&out), " and 92 more"));
    td_strbuf_fini(&out);

    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    many[1] = many[2] = long_name;
    td_nearest_list(text("xxx"), many + 1, 2, &out);
    assert_true(out.size < 450);
    td_strbuf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(distances), cmocka_unit_test(long_names_are_cut),
                                        cmocka_unit_test(what_was_meant), cmocka_unit_test(lists) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
