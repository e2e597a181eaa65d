/* SPDX-License-Identifier: Apache-2.0 */
/* test_excise.c -- an init graph loses what lacks ops, and what hangs on that; signatures that want what it would have
 * given are refused, others are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "assert_status.h"
#include "pass_graph.h"

static td_edge handle(td_graph *g, const char *name)
{
    static const td_shape scalar = { 0 };
    char text[64];

    (void)snprintf(text, sizeof text, "VarHandleOp dtype=%%float shared_name='%s", name);
    const td_edge e = pg_node(g, text, PG_END);
    td_node_add_attr(g, e.node, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &scalar });
    return e;
}

static td_node *assign(td_graph *g, const char *name, td_edge value)
{
    return pg_node(g, "AssignVariableOp dtype=%float", handle(g, name), value, PG_END).node;
}

/* good = 1; near = -odd; far = odd, through Identities; later = 2, after odd. */
static td_graph *make_init(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "init");
    const td_edge odd = pg_node(g, "NoSuchOp", PG_END);
    const td_edge far = pg_node(g, "Identity T=%resource", handle(g, "far"), PG_END);

    g->ctrl_rets = TD_ARENA_NEW_N(arena, td_node *, 8);
    g->ctrl_rets[g->n_ctrl_rets++] = assign(g, "good", pg_float(g, 1));
    g->ctrl_rets[g->n_ctrl_rets++] = assign(g, "near", pg_node(g, "Neg T=%float", odd, PG_END));
    g->ctrl_rets[g->n_ctrl_rets++] = pg_node(g, "AssignVariableOp dtype=%float", far, odd, PG_END).node;
    td_node *const later = assign(g, "later", pg_float(g, 2));
    td_node_add_ctrl(g, later, odd.node);
    g->ctrl_rets[g->n_ctrl_rets++] = later;
    g->ctrl_rets[g->n_ctrl_rets++] = pg_node(g, "NoSuchStart", odd, PG_END).node;
    g->ctrl_rets[g->n_ctrl_rets++] = odd.node;
    return g;
}

static size_t count(const td_graph *g, const char *op)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n_nodes; i++)
        n += td_node_is(g->nodes[i], op);
    return n;
}

static td_status read_of(pg *x, const char *name)
{
    td_graph *const g = td_graph_make(x->p.arena, "signature");

    pg_ret(g, pg_node(g, "ReadVariableOp dtype=%float", handle(g, name), PG_END));
    TD_TRY(td_pass_resolve(&x->p, g));
    return td_pass_check_lost(&x->p, g);
}

static void test_lost_variables(void **state)
{
    pg x;

    (void)state;
    pg_open(&x, NULL);
    x.env.dir = "model";
    td_graph *const g = make_init(x.p.arena);
    assert_ok(td_pass_resolve(&x.p, g));
    assert_ok(td_pass_settle(&x.p, g, false));
    assert_ok(read_of(&x, "near"));
    assert_ok(td_pass_excise(&x.p, g));
    assert_int_equal(count(g, "AssignVariableOp"), 2);
    assert_int_equal(count(g, "NoSuchOp") + count(g, "NoSuchStart") + count(g, "Neg"), 0);
    assert_int_equal(g->n_ctrl_rets, 2);
    assert_int_equal(g->ctrl_rets[1]->n_ctrl, 0);
    assert_ok(td_pass_missing(&x.p));
    assert_ok(read_of(&x, "good"));
    assert_ok(read_of(&x, "later"));
    assert_status_like(read_of(&x, "near"), TD_UNIMPLEMENTED, "NoSuchOp (node n0), NoSuchStart");
    assert_status_like(read_of(&x, "far"), TD_UNIMPLEMENTED, "needed to make node");
    pg_close(&x);
}

/* Nothing is lacking: nothing goes. */
static void test_whole_graphs_stay(void **state)
{
    pg x;

    (void)state;
    pg_open(&x, NULL);
    td_graph *const g = td_graph_make(x.p.arena, "init");
    g->ctrl_rets = TD_ARENA_NEW_N(x.p.arena, td_node *, 1);
    g->ctrl_rets[g->n_ctrl_rets++] = assign(g, "good", pg_float(g, 1));
    assert_ok(td_pass_resolve(&x.p, g));
    assert_ok(td_pass_settle(&x.p, g, false));
    assert_ok(td_pass_excise(&x.p, g));
    assert_int_equal(count(g, "AssignVariableOp"), 1);
    assert_ok(read_of(&x, "good"));
    pg_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_variables),
        cmocka_unit_test(test_whole_graphs_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
