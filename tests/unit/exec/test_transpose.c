/* SPDX-License-Identifier: Apache-2.0 */
/* test_transpose.c -- a Transpose that moves nothing hands its input on; any other moves what it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "graph_text.h"
#include "pass_graph.h"

/* Transposes 0, 1, 2, ... of that shape as a plan does, which must be `want` and have `out`'s dims. */
static void check(const char *graph, td_shape shape, td_shape out, const float *want)
{
    float x[6];
    const td_tensor in = { TD_F32, shape, x, NULL };
    const td_run_context none = { 0 };
    td_program *prog;
    td_frame *f;
    pg t;

    for (int i = 0; i < 6; i++)
        x[i] = (float)i;
    pg_open(&t, NULL);
    td_graph *const g = graph_of_text(t.p.arena, "main", graph, NULL);
    assert_ok(td_pass_resolve(&t.p, g));
    assert_ok(td_program_make(&t.p, g, true, &prog));
    assert_ok(td_frame_enter(prog, &in, &f));
    assert_ok(td_frame_run(f, &none));
    const td_tensor *const got = td_frame_ret(f, 0);
    assert_true(td_shape_equal(&got->shape, &out));
    assert_memory_equal(got->data, want, sizeof x);
    td_frame_leave(f);
    td_program_free(prog);
    pg_close(&t);
}

static const float kept[] = { 0, 1, 2, 3, 4, 5 }, turned[] = { 0, 3, 1, 4, 2, 5 };

static void test_what_moves_nothing(void **state)
{
    (void)state;
    check("x: f[2,3]; p = i(0,1); y = Transpose(x, p) T=%f Tperm=%i; -> y", (td_shape){ 2, { 2, 3 } },
          (td_shape){ 2, { 2, 3 } }, kept);
    check("x: f[2,1,3]; p = i(1,0,2); y = Transpose(x, p) T=%f Tperm=%i; -> y", (td_shape){ 3, { 2, 1, 3 } },
          (td_shape){ 3, { 1, 2, 3 } }, kept);
    check("x: f[1,6]; p = i(1,0); y = Transpose(x, p) T=%f Tperm=%i; -> y", (td_shape){ 2, { 1, 6 } },
          (td_shape){ 2, { 6, 1 } }, kept);
}

static void test_what_moves(void **state)
{
    (void)state;
    check("x: f[2,3]; p = i(1,0); y = Transpose(x, p) T=%f Tperm=%i; -> y", (td_shape){ 2, { 2, 3 } },
          (td_shape){ 2, { 3, 2 } }, turned);
    check("x: f[2,1,3]; p = i(2,1,0); y = Transpose(x, p) T=%f Tperm=%i; -> y", (td_shape){ 3, { 2, 1, 3 } },
          (td_shape){ 3, { 3, 1, 2 } }, turned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_moves_nothing),
        cmocka_unit_test(test_what_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
