/* SPDX-License-Identifier: Apache-2.0 */
/* test_cache.c -- plans and frames: what is kept for the next run, for how long, and what gives way when memory is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/thread.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "exec/idle.h"
#include "pass_graph.h"
#include "tensord/session.h"

enum { WIDTH = 4096, ROWS = 64, PLANS = 8 };

/* A program of a few steps whose workspace is of `rows` times 16 KiB or more. */
typedef struct machine {
    pg x;
    td_program *prog;
    float *data;
} machine;

static td_graph *make_graph(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "graph");
    const td_edge x = pg_arg(g, TD_F32);
    const td_edge y = pg_node(g, "Cumsum T=%float Tidx=%int32", x, pg_int(g, 0), PG_END);

    pg_ret(g, pg_node(g, "Cumsum T=%float Tidx=%int32", y, pg_int(g, 1), PG_END));
    return g;
}

static void start(machine *m)
{
    *m = (machine){ .data = TD_NEW_N(float, ROWS *(size_t)WIDTH) };
    pg_open(&m->x, NULL);
    td_graph *const g = make_graph(m->x.p.arena);

    for (size_t i = 0; i < ROWS * (size_t)WIDTH; i++)
        m->data[i] = 1;
    assert_ok(td_pass_resolve(&m->x.p, g));
    assert_ok(td_program_make(&m->x.p, g, false, &m->prog));
}

static void finish(machine *m)
{
    td_program_free(m->prog);
    pg_close(&m->x);
    td_free(m->data);
    td_memory_set_limit(SIZE_MAX);
    (void)td_idle_tidy();
    (void)td_idle_tidy();
    assert_int_equal(td_accounts_used(), 0);
}

static td_tensor input(const machine *m, int64_t rows)
{
    return (td_tensor){ TD_F32, { 2, { rows, WIDTH } }, m->data, NULL };
}

static td_frame *enter(machine *m, int64_t rows)
{
    const td_tensor in = input(m, rows);
    td_frame *f;

    assert_ok(td_frame_enter(m->prog, &in, &f));
    return f;
}

static td_status run(td_frame *f)
{
    return td_frame_run(f, &(td_run_context){ .team = NULL });
}

static void run_on(machine *m, int64_t rows)
{
    td_frame *const f = enter(m, rows);

    assert_ok(run(f));
    const td_tensor *const y = td_frame_ret(f, 0);
    const float *const last = (const float *)y->data + td_shape_count(&y->shape) - 1;
    assert_float_equal(*last, (float)(rows * WIDTH), 0);
    td_frame_leave(f);
}

static size_t count_frames(const machine *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->prog->cache.n_plans; i++)
        n += m->prog->cache.plans[i]->n_idle;
    return n;
}

/* Who waits for a core has no workspace, and who was answered has none any more. */
static void test_workspaces_are_lent(void **state)
{
    machine m;

    (void)state;
    start(&m);
    td_frame *const f = enter(&m, 4), *const g = enter(&m, 4);

    assert_ptr_equal(f->plan, g->plan);
    assert_true(f->plan->workspace_size >= 4 * WIDTH * sizeof(float));
    assert_null(f->lent.data);
    assert_ok(run(f));
    void *const memory = f->lent.data;
    assert_non_null(memory);
    assert_null(g->lent.data);
    assert_ok(run(f)); /* again, in the same */
    assert_ptr_equal(f->lent.data, memory);
    td_frame_leave(f);
    assert_null(f->lent.data);
    assert_ok(run(g));
    assert_ptr_equal(g->lent.data, memory);
    td_frame_leave(g);
    run_on(&m, 3); /* other plans take it, too */
    assert_true(td_accounts_used() < 2 * 4 * WIDTH * sizeof(float) + (1 << 20));
    finish(&m);
}

static void test_small_workspaces_stay(void **state)
{
    machine m;

    (void)state;
    start(&m);
    td_tensor in = { TD_F32, { 2, { 2, 8 } }, m.data, NULL };
    td_frame *f;

    assert_ok(td_frame_enter(m.prog, &in, &f));
    assert_ok(run(f));
    assert_non_null(f->own);
    assert_null(f->lent.data);
    assert_float_equal(((const float *)td_frame_ret(f, 0)->data)[15], 16, 0);
    td_frame_leave(f);
    finish(&m);
}

static void test_idle_frames_go(void **state)
{
    machine m;

    (void)state;
    start(&m);
    td_frame *f[PLANS];
    for (int i = 0; i < PLANS; i++)
        f[i] = enter(&m, 1 + i / 2);
    for (int i = 0; i < PLANS; i++)
        td_frame_leave(f[i]);
    assert_int_equal(count_frames(&m), PLANS);
    (void)td_caches_tidy(false);
    assert_int_equal(count_frames(&m), PLANS); /* all were used */
    run_on(&m, 1);
    assert_true(td_caches_tidy(false));
    assert_int_equal(count_frames(&m), 2); /* of the plan that was used */
    assert_true(td_caches_tidy(false));
    assert_int_equal(count_frames(&m), 1);
    assert_false(td_caches_tidy(false)); /* one for the next request */
    assert_int_equal(m.prog->cache.n_plans, PLANS / 2);
    run_on(&m, 2);
    finish(&m);
}

static void test_many_frames_are_not_kept(void **state)
{
    td_frame *f[40];
    machine m;

    (void)state;
    start(&m);
    for (size_t i = 0; i < TD_COUNT(f); i++)
        f[i] = enter(&m, 1);
    for (size_t i = 0; i < TD_COUNT(f); i++)
        td_frame_leave(f[i]);
    assert_int_equal(count_frames(&m), 16);
    finish(&m);
}

/* Plans that are in use stay, whatever is given up. */
static void test_give_up_all(void **state)
{
    machine m;

    (void)state;
    start(&m);
    for (int rows = 1; rows <= PLANS; rows++)
        run_on(&m, rows);
    td_frame *const f = enter(&m, 3), *const latest = enter(&m, 5);

    assert_ok(run(f));
    assert_true(td_caches_tidy(true));
    assert_int_equal(m.prog->cache.n_plans, 2);
    assert_int_equal(count_frames(&m), 0);
    assert_float_equal(((const float *)td_frame_ret(f, 0)->data)[3 * WIDTH - 1], 3 * WIDTH, 0);
    td_frame_leave(f);
    td_frame_leave(latest);
    for (int rows = 1; rows <= PLANS; rows++)
        run_on(&m, rows);
    finish(&m);
}

static void test_limit(void **state)
{
    machine m;
    td_frame *f;

    (void)state;
    start(&m);
    const td_tensor in = input(&m, ROWS);

    td_memory_set_limit(100);
    assert_status_like(td_frame_enter(m.prog, &in, &f), TD_RESOURCE_EXHAUSTED, "a plan for new shapes needs");
    td_memory_set_limit(1 << 20);
    f = enter(&m, ROWS); /* there is room for the plan, and not for a run */
    assert_status_like(run(f), TD_RESOURCE_EXHAUSTED, "a run's workspace needs");
    td_frame_leave(f);
    run_on(&m, 4);
    td_memory_set_limit(16 << 20);
    run_on(&m, ROWS);
    finish(&m);
}

/* Plans of other shapes give way to a run. */
static void test_plans_give_way(void **state)
{
    machine m;

    (void)state;
    start(&m);
    for (int rows = 1; rows <= 30; rows++)
        run_on(&m, rows);
    (void)td_workspaces_tidy(true);
    const size_t need = ROWS * (size_t)WIDTH * sizeof(float), used = td_accounts_used();

    run_on(&m, ROWS); /* how much it is */
    assert_int_equal(m.prog->cache.n_plans, 31);
    (void)td_workspaces_tidy(true);
    td_memory_set_limit(used + need);
    run_on(&m, ROWS);
    assert_true(m.prog->cache.n_plans < 31);
    finish(&m);
}

static void *run_all(void *ctx)
{
    machine *const m = ctx;

    for (int i = 0; i < 200; i++) {
        const td_tensor in = input(m, 1 + i % 40); /* more than are kept */
        td_frame *f;

        assert_null(td_frame_enter(m->prog, &in, &f));
        assert_null(run(f));
        td_frame_leave(f);
        if (i % 10 == 0) (void)td_caches_tidy(i % 20 == 0);
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    machine m;

    (void)state;
    start(&m);
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        assert_ok(td_thread_start(&threads[i], "runner", run_all, &m));
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        (void)pthread_join(threads[i], NULL);
    finish(&m);
}

static int64_t guess(machine *m, int64_t rows)
{
    td_frame *const f = enter(m, rows);
    const int64_t ns = f->plan->guess_ns;

    td_frame_leave(f);
    return ns;
}

/* What never ran is taken for as long as its kin in proportion, and never for shorter than those that are smaller. */
static void test_costs_are_guessed(void **state)
{
    machine m;

    (void)state;
    start(&m);
    assert_int_equal(guess(&m, 2), 0);
    assert_int_equal(guess(&m, 4), 0); /* there is one, which has not run */
    atomic_store(&m.prog->cache.plans[0]->expected_ns, 1000);
    assert_int_equal(guess(&m, 1), 1000);
    assert_in_range(guess(&m, 40), 9990, 10000);
    td_frame *const f = enter(&m, 40);
    atomic_store(&f->plan->expected_ns, 2000);
    td_frame_leave(f);
    assert_int_equal(guess(&m, 20), 2000); /* 5000 by the first */
    assert_in_range(guess(&m, 60), 2990, 3000);
    assert_int_equal(guess(&m, 3), 1000);
    finish(&m);
}

/* ---------------------------------------------------------------- whole models */

static td_status load(td_session **out)
{
    return td_session_load(TD_SOURCE_DIR "/models/digits/1", NULL, out);
}

static void test_models_are_weighed(void **state)
{
    td_session *s = NULL, *second = NULL;

    (void)state;
    td_memory_set_limit(50000); /* packed, it takes 58 kB; its restore program less */
    assert_status_like(load(&s), TD_RESOURCE_EXHAUSTED, "the model, for its packed weights, needs");
    assert_int_equal(td_accounts_used(), 0);
    td_memory_set_limit(16 << 20);
    assert_ok(load(&s));
    (void)td_workspaces_tidy(true);
    (void)td_caches_tidy(true);
    const size_t used = td_accounts_used();

    assert_true(used > 50000);
    td_memory_set_limit(used + 50000);
    assert_status_like(load(&second), TD_RESOURCE_EXHAUSTED, "the model, for its packed weights, needs");
    td_memory_set_limit(used + 70000); /* to load, but not to run */
    assert_status_like(load(&second), TD_RESOURCE_EXHAUSTED, "are in use (--max_memory_bytes)");
    float image[64] = { 0 }; /* the first one goes on */
    const td_tensor in = { TD_F32, { 4, { 1, 8, 8, 1 } }, image, NULL };
    const size_t want = 0;
    td_result *r;
    assert_ok(td_session_run(s, td_session_find_signature(s, "serving_default"), &in, &want, 1, NULL, &r));
    td_result_free(r);
    td_memory_set_limit(SIZE_MAX);
    td_session_unref(s);
    (void)td_workspaces_tidy(true);
    assert_int_equal(td_accounts_used(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workspaces_are_lent), cmocka_unit_test(test_small_workspaces_stay),
        cmocka_unit_test(test_idle_frames_go),      cmocka_unit_test(test_many_frames_are_not_kept),
        cmocka_unit_test(test_give_up_all),         cmocka_unit_test(test_limit),
        cmocka_unit_test(test_plans_give_way),      cmocka_unit_test(test_threads),
        cmocka_unit_test(test_costs_are_guessed),   cmocka_unit_test(test_models_are_weighed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
