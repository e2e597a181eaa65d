/* SPDX-License-Identifier: Apache-2.0 */
/* test_stop.c -- runs end early: past their deadline, or when their client is gone; between steps, between the
 * rounds of a loop, and between the pieces of one long op. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/clock.h"
#include "device/stop.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "pass_graph.h"

/* A client that leaves after it was asked for a while. */
typedef struct client {
    atomic_int asked;
    int leaves_at;
} client;

static bool has_left(void *ctx)
{
    client *const c = ctx;

    return atomic_fetch_add(&c->asked, 1) + 1 >= c->leaves_at;
}

static td_code run_frame(td_frame *f, td_stop *stop, td_team *team)
{
    const td_run_context run = { .team = team };
    td_stop *const before = td_stop_swap(stop);
    const td_status s = td_frame_run(f, &run);
    const td_code code = td_status_code(s);

    (void)td_stop_swap(before);
    td_status_free(s);
    return code;
}

/* Without a reason the run ends well; with one, with that one; a run behind it is whole again. */
static void check(td_graph *(*make)(td_arena *), pg_function *functions, const td_tensor *in, td_team *team)
{
    td_stop none = { 0 }, late = { .deadline_ns = 1 };
    client c = { .leaves_at = 1 };
    td_stop gone = { .cancelled = has_left, .cancelled_ctx = &c };
    td_program *prog;
    td_frame *f;
    pg x;

    pg_open(&x, functions);
    td_graph *const g = make(x.p.arena);

    assert_ok(td_pass_resolve(&x.p, g));
    assert_ok(td_program_make(&x.p, g, false, &prog));
    assert_ok(td_frame_enter(prog, in, &f));
    assert_int_equal(run_frame(f, &gone, team), TD_CANCELLED);
    assert_int_equal(run_frame(f, &late, team), TD_DEADLINE_EXCEEDED);
    assert_int_equal(run_frame(f, &none, team), TD_OK);
    td_frame_leave(f);
    td_program_free(prog);
    pg_close(&x);
}

/* ---------------------------------------------------------------- steps */

static td_graph *make_chain(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "chain");
    td_edge e = pg_arg(g, TD_F32);

    for (int i = 0; i < 20; i++)
        e = pg_node(g, "Neg T=%float", e, PG_END);
    pg_ret(g, e);
    return g;
}

static void test_between_steps(void **state)
{
    float x[4] = { 1, 2, 3, 4 };
    const td_tensor in = { TD_F32, { 1, { 4 } }, x, NULL };

    (void)state;
    check(make_chain, NULL, &in, NULL);
}

/* ---------------------------------------------------------------- one long op */

static td_graph *make_product(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "product");
    const td_edge a = pg_arg(g, TD_F32);

    pg_ret(g, pg_node(g, "MatMul T=%float transpose_a=false transpose_b=true", a, a, PG_END));
    return g;
}

static td_graph *make_wide_product(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "product");
    const td_edge a = pg_arg(g, TD_F64);

    pg_ret(g, pg_node(g, "MatMul T=%double transpose_a=false transpose_b=true", a, a, PG_END));
    return g;
}

static td_graph *make_convolution(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "convolution");
    const td_edge x = pg_arg(g, TD_F32), w = pg_noise(g, &(td_shape){ 4, { 3, 3, 64, 256 } }, 1);

    pg_ret(g, pg_node(g, "Conv2D T=%float strides=[1,1,1,1] padding='SAME", x, w, PG_END));
    return g;
}

static td_graph *make_negation(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "negation");

    pg_ret(g, pg_node(g, "Neg T=%float", pg_arg(g, TD_F32), PG_END));
    return g;
}

static void check_long(td_graph *(*make)(td_arena *), td_tensor in)
{
    td_team *const team = td_team_make(2);

    in.data = calloc(1, td_tensor_bytes(&in));
    assert_non_null(in.data);
    check(make, NULL, &in, NULL);
    check(make, NULL, &in, team);
    free(in.data);
    td_team_free(team);
}

static void test_between_pieces(void **state)
{
    (void)state;
    check_long(make_product, (td_tensor){ TD_F32, { 2, { 1100, 2000 } }, NULL, NULL });
    check_long(make_wide_product, (td_tensor){ TD_F64, { 2, { 1100, 1000 } }, NULL, NULL });
    check_long(make_convolution, (td_tensor){ TD_F32, { 4, { 1, 128, 128, 64 } }, NULL, NULL });
    check_long(make_negation, (td_tensor){ TD_F32, { 1, { 1 << 20 } }, NULL, NULL });
}

/* ---------------------------------------------------------------- a loop */

/* while (i < 2000) i += 1; checked on the way */
static td_graph *make_loop_body(td_arena *arena, const char *name)
{
    td_graph *const g = td_graph_make(arena, name);
    const td_edge i = pg_arg(g, TD_I32);

    if (strcmp(name, "less") == 0)
        pg_ret(g, pg_node(g, "Less T=%int32", i, pg_int(g, 2000), PG_END));
    else
        pg_ret(g, pg_node(g, "AddV2 T=%int32", i, pg_int(g, 1), PG_END));
    return g;
}

static td_graph *make_loop(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "loop");

    pg_ret(g, pg_node(g, "While T=%int32%int32 cond=@less2 body=@next2", pg_arg(g, TD_I32), pg_arg(g, TD_I32),
                      PG_END));
    return g;
}

static td_graph *lower_loop(td_arena *arena, const char *name)
{
    td_graph *const g = make_loop_body(arena, strcmp(name, "less2") == 0 ? "less" : "next");

    const td_edge other = pg_arg(g, TD_I32);

    if (strcmp(name, "next2") == 0) pg_ret(g, other);
    return g;
}

static void test_between_rounds(void **state)
{
    int32_t i = 0;
    const td_tensor in[] = { { TD_I32, { 0 }, &i, NULL }, { TD_I32, { 0 }, &i, NULL } };

    (void)state;
    check(make_loop, lower_loop, in, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_between_steps),
                                        cmocka_unit_test(test_between_pieces),
                                        cmocka_unit_test(test_between_rounds) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
