/* SPDX-License-Identifier: Apache-2.0 */
/* test_segment.c -- how a plan's steps are grouped, what goes, and what a trace says of their runs. */
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

typedef struct made {
    pg x;
    td_program *prog;
    td_frame *frame;
} made;

/* As it stands, without what passes make of it. */
static const td_plan *open_plan(made *m, td_graph *(*make)(td_arena *), pg_function *functions,
                                const td_tensor *in)
{
    pg_open(&m->x, functions);
    td_graph *const g = make(m->x.p.arena);

    assert_ok(td_pass_resolve(&m->x.p, g));
    assert_ok(td_program_make(&m->x.p, g, false, &m->prog));
    assert_ok(td_frame_enter(m->prog, in, &m->frame));
    return m->frame->plan;
}

static void close_plan(made *m)
{
    td_frame_leave(m->frame);
    td_program_free(m->prog);
    pg_close(&m->x);
}

/* "PPP+d": a letter for each segment, P for plain ones, d for others, + before those that ask; steps are counted. */
static void assert_segments(const td_plan *plan, const char *want, const uint32_t *steps)
{
    char got[64] = "";
    uint32_t first = 0;

    for (size_t i = 0; i < plan->n_segments; i++) {
        const td_segment *const g = &plan->segments[i];

        strcat(got, g->asks ? "+" : "");
        strcat(got, g->is_plain ? "P" : "d");
        assert_int_equal(g->first, first);
        assert_int_equal(g->n, steps[i]);
        first += g->n;
    }
    assert_string_equal(got, want);
    assert_int_equal(first, plan->n_steps);
}

/* ---------------------------------------------------------------- groups */

static td_edge chain(td_graph *g, td_edge e, int n)
{
    for (int i = 0; i < n; i++)
        e = pg_node(g, "Neg T=%float", e, PG_END);
    return e;
}

static td_graph *make_chain(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "chain");

    pg_ret(g, chain(g, pg_arg(g, TD_F32), 20));
    return g;
}

static void test_by_number(void **state)
{
    float x[4] = { 1, 2, 3, 4 };
    const td_tensor in = { TD_F32, { 1, { 4 } }, x, NULL };
    made m;

    (void)state;
    assert_segments(open_plan(&m, make_chain, NULL, &in), "P+P+P", (uint32_t[]){ 8, 8, 4 });
    close_plan(&m);
}

static void test_by_size(void **state)
{
    static float x[100000]; /* a step sees 800 KB */
    const td_tensor in = { TD_F32, { 1, { 100000 } }, x, NULL };
    uint32_t ones[20];
    made m;

    (void)state;
    for (size_t i = 0; i < 20; i++)
        ones[i] = 1;
    assert_segments(open_plan(&m, make_chain, NULL, &in), "P+P+P+P+P+P+P+P+P+P+P+P+P+P+P+P+P+P+P+P", ones);
    close_plan(&m);
}

/* What decides its shape when it runs stands alone, and so do those that cannot be prepared for it. */
static td_graph *make_dynamic(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "dynamic");
    const td_edge x = chain(g, pg_arg(g, TD_F32), 3);
    const td_edge where = pg_node(g, "Where T=%float", x, PG_END);

    pg_ret(g, pg_node(g, "Neg T=%int64", where, PG_END));
    pg_ret(g, chain(g, x, 2));
    return g;
}

static void test_dynamic_steps(void **state)
{
    float x[4] = { 1, 0, 3, 0 };
    const td_tensor in = { TD_F32, { 1, { 4 } }, x, NULL };
    const td_run_context none = { 0 };
    made m;

    (void)state;
    const td_plan *const plan = open_plan(&m, make_dynamic, NULL, &in);
    size_t dynamic = 0, plain = 0;
    for (size_t i = 0; i < plan->n_segments; i++) {
        const td_segment *const g = &plan->segments[i];

        for (uint32_t k = g->first; k < g->first + g->n; k++)
            assert_int_equal(plan->steps[k].mode == TD_MODE_DYNAMIC, !g->is_plain);
        *(g->is_plain ? &plain : &dynamic) += g->n;
        if (!g->is_plain) assert_int_equal(g->n, 1);
    }
    assert_int_equal(plain, 5);
    assert_int_equal(dynamic, 2);
    assert_ok(td_frame_run(m.frame, &none));
    assert_int_equal(td_frame_ret(m.frame, 0)->shape.dims[0], 2);
    assert_int_equal(((const int64_t *)td_frame_ret(m.frame, 0)->data)[1], -2);
    close_plan(&m);
}

static td_graph *make_text(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "text");
    const td_edge x = pg_arg(g, TD_STRING);

    pg_ret(g, pg_node(g, "Equal T=%string", x, x, PG_END));
    return g;
}

static void test_strings_stand_alone(void **state)
{
    td_string x = { "A", 1 };
    const td_tensor in = { TD_STRING, { 0 }, &x, NULL };
    made m;

    (void)state;
    assert_segments(open_plan(&m, make_text, NULL, &in), "d", (uint32_t[]){ 1 });
    close_plan(&m);
}

/* Of the two only the argument's alias has anything to do. */
static td_graph *make_aliases(td_arena *arena)
{
    static const int32_t to[] = { 2, 2 };
    td_graph *const g = td_graph_make(arena, "aliases");
    const td_edge shape = pg_ints(g, 2, to);
    const td_edge x = pg_node(g, "Reshape T=%float Tshape=%int32", pg_arg(g, TD_F32), shape, PG_END);
    const td_edge back = pg_node(g, "Neg T=%float", x, PG_END);

    pg_ret(g, pg_node(g, "Reshape T=%float Tshape=%int32", back, pg_int(g, 4), PG_END));
    return g;
}

static void test_aliases(void **state)
{
    float x[4] = { 1, 2, 3, 4 }, y[4] = { 5, 6, 7, 8 };
    td_tensor in = { TD_F32, { 1, { 4 } }, x, NULL };
    const td_run_context none = { 0 };
    made m;

    (void)state;
    assert_segments(open_plan(&m, make_aliases, NULL, &in), "P", (uint32_t[]){ 2 });
    assert_ok(td_frame_run(m.frame, &none));
    assert_true(((const float *)td_frame_ret(m.frame, 0)->data)[3] == -4.0f);
    in.data = y;
    td_frame_set_args(m.frame, &in);
    assert_ok(td_frame_run(m.frame, &none));
    assert_true(((const float *)td_frame_ret(m.frame, 0)->data)[3] == -8.0f);
    assert_int_equal(td_frame_ret(m.frame, 0)->shape.rank, 1);
    close_plan(&m);
}

/* ---------------------------------------------------------------- traces */

static td_trace_op *find_op(const td_trace *t, const char *name)
{
    for (size_t i = 0; i < t->ops.size; i++)
        if (!strcmp((*TD_VEC_AT(&t->ops, td_trace_op *, i))->op, name))
            return *TD_VEC_AT(&t->ops, td_trace_op *, i);
    return NULL;
}

static void test_trace(void **state)
{
    float x[4] = { 1, 2, 3, 4 };
    const td_tensor in = { TD_F32, { 1, { 4 } }, x, NULL };
    td_trace *const t = td_trace_make();
    const td_run_context run = { .trace = t };
    int64_t segments = 0, ops = 0;
    made m;

    (void)state;
    (void)open_plan(&m, make_chain, NULL, &in);
    assert_ok(td_frame_run(m.frame, &run));
    assert_true(((const float *)td_frame_ret(m.frame, 0)->data)[3] == 4.0f);
    assert_int_equal(t->segments.size, 3);
    assert_int_equal(TD_VEC_AT(&t->segments, td_trace_segment, 2)->first, 16);
    assert_int_equal(TD_VEC_AT(&t->segments, td_trace_segment, 2)->n, 4);
    assert_int_equal(t->ops.size, 20);
    for (size_t i = 0; i < 3; i++)
        segments += TD_VEC_AT(&t->segments, td_trace_segment, i)->ns;
    for (size_t i = 0; i < 20; i++)
        ops += (*TD_VEC_AT(&t->ops, td_trace_op *, i))->ns;
    assert_true(0 < ops && ops <= segments && segments <= t->inner_ns);
    td_trace_free(t);
    close_plan(&m);
}

/* while (i < 3) i += 1, beside a variable that stays */
static td_graph *lower_loop(td_arena *arena, const char *name)
{
    td_graph *const g = td_graph_make(arena, name);
    const td_edge i = pg_arg(g, TD_I32), other = pg_arg(g, TD_I32);

    pg_ret(g, strcmp(name, "less") == 0 ? pg_node(g, "Less T=%int32", i, pg_int(g, 3), PG_END)
                                        : pg_node(g, "AddV2 T=%int32", i, pg_int(g, 1), PG_END));
    if (strcmp(name, "next") == 0) pg_ret(g, other);
    return g;
}

static td_graph *make_loop(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "loop");

    pg_ret(g, pg_node(g, "While T=%int32%int32 cond=@less body=@next", pg_arg(g, TD_I32), pg_arg(g, TD_I32),
                      PG_END));
    return g;
}

/* The body's steps are told beside the loop's own time, and no segments of them. */
static void test_trace_of_a_loop(void **state)
{
    int32_t i = 0;
    const td_tensor in[] = { { TD_I32, { 0 }, &i, NULL }, { TD_I32, { 0 }, &i, NULL } };
    td_trace *const t = td_trace_make();
    const td_run_context run = { .trace = t };
    made m;

    (void)state;
    assert_segments(open_plan(&m, make_loop, lower_loop, in), "d", (uint32_t[]){ 1 });
    assert_ok(td_frame_run(m.frame, &run));
    assert_int_equal(*(const int32_t *)td_frame_ret(m.frame, 0)->data, 3);
    assert_int_equal(t->segments.size, 1);
    assert_int_equal(find_op(t, "AddV2")->runs, 3);
    assert_int_equal(find_op(t, "Less")->runs, 4);
    assert_int_equal(find_op(t, "While")->runs, 1);
    assert_true(find_op(t, "AddV2")->ns + find_op(t, "Less")->ns + find_op(t, "While")->ns <=
                TD_VEC_AT(&t->segments, td_trace_segment, 0)->ns);
    td_trace_free(t);
    close_plan(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_number),       cmocka_unit_test(test_by_size),
        cmocka_unit_test(test_dynamic_steps),   cmocka_unit_test(test_strings_stand_alone),
        cmocka_unit_test(test_aliases),         cmocka_unit_test(test_trace),
        cmocka_unit_test(test_trace_of_a_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
