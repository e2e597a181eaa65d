/* SPDX-License-Identifier: Apache-2.0 */
/* test_index_types.c -- files cannot ask for indices and shapes of a type that has no whole numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "ops/kernel.h"
#include "pass_graph.h"

static void test_shapes(void **state)
{
    static const char *const bad[] = { "Size T=%float out_type=%float", "Shape T=%float out_type=%string",
                                       "Shape T=%float out_type=%bool", "Unique T=%float out_idx=%half" };
    static const char *const good[] = { "Size T=%float out_type=%int64", "Shape T=%float",
                                        "Unique T=%float out_idx=%int64" };
    pg t;

    (void)state;
    pg_open(&t, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        td_graph *const g = td_graph_make(t.p.arena, "main");
        pg_ret(g, pg_node(g, bad[i], pg_arg(g, TD_F32), PG_END));
        assert_status_like(td_pass_resolve(&t.p, g), TD_INVALID_ARGUMENT,
                           "is not in the list of allowed values");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        td_graph *const g = td_graph_make(t.p.arena, "main");
        pg_ret(g, pg_node(g, good[i], pg_arg(g, TD_F32), PG_END));
        assert_ok(td_pass_resolve(&t.p, g));
    }
    pg_close(&t);
}

/* Range's type is that of its numbers. */
static void test_values(void **state)
{
    pg t;

    (void)state;
    pg_open(&t, NULL);
    td_graph *const g = td_graph_make(t.p.arena, "main");
    const td_edge x = pg_float(g, 1.0f);
    pg_ret(g, pg_node(g, "Range Tidx=%float", x, x, x, PG_END));
    assert_ok(td_pass_resolve(&t.p, g));
    pg_close(&t);
}

/* Results are no larger or smaller than what the function makes. */
static void test_result_types(void **state)
{
    float x[] = { 1, 2 };
    const td_tensor in = { TD_F32, { 1, { 2 } }, x, NULL };
    td_tensor both[] = { in, in }, out;
    pg t;

    (void)state;
    pg_open(&t, NULL);
    td_graph *const g = td_graph_make(t.p.arena, "main");
    const td_edge a = pg_arg(g, TD_F32);
    const td_edge good = pg_node(g, "Complex T=%float Tout=%complex64", a, a, PG_END);
    const td_edge bad = pg_node(g, "Complex T=%float Tout=%float", a, a, PG_END);
    pg_ret(g, bad);
    assert_ok(td_pass_resolve(&t.p, g));
    assert_ok(td_node_eval(good.node, &t.env, both, &out));
    td_tensor_unref(&out);
    assert_status(td_node_eval(bad.node, &t.env, both, &out), TD_INVALID_ARGUMENT,
                  "Complex of float does not make float");
    pg_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_result_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
