/* SPDX-License-Identifier: Apache-2.0 */
/* test_half.c -- small floats: every value there and back, and every midpoint between two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "tensor/half.h"

typedef struct small_type {
    unsigned sign; /* the highest bit */
    unsigned last; /* the largest finite magnitude */
    float (*widen)(unsigned v);
    unsigned (*narrow)(float v);
} small_type;

#define SMALL_TYPE(name, of, bits)                                                                           \
    static float widen_##name(unsigned v)                                                                    \
    {                                                                                                        \
        return td_##name##_to_f32(of(v));                                                                    \
    }                                                                                                        \
    static unsigned narrow_##name(float v)                                                                   \
    {                                                                                                        \
        return td_f32_to_##name(v) bits;                                                                     \
    }
#define HALF(v)  ((td_f16){ (uint16_t)(v) })
#define BRAIN(v) ((td_bf16){ (uint16_t)(v) })
#define BYTE(v)  ((uint8_t)(v))
SMALL_TYPE(f16, HALF, .bits)
SMALL_TYPE(bf16, BRAIN, .bits)
SMALL_TYPE(f8e5m2, BYTE, )
SMALL_TYPE(f8e4m3fn, BYTE, )

static const small_type types[] = {
    { 0x8000, 0x7bff, widen_f16, narrow_f16 },
    { 0x8000, 0x7f7f, widen_bf16, narrow_bf16 },
    { 0x80, 0x7b, widen_f8e5m2, narrow_f8e5m2 },
    { 0x80, 0x7e, widen_f8e4m3fn, narrow_f8e4m3fn },
};

static void test_every_value_and_midpoint(void **state)
{
    (void)state;
    for (size_t t = 0; t < 4; t++) {
        const small_type *const s = &types[t];

        for (unsigned i = 0; i <= s->last; i++) {
            const float low = s->widen(i);

            assert_int_equal(s->narrow(low), i);
            assert_int_equal(s->narrow(-low), i | s->sign);
            if (i == s->last) break;
            const float mid = (float)(((double)low + (double)s->widen(i + 1)) / 2);
            if (mid == low) continue; /* bfloat16's subnormals reach below float's */
            assert_int_equal(s->narrow(nextafterf(mid, 0)), i);
            assert_int_equal(s->narrow(mid), i + (i & 1));
            assert_int_equal(s->narrow(nextafterf(mid, INFINITY)), i + 1);
        }
    }
}

/* Doubles that a float would put on a midpoint. */
static void test_rounds_once(void **state)
{
    const double above = 1 + 0x1p-11 + 0x1p-50, below = 1 + 3 * 0x1p-11 - 0x1p-50;

    (void)state;
    assert_int_equal(narrow_f16(td_f64_to_f32_odd(above)), 0x3c01);
    assert_int_equal(narrow_f16((float)above), 0x3c00);
    assert_int_equal(narrow_f16(td_f64_to_f32_odd(-below)), 0xbc01);
    assert_int_equal(narrow_bf16(td_f64_to_f32_odd(1 + 0x1p-8 + 0x1p-50)), 0x3f81);
    assert_true(td_f64_to_f32_odd(0.5) == 0.5f);
    assert_true(isnan(td_f64_to_f32_odd(NAN)));
    assert_true(isinf(td_f64_to_f32_odd(-INFINITY)));
    assert_int_equal(narrow_f16(td_f64_to_f32_odd(1e300)), 0x7c00);
    assert_int_equal(narrow_bf16(td_f64_to_f32_odd(-1e300)), 0xff80);
    assert_int_equal(narrow_f16(td_f64_to_f32_odd(-1e-300)), 0x8000);
}

static void test_edges(void **state)
{
    (void)state;
    assert_int_equal(narrow_f16(65504), 0x7bff);
    assert_int_equal(narrow_f16(65519.99f), 0x7bff);
    assert_int_equal(narrow_f16(65520), 0x7c00);
    assert_int_equal(narrow_f16(-INFINITY), 0xfc00);
    assert_int_equal(narrow_f16(1e-10f), 0);
    assert_true(widen_f16(1) == 0x1p-24f);
    assert_true(isinf(widen_f16(0x7c00)));
    assert_true(widen_f16(0x3c00) == 1);
    assert_int_equal(narrow_bf16(3.4028235e38f), 0x7f80);
    assert_int_equal(narrow_bf16(-INFINITY), 0xff80);
    assert_int_equal(td_f32_to_f8e5m2(57344), 0x7b);
    assert_int_equal(td_f32_to_f8e5m2(61440), 0x7c);
    assert_int_equal(td_f32_to_f8e5m2(1e30f), 0x7c);
    assert_int_equal(td_f32_to_f8e4m3fn(448), 0x7e);
    assert_int_equal(td_f32_to_f8e4m3fn(464), 0x7e);
    assert_int_equal(td_f32_to_f8e4m3fn(464.1f), 0x7f);
    assert_int_equal(td_f32_to_f8e4m3fn(-1e30f), 0xff);
    for (size_t t = 0; t < 4; t++) {
        assert_true(isnan(types[t].widen(types[t].narrow(NAN))));
        assert_true(signbit(types[t].widen(types[t].narrow(-NAN))));
        assert_int_equal(types[t].narrow(-0.0f), types[t].sign);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_value_and_midpoint),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_rounds_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
