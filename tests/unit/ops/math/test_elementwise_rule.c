/* SPDX-License-Identifier: Apache-2.0 */
/* test_elementwise_rule.c -- what fits, and what would broadcast but must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "ops/math/elementwise_rule.h"

static const td_shape scalar = { 0 }, none = { 1, { 0 } }, one = { 1, { 1 } }, three = { 1, { 3 } },
                      row = { 2, { 1, 3 } }, column = { 2, { 2, 1 } }, full = { 2, { 2, 3 } };

static void test_rules(void **state)
{
    static const struct {
        td_elementwise_rule rule;
        const td_shape *in[3], *out; /* out NULL: refused */
    } cases[] = {
        { TD_RULE_BROADCAST, { &one, &none }, &none },
        { TD_RULE_BROADCAST, { &row, &column }, &full },
        { TD_RULE_BROADCAST, { &three, &column, &full }, &full },
        { TD_RULE_BROADCAST, { &three, &none }, NULL },
        { TD_RULE_EQUAL, { &full, &full }, &full },
        { TD_RULE_EQUAL, { &none, &none }, &none },
        { TD_RULE_EQUAL, { &one, &none }, NULL },
        { TD_RULE_EQUAL, { &full, &row }, NULL },
        { TD_RULE_EQUAL, { &scalar, &one }, NULL },
        { TD_RULE_BIAS, { &full, &three }, &full },
        { TD_RULE_BIAS, { &column, &one }, &column },
        { TD_RULE_BIAS, { &column, &three }, NULL }, /* would give 2x3 */
        { TD_RULE_BIAS, { &full, &one }, NULL },
        { TD_RULE_BIAS, { &full, &row }, NULL },
        { TD_RULE_BIAS, { &three, &three }, NULL },
        { TD_RULE_BIAS, { &full, &scalar }, NULL },
        { TD_RULE_CLIP, { &full, &scalar, &full }, &full },
        { TD_RULE_CLIP, { &full, &full, &scalar }, &full },
        { TD_RULE_CLIP, { &scalar, &full, &scalar }, NULL },
        { TD_RULE_CLIP, { &full, &scalar, &row }, NULL },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        const unsigned n = cases[i].in[2] ? 3 : 2;
        td_shape out;
        const td_status error =
            td_elementwise_shape(cases[i].rule, (td_string){ "n", 1 }, "Op", cases[i].in, n, &out);

        if (!error != !!cases[i].out) fail_msg("case %zu: %s", i, error ? td_status_text(error) : "taken");
        if (error) assert_int_equal(td_status_code(error), TD_INVALID_ARGUMENT);
        if (cases[i].out) assert_true(td_shape_equal(&out, cases[i].out));
        td_status_free(error);
    }
}

static void test_names_the_node(void **state)
{
    const td_shape *const in[] = { &one, &none };
    td_shape out;
    const td_status error =
        td_elementwise_shape(TD_RULE_EQUAL, (td_string){ "gradXX", 4 }, "EluGrad", in, 2, &out);

    (void)state;
    assert_string_equal(td_status_text(error),
                        "Inputs to operation grad of type EluGrad must have the same size "
                        "and shape.  Input 0: [1] != input 1: [0]");
    td_status_free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rules), cmocka_unit_test(test_names_the_node) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
