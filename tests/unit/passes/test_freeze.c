/* SPDX-License-Identifier: Apache-2.0 */
/* test_freeze.c -- look-ups in variables that nobody assigns become gathers of known shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "exec/cache.h"
#include "ops/kernel.h"
#include "ops/resources.h"
#include "pass_graph.h"

enum { ROWS = 7, WIDTH = 3 };

static td_edge handle(td_graph *g)
{
    static const td_shape shape = { 2, { ROWS, WIDTH } };
    const td_edge e = pg_node(g, "VarHandleOp dtype=%f shared_name='table", PG_END);

    td_node_add_attr(g, e.node, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &shape });
    return e;
}

/* Gives the variable its values, as a restore does; marks it as one that a signature assigns. */
static void set_table(pg *t, bool is_assigned)
{
    static float rows[ROWS * WIDTH];
    td_graph *const g = td_graph_make(t->p.arena, "init");
    td_tensor at = { 0 };
    td_variable *v;

    pg_fill(rows, ROWS * WIDTH, 1);
    pg_ret(g, handle(g));
    assert_ok(td_pass_resolve(&t->p, g));
    assert_ok(td_node_eval(g->rets[0].node, &t->env, NULL, &at));
    assert_ok(td_variable_of(&at, &v));
    assert_ok(td_variable_assign(v, &(td_tensor){ TD_F32, { 2, { ROWS, WIDTH } }, rows, NULL }));
    v->is_assigned = is_assigned;
    td_tensor_unref(&at);
}

static td_graph *make_gather(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");

    pg_ret(g, pg_node(g, "ResourceGather dtype=%f Tindices=%i", handle(g), pg_arg(g, TD_I32), PG_END));
    return g;
}

static td_graph *make_batched(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");

    pg_ret(g, pg_node(g, "ResourceGather dtype=%f Tindices=%i batch_dims=1", handle(g), pg_arg(g, TD_I32),
                      PG_END));
    return g;
}

static td_graph *make_nd(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");

    pg_ret(g, pg_node(g, "ResourceGatherNd dtype=%f Tindices=%i", handle(g), pg_arg(g, TD_I32), PG_END));
    return g;
}

static void check(td_graph *(*make)(td_arena *), const char *op, const td_tensor *index)
{
    pg t;

    pg_open(&t, NULL);
    set_table(&t, false);
    assert_int_equal(pg_count_after(&t, make(t.p.arena), op), 1);
    pg_assert_same(&t, make, index, 0);
    pg_close(&t);
}

static void test_frozen(void **state)
{
    int32_t index[] = { 6, 0, 3, 2, 1, 1, 0 }, nd[] = { 6, 2, 0, 1 };

    (void)state;
    check(make_gather, "GatherV2", &(td_tensor){ TD_I32, { 2, { 2, 2 } }, index, NULL });
    check(make_batched, "GatherV2",
          &(td_tensor){ TD_I32, { 2, { ROWS, 1 } }, (int32_t[ROWS]){ 2, 1, 0, 1 }, NULL });
    check(make_nd, "GatherNd", &(td_tensor){ TD_I32, { 2, { 2, 2 } }, nd, NULL });
}

static void test_assigned_stays(void **state)
{
    pg t;

    (void)state;
    pg_open(&t, NULL);
    set_table(&t, true);
    assert_int_equal(pg_count_after(&t, make_gather(t.p.arena), "ResourceGather"), 1);
    pg_close(&t);
}

static void test_never_set_stays(void **state)
{
    pg t;

    (void)state;
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make_gather(t.p.arena), "ResourceGather"), 1);
    pg_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_assigned_stays),
        cmocka_unit_test(test_never_set_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
