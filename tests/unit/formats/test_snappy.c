/* SPDX-License-Identifier: Apache-2.0 */
/* test_snappy.c -- every kind of element, at its limits; bytes that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem.h"
#include "formats/snappy.h"
#include "table_writer.h"

/* in, as an array literal, expands to `want`. */
#define ASSERT_EXPANDS(in, want) assert_expands((const uint8_t *)(in), sizeof(in) - 1, want, sizeof(want) - 1)
#define ASSERT_REFUSED(in)       assert_refused((const uint8_t *)(in), sizeof(in) - 1)

/* A copy on the heap, of the very size, so that a sanitizer sees a read beyond it. */
static uint8_t *exact(const uint8_t *bytes, size_t size)
{
    uint8_t *const copy = malloc(size ? size : 1);

    if (size) memcpy(copy, bytes, size);
    return copy;
}

static void assert_expands(const uint8_t *in, size_t size, const char *want, size_t want_size)
{
    uint8_t *const copy = exact(in, size);
    size_t n;

    assert_true(td_snappy_size(copy, size, &n));
    assert_int_equal(n, want_size);
    uint8_t *const out = malloc(n ? n : 1);
    assert_true(td_snappy_expand(copy, size, out, n));
    if (n) assert_memory_equal(out, want, n);
    free(out);
    free(copy);
}

static void assert_refused(const uint8_t *in, size_t size)
{
    uint8_t *const copy = exact(in, size);
    size_t n;

    if (td_snappy_size(copy, size, &n)) {
        uint8_t *const out = malloc(n ? n : 1);
        assert_false(td_snappy_expand(copy, size, out, n));
        free(out);
    }
    free(copy);
}

static void nothing(void **state)
{
    (void)state;
    ASSERT_EXPANDS("\0", "");
    ASSERT_REFUSED("");
    ASSERT_REFUSED("\x01");
    ASSERT_REFUSED("\0\0a");
}

/* A literal whose length takes `bytes` bytes behind the tag (0: in it). */
static void check_literal(size_t length, size_t bytes)
{
    uint8_t *const text = td_alloc(length), *const in = td_alloc(length + 16);
    size_t n = 0;

    for (size_t i = 0; i < length; i++)
        text[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t left = length; left || !n; left >>= 7)
        in[n++] = (uint8_t)((left & 127) | (left >> 7 ? 128 : 0));
    in[n++] = (uint8_t)(bytes ? (59 + bytes) << 2 : (length - 1) << 2);
    for (size_t i = 0; i < bytes; i++)
        in[n++] = (uint8_t)((length - 1) >> (8 * i));
    memcpy(in + n, text, length);
    assert_expands(in, n + length, (const char *)text, length);
    assert_refused(in, n + length - 1);
    td_free(in);
    td_free(text);
}

static void literals(void **state)
{
    (void)state;
    check_literal(1, 0);
    check_literal(60, 0);
    check_literal(1, 1);
    check_literal(61, 1);
    check_literal(256, 1);
    check_literal(257, 2);
    check_literal(65536, 2);
    check_literal(65537, 3);
    check_literal(70000, 4);
}

static void literals_that_lie(void **state)
{
    (void)state;
    ASSERT_REFUSED("\x02\x04"
                   "a"); /* two bytes, one there */
    ASSERT_REFUSED("\x01\x04"
                   "ab");                   /* more than was said */
    ASSERT_REFUSED("\x01\xf0");             /* no length */
    ASSERT_REFUSED("\x01\xfc\xff\xff\xff"); /* a byte of four is missing */
    ASSERT_REFUSED("\x04\xfc\xff\xff\xff\xff"
                   "abcd"); /* 4 GiB */
    ASSERT_REFUSED("\x05\x0c"
                   "abcd"); /* one byte short */
}

static void copies(void **state)
{
    (void)state;
    ASSERT_EXPANDS("\x08\x0c"
                   "abcd"
                   "\x01\x04",
                   "abcdabcd"); /* 4 bytes from 4 back */
    ASSERT_EXPANDS("\x0c\x04"
                   "ab"
                   "\x19\x02",
                   "abababababab"); /* 10 bytes, repeating */
    ASSERT_EXPANDS("\x0c\0"
                   "x"
                   "\x1d\x01",
                   "xxxxxxxxxxxx"); /* 11 bytes of one */
    ASSERT_EXPANDS("\x05\x0c"
                   "abcd"
                   "\x02\x03\x00",
                   "abcdb"); /* 1 byte, offset in two */
    ASSERT_EXPANDS("\x05\x0c"
                   "abcd"
                   "\x03\x04\x00\x00\x00",
                   "abcda"); /* 1 byte, offset in four */
    ASSERT_EXPANDS("\x08\x08"
                   "abc"
                   "\x12\x02\x00",
                   "abcbcbcb"); /* 5 bytes, two repeating */
    ASSERT_EXPANDS("\x41\0"
                   "z"
                   "\xfe\x01\x00",
                   "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"); /* 64 bytes */
}

/* Offsets that need the tag's bits, two bytes and four: a copy of the first bytes after n others. */
static void far_copies(void **state)
{
    static const struct {
        size_t n;
        uint8_t copy[5];
        size_t size;
    } cases[] = { { 2047, { 0xe1, 0xff }, 2 },
                  { 65535, { 0x0e, 0xff, 0xff }, 3 },
                  { 70000, { 0x0f, 0x70, 0x11, 0x01, 0x00 }, 5 } };

    (void)state;
    for (size_t c = 0; c < TD_COUNT(cases); c++) {
        const size_t n = cases[c].n;
        uint8_t *const in = td_alloc(n + 20), *const want = td_alloc(n + 4);
        size_t at = 0;

        for (size_t i = 0; i < n; i++)
            want[i] = (uint8_t)(i * 31 + i / 256);
        memcpy(want + n, want, 4);
        in[at++] = (uint8_t)((n + 4) & 127) | 128;
        in[at++] = (uint8_t)((n + 4) >> 7 & 127) | 128;
        in[at++] = (uint8_t)((n + 4) >> 14);
        in[at++] = 62 << 2; /* a length of three bytes */
        for (size_t i = 0; i < 3; i++)
            in[at++] = (uint8_t)((n - 1) >> (8 * i));
        memcpy(in + at, want, n);
        memcpy(in + at + n, cases[c].copy, cases[c].size);
        assert_expands(in, at + n + cases[c].size, (const char *)want, n + 4);
        td_free(in);
        td_free(want);
    }
}

static void copies_that_lie(void **state)
{
    (void)state;
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x01\x00"); /* offset 0 */
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x01\x05"); /* from before the start */
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x21\x04"); /* the same, by the tag's bits */
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x0e\x05\x00");
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x0f\x00\x00\x00\x80");
    ASSERT_REFUSED("\x04\x01\x01"); /* nothing to copy yet */
    ASSERT_REFUSED("\x07\x0c"
                   "abcd"
                   "\x01\x04"); /* beyond what was said */
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x01"); /* cut */
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x0e\x04");
    ASSERT_REFUSED("\x08\x0c"
                   "abcd"
                   "\x0f\x04\x00\x00");
}

/* What it says may be asked for before anything is read: no more than the bytes can hold. */
static void sizes(void **state)
{
    size_t n;

    (void)state;
    assert_false(td_snappy_size((const uint8_t *)"\xff\xff\xff\xff\x0f", 5, &n));
    assert_false(td_snappy_size((const uint8_t *)"\xff\xff\xff\xff\x7f", 5, &n));
    assert_false(td_snappy_size((const uint8_t *)"\x80\x80", 2, &n));
    assert_false(td_snappy_size((const uint8_t *)"\x81\x01\0\0\0\0", 5, &n));
    assert_true(td_snappy_size((const uint8_t *)"\x80\x01\0\0\0", 5, &n));
    assert_int_equal(n, 128);
}

static void round_trip(void **state)
{
    td_strbuf text = { NULL, 0, 0 }, in = { NULL, 0, 0 };
    size_t n;

    (void)state;
    for (int i = 0; i < 2000; i++)
        td_strbuf_printf(&text, "layer_%d/kernel:%d ", i / 3, i * i);
    table_compress(&in, (const uint8_t *)td_strbuf_text(&text), text.size);
    assert_true(in.size < text.size / 2);
    assert_true(td_snappy_size((const uint8_t *)td_strbuf_text(&in), in.size, &n));
    assert_expands((const uint8_t *)td_strbuf_text(&in), in.size, td_strbuf_text(&text), text.size);
    for (size_t cut = 0; cut < in.size; cut += 11)
        assert_refused((const uint8_t *)td_strbuf_text(&in), cut);
    td_strbuf_fini(&text);
    td_strbuf_fini(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing), cmocka_unit_test(literals),   cmocka_unit_test(literals_that_lie),
        cmocka_unit_test(copies),  cmocka_unit_test(far_copies), cmocka_unit_test(copies_that_lie),
        cmocka_unit_test(sizes),   cmocka_unit_test(round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
