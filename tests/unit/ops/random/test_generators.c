/* SPDX-License-Identifier: Apache-2.0 */
/* test_generators.c -- ops that have generators of their own: each its own, none folded, merged or batched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "kernels/random/philox.h"
#include "ops/kernel.h"
#include "ops/random/source.h"
#include "pass_graph.h"
#include "rows_case.h"

static const char without_seeds[] = "RandomUniform T=%int32 dtype=%float";
static const char with_seeds[] = "RandomUniform T=%int32 dtype=%float seed=5 seed2=6";

enum { NUMBERS = 8 };

/* Numbers of the node as its first run gives them. */
static void draw(const char *text, float out[NUMBERS])
{
    const int32_t n = NUMBERS;
    td_tensor got = { 0 };
    pg t;

    pg_open(&t, NULL);
    td_graph *const g = td_graph_make(t.p.arena, "main");
    const td_edge e = pg_node(g, text, pg_ints(g, 1, &n), PG_END);
    const td_tensor in = { TD_I32, { 1, { 1 } }, (void *)(uintptr_t)&n, NULL };

    pg_ret(g, e);
    assert_ok(td_pass_resolve(&t.p, g));
    assert_ok(td_node_eval(e.node, &t.env, &in, &got));
    memcpy(out, got.data, NUMBERS * sizeof *out);
    td_tensor_unref(&got);
    pg_close(&t);
}

static void test_seeds(void **state)
{
    float a[NUMBERS], b[NUMBERS];

    (void)state;
    draw(without_seeds, a);
    draw(without_seeds, b);
    assert_memory_not_equal(a, b, sizeof a);
    draw(with_seeds, a);
    draw(with_seeds, b);
    assert_memory_equal(a, b, sizeof a);
    assert_true(td_random_system() != td_random_system());
}

static void test_nodes_stay(void **state)
{
    static const char *const texts[] = { without_seeds, with_seeds };
    const int32_t n = NUMBERS;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(texts); i++) {
        pg t;

        pg_open(&t, NULL);
        td_graph *const g = td_graph_make(t.p.arena, "main");
        const td_edge shape = pg_ints(g, 1, &n);

        pg_ret(g, pg_node(g, texts[i], shape, PG_END));
        pg_ret(g, pg_node(g, texts[i], shape, PG_END));
        assert_int_equal(pg_count_after(&t, g, "RandomUniform"), 2);
        pg_close(&t);
    }
}

static void test_rows(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,4]; s = i(4); r = RandomUniform(s) T=%i dtype=%f; y = AddV2(x, r) T=%f; -> y",
          "node r (RandomUniform) has a state", NULL },
        { "x: f[-1,4]; s = Shape(x) T=%f; k = i(3,4); r = StatelessRandomUniform(s, k) T=%i Tseed=%i "
          "dtype=%f; "
          "y = AddV2(x, r) T=%f; -> y",
          "node r (StatelessRandomUniform)", NULL },
        { "x: f[-1,4]; r = RandomShuffle(x) T=%f; -> r", "node r (RandomShuffle)", NULL },
    };

    (void)state;
    rows_judge(cases, TD_COUNT(cases));
}

/* A generator that is moved is where it had been after as many blocks; carries go all the way up. */
static void test_skip(void **state)
{
    const uint64_t ones = UINT64_MAX;
    td_philox a = td_philox_make(7, ones - 2, ones), b = a;
    uint32_t x[4], y[4];

    (void)state;
    for (int i = 0; i < 5; i++)
        td_philox_next(&a, x);
    td_philox_skip(&b, 5);
    td_philox_next(&a, x);
    td_philox_next(&b, y);
    assert_memory_equal(x, y, sizeof x);
    assert_int_equal(a.counter[0], 3);
    assert_int_equal(a.counter[3], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_nodes_stay),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_skip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
