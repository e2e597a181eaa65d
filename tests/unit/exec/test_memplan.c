/* SPDX-License-Identifier: Apache-2.0 */
/* test_memplan.c -- which operands a result may be written over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "pass_graph.h"

/* Every value below is returned, so that it lives on and nothing is written over it. */
static bool keeps;

static td_edge value(td_graph *g, td_edge e)
{
    if (keeps) pg_ret(g, e);
    return e;
}

static td_frame *run(pg *x, td_graph *(*make)(td_arena *), const td_tensor *in, td_program **prog)
{
    const td_run_context none = { 0 };
    td_graph *const g = make(x->p.arena);
    td_frame *f;

    assert_ok(td_pass_resolve(&x->p, g));
    assert_ok(td_program_make(&x->p, g, false, prog));
    assert_ok(td_frame_enter(*prog, in, &f));
    assert_ok(td_frame_run(f, &none));
    return f;
}

/* The last values that make() returns must be the same when all others live on. */
static void check(td_graph *(*make)(td_arena *), const td_tensor *in)
{
    td_program *apart, *tight;
    pg x;

    pg_open(&x, NULL);
    keeps = true;
    td_frame *const want = run(&x, make, in, &apart);
    keeps = false;
    td_frame *const got = run(&x, make, in, &tight);
    assert_true(tight->n_rets < apart->n_rets);
    for (size_t i = 0; i < tight->n_rets; i++) {
        const td_tensor *const g = td_frame_ret(got, i);
        const td_tensor *const w = td_frame_ret(want, apart->n_rets - tight->n_rets + i);
        assert_true(td_shape_equal(&g->shape, &w->shape));
        assert_memory_equal(g->data, w->data, td_tensor_bytes(w));
    }
    td_frame_leave(got);
    td_frame_leave(want);
    td_program_free(apart);
    td_program_free(tight);
    pg_close(&x);
}

static td_edge twice(td_graph *g, td_edge e)
{
    return value(g, pg_node(g, "AddV2 T=%float", e, e, PG_END));
}

static td_edge as_double(td_graph *g, td_edge e)
{
    return value(g, pg_node(g, "Cast SrcT=%float DstT=%double", e, PG_END));
}

/* 512 doubles, which every row reads, and [8,512] bools have as many bytes. */
static td_graph *make_broadcast_compare(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "broadcast");
    const td_edge x = pg_arg(g, TD_F32), y = pg_arg(g, TD_F32);

    pg_ret(g, pg_node(g, "Less T=%double", as_double(g, twice(g, x)), as_double(g, y), PG_END));
    return g;
}

static void test_broadcast_operand(void **state)
{
    static float x[512], y[8 * 512];
    td_tensor in[] = { { .dtype = TD_F32, .shape = { 1, { 512 } }, .data = x },
                       { .dtype = TD_F32, .shape = { 2, { 8, 512 } }, .data = y } };

    (void)state;
    pg_fill(x, 512, 1);
    pg_fill(y, 8 * 512, 2);
    check(make_broadcast_compare, in);
}

/* The same bytes under two types: 64 floats, 256 small numbers. */
static td_graph *make_view(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "view");
    const td_edge x = twice(g, pg_arg(g, TD_F32)), rows = pg_ints(g, 2, (int32_t[]){ 4, 64 });
    const td_edge bytes = pg_node(g, "Bitcast T=%float type=%int8", x, PG_END);
    const td_edge wide = value(g, pg_node(g, "Cast SrcT=%int8 DstT=%float", bytes, PG_END));
    const td_edge tall = pg_node(g, "Reshape T=%float Tshape=%int32", wide, rows, PG_END);

    pg_ret(g, pg_node(g, "Less T=%float", x, tall, PG_END));
    return g;
}

static void test_view_of_another_width(void **state)
{
    float x[64];
    td_tensor in[] = { { .dtype = TD_F32, .shape = { 1, { 64 } }, .data = x } };

    (void)state;
    pg_fill(x, 64, 3);
    for (int i = 0; i < 64; i++)
        x[i] *= 60.0f;
    check(make_view, in);
}

/* An operand that is used twice, once through a view, is written over only where it is read last. */
static td_graph *make_used_twice(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "twice");
    const td_edge x = twice(g, pg_arg(g, TD_F32)),
                  square = value(g, pg_node(g, "Mul T=%float", x, x, PG_END));
    const td_edge one_row = pg_ints(g, 2, (int32_t[]){ 1, 4 }),
                  one_column = pg_ints(g, 2, (int32_t[]){ 4, 1 });
    const td_edge row = pg_node(g, "Reshape T=%float Tshape=%int32", x, one_row, PG_END);
    const td_edge column = pg_node(g, "Reshape T=%float Tshape=%int32", x, one_column, PG_END);

    pg_ret(g, pg_node(g, "Sub T=%float", row, column, PG_END));
    pg_ret(g, pg_node(g, "Sub T=%float", square, row, PG_END));
    return g;
}

static void test_operand_used_twice(void **state)
{
    float x[4];
    td_tensor in[] = { { .dtype = TD_F32, .shape = { 1, { 4 } }, .data = x } };

    (void)state;
    pg_fill(x, 4, 4);
    check(make_used_twice, in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broadcast_operand),
        cmocka_unit_test(test_view_of_another_width),
        cmocka_unit_test(test_operand_used_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
