/* test_half.c -- small floats: every value there and back, and every midpoint between two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "tensor/half.h"

typedef struct small_type {
    unsigned sign; /* the highest bit */
    unsigned last; /* the largest finite magnitude */
    float (*widen)(unsigned v);
    unsigned (*narrow)(float v);
} small_type;

#define SMALL_TYPE(name, type)                                                                               \
    static float widen_##name(unsigned v)                                                                    \
    {                                                                                                        \
        return td_##name##_to_f32((type)v);                                                                  \
    }                                                                                                        \
    static unsigned narrow_##name(float v)                                                                   \
    {                                                                                                        \
        return td_f32_to_##name(v);                                                                          \
    }
SMALL_TYPE(f16, uint16_t)
SMALL_TYPE(bf16, uint16_t)
SMALL_TYPE(f8e5m2, uint8_t)
SMALL_TYPE(f8e4m3fn, uint8_t)

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

static void test_edges(void **state)
{
    (void)state;
    assert_int_equal(td_f32_to_f16(65504), 0x7bff);
    assert_int_equal(td_f32_to_f16(65519.99f), 0x7bff);
    assert_int_equal(td_f32_to_f16(65520), 0x7c00);
    assert_int_equal(td_f32_to_f16(-INFINITY), 0xfc00);
    assert_int_equal(td_f32_to_f16(1e-10f), 0);
    assert_true(td_f16_to_f32(1) == 0x1p-24f);
    assert_true(isinf(td_f16_to_f32(0x7c00)));
    assert_true(td_f16_to_f32(0x3c00) == 1);
    assert_int_equal(td_f32_to_bf16(3.4028235e38f), 0x7f80);
    assert_int_equal(td_f32_to_bf16(-INFINITY), 0xff80);
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

static void test_arrays(void **state)
{
    enum { N = 65536 };
    uint16_t *const in = malloc(N * sizeof *in), *const back = malloc(N * sizeof *back);
    float *const wide = malloc(N * sizeof *wide);

    (void)state;
    for (unsigned i = 0; i < N; i++)
        in[i] = (uint16_t)i;
    for (size_t n = N; n > N - 9; n--) {
        td_f16_to_f32_n(wide, in, n);
        td_f32_to_f16_n(back, wide, n);
        for (size_t i = 0; i < n; i++)
            if (back[i] != i && !isnan(wide[i])) fail_msg("half %zx came back as %x", i, back[i]);
        td_bf16_to_f32_n(wide, in, n);
        td_f32_to_bf16_n(back, wide, n);
        for (size_t i = 0; i < n; i++)
            if (back[i] != i && !isnan(wide[i])) fail_msg("bfloat16 %zx came back as %x", i, back[i]);
    }
    free(in);
    free(back);
    free(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_value_and_midpoint),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
