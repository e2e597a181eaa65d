/* SPDX-License-Identifier: Apache-2.0 */
/* test_raise.c -- TF1's loops become While nodes; those that are not as TF1 makes them are refused, with the node and why.
 * That answers are right is for the goldens (flow/loops_of_old). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "pass_graph.h"

/* while (v < 100) v = v * v; what of it differs is the tests' matter. */
typedef struct loop {
    td_edge enter, merge, cond, branches, next, exit;
} loop;

static loop make_loop(td_graph *g, td_edge x)
{
    loop l;

    l.enter = pg_node(g, "Enter T=%float frame_name='f", x, PG_END);
    l.merge = pg_node(g, "Merge T=%float N=2", l.enter, l.enter, PG_END);
    const td_edge limit =
        pg_node(g, "Enter T=%float frame_name='f is_constant=true", pg_float(g, 100.0f), PG_END);
    const td_edge less = pg_node(g, "Less T=%float", l.merge, limit, PG_END);

    l.cond = pg_node(g, "LoopCond", less, PG_END);
    l.branches = pg_node(g, "Switch T=%float", l.merge, l.cond, PG_END);
    const td_edge square = pg_node(g, "Mul T=%float", pg_out(l.branches, 1), pg_out(l.branches, 1), PG_END);

    l.next = pg_node(g, "NextIteration T=%float", square, PG_END);
    l.merge.node->in[1] = l.next;
    l.exit = pg_node(g, "Exit T=%float", l.branches, PG_END);
    return l;
}

static td_graph *make_good(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");

    pg_ret(g, make_loop(g, pg_arg(g, TD_F32)).exit);
    return g;
}

static void no_condition(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));

    l.branches.node->in[1] = pg_arg(g, TD_BOOL);
    pg_ret(g, l.exit);
}

static void two_conditions(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));

    pg_ret(g, l.exit);
    l.cond.node->in[0] = pg_node(g, "LoopCond", l.cond.node->in[0], PG_END);
}

static void two_ways_in(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));

    l.merge.node->in[0] = l.next;
    pg_ret(g, l.exit);
}

static void branch_of_another_value(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));

    l.branches.node->in[0] = pg_node(g, "Neg T=%float", l.merge, PG_END);
    pg_ret(g, l.exit);
}

static void condition_of_nothing(td_graph *g)
{
    pg_ret(g, pg_node(g, "LoopCond", pg_arg(g, TD_BOOL), PG_END));
}

static void exit_of_nothing(td_graph *g)
{
    pg_ret(g, pg_node(g, "Exit T=%float", pg_arg(g, TD_F32), PG_END));
}

static void way_out_in_the_body(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));

    l.next.node->in[0] = l.branches;
    pg_ret(g, l.exit);
}

static void which_way_in(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));
    const td_edge which = pg_node(g, "Cast SrcT=%int32 DstT=%float", pg_out(l.merge, 1), PG_END);

    l.next.node->in[0] = which;
    pg_ret(g, l.exit);
}

static void value_of_the_body(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));

    pg_ret(g, l.exit);
    pg_ret(g, pg_node(g, "Neg T=%float", pg_out(l.branches, 1), PG_END));
}

static void values_of_two_loops(td_graph *g)
{
    const td_edge x = pg_arg(g, TD_F32), a = pg_node(g, "Enter T=%float frame_name='a", x, PG_END);
    const td_edge b = pg_node(g, "Enter T=%float frame_name='b", x, PG_END);

    pg_ret(g, pg_node(g, "AddV2 T=%float", a, b, PG_END));
}

static void only_entered(td_graph *g)
{
    pg_ret(g, pg_node(g, "Enter T=%float frame_name='a", pg_arg(g, TD_F32), PG_END));
}

static void circle_without_a_loop(td_graph *g)
{
    const loop l = make_loop(g, pg_arg(g, TD_F32));

    l.next.node->in[0].node->in[0] = l.next.node->in[0];
    pg_ret(g, l.exit);
}

typedef struct form {
    void (*make)(td_graph *g);
    const char *error; /* a part of it */
} form;

static void test_refusals(void **state)
{
    static const form forms[] = {
        { no_condition, "loop f has no condition (LoopCond)" },
        { two_conditions, "its loop has another condition" },
        { two_ways_in, "a loop's Merge needs an Enter and a NextIteration" },
        { branch_of_another_value, "a loop's Switch needs a Merge of loop f" },
        { condition_of_nothing, "the condition of no loop" },
        { exit_of_nothing, "the exit of no loop" },
        { way_out_in_the_body, "loop f is not well-formed: it needs output 0 of" },
        { which_way_in, "loop f is not well-formed: it needs output 1 of" },
        { value_of_the_body, "a loop that is not well-formed" },
        { values_of_two_loops, "needs values of two loops, " },
        { only_entered, "loop a has no condition (LoopCond)" },
        { circle_without_a_loop, "cycle" },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++) {
        pg x;

        pg_open(&x, NULL);
        td_graph *const g = td_graph_make(x.p.arena, "main");
        forms[i].make(g);
        assert_ok(td_pass_resolve(&x.p, g));
        assert_status_like(td_pass_raise(&x.p, g), TD_INVALID_ARGUMENT, forms[i].error);
        pg_close(&x);
    }
}

static void test_counts(void **state)
{
    static const struct {
        const char *op;
        size_t n;
    } left[] = { { "StatelessWhile", 1 }, { "While", 0 },  { "Enter", 0 },
                 { "Merge", 0 },          { "Switch", 0 }, { "Exit", 0 } };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(left); i++) {
        pg x;

        pg_open(&x, NULL);
        assert_int_equal(pg_count_after(&x, make_good(x.p.arena), left[i].op), left[i].n);
        pg_close(&x);
    }
}

static void test_run(void **state)
{
    float two = 2.0f;
    const td_tensor in = { TD_F32, { 0 }, &two, NULL };
    pg x;

    (void)state;
    pg_open(&x, NULL);
    pg_assert_same(&x, make_good, &in, 0.0);
    pg_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
