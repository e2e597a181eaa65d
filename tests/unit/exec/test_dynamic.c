/* SPDX-License-Identifier: Apache-2.0 */
/* test_dynamic.c -- steps that only a run can decide: what they remember, and how long their buffers live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "pass_graph.h"

typedef struct machine {
    pg x;
    td_program *prog;
    td_frame *frame;
} machine;

static void start(machine *m, td_graph *(*make)(td_arena *), const td_tensor *in)
{
    pg_open(&m->x, NULL);
    td_graph *const g = make(m->x.p.arena);

    assert_ok(td_pass_resolve(&m->x.p, g));
    assert_ok(td_program_make(&m->x.p, g, false, &m->prog));
    assert_ok(td_frame_enter(m->prog, in, &m->frame));
}

static void run_on(machine *m, const td_tensor *in)
{
    const td_run_context none = { 0 };

    td_frame_clear(m->frame);
    td_frame_set_args(m->frame, in);
    assert_ok(td_frame_run(m->frame, &none));
}

static void finish(machine *m)
{
    td_frame_leave(m->frame);
    td_program_free(m->prog);
    pg_close(&m->x);
}

static size_t step_of(const machine *m, const char *op)
{
    for (size_t i = 0; i < m->frame->plan->n_steps; i++)
        if (strcmp(m->frame->plan->steps[i].step->op->name, op) == 0) {
            assert_int_equal(m->frame->plan->steps[i].mode, TD_MODE_DYNAMIC);
            return i;
        }
    fail_msg("no step of %s", op);
    return 0;
}

/* ---------------------------------------------------------------- what is remembered */

static td_graph *make_slice(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "slice");
    const td_edge x = pg_arg(g, TD_F32), begin = pg_arg(g, TD_I32), size = pg_ints(g, 1, (int32_t[]){ 2 });

    pg_ret(g, pg_node(g, "Slice T=%float Index=%int32", x, begin, size, PG_END));
    return g;
}

/* The same shapes, other elements: an op that read elements decides anew. */
static void test_elements_had_a_say(void **state)
{
    float x[6] = { 0, 1, 2, 3, 4, 5 };
    int32_t begin = 0;
    const td_tensor in[] = { { TD_F32, { 1, { 6 } }, x, NULL }, { TD_I32, { 1, { 1 } }, &begin, NULL } };
    machine m;

    (void)state;
    start(&m, make_slice, in);
    for (int round = 0; round < 3; round++)
        for (begin = 0; begin <= 4; begin++) {
            run_on(&m, in);
            assert_memory_equal(td_frame_ret(m.frame, 0)->data, x + begin, 2 * sizeof *x);
        }
    assert_false(m.frame->memos[step_of(&m, "Slice")].is_valid);
    finish(&m);
}

static td_graph *make_unique(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "unique");
    const td_edge y = pg_node(g, "Unique T=%float out_idx=%int32", pg_arg(g, TD_F32), PG_END);

    pg_ret(g, pg_node(g, "Cumsum T=%float Tidx=%int32", y, pg_int(g, 0), PG_END));
    return g;
}

/* One that read none keeps its decision while shapes stay, and drops it when they change. */
static void test_shapes_alone_decide(void **state)
{
    float x[4] = { 1, 2, 3, 3 };
    const td_tensor in = { TD_F32, { 1, { 4 } }, x, NULL };
    machine m;

    (void)state;
    start(&m, make_unique, &in);
    run_on(&m, &in);
    const td_memo *const memo = &m.frame->memos[step_of(&m, "Cumsum")];

    assert_true(memo->is_valid);
    const void *const before = memo->state;

    memcpy(x, (const float[]){ 5, 5, 7, 9 }, sizeof x);
    run_on(&m, &in);
    assert_true(memo->is_valid);
    assert_ptr_equal(memo->state, before);
    assert_memory_equal(td_frame_ret(m.frame, 0)->data, ((const float[]){ 5, 12, 21 }), 12);
    memcpy(x, (const float[]){ 1, 2, 3, 4 }, sizeof x);
    run_on(&m, &in);
    assert_int_equal(td_frame_ret(m.frame, 0)->shape.dims[0], 4);
    assert_memory_equal(td_frame_ret(m.frame, 0)->data, ((const float[]){ 1, 3, 6, 10 }), 16);
    finish(&m);
}

/* ---------------------------------------------------------------- how long buffers live */

static td_graph *make_chain(td_arena *a)
{
    td_graph *const g = td_graph_make(a, "chain");
    const td_edge shape = pg_ints(g, 1, (int32_t[]){ -1 });
    td_edge e = pg_arg(g, TD_F32);

    for (int i = 0; i < 6; i++) {
        e = pg_node(g, "Unique T=%float out_idx=%int32", e, PG_END);
        e = pg_node(g, "Reshape T=%float Tshape=%int32", e, shape, PG_END); /* an alias keeps it alive */
        e = pg_node(g, "Neg T=%float", e, PG_END);
    }
    pg_ret(g, e);
    return g;
}

static size_t count_buffers(const machine *m)
{
    size_t n = 0;

    for (size_t v = 0; v < m->prog->n_values; v++)
        n += m->frame->values[v].buffer != NULL;
    return n;
}

/* Invariants 2 and 3 of plan.h. */
static void test_buffers_go(void **state)
{
    float x[5] = { 1, 2, 3, 2, 1 };
    const td_tensor in = { TD_F32, { 1, { 5 } }, x, NULL };
    machine m;

    (void)state;
    start(&m, make_chain, &in);
    run_on(&m, &in);
    assert_memory_equal(td_frame_ret(m.frame, 0)->data, x, 3 * sizeof *x);
    assert_int_equal(count_buffers(&m), 1); /* the answer's */
    td_frame_leave(m.frame);                /* idle now, and kept by the plan */
    assert_int_equal(count_buffers(&m), 0);
    assert_ok(td_frame_enter(m.prog, &in, &m.frame));
    finish(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_elements_had_a_say),
                                        cmocka_unit_test(test_shapes_alone_decide),
                                        cmocka_unit_test(test_buffers_go) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
