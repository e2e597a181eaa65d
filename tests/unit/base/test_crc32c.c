/* SPDX-License-Identifier: Apache-2.0 */
/* test_crc32c.c -- known sums, and both bodies against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"

/* RFC 3720, B.4 */
static void test_known_sums(void **state)
{
    unsigned char data[32];

    (void)state;
    assert_int_equal(td_crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(td_crc32c(0, "", 0), 0);
    memset(data, 0, sizeof data);
    assert_int_equal(td_crc32c(0, data, sizeof data), 0x8a9136aau);
    memset(data, 0xff, sizeof data);
    assert_int_equal(td_crc32c(0, data, sizeof data), 0x62a8ab43u);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)i;
    assert_int_equal(td_crc32c(0, data, sizeof data), 0x46dd794eu);
    assert_int_equal(td_crc32c_portable(0, data, sizeof data), 0x46dd794eu);
}

static void test_bodies_agree(void **state)
{
    enum { SIZE = 30000 };
    unsigned char *const data = malloc(SIZE);
    uint32_t random = 1;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (unsigned char)((random = random * 1664525u + 1013904223u) >> 24);
    for (size_t size = 0; size < SIZE; size += 1 + size / 7)
        for (size_t offset = 0; offset < 9 && offset <= size; offset += 4)
            assert_int_equal(td_crc32c(77, data + offset, size - offset),
                             td_crc32c_portable(77, data + offset, size - offset));
    free(data);
}

static void test_in_pieces(void **state)
{
    const char *const text = "the sum of two pieces is the sum of the whole";
    const uint32_t whole = td_crc32c(0, text, strlen(text));

    (void)state;
    for (size_t cut = 0; cut <= strlen(text); cut++)
        assert_int_equal(td_crc32c(td_crc32c(0, text, cut), text + cut, strlen(text) - cut), whole);
    assert_int_equal(td_crc32c_unmask(td_crc32c_mask(whole)), whole);
    assert_int_not_equal(td_crc32c_mask(whole), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_sums),
        cmocka_unit_test(test_bodies_agree),
        cmocka_unit_test(test_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
