/* SPDX-License-Identifier: Apache-2.0 */
/* test_order.c -- what control edges order stays in order, whatever passes do to the nodes between: fold, inline;
 * and what belongs to a branch dies with it: gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "assert_status.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "ops/kernel.h"
#include "ops/resources.h"
#include "pass_graph.h"

static const td_shape scalar = { 0 };

static td_edge handle(td_graph *g, const char *name)
{
    char text[64];

    (void)snprintf(text, sizeof text, "VarHandleOp dtype=%%float shared_name='%s", name);
    const td_edge e = pg_node(g, text, PG_END);
    td_node_add_attr(g, e.node, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &scalar });
    return e;
}

/* A variable has this value, and maybe some signature assigns it. */
static void set_variable(pg *x, const char *name, float value, bool is_assigned)
{
    td_graph *const g = td_graph_make(x->p.arena, "init");
    td_tensor at = { 0 };
    td_variable *v;

    pg_ret(g, handle(g, name));
    assert_ok(td_pass_resolve(&x->p, g));
    assert_ok(td_node_eval(g->rets[0].node, &x->env, NULL, &at));
    assert_ok(td_variable_of(&at, &v));
    assert_ok(td_variable_assign(v, &(td_tensor){ TD_F32, scalar, &value, NULL }));
    v->is_assigned = is_assigned;
    td_tensor_unref(&at);
}

static td_edge assign(td_graph *g, td_edge v, const char *op, td_edge value)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%s dtype=%%float", op);
    return pg_node(g, text, v, value, PG_END);
}

static td_edge read(td_graph *g, td_edge v, td_edge after)
{
    const td_edge e = pg_node(g, "ReadVariableOp dtype=%float", v, PG_END);

    td_node_add_ctrl(g, e.node, after.node);
    return e;
}

/* Runs make()'s graph as a signature's; returns value i is want[i]. */
static void check(td_graph *(*make)(td_arena *), pg_function *functions, const td_tensor *in,
                  const float *want, size_t n)
{
    const td_run_context none = { 0 };
    td_program *prog;
    td_frame *f;
    pg x;

    pg_open(&x, functions);
    set_variable(&x, "v", 0, true);
    set_variable(&x, "fixed", 7, false);
    td_graph *const g = make(x.p.arena);

    assert_ok(td_pass_resolve(&x.p, g));
    assert_ok(td_pass_inline(&x.p, g));
    assert_ok(td_pass_deref(&x.p, g));
    assert_ok(td_pass_gate(&x.p, g));
    assert_ok(td_program_make(&x.p, g, true, &prog));
    assert_ok(td_frame_enter(prog, in, &f));
    assert_ok(td_frame_run(f, &none));
    for (size_t i = 0; i < n; i++)
        assert_float_equal(*(const float *)td_frame_ret(f, i)->data, want[i], 0);
    td_frame_leave(f);
    td_program_free(prog);
    pg_close(&x);
}

/* ---------------------------------------------------------------- fold */

/* v = 5; then a sum of constants; then a read */
static td_graph *make_sum_between(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "sum");
    const td_edge v = handle(g, "v");
    const td_edge set = assign(g, v, "AssignVariableOp", pg_float(g, 5));
    const td_edge sum = pg_node(g, "AddV2 T=%float", pg_float(g, 1), pg_float(g, 2), PG_END);

    td_node_add_ctrl(g, sum.node, set.node);
    pg_ret(g, read(g, v, sum));
    pg_ret(g, sum);
    return g;
}

static void test_folded_nodes_keep_order(void **state)
{
    (void)state;
    check(make_sum_between, NULL, NULL, (const float[]){ 5, 3 }, 2);
}

/* TF1 graphs have their effects behind control edges of values, which is all that a signature names. */
static td_graph *make_effect(td_arena *a, td_edge (*wants)(td_graph *g, td_node *set))
{
    td_graph *const g = td_graph_make(a, "effect");
    const td_edge v = handle(g, "v"), set = assign(g, v, "AssignAddVariableOp", pg_float(g, 5));
    const td_edge y = wants(g, set.node);

    pg_ret(g, y);
    pg_ret(g, read(g, v, y));
    return g;
}

static td_edge after(td_graph *g, td_edge e, td_node *before)
{
    td_node_add_ctrl(g, e.node, before);
    return e;
}

static td_edge folded_sum(td_graph *g, td_node *set)
{
    const td_edge sum = pg_node(g, "AddV2 T=%float", pg_float(g, 1), pg_float(g, 2), PG_END);

    return pg_node(g, "Neg T=%float", after(g, sum, set), PG_END);
}

static td_edge waiting_const(td_graph *g, td_node *set)
{
    return pg_node(g, "Neg T=%float", after(g, pg_float(g, 3), set), PG_END);
}

/* Of a variable that nobody assigns: a constant, which waits as the read did. */
static td_edge frozen_read(td_graph *g, td_node *set)
{
    const td_edge value = read(g, handle(g, "fixed"), (td_edge){ .node = set });

    return pg_node(g, "Neg T=%float", value, PG_END);
}

/* Waits for a read that will be a constant, and so for what the read waits for. */
static td_edge after_frozen_read(td_graph *g, td_node *set)
{
    const td_edge before = frozen_read(g, set).node->in[0];

    return after(g, pg_node(g, "Neg T=%float", pg_float(g, 3), PG_END), before.node);
}

static td_edge waiting_identity(td_graph *g, td_node *set)
{
    const td_edge x = pg_node(g, "Neg T=%float", pg_arg(g, TD_F32), PG_END);

    return pg_node(g, "Square T=%float", after(g, pg_node(g, "Identity T=%float", x, PG_END), set), PG_END);
}

/* A switch on something else: constants of branches get gates, and keep what else they wait for. */
static td_edge gated_const(td_graph *g, td_node *set)
{
    const td_edge pred = pg_arg(g, TD_BOOL), fork = pg_node(g, "Switch T=%bool", pred, pred, PG_END);
    const td_edge pivot = pg_node(g, "Identity T=%bool", pg_out(fork, 1), PG_END);
    const td_edge c = pg_float(g, 3);

    td_node_add_ctrl(g, c.node, pivot.node);
    return pg_node(g, "Neg T=%float", after(g, c, set), PG_END);
}

static td_edge (*wants)(td_graph *g, td_node *set);

static td_graph *make_wanted(td_arena *a)
{
    return make_effect(a, wants);
}

static void test_values_have_their_effects(void **state)
{
    float x = 2;
    uint8_t pred = 1;

    (void)state;
    wants = folded_sum;
    check(make_wanted, NULL, NULL, (const float[]){ -3, 5 }, 2);
    wants = waiting_const;
    check(make_wanted, NULL, NULL, (const float[]){ -3, 5 }, 2);
    wants = frozen_read;
    check(make_wanted, NULL, NULL, (const float[]){ -7, 5 }, 2);
    wants = after_frozen_read;
    check(make_wanted, NULL, NULL, (const float[]){ -3, 5 }, 2);
    wants = waiting_identity;
    check(make_wanted, NULL, &(td_tensor){ TD_F32, { 0 }, &x, NULL }, (const float[]){ 4, 5 }, 2);
    wants = gated_const;
    check(make_wanted, NULL, &(td_tensor){ TD_BOOL, { 0 }, &pred, NULL }, (const float[]){ -3, 5 }, 2);
}

static td_graph *make_fill(td_arena *a, int32_t n)
{
    td_graph *const g = td_graph_make(a, "fill");
    const td_edge dims = pg_ints(g, 1, &n);

    pg_ret(g, pg_node(g, "Fill T=%float index_type=%int32", dims, pg_float(g, 1), PG_END));
    return g;
}

/* What is far larger than what it is made of is made when it is needed. */
static void test_large_results_are_not_kept(void **state)
{
    pg x;

    (void)state;
    pg_open(&x, NULL);
    assert_int_equal(pg_count_after(&x, make_fill(x.p.arena, 10), "Fill"), 0);
    assert_int_equal(pg_count_after(&x, make_fill(x.p.arena, 100000), "Fill"), 1);
    pg_close(&x);
}

/* ---------------------------------------------------------------- inline */

/* add(v, n): v += n; returns v, n. bump(v, n): v += n; returns n, n, which do not wait for it */
static td_graph *lower_add(td_arena *a, const char *name)
{
    td_graph *const g = td_graph_make(a, name);
    const td_edge v = pg_arg(g, TD_RESOURCE), n = pg_arg(g, TD_F32);
    const td_edge add = assign(g, v, "AssignAddVariableOp", n);

    pg_ret(g, *name == 'a' ? read(g, v, add) : n);
    pg_ret(g, n);
    g->ctrl_rets = TD_ARENA_NEW_N(a, td_node *, 1);
    g->ctrl_rets[g->n_ctrl_rets++] = add.node;
    return g;
}

/* v = 1; f(v, 10); a read */
static td_graph *make_call_between(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "call");
    const td_edge v = handle(g, "v"), set = assign(g, v, "AssignVariableOp", pg_float(g, 1));
    const td_edge call = pg_node(g, "StatefulPartitionedCall Tin=%resource%float Tout=%float%float f=@add", v,
                                 pg_float(g, 10), PG_END);

    td_node_add_ctrl(g, call.node, set.node);
    pg_ret(g, call);
    pg_ret(g, read(g, v, call));
    return g;
}

/* v = 1; bump(v, 10); a read */
static td_graph *make_bump_between(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "call");
    const td_edge v = handle(g, "v"), set = assign(g, v, "AssignVariableOp", pg_float(g, 1));
    const td_edge call = pg_node(g, "StatefulPartitionedCall Tin=%resource%float Tout=%float%float f=@bump",
                                 v, pg_float(g, 10), PG_END);

    td_node_add_ctrl(g, call.node, set.node);
    pg_ret(g, call);
    pg_ret(g, read(g, v, call));
    return g;
}

static void test_calls_keep_order(void **state)
{
    (void)state;
    check(make_call_between, lower_add, NULL, (const float[]){ 11, 11 }, 2);
    check(make_bump_between, lower_add, NULL, (const float[]){ 10, 11 }, 2);
}

/* ---------------------------------------------------------------- deref */

/* TF1's references: v = 1; v += 5, twice; each value is that of its own place in the order. */
static td_graph *make_references(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "references");
    const td_edge v = pg_node(g, "VariableV2 dtype=%float shared_name='v", PG_END);

    td_node_add_attr(g, v.node, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &scalar });
    const td_edge set = pg_node(g, "Assign T=%float", v, pg_float(g, 1), PG_END);
    const td_edge six = pg_node(g, "AssignAdd T=%float", set, pg_float(g, 5), PG_END);
    const td_edge early = pg_node(g, "Neg T=%float", set, PG_END);
    td_node_add_ctrl(g, six.node, early.node);
    const td_edge last = pg_node(g, "AssignAdd T=%float", six, pg_float(g, 5), PG_END);
    const td_edge between = pg_node(g, "Neg T=%float", v, PG_END);
    td_node_add_ctrl(g, between.node, six.node);
    td_node_add_ctrl(g, last.node, between.node);
    pg_ret(g, early);
    pg_ret(g, between);
    pg_ret(g, last);
    return g;
}

static void test_references_are_read_in_order(void **state)
{
    (void)state;
    check(make_references, NULL, NULL, (const float[]){ -1, -6, 11 }, 3);
}

/* ---------------------------------------------------------------- gate */

/* TF1's cond(pred, 1, 2): constants that only a control edge ties to their branch */
static td_graph *make_constant_branches(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "cond");
    const td_edge pred = pg_arg(g, TD_BOOL), fork = pg_node(g, "Switch T=%bool", pred, pred, PG_END);
    const td_edge is_true = pg_node(g, "Identity T=%bool", pg_out(fork, 1), PG_END);
    const td_edge is_false = pg_node(g, "Identity T=%bool", pg_out(fork, 0), PG_END);
    const td_edge one = pg_float(g, 1), two = pg_float(g, 2);

    td_node_add_ctrl(g, one.node, is_true.node);
    td_node_add_ctrl(g, two.node, is_false.node);
    pg_ret(g, pg_node(g, "Merge T=%float N=2", two, one, PG_END));
    return g;
}

static void test_constants_die_with_their_branch(void **state)
{
    uint8_t pred = 0;
    const td_tensor in = { TD_BOOL, { 0 }, &pred, NULL };

    (void)state;
    check(make_constant_branches, NULL, &in, (const float[]){ 2 }, 1);
    pred = 1;
    check(make_constant_branches, NULL, &in, (const float[]){ 1 }, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_folded_nodes_keep_order),
                                        cmocka_unit_test(test_values_have_their_effects),
                                        cmocka_unit_test(test_large_results_are_not_kept),
                                        cmocka_unit_test(test_calls_keep_order),
                                        cmocka_unit_test(test_references_are_read_in_order),
                                        cmocka_unit_test(test_constants_die_with_their_branch) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
