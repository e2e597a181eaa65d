/* SPDX-License-Identifier: Apache-2.0 */
/* test_tfrecord.c -- records there and back, bytes that TensorFlow wrote, and every way to be damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "formats/tfrecord.h"

/* tf.io.TFRecordWriter: "one", "" */
static const uint8_t known[] = { 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xb0, 0x99, 0x49, 0x0e,
                                 0x6f, 0x6e, 0x65, 0x01, 0x40, 0x55, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
                                 0x00, 0x00, 0x00, 0x29, 0x03, 0x98, 0x07, 0xd8, 0xea, 0x82, 0xa2 };
enum { ONE_SIZE = TD_TFRECORD_HEAD + 3 + TD_TFRECORD_TAIL };

static td_string next(td_tfrecords *r)
{
    td_string record = { 0 };
    bool has_one = false;

    assert_ok(td_tfrecord_next(r, &has_one, &record));
    assert_true(has_one);
    return record;
}

static void assert_end(td_tfrecords *r)
{
    td_string record;
    bool has_one = true;

    assert_ok(td_tfrecord_next(r, &has_one, &record));
    assert_false(has_one);
}

static void test_known_bytes(void **state)
{
    td_tfrecords r = td_tfrecords_of(known, sizeof known);

    (void)state;
    assert_true(td_string_is(next(&r), "one"));
    assert_int_equal(next(&r).size, 0);
    assert_end(&r);
    assert_end(&r);
}

static void test_nothing(void **state)
{
    td_tfrecords r = td_tfrecords_of(NULL, 0);

    (void)state;
    assert_end(&r);
}

static void test_written_as_tensorflow_does(void **state)
{
    uint8_t bytes[sizeof known], *const second = bytes + ONE_SIZE;

    (void)state;
    td_tfrecord_put_head(bytes, 3);
    memcpy(bytes + TD_TFRECORD_HEAD, "one", 3);
    td_tfrecord_put_tail(bytes + TD_TFRECORD_HEAD + 3, "one", 3);
    td_tfrecord_put_head(second, 0);
    td_tfrecord_put_tail(second + TD_TFRECORD_HEAD, "", 0);
    assert_memory_equal(bytes, known, sizeof known);
}

/* A file cut anywhere but between two records, on the heap, so that a sanitizer sees a read beyond it. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t size = 1; size < sizeof known; size++) {
        uint8_t *const cut = malloc(size);
        td_string record;
        bool has_one;

        memcpy(cut, known, size);
        td_tfrecords r = td_tfrecords_of(cut, size);
        if (size >= ONE_SIZE) (void)next(&r);
        if (size == ONE_SIZE)
            assert_end(&r);
        else
            assert_status(td_tfrecord_next(&r, &has_one, &record), TD_DATA_LOSS,
                          size < ONE_SIZE ? "truncated record at 0" : "truncated record at 19");
        free(cut);
    }
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * (size_t)ONE_SIZE; bit++) {
        uint8_t bytes[sizeof known];
        td_string record;
        bool has_one;

        memcpy(bytes, known, sizeof known);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        td_tfrecords r = td_tfrecords_of(bytes, sizeof bytes);
        assert_status(td_tfrecord_next(&r, &has_one, &record), TD_DATA_LOSS, "corrupted record at 0");
    }
}

/* A size that is right by its sum, and beyond all memory. */
static void test_sizes_that_lie(void **state)
{
    static const uint64_t sizes[] = { 1, 4, UINT64_MAX, UINT64_MAX - 15, INT64_MAX, UINT32_MAX };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(sizes); i++) {
        uint8_t bytes[TD_TFRECORD_HEAD + TD_TFRECORD_TAIL] = { 0 };
        td_string record;
        bool has_one;

        td_tfrecord_put_head(bytes, sizes[i]);
        td_tfrecords r = td_tfrecords_of(bytes, sizeof bytes);
        assert_status(td_tfrecord_next(&r, &has_one, &record), TD_DATA_LOSS, "truncated record at 0");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_written_as_tensorflow_does),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_sizes_that_lie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
