/* SPDX-License-Identifier: Apache-2.0 */
/* test_reflection.c -- questions, and what is built in to answer them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem.h"
#include "codec/pb/descriptors.h"
#include "codec/pb/reflection.h"

static td_string text(const char *s)
{
    return (td_string){ s, strlen(s) };
}

/* ---------------------------------------------------------------- descriptors */

/* The names of the files for that, in order: "a,b". "": there are none. */
static char *files_of(const char *name, bool by_symbol)
{
    td_strbuf out = { 0 }, names = { 0 };
    td_wire_field file, f;

    if (td_descriptors_put(text(name), by_symbol, 9, &out)) {
        for (td_wire w = td_wire_of(out.data, out.size); td_wire_next(&w, &file);) {
            assert_true(td_wire_is(&file, 9, TD_WIRE_BYTES));
            for (td_wire in = td_wire_inside(&file); td_wire_next(&in, &f);)
                if (td_wire_is(&f, 1, TD_WIRE_BYTES))
                    td_strbuf_printf(&names, "%s%.*s", names.size ? "," : "", (int)f.size,
                                     (const char *)f.data);
        }
        assert_true(names.size > 0);
    }
    td_strbuf_fini(&out);
    return td_strbuf_take(&names);
}

static void assert_files(const char *name, bool by_symbol, const char *want)
{
    char *const got = files_of(name, by_symbol);

    assert_string_equal(got, want);
    td_free(got);
}

static void test_files_come_with_their_imports(void **state)
{
    (void)state;
    assert_files("google/protobuf/any.proto", false, "google/protobuf/any.proto");
    assert_files("tensorflow_serving/apis/model.proto", false,
                 "tensorflow_serving/apis/model.proto,google/protobuf/wrappers.proto");
    assert_files("tensorflow_serving/apis/classification.proto", false,
                 "tensorflow_serving/apis/classification.proto,tensorflow_serving/apis/model.proto,"
                 "google/protobuf/wrappers.proto,tensorflow_serving/apis/input.proto,"
                 "tensorflow/core/example/example.proto,tensorflow/core/example/feature.proto");
    assert_files("model.proto", false, "");
    assert_files("", false, "");
}

static void test_symbols(void **state)
{
    static const char health[] = "grpc/health/v1/health.proto";

    (void)state;
    assert_files("grpc.health.v1.Health", true, health);
    assert_files("grpc.health.v1.Health.Watch", true, health);
    assert_files("grpc.health.v1.HealthCheckRequest.service", true, health);
    assert_files("grpc.health.v1.HealthCheckResponse.ServingStatus", true, health);
    assert_files("grpc.health.v1", true, "");
    assert_files("grpc.health.v1.", true, "");
    assert_files("grpc.health.v1.Health.", true, "");
    assert_files("grpc.health.v1.Health.Watch.x", true, "");
    assert_files("grpc.health.v1.health", true, "");
    assert_files("Health", true, "");
    assert_files("", true, "");
}

/* ---------------------------------------------------------------- questions */

/* The number of the answer's kind; with error, its code. */
static uint32_t answer_to(const char *question, size_t size, td_code *error)
{
    static const td_string services[] = { { "a.B", 3 } };
    td_grpc_question q;
    td_strbuf out = { 0 };
    td_wire_field f, e;
    uint32_t kind = 0;

    assert_ok(td_grpc_question_parse((const uint8_t *)question, size, &q));
    td_grpc_answer_put(&q, services, 1, &out);
    *error = TD_OK;
    for (td_wire w = td_wire_of(out.data, out.size); td_wire_next(&w, &f);) {
        if (f.number == 2) { /* the question comes back */
            assert_int_equal(f.size, size);
            assert_memory_equal(f.data, question, size);
        }
        if (f.number > 2) kind = f.number;
        for (td_wire in = td_wire_inside(&f); f.number == 7 && td_wire_next(&in, &e);)
            if (td_wire_is(&e, 1, TD_WIRE_VARINT)) *error = (td_code)e.value;
    }
    td_strbuf_fini(&out);
    return kind;
}

static void test_answers(void **state)
{
    static const struct {
        const char *question;
        size_t size;
        uint32_t kind;
        td_code error;
    } all[] = {
        { "\x3a\0", 2, 6, TD_OK },                             /* list */
        { "\x1a\x19google/protobuf/any.proto", 27, 4, TD_OK }, /* a file */
        { "\x22\x13google.protobuf.Any", 21, 4, TD_OK },       /* a symbol */
        { "\x1a\1x", 3, 7, TD_NOT_FOUND },                     /* no file */
        { "\x22\1x", 3, 7, TD_NOT_FOUND },                     /* no symbol */
        { "\x2a\3\x0a\1x", 5, 7, TD_NOT_FOUND },               /* no extension */
        { "\x32\1x", 3, 7, TD_NOT_FOUND },                     /* no extensions */
        { "\x1a\1x\x3a\0", 5, 6, TD_OK },                      /* of a oneof the last one counts */
        { "\x0a\1h", 3, 7, TD_INVALID_ARGUMENT },              /* nothing */
        { "", 0, 7, TD_INVALID_ARGUMENT },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(all); i++) {
        td_code error;

        assert_int_equal(answer_to(all[i].question, all[i].size, &error), all[i].kind);
        assert_int_equal(error, all[i].error);
    }
}

static void test_damaged(void **state)
{
    static const char *const all[] = { "\x0a", "\x0a\xff", "\x3a\2x", "\x03", "\xff\xff" };
    td_grpc_question q;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(all); i++)
        assert_status_like(td_grpc_question_parse((const uint8_t *)all[i], strlen(all[i]), &q),
                           TD_INVALID_ARGUMENT, "Damaged ServerReflectionRequest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_come_with_their_imports),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
