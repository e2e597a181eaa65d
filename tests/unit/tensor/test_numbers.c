/* SPDX-License-Identifier: Apache-2.0 */
/* test_numbers.c -- numbers as text and back: exact, shortest, and laid out as TensorFlow Serving does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/parse_number.h"
#include "tensor/print.h"

static uint64_t random_state = 88172645463325252u;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 2685821657736338717u;
}

/* ---- printing ---- */

static void assert_f32(float v, const char *want)
{
    char text[TD_PRINT_MAX + 1];

    *td_print_f32(text, v) = 0;
    assert_string_equal(text, want);
}

static void assert_f64(double v, const char *want)
{
    char text[TD_PRINT_MAX + 1];

    *td_print_f64(text, v) = 0;
    assert_string_equal(text, want);
}

static void test_layout(void **state)
{
    (void)state;
    assert_f32(2.5f, "2.5");
    assert_f32(1.0f / 3.0f, "0.33333334");
    assert_f32(1e6f, "1e+06");
    assert_f32(999999.0f, "999999.0");
    assert_f32(1234567.0f, "1234567.0");
    assert_f32(123456784.0f, "123456784.0");
    assert_f32(1500000.0f, "1.5e+06");
    assert_f32(12345670.0f, "12345670.0");
    assert_f32(1.5e9f, "1.5e+09");
    assert_f32(1e-7f, "1e-07");
    assert_f32(0.0001f, "0.0001");
    assert_f32(0.00012345678f, "0.00012345678");
    assert_f32(0.00001f, "1e-05");
    assert_f32(0.0f, "0.0");
    assert_f32(-0.0f, "-0.0");
    assert_f32(100.0f, "100.0");
    assert_f32(3.4028235e38f, "3.4028235e+38");
    assert_f32(1e-45f, "1e-45");
    assert_f32(NAN, "NaN");
    assert_f32(-NAN, "NaN");
    assert_f32(INFINITY, "Infinity");
    assert_f32(-INFINITY, "-Infinity");
    assert_f64(1.0 / 3.0, "0.3333333333333333");
    assert_f64(0.1, "0.1");
    assert_f64(123456789012.0, "123456789012.0");
    assert_f64(12345678901234567890.0, "1.2345678901234567e+19");
    assert_f64(2.2250738585072014e-308, "2.2250738585072014e-308");
    assert_f64(-1.7976931348623157e308, "-1.7976931348623157e+308");
    assert_f64(5e-324, "5e-324");
    assert_f64(9007199254740993.0, "9007199254740992.0");
    assert_f64(1e23, "1e+23");
    assert_f64(NAN, "NaN");
    assert_f64(-INFINITY, "-Infinity");
}

static void test_integers(void **state)
{
    char text[TD_PRINT_MAX + 1], want[TD_PRINT_MAX];
    int64_t back;
    uint64_t unsigned_back;

    (void)state;
    for (int bits = 0; bits <= 64; bits++) {
        for (int d = -1; d <= 1; d++) {
            const uint64_t v = (bits == 64 ? 0 : UINT64_C(1) << bits) + (uint64_t)d;
            const char *end = td_print_u64(text, v);

            snprintf(want, sizeof want, "%llu", (unsigned long long)v);
            assert_memory_equal(text, want, strlen(want));
            assert_int_equal(end - text, strlen(want));
            assert_ptr_equal(td_parse_u64(text, end, &unsigned_back), end);
            assert_true(unsigned_back == v);
            end = td_print_i64(text, (int64_t)v);
            snprintf(want, sizeof want, "%lld", (long long)v);
            assert_memory_equal(text, want, strlen(want));
            assert_ptr_equal(td_parse_i64(text, end, &back), end);
            assert_true(back == (int64_t)v);
        }
    }
    for (uint64_t v = 1; v < UINT64_C(1000000000000000000); v *= 10) {
        assert_int_equal(td_print_u64(text, v) - text,
                         snprintf(want, sizeof want, "%llu", (unsigned long long)v));
        assert_int_equal(td_print_u64(text, v - 1) - text,
                         snprintf(want, sizeof want, "%llu", (unsigned long long)v - 1));
    }
}

/* ---- round trips ---- */

static int significant_digits(const char *text)
{
    int n = 0, zeros = 0;

    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (!n && *text == '0')) continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

static void test_f64_round_trips(void **state)
{
    char text[TD_PRINT_MAX + 1], shorter[64];

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const uint64_t bits = random_bits();
        double v, back;

        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        char *const end = td_print_f64(text, v);
        *end = 0;
        if (strtod(text, NULL) != v) fail_msg("%s is not %.17g", text, v);
        if (td_parse_f64(text, end, &back) != end || back != v) fail_msg("%s was read as %.17g", text, back);
        if (!strchr(text, 'e') && !strcmp(end - 2, ".0")) continue; /* whole numbers are written in full */
        const int n = significant_digits(text);
        snprintf(shorter, sizeof shorter, "%.*e", n > 1 ? n - 2 : 0, v);
        if (n > 1 && strtod(shorter, NULL) == v) fail_msg("%s could be %s", text, shorter);
    }
}

static void test_f32_round_trips(void **state)
{
    char text[TD_PRINT_MAX + 1], want[64];

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const uint32_t bits = (uint32_t)random_bits();
        float v, back;

        memcpy(&v, &bits, sizeof v);
        if (!isnormal(v)) continue;
        char *const end = td_print_f32(text, v);
        *end = 0;
        if (strtof(text, NULL) != v) fail_msg("%s is not %.9g", text, (double)v);
        if (td_parse_f32(text, end, &back) != end || back != v)
            fail_msg("%s was read as %.9g", text, (double)back);
        snprintf(want, sizeof want, "%g", (double)v);
        if (strtof(want, NULL) != v) continue;
        if (!strpbrk(want, ".e")) strcat(want, ".0");
        assert_string_equal(text, want); /* where six digits do, it is %g to the letter */
    }
}

/* All of them: the text reads back, and no shorter one does. */
static void assert_small(bool is_f16, unsigned bits)
{
    const td_f16 h = { (uint16_t)bits };
    const td_bf16 b = { (uint16_t)bits };
    const float v = is_f16 ? td_f16_to_f32(h) : td_bf16_to_f32(b);
    char text[TD_PRINT_MAX + 1], shorter[64];
    double back;

    char *const end = is_f16 ? td_print_f16(text, h) : td_print_bf16(text, b);
    *end = 0;
    if (!isfinite(v)) {
        assert_string_equal(text, isnan(v) ? "NaN" : signbit(v) ? "-Infinity" : "Infinity");
        return;
    }
#define READ(s)                                                                                              \
    (back = strtod((s), NULL),                                                                               \
     is_f16 ? td_f32_to_f16(td_f64_to_f32_odd(back)).bits : td_f32_to_bf16(td_f64_to_f32_odd(back)).bits)
    if (READ(text) != bits) fail_msg("%s is not %04x", text, bits);
    if (!strchr(text, 'e') && !strcmp(end - 2, ".0")) return;
    const int n = significant_digits(text);
    snprintf(shorter, sizeof shorter, "%.*e", n > 1 ? n - 2 : 0, (double)v);
    if (n > 1 && READ(shorter) == bits) fail_msg("%s could be %s", text, shorter);
#undef READ
}

static void test_small_floats(void **state)
{
    char text[TD_PRINT_MAX + 1];

    (void)state;
    for (unsigned bits = 0; bits <= 0xffff; bits++) {
        assert_small(true, bits);
        assert_small(false, bits);
    }
    *td_print_f16(text, td_f32_to_f16(0.1f)) = 0;
    assert_string_equal(text, "0.1");
    *td_print_bf16(text, td_f32_to_bf16(-3.3e38f)) = 0;
    assert_string_equal(text, "-3.3e+38");
}

/* ---- reading ---- */

static void assert_reads_as_libc(const char *text)
{
    const char *const end = text + strlen(text);
    const double want = strtod(text, NULL);
    const float want32 = strtof(text, NULL);
    double got = -7;
    float got32 = -7;

    assert_ptr_equal(td_parse_f64(text, end, &got), end);
    if (memcmp(&got, &want, sizeof got)) fail_msg("%s: %.17g, want %.17g", text, got, want);
    assert_ptr_equal(td_parse_f32(text, end, &got32), end);
    if (memcmp(&got32, &want32, sizeof got32))
        fail_msg("%s: %.9g, want %.9g", text, (double)got32, (double)want32);
}

static void test_known_hard_numbers(void **state)
{
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "1",
        "-1",
        "0e5",
        "0.0e-400",
        "1e400",
        "-1e400",
        "1e-400",
        "1E+2",
        "1e0000000000000003",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0.1",
        "9007199254740993",
        "9007199254740993.0000000001",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "3.4028235e38",
        "3.4028236e38",
        "3.40282356e38",
        "3.40282357e38",
        "1.4e-45",
        "7.0064923216240853e-46",
        "7.0064923216240854e-46",
        "1.17549435e-38",
        "1.1754943e-38",
        "16777217",
        "16777219",
        "16777217.0000000001",
        "16777216.9999999999",
        "8589973504",
        "8589934592.5",
        "123456789012345678",
        "1234567890123456789",
        "12345678901234567890",
        "123456789012345678901234567890",
        "0.000000000000000000000000000012345678901234567",
        "100000000000000000000000000000000000000000000000000000e-53",
        "6.9294956446009195e15",
        "3.7455744005952583e15",
        "1.00000017881393432617187499",
        "1.00000017881393432617187500",
        "1.00000017881393432617187501",
        "1.000000178813934326171875",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_reads_as_libc(texts[i]);
}

/* Digits, point and exponent at random. */
static void test_random_texts(void **state)
{
    char text[80];

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const int digits = 1 + (int)(random_bits() % 25), point = (int)(random_bits() % (unsigned)digits);
        int n = 0;

        if (random_bits() % 2) text[n++] = '-';
        for (int k = 0; k < digits; k++) {
            const char c = (char)('0' + random_bits() % 10);

            text[n++] = k == 0 && point > 1 && c == '0' ? '1' : c;
            if (k == 0 && point == 0) text[n - 1] = '0';
            if (k == point && k + 1 < digits) text[n++] = '.';
            if (k == 0 && c == '0' && point > 0) text[n - 1] = '3';
        }
        if (random_bits() % 2) n += snprintf(text + n, 8, "e%d", (int)(random_bits() % 700) - 350);
        text[n] = 0;
        assert_reads_as_libc(text);
    }
}

/* Around the points where rounding to float turns over: the trap of rounding twice. */
static void test_midpoints(void **state)
{
    char text[256];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        const uint32_t bits = (uint32_t)random_bits() & 0x7effffff;
        float low, high;

        memcpy(&low, &bits, sizeof low);
        high = nextafterf(low, INFINITY);
        const double mid = ((double)low + (double)high) / 2;
        for (int digits = 10; digits < 60; digits += 7) {
            snprintf(text, sizeof text, "%.*e", digits, mid);
            assert_reads_as_libc(text);
        }
        snprintf(text, sizeof text, "%.200g", mid);
        assert_reads_as_libc(text);
        if (strchr(text, '.') && !strchr(text, 'e')) assert_reads_as_libc(strcat(text, "000000000000000001"));
    }
}

static void test_long_texts(void **state)
{
    enum { SIZE = 5000 };
    char *const text = malloc(SIZE + 32);
    double v;

    (void)state;
    memset(text, '0', SIZE);
    memcpy(text, "0.", 2);
    strcpy(text + SIZE, "1e4999");
    assert_reads_as_libc(text); /* 1 */
    memset(text, '3', SIZE);
    text[1] = '.';
    text[SIZE] = 0;
    assert_reads_as_libc(text);
    memset(text, '9', SIZE);
    strcpy(text + SIZE, "e-5000");
    assert_ptr_equal(td_parse_f64(text, text + SIZE + 6, &v), text + SIZE + 6);
    assert_true(v == 1.0);
    memcpy(text, "9007199254740993.", 17); /* a midpoint of doubles, and something far behind */
    memset(text + 17, '0', SIZE - 17);
    strcpy(text + SIZE, "1");
    assert_reads_as_libc(text);
    free(text);
}

static void test_grammar(void **state)
{
    static const char *const refused[] = { "",     "-",  "+1",  ".5", "-.5", "1.",
                                           "1.e5", "1e", "1e+", "e5", "abc", "-a" };
    bool is_integer;
    double d = 5;
    float f = 5;
    int64_t i = 5;
    uint64_t u = 5;

    (void)state;
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        const char *const p = refused[k], *const end = p + strlen(p);

        assert_null(td_parse_f64(p, end, &d));
        assert_null(td_parse_f32(p, end, &f));
        assert_null(td_scan_number(p, end, &is_integer));
    }
    assert_true(d == 5 && f == 5);

    const char *p = "012";
    assert_ptr_equal(td_parse_f64(p, p + 3, &d), p + 1);
    p = "12345678901234567";
    assert_ptr_equal(td_parse_f64(p, p + 3, &d), p + 3); /* nothing behind end is read */
    assert_true(d == 123);
    p = "1.5,";
    assert_ptr_equal(td_scan_number(p, p + 4, &is_integer), p + 3);
    assert_false(is_integer);

    p = "1.0 1e3 9223372036854775808 -9223372036854775809 18446744073709551616 -1 123456789012345678901";
    for (; p; p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL)
        assert_true(!td_parse_i64(p, p + strcspn(p, " "), &i) || !td_parse_u64(p, p + strcspn(p, " "), &u));
    p = "-9223372036854775808,";
    assert_ptr_equal(td_parse_i64(p, p + 21, &i), p + 20);
    assert_true(i == INT64_MIN);
    p = "-1";
    assert_null(td_parse_u64(p, p + 2, &u));
    p = "-0";
    assert_non_null(td_parse_u64(p, p + 2, &u));
    assert_true(u == 0);
    p = "99999999999999999999";
    assert_null(td_parse_u64(p, p + 20, &u));
    p = "18446744073709551615";
    assert_non_null(td_parse_u64(p, p + 20, &u));
    assert_true(u == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),          cmocka_unit_test(test_integers),
        cmocka_unit_test(test_f64_round_trips), cmocka_unit_test(test_f32_round_trips),
        cmocka_unit_test(test_small_floats),    cmocka_unit_test(test_known_hard_numbers),
        cmocka_unit_test(test_random_texts),    cmocka_unit_test(test_midpoints),
        cmocka_unit_test(test_long_texts),      cmocka_unit_test(test_grammar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
