/* SPDX-License-Identifier: Apache-2.0 */
/* test_apart.c -- rounds of loops side by side: which loops may, that they set what they set one after the other, fail as
 * that does, and end when they are told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "device/stop.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "graph_text.h"
#include "pass_graph.h"

enum { ROWS = 160, THREADS = 4 };

/* while (i < n) { list[i] = of row i of x; i++; } with an x so large that a round takes some time. Its values: counter, list
 * to set, x, list to read, n. */
#define ARGS "i: i; r: v; x: f; l: v; n: i; a = i 0; o = i 1; "
#define HEAVY                                                                                                \
    "h = GatherV2(x, i, a) Tparams=%f Tindices=%i Taxis=%i; e = ExpandDims(h, a) T=%f Tdim=%i; "             \
    "m = MatMul(x, x) T=%f transpose_b=true; p = MatMul(e, m) T=%f; k = Squeeze(p) T=%f squeeze_dims=[0]; "
/* Fails at its end where x has no such row. */
#define LATE  "m = MatMul(x, x) T=%f transpose_b=true; k = GatherV2(m, i, a) Tparams=%f Tindices=%i Taxis=%i; "
#define SET   "q = TensorListSetItem(r, i, k) element_dtype=%f; "
#define COUNT "j = AddV2(i, o) T=%i; "
#define GET   "sh = i -1; g = TensorListGetItem(l, i, sh) element_dtype=%f; "

#define MAIN(stacked, type)                                                                                  \
    "x: f[-1,-1]; n: i[]; size: i[]; first: i[]; sh = i -1; "                                                \
    "r = TensorListReserve(sh, size) element_dtype=" type " shape_type=%i; "                                 \
    "l = TensorListFromTensor(x, sh) element_dtype=%f shape_type=%i; "                                       \
    "w = StatelessWhile(first, r, x, l, n) T=[%i%variant%f%variant%i] cond=@c body=@b; " stacked

#define BELOW "y = Less(i, n) T=%i; -> y"

static const char *cond = ARGS BELOW;
static const char *body;
static const char *whole = MAIN("y = TensorListStack(w:1, sh) element_dtype=%f; -> y, w:0, w:2, w:4", "%f");

static td_graph *function(td_arena *arena, const char *name)
{
    return graph_of_text(arena, name, strcmp(name, "c") == 0 ? cond : body, NULL);
}

typedef struct machine {
    pg x;
    td_program *prog;
} machine;

static void start(machine *m, const char *of, bool may)
{
    body = of;
    pg_open(&m->x, function);
    if (!may) m->x.env.passes_off = TD_PASS_BIT(TD_PASS_apart);
    td_graph *const g = graph_of_text(m->x.p.arena, "main", whole, NULL);

    assert_ok(td_pass_resolve(&m->x.p, g));
    assert_ok(td_program_make(&m->x.p, g, true, &m->prog));
}

static void finish(machine *m)
{
    td_program_free(m->prog);
    pg_close(&m->x);
}

static const td_region *body_of(const machine *m)
{
    for (size_t i = 0; i < m->prog->n_steps; i++)
        if (m->prog->steps[i].n_regions == 2) return m->prog->steps[i].regions[1];
    fail_msg("there is no loop");
    return NULL;
}

/* ---------------------------------------------------------------- which may */

static void check(const char *of, bool may)
{
    machine m;

    start(&m, of, true);
    if ((body_of(&m)->roles != NULL) != may) fail_msg("%s", of);
    finish(&m);
}

static void test_who_may(void **state)
{
    (void)state;
    check(ARGS HEAVY SET COUNT "-> j, q, x, l, n", true);
    check(ARGS GET "k = Neg(g) T=%f; " SET COUNT "-> j, q, x, l, n", true);
    check(ARGS HEAVY SET "j = AddV2(o, i) T=%i; z = Identity(l) T=%variant; -> j, q, x, z, n", true);
    check(ARGS HEAVY SET COUNT "t = Greater(j, a) T=%i; z = Assert(t, t) T=[%bool]; -> j, q, x, l, n, ^z",
          true);
}

static void test_who_may_not(void **state)
{
    (void)state;
    check(ARGS "k = Neg(x) T=%f; " SET COUNT "-> j, q, k, l, n", false); /* a state */
    check(ARGS HEAVY SET "-> n, q, x, l, n", false);
    check(ARGS HEAVY SET "two = i 2; j = AddV2(i, two) T=%i; -> j, q, x, l, n", false);
    check(ARGS HEAVY SET "j = Sub(i, o) T=%i; -> j, q, x, l, n", false);
    check(ARGS HEAVY "q = TensorListSetItem(r, a, k) element_dtype=%f; " COUNT "-> j, q, x, l, n", false);
    check(ARGS HEAVY "q = TensorListSetItem(r, n, k) element_dtype=%f; " COUNT "-> j, q, x, l, n", false);
    check(ARGS HEAVY "q = TensorListPushBack(r, k) element_dtype=%f; " COUNT "-> j, q, x, l, n", false);
    check(ARGS HEAVY "q = TensorListSetItem(l, i, k) element_dtype=%f; " COUNT "-> j, q, x, l, n", false);
    /* what is in the list so far; twice; a version of what others read */
    check(ARGS "sh = i -1; k = TensorListGetItem(r, a, sh) element_dtype=%f; " SET COUNT "-> j, q, x, l, n",
          false);
    check(ARGS HEAVY SET COUNT "-> j, q, x, q, n", false);
    check(
        ARGS HEAVY
        "v = TensorListSetItem(l, i, k) element_dtype=%f; " SET COUNT "sh = i -1; "
        "g = TensorListGetItem(v, i, sh) element_dtype=%f; u = TensorListSetItem(q, i, g) element_dtype=%f; "
        "-> j, u, x, l, n",
        false);
    check(ARGS HEAVY SET COUNT "z = Print(k, k) T=%f U=[%f]; -> j, q, x, l, n, ^z", false);
    check(ARGS COUNT "-> j, r, x, l, n", false); /* sets nothing */
}

/* TF1's: counter, array to write and its flow, array to read and its flow, x, n. */
#define ARRAYS "i: i; t: h; u: f; s: h; w: f; x: f; n: i; a = i 0; o = i 1; "
#define READ   "g = TensorArrayReadV3(s, i, w) dtype=%f; "
#define WRITE  "q = TensorArrayWriteV3(t, i, k, u) T=%f; "

static void test_arrays(void **state)
{
    const char *const before[] = { whole, cond };

    (void)state;
    cond = ARRAYS BELOW;
    whole =
        "x: f[-1,-1]; n: i[]; size: i[]; first: i[]; "
        "t = TensorArrayV3(size) dtype=%f; s = TensorArrayV3(size) dtype=%f; "
        "w = StatelessWhile(first, t, t:1, s, s:1, x, n) T=[%i%resource%f%resource%f%f%i] cond=@c body=@b; "
        "-> w:0";
    check(ARRAYS HEAVY WRITE COUNT "-> j, t, q, s, w, x, n", true);
    check(ARRAYS READ "k = Neg(g) T=%f; " WRITE COUNT "-> j, t, q, s, w, x, n", true);
    check(ARRAYS HEAVY "q = TensorArrayWriteV3(t, a, k, u) T=%f; " COUNT "-> j, t, q, s, w, x, n", false);
    check(ARRAYS HEAVY WRITE COUNT "-> j, t, u, s, w, x, n", false); /* a write that nothing waits for */
    check(ARRAYS HEAVY WRITE COUNT "-> j, s, q, t, w, x, n", false); /* other arrays in the next round */
    check(ARRAYS HEAVY WRITE "z = TensorArrayWriteV3(t, i, k, q) T=%f; " COUNT "-> j, t, z, s, w, x, n",
          false);
    check(ARRAYS READ "k = TensorArrayReadV3(t, a, u) dtype=%f; " WRITE COUNT "-> j, t, q, s, w, x, n",
          false);
    check(ARRAYS "k = TensorArrayReadV3(t, i, w) dtype=%f; " WRITE COUNT "-> j, t, q, s, w, x, n", false);
    check(ARRAYS HEAVY WRITE
          "z = TensorArraySizeV3(s, w); y = Cast(z) SrcT=%i DstT=%f; p2 = AddV2(y, w) T=%f; " COUNT
          "-> j, t, q, s, p2, x, n",
          false);
    check(ARRAYS HEAVY WRITE "z = TensorArrayWriteV3(s, i, k, w) T=%f; " COUNT "-> j, t, q, s, z, x, n",
          true);
    whole = before[0];
    cond = before[1];
}

/* ---------------------------------------------------------------- what comes of it */

/* What main() returns, or how it failed. */
typedef struct result {
    td_tensor rets[4];
    char *text;
    td_code code;
} result;

/* What was given back is written over. */
static void churn_heap(void)
{
    void *blocks[400];

    for (size_t i = 0; i < TD_COUNT(blocks); i++) {
        blocks[i] = malloc(64 + i * 32);
        assert_non_null(blocks[i]);
        memset(blocks[i], '~', 64 + i * 32);
    }
    for (size_t i = 0; i < TD_COUNT(blocks); i++)
        free(blocks[i]);
}

static void run(const machine *m, td_team *team, td_stop *stop, const int32_t counts[3], const float *x,
                result *out)
{
    const td_tensor in[] = { { TD_F32, { 2, { ROWS, ROWS } }, (void *)(uintptr_t)x, NULL },
                             { TD_I32, { 0 }, (void *)(uintptr_t)&counts[0], NULL },
                             { TD_I32, { 0 }, (void *)(uintptr_t)&counts[1], NULL },
                             { TD_I32, { 0 }, (void *)(uintptr_t)&counts[2], NULL } };
    const td_run_context context = { .team = team };
    td_stop *const before = td_stop_swap(stop);
    td_frame *f;

    assert_ok(td_frame_enter(m->prog, in, &f));
    const td_status s = td_frame_run(f, &context);

    (void)td_stop_swap(before);
    churn_heap();
    *out = (result){ .text = strdup(td_status_text(s)), .code = td_status_code(s) };
    for (size_t i = 0; !s && i < m->prog->n_rets; i++)
        assert_ok(td_tensor_copy(td_frame_ret(f, i), &out->rets[i]));
    td_status_free(s);
    td_frame_leave(f);
}

static void result_fini(result *r)
{
    for (size_t i = 0; i < TD_COUNT(r->rets); i++)
        td_tensor_unref(&r->rets[i]);
    free(r->text);
}

static void assert_same_elements(const td_tensor *a, const td_tensor *b)
{
    assert_int_equal(a->dtype, b->dtype);
    assert_true(td_shape_equal(&a->shape, &b->shape));
    if (a->dtype != TD_STRING) {
        assert_memory_equal(a->data, b->data, td_tensor_bytes(a));
        return;
    }
    for (int64_t i = 0; i < td_shape_count(&a->shape); i++) {
        const td_string s = ((const td_string *)a->data)[i], t = ((const td_string *)b->data)[i];

        assert_int_equal(s.size, t.size);
        assert_memory_equal(s.data, t.data, s.size);
    }
}

static void assert_same(const machine *m, const machine *other, td_team *team, const int32_t counts[3],
                        td_code code)
{
    float *const x = malloc(ROWS * ROWS * sizeof *x);
    result got, want;

    pg_fill(x, ROWS * ROWS, 5);
    run(m, team, NULL, counts, x, &got);
    run(other, NULL, NULL, counts, x, &want);
    assert_string_equal(got.text, want.text);
    assert_int_equal(got.code, code);
    for (size_t i = 0; !code && i < m->prog->n_rets; i++)
        assert_same_elements(&got.rets[i], &want.rets[i]);
    result_fini(&got);
    result_fini(&want);
    free(x);
}

/* counts: n, the list's length, the first round's number; each of them as often as told, for threads take turns in many
 * ways. */
static void check_often(const char *of, const int32_t (*counts)[3], size_t n, int often, td_code code)
{
    td_team *const team = td_team_make(THREADS);
    machine apart, after;

    start(&apart, of, true);
    start(&after, of, false);
    assert_non_null(body_of(&apart)->roles);
    assert_null(body_of(&after)->roles);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < often; k++)
            assert_same(&apart, &after, team, counts[i], code);
    finish(&apart);
    finish(&after);
    td_team_free(team);
}

static void check_runs(const char *of, const int32_t (*counts)[3], size_t n, td_code code)
{
    check_often(of, counts, n, 3, code);
}

static void test_same_results(void **state)
{
    static const int32_t counts[][3] = {
        { 60, 60, 0 }, { 60, 61, 3 }, { 2, 2, 0 }, { 1, 1, 0 }, { 40, 40, 39 }
    };

    (void)state;
    check_runs(ARGS HEAVY SET COUNT "-> j, q, x, l, n", counts, 2, TD_OK);
    whole = MAIN(
        "z = TensorListLength(w:1); y = TensorListGetItem(w:1, first, sh) element_dtype=%f; -> y, z, w:0",
        "%f");
    check_runs(ARGS GET HEAVY "b = AddV2(k, g) T=%f; q = TensorListSetItem(r, i, b) element_dtype=%f; " COUNT
                              "-> j, q, x, l, n",
               counts, TD_COUNT(counts), TD_OK);
    whole = MAIN("y = TensorListStack(w:1, sh) element_dtype=%f; -> y, w:0, w:2, w:4", "%f");
}

/* Looking at one version of a list changes what another is made of: two of them are for one thread. */
static void test_two_versions(void **state)
{
    static const int32_t counts[][3] = { { 80, 80, 0 } };
    const char *const before[] = { whole, cond };

    (void)state;
    whole = "x: f[-1,-1]; n: i[]; size: i[]; first: i[]; sh = i -1; a = i 0; "
            "r = TensorListReserve(sh, size) element_dtype=%f shape_type=%i; "
            "l = TensorListFromTensor(x, sh) element_dtype=%f shape_type=%i; "
            "t = TensorListGetItem(l, n, sh) element_dtype=%f; "
            "u = TensorListSetItem(l, a, t) element_dtype=%f; "
            "w = StatelessWhile(first, r, x, l, n, u) T=[%i%variant%f%variant%i%variant] cond=@c body=@b; "
            "y = TensorListStack(w:1, sh) element_dtype=%f; -> y";
    cond = ARGS "u: v; " BELOW;
    check_runs(ARGS "u: v; " GET HEAVY
                    "f = TensorListGetItem(u, a, sh) element_dtype=%f; d = Sub(f, g) T=%f; "
                    "c = TensorListGetItem(l, a, sh) element_dtype=%f; b = AddN(k, d, c) T=%f N=3; "
                    "q = TensorListSetItem(r, i, b) element_dtype=%f; " COUNT "-> j, q, x, l, n, u",
               counts, 1, TD_OK);
    whole = before[0];
    cond = before[1];
}

#define ARRAY_MAIN(read, type)                                                                               \
    "x: f[-1,-1]; n: i[]; size: i[]; first: i[]; a = i 0; one = i 1; all = Range(a, size, one) Tidx=%i; "    \
    "t = TensorArrayV3(size) dtype=" type "; s = TensorArrayV3(size) dtype=%f; "                             \
    "f = TensorArrayScatterV3(s, all, x, s:1) T=%f; "                                                        \
    "w = StatelessWhile(first, t, t:1, " read ", x, n) T=[%i%resource%f%resource%f%f%i] cond=@c body=@b; "   \
    "y = TensorArrayGatherV3(t, all, w:2) dtype=" type "; -> y, w:0"

/* The arrays of TF1, also where two handles are one array, and of strings, which one thread writes. */
static void test_same_arrays(void **state)
{
    static const int32_t counts[][3] = { { ROWS, ROWS, 0 } };
    const char *const before[] = { whole, cond };

    (void)state;
    cond = ARRAYS BELOW;
    whole = ARRAY_MAIN("s, f", "%f");
    check_runs(ARRAYS READ HEAVY "b = AddV2(k, g) T=%f; q = TensorArrayWriteV3(t, i, b, u) T=%f; " COUNT
                                 "-> j, t, q, s, w, x, n",
               counts, 1, TD_OK);
    whole = ARRAY_MAIN("s, f", "%string");
    check_runs(ARRAYS READ HEAVY "b = AsString(k) T=%f; q = TensorArrayWriteV3(t, i, b, u) T=%string; " COUNT
                                 "-> j, t, q, s, w, x, n",
               counts, 1, TD_OK);
    whole = before[0];
    cond = before[1];
}

static void test_one_array_twice(void **state)
{
    static const int32_t counts[][3] = { { ROWS, ROWS, 1 } };
    const char *const before[] = { whole, cond };

    (void)state;
    cond = ARRAYS BELOW;
    whole =
        "x: f[-1,-1]; n: i[]; size: i[]; first: i[]; a = i 0; one = i 1; all = Range(a, size, one) Tidx=%i; "
        "s = TensorArrayV3(size) dtype=%f; f = TensorArrayScatterV3(s, all, x, s:1) T=%f; "
        "w = StatelessWhile(first, s, f, s, f, x, n) T=[%i%resource%f%resource%f%f%i] cond=@c body=@b; "
        "y = TensorArrayGatherV3(s, all, w:2) dtype=%f; -> y, w:0";
    /* of the row before, which the round before wrote */
    check_runs(ARRAYS "d = Sub(i, o) T=%i; g = TensorArrayReadV3(s, d, w) dtype=%f; " HEAVY
                      "b = AddV2(k, g) T=%f; q = TensorArrayWriteV3(t, i, b, u) T=%f; " COUNT
                      "-> j, t, q, s, w, x, n",
               counts, 1, TD_OK);
    whole = before[0];
    cond = before[1];
}

/* A body's strings are gone after its round; those of a list are not. */
static void test_strings(void **state)
{
    static const int32_t counts[][3] = { { 50, 50, 0 } };
    const char *const before = whole;

    (void)state;
    whole = MAIN("y = TensorListStack(w:1, sh) element_dtype=%string; -> y", "%string");
    check_runs(ARGS HEAVY "s = AsString(k) T=%f; q = TensorListSetItem(r, i, s) element_dtype=%string; " COUNT
                          "-> j, q, x, l, n",
               counts, 1, TD_OK);
    whole = before;
}

/* Rounds whose numbers come before any others are told of, however many fail. */
static void test_first_error(void **state)
{
    static const int32_t beyond_rows[][3] = { { 400, 400, 0 } };
    static const int32_t soon_beyond[][3] = { { 300, 300, ROWS - 1 },
                                              { 300, 300, ROWS - 2 },
                                              { 300, 300, ROWS - 3 } };
    static const int32_t beyond_list[][3] = { { 60, 40, 0 }, { 60, 60, -1 }, { 60, 30, 40 } };

    (void)state;
    check_runs(ARGS LATE SET COUNT "-> j, q, x, l, n", beyond_rows, 1, TD_INVALID_ARGUMENT);
    check_often(ARGS LATE SET COUNT "-> j, q, x, l, n", soon_beyond, TD_COUNT(soon_beyond), 60,
                TD_INVALID_ARGUMENT);
    check_runs(ARGS HEAVY SET COUNT "-> j, q, x, l, n", beyond_list, 3, TD_INVALID_ARGUMENT);
}

/* ---------------------------------------------------------------- ends */

static bool has_left(void *ctx)
{
    return atomic_fetch_add((atomic_int *)ctx, 1) >= 20;
}

static void test_stops(void **state)
{
    td_team *const team = td_team_make(THREADS);
    const int32_t counts[] = { 100, 100, 0 };
    float *const x = calloc(ROWS * ROWS, sizeof *x);
    atomic_int asked = 0;
    td_stop gone = { .cancelled = has_left, .cancelled_ctx = &asked };
    machine m;
    result r;

    (void)state;
    start(&m, ARGS HEAVY SET COUNT "-> j, q, x, l, n", true);
    run(&m, team, &gone, counts, x, &r);
    assert_int_equal(r.code, TD_CANCELLED);
    result_fini(&r);
    run(&m, team, NULL, counts, x, &r);
    assert_int_equal(r.code, TD_OK);
    result_fini(&r);
    finish(&m);
    free(x);
    td_team_free(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may),         cmocka_unit_test(test_who_may_not),
        cmocka_unit_test(test_arrays),          cmocka_unit_test(test_same_arrays),
        cmocka_unit_test(test_one_array_twice), cmocka_unit_test(test_same_results),
        cmocka_unit_test(test_two_versions),    cmocka_unit_test(test_strings),
        cmocka_unit_test(test_first_error),     cmocka_unit_test(test_stops)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
