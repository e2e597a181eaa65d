/* SPDX-License-Identifier: Apache-2.0 */
/* test_npy.c -- .npy files there and back, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "formats/npy.h"

static td_tensor round_trip(const td_tensor *t)
{
    td_strbuf bytes = { 0 };
    td_tensor back;

    assert_null(td_npy_format(t, &bytes));
    if (t->dtype != TD_STRING) assert_int_equal((bytes.size - td_tensor_bytes(t)) % 64, 0); /* aligned */
    assert_null(td_npy_parse((const unsigned char *)bytes.data, bytes.size, &back));
    td_strbuf_fini(&bytes);
    assert_int_equal(back.dtype, t->dtype);
    assert_true(td_shape_equal(&back.shape, &t->shape));
    return back;
}

static void test_numbers(void **state)
{
    float values[] = { 1, -2.5f, 3, 4, 5, 6 };
    td_tensor t = { .dtype = TD_F32, .shape = { 2, { 2, 3 } }, .data = values };

    (void)state;
    td_tensor back = round_trip(&t);
    assert_memory_equal(back.data, values, sizeof values);
    td_tensor_unref(&back);

    static const td_dtype types[] = { TD_F16, TD_F64, TD_I8,  TD_I16,  TD_I32, TD_I64, TD_U8,
                                      TD_U16, TD_U32, TD_U64, TD_BOOL, TD_C64, TD_BF16 };
    char bytes[64] = { 1, 0, 1, 1 };

    for (size_t i = 0; i < TD_COUNT(types); i++) {
        t = (td_tensor){ .dtype = types[i], .shape = { 1, { 3 } }, .data = bytes };
        back = round_trip(&t);
        assert_memory_equal(back.data, bytes, td_tensor_bytes(&t));
        td_tensor_unref(&back);
        t.shape = (td_shape){ 0 }; /* a scalar */
        back = round_trip(&t);
        td_tensor_unref(&back);
        t.shape = (td_shape){ 2, { 0, 4 } };
        back = round_trip(&t);
        td_tensor_unref(&back);
    }
}

static void test_strings(void **state)
{
    td_string strings[] = { { "abc", 3 }, { NULL, 0 }, { "d\0e", 3 } };
    const td_tensor t = { .dtype = TD_STRING, .shape = { 1, { 3 } }, .data = strings };

    (void)state;
    td_tensor back = round_trip(&t);
    const td_string *const got = back.data;

    assert_int_equal(got[0].size, 3);
    assert_memory_equal(got[0].data, "abc", 3);
    assert_int_equal(got[1].size, 0);
    assert_memory_equal(got[2].data, "d\0e", 3);
    td_tensor_unref(&back);
}

/* What numpy 1 and 2 write for np.array(["h\u00e9", "\U0001f600"]). */
static void test_unicode(void **state)
{
    static const unsigned char body[] = { 'h', 0, 0, 0, 0xe9, 0, 0, 0, 0, 0xf6, 1, 0, 0, 0, 0, 0 };
    static const char header[] = "{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }\n";
    unsigned char file[10 + sizeof header - 1 + sizeof body] = "\x93NUMPY\x01";
    td_tensor t;

    (void)state;
    file[8] = sizeof header - 1;
    memcpy(file + 10, header, sizeof header - 1);
    memcpy(file + 10 + sizeof header - 1, body, sizeof body);
    assert_null(td_npy_parse(file, sizeof file, &t));
    const td_string *const s = t.data;

    assert_int_equal(s[0].size, 3);
    assert_memory_equal(s[0].data, "h\xc3\xa9", 3);
    assert_int_equal(s[1].size, 4);
    assert_memory_equal(s[1].data, "\xf0\x9f\x98\x80", 4);
    td_tensor_unref(&t);

    for (size_t cut = 0; cut < sizeof file; cut++) { /* every prefix is refused, none crashes */
        const td_status error = td_npy_parse(file, cut, &t);

        assert_int_equal(td_status_code(error), TD_INVALID_ARGUMENT);
        td_status_free(error);
    }
}

static void test_refusals(void **state)
{
    static const char *const headers[] = {
        "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999), }",
        "{'descr': '<U4611686018427387904', 'fortran_order': False, 'shape': (4,), }",
        "{'descr': '<m8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1), }",
        "{'shape': (1,), }",
        "{'descr': '<f4'",
        "",
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(headers); i++) {
        unsigned char file[256] = "\x93NUMPY\x01";
        const size_t length = strlen(headers[i]);
        td_tensor t;

        file[8] = (unsigned char)length;
        memcpy(file + 10, headers[i], length);
        const td_status error = td_npy_parse(file, 10 + length + 4, &t);

        assert_int_equal(td_status_code(error), TD_INVALID_ARGUMENT);
        td_status_free(error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_unicode),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
