/* SPDX-License-Identifier: Apache-2.0 */
/* test_wire.c -- the protobuf wire format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/wire.h"

static void varints_come_back(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        const uint64_t v = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - (bits & 1);
        uint8_t buf[10];
        uint64_t got = 1;

        const size_t size = (size_t)(td_wire_put_varint(buf, v) - buf);
        assert_int_equal(size, td_wire_varint_size(v));
        td_wire w = td_wire_of(buf, size);
        assert_true(td_wire_varint(&w, &got));
        assert_true(got == v);
        assert_false(td_wire_varint(&w, &got));
        assert_false(w.bad);
        for (size_t cut = 1; cut < size; cut++) {
            w = td_wire_of(buf, cut);
            assert_false(td_wire_varint(&w, &got));
            assert_true(w.bad);
        }
    }
}

static void fields_come_back(void **state)
{
    uint8_t buf[64], *p = buf;
    td_wire_field f;

    (void)state;
    p = td_wire_put_number(p, 1, (uint64_t)INT64_C(-2));
    p = td_wire_put_bytes(p, 200, "hello", 5);
    p = td_wire_put_bytes(p, 3, NULL, 0);
    assert_int_equal(p - buf, td_wire_number_size(1, (uint64_t)INT64_C(-2)) + td_wire_bytes_size(200, 5) +
                                  td_wire_bytes_size(3, 0));

    td_wire w = td_wire_of(buf, (size_t)(p - buf));
    assert_true(td_wire_next(&w, &f));
    assert_true(td_wire_is(&f, 1, TD_WIRE_VARINT));
    assert_int_equal((int64_t)f.value, -2);
    assert_true(td_wire_next(&w, &f));
    assert_true(td_wire_is(&f, 200, TD_WIRE_BYTES));
    assert_memory_equal(td_wire_text(&f).data, "hello", 5);
    assert_true(td_wire_next(&w, &f));
    assert_true(td_wire_is(&f, 3, TD_WIRE_BYTES) && f.size == 0);
    assert_false(td_wire_next(&w, &f));
    assert_false(w.bad);
}

/* All fields are read; the result is how many there were, or -1 when the bytes are damaged. */
static int count(const void *bytes, size_t size)
{
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;
    int n = 0;

    while (td_wire_next(&w, &f))
        n++;
    return w.bad ? -1 : n;
}

static void groups_are_skipped(void **state)
{
    (void)state;
    assert_int_equal(count("\x0b\x08\x05\x13\x14\x0c\x10\x01", 8), 1); /* 1 { 1: 5  2 {} } 2: 1 */
    assert_int_equal(count("\x0b\x08\x05\x14", 4), -1);                /* closed by another number */
    assert_int_equal(count("\x0b\x08\x05", 3), -1);                    /* never closed */
    assert_int_equal(count("\x0c", 1), -1);                            /* never opened */

    uint8_t deep[100];
    memset(deep, 0x0b, sizeof deep);
    assert_int_equal(count(deep, sizeof deep), -1);
}

static void damage_is_seen(void **state)
{
    (void)state;
    assert_int_equal(count(NULL, 0), 0);
    assert_int_equal(count("\x00\x01", 2), -1); /* field 0 */
    assert_int_equal(count("\x0a\x05"
                           "abc",
                           5),
                     -1); /* length beyond the end */
    assert_int_equal(count("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), -1);
    assert_int_equal(count("\x0d"
                           "abc",
                           4),
                     -1); /* half a fixed32 */
    assert_int_equal(count("\x09"
                           "abcdefg",
                           8),
                     -1);                                               /* half a fixed64 */
    assert_int_equal(count("\x0e\x01", 2), -1);                         /* wire type 6 */
    assert_int_equal(count("\x08", 1), -1);                             /* tag alone */
    assert_int_equal(count("\xff\xff\xff\xff\xff\xff\x7f\x01", 8), -1); /* number beyond 32 bits */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_come_back),
        cmocka_unit_test(fields_come_back),
        cmocka_unit_test(groups_are_skipped),
        cmocka_unit_test(damage_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
