/* SPDX-License-Identifier: Apache-2.0 */
/* test_body.c -- a function that is called a thousand times is read twice, and each call has a body of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "pass_graph.h"

enum { CALLS = 1000 };

static int times_read;

/* f(x) = x / 2 + 1; g(x) = f(f(x)) */
static td_graph *lower(td_arena *arena, const char *name)
{
    td_graph *const g = td_graph_make(arena, name);
    td_edge x = pg_arg(g, TD_F32);

    times_read++;
    if (!strcmp(name, "bad")) return NULL;
    for (int i = 0; i < 2 && !strcmp(name, "g"); i++)
        x = pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@f", x, PG_END);
    if (!strcmp(name, "f"))
        x = pg_node(g, "AddV2 T=%float", pg_node(g, "Mul T=%float", x, pg_float(g, 0.5f), PG_END),
                    pg_float(g, 1), PG_END);
    pg_ret(g, x);
    return g;
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    td_edge x = pg_arg(g, TD_F32);

    for (int i = 0; i < CALLS; i++)
        x = pg_node(g,
                    i % 2 ? "PartitionedCall Tin=[%float] Tout=[%float] f=@f"
                          : "PartitionedCall Tin=[%float] Tout=[%float] f=@g",
                    x, PG_END);
    pg_ret(g, x);
    return g;
}

static void test_functions_are_read_twice(void **state)
{
    const float first = 100;
    const td_tensor in = { TD_F32, { 0 }, (void *)(uintptr_t)&first, NULL };
    pg x;

    (void)state;
    times_read = 0;
    pg_open(&x, lower);
    assert_int_equal(pg_count_after(&x, make(x.p.arena), "PartitionedCall"), 0);
    pg_assert_same(&x, make, &in, 0);
    assert_int_equal(times_read, 4);
    pg_close(&x);
}

/* What is done to one body is not seen in the next. */
static void test_bodies_are_apart(void **state)
{
    td_graph *bodies[4];
    pg x;

    (void)state;
    pg_open(&x, lower);
    for (int i = 0; i < 4; i++) {
        assert_ok(td_pass_body(&x.p, "f", &bodies[i]));
        assert_int_equal(bodies[i]->n_nodes, 5);
        td_node *const sum = bodies[i]->rets[0].node;
        assert_string_equal(sum->op_name, "AddV2");
        assert_int_equal(sum->n_ctrl, 0);
        assert_int_equal(td_node_attr(sum, "T")->u.type, TD_F32);
        td_node_add_ctrl(bodies[i], sum, bodies[i]->args[0]);
        td_node_add_attr(bodies[i], sum, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = TD_F64 });
        sum->in[0] = (td_edge){ .node = bodies[i]->args[0] };
        sum->op_name = "Sub";
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(bodies[k]->rets[0].node, sum);
    }
    pg_close(&x);
}

/* Each body counts, however it is made; and what cannot be read stays an error. */
static void test_budget_and_errors(void **state)
{
    td_budget budget;
    td_graph *body;
    const td_graph *seen;
    pg x;

    (void)state;
    pg_open(&x, lower);
    td_budget_begin(&budget, 18, 0, 0, 0);
    x.env.budget = &budget;
    assert_ok(td_pass_look_at_body(&x.p, "f", &seen)); /* the tests' functions themselves take nothing */
    for (int i = 0; i < 4; i++)
        assert_ok(td_pass_body(&x.p, "f", &body));
    assert_status_like(td_pass_body(&x.p, "f", &body), TD_INVALID_ARGUMENT,
                       "more than 18 nodes (--max_load_nodes): f");
    for (int i = 0; i < 3; i++)
        assert_status(td_pass_body(&x.p, "bad", &body), TD_NOT_FOUND, "no function bad");
    pg_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions_are_read_twice),
        cmocka_unit_test(test_bodies_are_apart),
        cmocka_unit_test(test_budget_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
