/* test_lookup.c -- what a hostile model asks of a table, and tables without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem_fault.h"
#include "ops/state/lookup.h"

static int64_t keys[64], values[64];

static td_tensor of(int64_t *data, int64_t n)
{
    return (td_tensor){ .dtype = TD_I64, .shape = { 1, { n } }, .data = data };
}

/* 64 keys of 2^58 values each: 2^64 of them, which is none to whoever does not look. */
static void test_too_many_values(void **state)
{
    const td_lookup_kind kind = { TD_I64, TD_I64, { 1, { INT64_C(1) << 58 } }, true };
    td_lookup *const t = td_lookup_make(&kind, "t");
    const td_tensor many = of(keys, 64), none = of(values, 0);

    (void)state;
    const td_status s = td_lookup_put(t, &many, &none, false);
    assert_int_equal(td_status_code(s), TD_INVALID_ARGUMENT);
    td_status_free(s);
    assert_int_equal(td_lookup_size(t), 0);
    td_object_unref((td_object *)t);
}

/* Whatever fails, the table holds all of the new keys or none of them. */
static void test_no_memory(void **state)
{
    const td_lookup_kind kind = { TD_I64, TD_I64, { 0 }, true };
    const td_tensor few = of(keys, 4), few_values = of(values, 4), all = of(keys, 64),
                    all_values = of(values, 64);
    td_mem_faults *const f = td_mem_faults_here();

    (void)state;
    for (int64_t i = 0; i < 64; i++) {
        keys[i] = i;
        values[i] = 100 + i;
    }
    for (uint64_t at = 1, asked = 1; at <= asked; at++) {
        td_lookup *const t = td_lookup_make(&kind, "t");
        int64_t got_keys[64], got[64];

        assert_null(td_lookup_put(t, &few, &few_values, false));
        *f = (td_mem_faults){ .is_on = true, .at = at };
        const td_status s = td_lookup_put(t, &all, &all_values, false);
        f->is_on = false;
        asked = f->asked;
        assert_int_equal(td_status_code(s), f->failed ? TD_RESOURCE_EXHAUSTED : TD_OK);
        td_status_free(s);
        const int64_t n = td_lookup_size(t);
        assert_int_equal(n, f->failed ? 4 : 64);
        assert_null(td_lookup_export(t, got_keys, got, n, NULL, NULL));
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(got[i], 100 + got_keys[i]);
        td_object_unref((td_object *)t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_values),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
