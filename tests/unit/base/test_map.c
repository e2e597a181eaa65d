/* SPDX-License-Identifier: Apache-2.0 */
/* test_map.c -- strings to pointers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/map.h"

enum { MANY = 20000 };

static char keys[MANY][16];

static void test_many_keys(void **state)
{
    td_map m;

    (void)state;
    td_map_init(&m);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "key_%zu", i * 7919);
        assert_null(td_map_put(&m, keys[i], &keys[i]));
    }
    assert_int_equal(m.count, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(td_map_get(&m, keys[i]), &keys[i]);
    assert_null(td_map_get(&m, "key_1"));

    const char *key;
    void *value;
    size_t n = 0;
    for (size_t i = 0; td_map_next(&m, &i, &key, &value); n++)
        assert_ptr_equal(value, &keys[n]); /* in order of insertion */
    assert_int_equal(n, MANY);
    td_map_fini(&m);
    assert_null(td_map_get(&m, keys[0]));
}

static void test_replace_null_and_embedded_nul(void **state)
{
    td_map m = { 0 };
    int one = 1, two = 2;

    (void)state;
    assert_false(td_map_has(&m, "a"));
    assert_null(td_map_put(&m, "a", &one));
    assert_ptr_equal(td_map_put(&m, "a", &two), &one);
    assert_ptr_equal(td_map_get(&m, "a"), &two);
    assert_null(td_map_put(&m, "n", NULL));
    assert_true(td_map_has(&m, "n"));
    assert_null(td_map_get(&m, "n"));

    td_map_put_n(&m, "a\0b", 3, &one);
    td_map_put(&m, "", &two);
    assert_ptr_equal(td_map_get_n(&m, "a\0b", 3), &one);
    assert_ptr_equal(td_map_get_n(&m, "a", 1), &two);
    assert_ptr_equal(td_map_get(&m, ""), &two);
    assert_null(td_map_get_n(&m, "a\0c", 3));
    td_map_fini(&m);
}

/* Each single bit of the input must move about half of the hash's bits. */
static void test_hash_spreads(void **state)
{
    unsigned char data[40];

    (void)state;
    for (size_t size = 1; size <= sizeof data; size++) {
        memset(data, 0x5a, sizeof data);
        const uint64_t h = td_hash_bytes(data, size, 1);
        for (size_t bit = 0; bit < size * 8; bit++) {
            data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            const int moved = __builtin_popcountll(h ^ td_hash_bytes(data, size, 1));
            data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_in_range(moved, 10, 54);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_replace_null_and_embedded_nul),
        cmocka_unit_test(test_hash_spreads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
