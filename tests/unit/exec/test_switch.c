/* SPDX-License-Identifier: Apache-2.0 */
/* test_switch.c -- TF1's conditionals: a value that shapes alone decide dies with its branch all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "pass_graph.h"

/* Shape(Switch(v, p):side) */
static td_edge shape_of(td_graph *g, td_edge v, td_edge p, uint32_t side)
{
    const td_edge mine = pg_out(pg_node(g, "Switch T=%float", v, p, PG_END), side);

    return pg_node(g, "Shape T=%float out_type=%int32", mine, PG_END);
}

/* p ? shape of x : shape of y */
static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, TD_F32), y = pg_arg(g, TD_F32), p = pg_arg(g, TD_BOOL);

    pg_ret(g, pg_node(g, "Merge N=2 T=%int32", shape_of(g, y, p, 0), shape_of(g, x, p, 1), PG_END));
    return g;
}

static void check(bool p, int64_t count, int32_t first)
{
    float x[6] = { 0 }, y[4] = { 0 };
    const td_tensor in[] = { { TD_F32, { 2, { 2, 3 } }, x, NULL },
                             { TD_F32, { 1, { 4 } }, y, NULL },
                             { TD_BOOL, { 0 }, &p, NULL } };
    const td_run_context none = { 0 };
    td_program *prog;
    td_frame *f;
    pg t;

    pg_open(&t, NULL);
    td_graph *const g = make(t.p.arena);
    assert_ok(td_pass_resolve(&t.p, g));
    assert_ok(td_program_make(&t.p, g, true, &prog));
    assert_ok(td_frame_enter(prog, in, &f));
    assert_ok(td_frame_run(f, &none));
    const td_tensor *const got = td_frame_ret(f, 0);
    assert_int_equal(td_shape_count(&got->shape), count);
    assert_int_equal(*(const int32_t *)got->data, first);
    td_frame_leave(f);
    td_program_free(prog);
    pg_close(&t);
}

static void test_shapes_die(void **state)
{
    (void)state;
    check(true, 2, 2);
    check(false, 1, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes_die),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
