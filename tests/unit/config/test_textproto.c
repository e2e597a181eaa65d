/* SPDX-License-Identifier: Apache-2.0 */
/* test_textproto.c -- protobuf's text format, by what protobuf-c makes of the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "tensorflow/core/framework/attr_value.pb-c.h"
#include "tensorflow/core/protobuf/config.pb-c.h"
#include "tensorflow/core/protobuf/meta_graph.pb-c.h"

#include "base/macros.h"
#include "config/textproto.h"

typedef Tensorflow__AttrValue__ListValue list_value;

static list_value *read_list(const char *text)
{
    ProtobufCMessage *m = NULL;

    assert_ok(
        td_textproto_parse(text, strlen(text), &tensorflow__attr_value__list_value__descriptor, NULL, &m));
    return (list_value *)(void *)m;
}

static void drop(list_value *l)
{
    protobuf_c_message_free_unpacked(&l->base, NULL);
}

static void numbers(void **state)
{
    list_value *const l =
        read_list("i: [1, -2, 0x1F, 017, -0x8000000000000000, 9223372036854775807] # comment\n"
                  "f: 1.5; f: -inf, f: 3f f: -1.e2f f: .5 f: 7 b: true b: [f, 1, False]"
                  "type: DT_FLOAT type: [3, DT_INT8_REF]");

    (void)state;
    assert_int_equal(l->n_i, 6);
    assert_int_equal(l->i[1], -2);
    assert_int_equal(l->i[2], 31);
    assert_int_equal(l->i[3], 15);
    assert_true(l->i[4] == INT64_MIN && l->i[5] == INT64_MAX);
    assert_int_equal(l->n_f, 6);
    assert_true(l->f[0] == 1.5f && l->f[1] < -3e38f && l->f[2] == 3 && l->f[3] == -100 && l->f[4] == 0.5f &&
                l->f[5] == 7);
    assert_int_equal(l->n_b, 4);
    assert_true(l->b[0] && !l->b[1] && l->b[2] && !l->b[3]);
    assert_int_equal(l->n_type, 3);
    assert_int_equal(l->type[2], 106);
    drop(l);
}

static void strings(void **state)
{
    list_value *const l =
        read_list("s: 'a\"' \"b'\" s: '\\n\\x41\\101\\0\\\\' s: ['\\u00e9\\U0001F600\\ud83d\\ude00', '']");

    (void)state;
    assert_int_equal(l->n_s, 4);
    assert_int_equal(l->s[0].len, 4);
    assert_memory_equal(l->s[0].data, "a\"b'", 4);
    assert_int_equal(l->s[1].len, 5);
    assert_memory_equal(l->s[1].data, "\nAA\0\\", 5);
    assert_int_equal(l->s[2].len, 10);
    assert_memory_equal(l->s[2].data, "\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 10);
    assert_int_equal(l->s[3].len, 0);
    drop(l);
}

/* What some editors begin a file with: skipped there, once, and not counted in a place. */
static void byte_order_mark(void **state)
{
    list_value *const l = read_list("\xef\xbb\xbfi: 7");
    ProtobufCMessage *m;

    (void)state;
    assert_int_equal(l->n_i, 1);
    assert_int_equal(l->i[0], 7);
    drop(l);
    drop(read_list("\xef\xbb\xbf"));
    assert_status_like(
        td_textproto_parse("\xef\xbb\xbfx: 7", 7, &tensorflow__attr_value__list_value__descriptor, NULL, &m),
        TD_INVALID_ARGUMENT, "1:2: ");
    assert_status_like(
        td_textproto_parse("i: \xef\xbb\xbf 7", 8, &tensorflow__attr_value__list_value__descriptor, NULL, &m),
        TD_INVALID_ARGUMENT, "1:4: ");
    assert_status_like(
        td_textproto_parse("\xef\xbb", 2, &tensorflow__attr_value__list_value__descriptor, NULL, &m),
        TD_INVALID_ARGUMENT, "1:1: ");
}

static void texts_with_a_nul(void **state)
{
    static const char text[] = "func { name: 'a\\0b' }";
    ProtobufCMessage *m;

    (void)state;
    assert_status(
        td_textproto_parse(text, strlen(text), &tensorflow__attr_value__list_value__descriptor, NULL, &m),
        TD_INVALID_ARGUMENT, "1:13: String field \"name\" holds a NUL.");
}

static void messages(void **state)
{
    list_value *const l =
        read_list("shape { dim: { size: 1 } dim < size: 2 > } shape: [ { }, < unknown_rank: t > ]"
                  "func { name: 'f' attr { key: 'k' value: { list { i: 5 } } } }");

    (void)state;
    assert_int_equal(l->n_shape, 3);
    assert_int_equal(l->shape[0]->dim[1]->size, 2);
    assert_true(l->shape[2]->unknown_rank);
    assert_int_equal(l->func[0]->attr[0]->value->list->i[0], 5);
    drop(l);
}

static void maps_and_wrappers(void **state)
{
    static const char text[] =
        "device_count { key: 'GPU' value: 2 } gpu_options { per_process_gpu_memory_fraction: 0.25 }";
    ProtobufCMessage *m = NULL;

    (void)state;
    assert_null(td_textproto_parse(text, strlen(text), &tensorflow__config_proto__descriptor, NULL, &m));
    const Tensorflow__ConfigProto *const c = (const Tensorflow__ConfigProto *)(const void *)m;
    assert_string_equal(c->device_count[0]->key, "GPU");
    assert_int_equal(c->device_count[0]->value, 2);
    assert_true(c->gpu_options->per_process_gpu_memory_fraction == 0.25);
    protobuf_c_message_free_unpacked(m, NULL);
}

static void unknown_fields_can_be_skipped(void **state)
{
    static const char text[] =
        "other { a: [1, 'x}', { b < c: -1.5 > }] [x.y] { } } more: -inf name: 'n' last: 'a' 'b';";
    const td_textproto_options skip = { .skip_unknown = true };
    td_strbuf out = { NULL, 0, 0 };

    (void)state;
    assert_null(td_textproto_encode(text, strlen(text), &tensorflow__tensor_info__descriptor, &skip, &out));
    assert_int_equal(out.size, 3);
    assert_memory_equal(out.data, "\x0a\x01n", 3);
    td_strbuf_fini(&out);
}

static void nesting_has_a_limit(void **state)
{
    td_strbuf text = { NULL, 0, 0 }, out = { NULL, 0, 0 };

    (void)state;
    for (int i = 0; i < 100000; i++)
        td_strbuf_puts(&text, "list{func{attr{value{");
    const td_status status = td_textproto_encode(td_strbuf_text(&text), text.size,
                                                 &tensorflow__attr_value__descriptor, NULL, &out);
    assert_int_equal(td_status_code(status), TD_INVALID_ARGUMENT);
    td_status_free(status);
    td_strbuf_fini(&text);
    td_strbuf_fini(&out);
}

/* As protoc says it, places included. */
static void what_is_wrong(void **state)
{
    static const char *const cases[][2] = {
        { "i: 9223372036854775808", "1:4: Integer out of range (9223372036854775808)" },
        { "i: 1.5", "1:4: Expected integer, got: 1.5" },
        { "i: x", "1:4: Expected integer, got: x" },
        { "f: x", "1:4: Expected double, got: x" },
        { "b: 2", "1:4: Invalid value for boolean field. Value: \"2\"." },
        { "s: 'a", "1:6: Unexpected end of string." },
        { "s: '\\q'", "1:5: Invalid escape sequence in string literal." },
        { "s: '\\udc00'", "1:5: Invalid escape sequence in string literal." },
        { "shape: 5", "1:8: Expected \"{\", found \"5\"." },
        { "shape { >", "1:9: Expected identifier, got: >" },
        { "i: [1 2]", "1:7: Expected \",\", found \"2\"." },
        { "\n\ti 1", "2:11: Expected \":\", found \"1\"." },
        { "[a.b] { }", "1:1: Message type \"tensorflow.AttrValue.ListValue\" has no extensions." },
    };
    td_strbuf out = { NULL, 0, 0 };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++)
        assert_status(td_textproto_encode(cases[i][0], strlen(cases[i][0]),
                                          &tensorflow__attr_value__list_value__descriptor, NULL, &out),
                      TD_INVALID_ARGUMENT, cases[i][1]);
    td_strbuf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(strings),
        cmocka_unit_test(byte_order_mark),
        cmocka_unit_test(texts_with_a_nul),
        cmocka_unit_test(messages),
        cmocka_unit_test(maps_and_wrappers),
        cmocka_unit_test(unknown_fields_can_be_skipped),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
