/* SPDX-License-Identifier: Apache-2.0 */
/* test_examples.c -- bodies of :classify and :regress:
 * features become Examples; texts of what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "codec/json/examples.h"
#include "codec/json/scan.h"
#include "formats/example.h"

typedef struct fixture {
    td_arena *arena;
    td_json_examples r;
} fixture;

static int begin(void **state)
{
    fixture *const f = calloc(1, sizeof *f);

    f->arena = td_arena_make();
    *state = f;
    return 0;
}

static int end(void **state)
{
    fixture *const f = *state;

    td_arena_free(f->arena);
    free(f);
    return 0;
}

static td_status parse(fixture *f, const char *text)
{
    const size_t size = strlen(text);
    char *const padded = td_arena_alloc(f->arena, size + TD_JSON_PAD);

    memcpy(padded, text, size);
    return td_json_examples_parse(padded, size, "classify", f->arena, &f->r);
}

static td_feature feature(const fixture *f, size_t example, const char *name)
{
    const td_string key = { name, strlen(name) };
    td_feature out;

    assert_true(td_example_find(f->r.items[example], &key, 1, &out));
    return out;
}

static void test_kinds(void **state)
{
    fixture *const f = *state;

    assert_ok(
        parse(f, "{\"context\": {\"c\": 7}, \"signature_name\": \"sig\", \"examples\": [{\"i\": [1, true, "
                 "-9223372036854775808], \"f\": [1.5, NaN], \"s\": [\"a\\n\", {\"b64\": \"AAE=\"}]}, {}]}"));
    assert_int_equal(f->r.n, 2);
    assert_memory_equal(f->r.signature.data, "sig", 3);
    int64_t ints[3];
    td_feature x = feature(f, 0, "i");
    assert_int_equal(x.kind, TD_I64);
    assert_int_equal(td_feature_count(&x), 3);
    td_feature_read(&x, ints);
    assert_int_equal(ints[0], 1);
    assert_int_equal(ints[1], 1);
    assert_true(ints[2] == INT64_MIN);
    float floats[2];
    x = feature(f, 0, "f");
    assert_int_equal(x.kind, TD_F32);
    assert_int_equal(td_feature_count(&x), 2);
    td_feature_read(&x, floats);
    assert_true(floats[0] == 1.5f && floats[1] != floats[1]);
    td_string strings[2];
    x = feature(f, 0, "s");
    assert_int_equal(x.kind, TD_STRING);
    assert_int_equal(td_feature_count(&x), 2);
    td_feature_read(&x, strings);
    assert_memory_equal(strings[0].data, "a\n", 2);
    assert_int_equal(strings[1].size, 2);
    assert_memory_equal(strings[1].data, "\0\1", 2);
    assert_int_equal(feature(f, 1, "i").kind, TD_DTYPE_NONE);
    assert_int_equal(feature(f, 0, "c").kind, TD_I64); /* the context is in each */
    assert_int_equal(feature(f, 1, "c").kind, TD_I64);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *body, *text;
    } cases[] = {
        { "", "JSON Parse error: The document is empty" },
        { "{\"examples\": [", "JSON Parse error" },
        { "[1]", "Is not object" },
        { "{}", "When method is classify, key 'examples' is expected and was not found" },
        { "{\"examples\": [[]]}", "Example must be JSON object but got JSON Array" },
        { "{\"examples\": [{\"f\": null}]}", "Feature: f has element with unexpected JSON type: Null" },
        { "{\"examples\": [{\"f\": [10, 10.0]}]}",
          "Unexpected element type in feature: f expecting type: int64" },
        { "{\"examples\": [{\"f\": 18446744073709551615}]}", "Feature: f has uint64_t element" },
        { "{\"examples\": [{\"f\": [[1]]}]}", "unexpected JSON type: Array" },
        { "{\"signature_name\": 1, \"examples\": []}", "'signature_name' key must be a string value" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_says(parse(*state, cases[i].body), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kinds, begin, end),
        cmocka_unit_test_setup_teardown(test_refusals, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
