/* SPDX-License-Identifier: Apache-2.0 */
/* test_predict.c -- the predict verb over a session that only counts and echoes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "api/predict.h"
#include "base/mem.h"
#include "assert_status.h"
#include "exec/memory.h"
#include "serve/table.h"

/* ---------------------------------------------------------------- a session of our own */

struct td_result {
    td_tensor outputs[2];
};

static td_tensor forty_two = { .dtype = TD_I64 };
static const td_tensor_info inputs[] = {
    { .alias = "a", .tensor = "a:0", .dtype = TD_F32, .shape = { 2, { -1, 2 } } },
    { .alias = "b", .tensor = "b:0", .dtype = TD_I64, .shape = { .rank = -1 }, .default_value = &forty_two },
};
static const td_tensor_info outputs[] = { { .alias = "y", .tensor = "y:0", .dtype = TD_F32 },
                                          { .alias = "z", .tensor = "z:0", .dtype = TD_F32 } };
static const td_signature signatures[] = {
    { "__saved_model_init_op", "", NULL, outputs, 0, 1 },
    { "none", "", NULL, outputs, 0, 2 },
    { "serving_default", "tensorflow/serving/predict", inputs, outputs, 2, 2 },
};
static int alive_results, alive_servables;
static size_t last_n_want;
static td_status next_error; /* what the next run fails with */

const td_signature *td_session_find_signature(const td_session *s, const char *name)
{
    (void)s;
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(name, signatures[i].name)) return &signatures[i];
    return NULL;
}

const td_signature *td_session_signatures(const td_session *s, size_t *count)
{
    (void)s;
    *count = 3;
    return signatures;
}

static int fake_session_refs; /* held beyond a request */

td_session *td_session_ref(td_session *s)
{
    fake_session_refs++;
    return s;
}

void td_session_unref(td_session *s)
{
    (void)s;
    fake_session_refs--;
}

td_account *td_session_account(td_session *s)
{
    (void)s;
    return NULL;
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    const td_status error = next_error;

    (void)s, (void)sig, (void)in, (void)want, (void)opts;
    last_n_want = n_want;
    next_error = NULL;
    if (error) return error;
    *out = calloc(1, sizeof **out);
    (*out)->outputs[0].shape.rank = 3;
    alive_results++;
    return NULL;
}

int64_t td_session_expect(const td_session *s, const td_signature *sig, const td_tensor *in)
{
    (void)s;
    (void)sig;
    (void)in;
    return 0;
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->outputs;
}

void td_result_free(td_result *r)
{
    alive_results -= r != NULL;
    free(r);
}

/* Nothing is joined here. */
bool td_session_is_batchable(const td_session *s, const td_signature *sig, const char **why_not)
{
    (void)s, (void)sig, (void)why_not;
    return false;
}

td_status td_result_rows(const td_result *r, size_t first, size_t n, td_tensor *out)
{
    (void)r, (void)first, (void)n, (void)out;
    return TD_ERR(INTERNAL, "no rows");
}

/* ---------------------------------------------------------------- tests */

static td_arena *arena;
static td_predict predict;

static void drop_servable(td_servable *s)
{
    alive_servables--;
    td_servable_free(s);
}

static td_string text(const char *s)
{
    return (td_string){ s, strlen(s) };
}

static td_status open_as(const char *signature, td_wording wording)
{
    alive_servables++;
    return td_predict_open(td_servable_make("m", 1, NULL, drop_servable, NULL), text(signature), wording,
                           arena, &predict);
}

static int setup(void **state)
{
    (void)state;
    arena = td_arena_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    td_predict_close(&predict);
    td_predict_close(&predict); /* a cleared one is fine */
    td_arena_free(arena);
    assert_int_equal(alive_results, 0);
    assert_int_equal(alive_servables, 0);
    return 0;
}

static void test_runs(void **state)
{
    (void)state;
    assert_null(open_as("", TD_WORDING_GRPC));
    assert_int_equal(predict.n_want, 2);
    assert_int_equal(td_predict_input(&predict, text("b")), 1);
    assert_true(td_predict_input(&predict, text("")) == SIZE_MAX);
    assert_true(td_predict_input(&predict, text("bb")) == SIZE_MAX);
    predict.inputs[0].dtype = TD_F32; /* b has a default */
    assert_null(td_predict_run(&predict, 0));
    assert_int_equal(last_n_want, 2);
    assert_int_equal(td_predict_output(&predict, 0)->shape.rank, 3);
}

/* Who keeps the outputs keeps the session, not the version. */
static void test_kept(void **state)
{
    (void)state;
    assert_null(open_as("", TD_WORDING_GRPC));
    predict.inputs[0].dtype = TD_F32;
    assert_null(td_predict_run(&predict, 0));
    predict.is_apart = true;
    td_predict_hold *const hold = td_predict_keep(&predict);
    assert_ptr_equal(td_predict_hold_ref(hold), hold);
    td_predict_close(&predict);
    assert_int_equal(alive_servables, 0);
    assert_int_equal(alive_results, 1);
    assert_int_equal(fake_session_refs, 1);
    td_predict_hold_unref(hold);
    assert_int_equal(alive_results, 1);
    td_predict_hold_unref(hold);
    assert_int_equal(alive_results, 0);
    assert_int_equal(fake_session_refs, 0);
}

static void test_filter(void **state)
{
    const td_string one[] = { text("z") }, unknown[] = { text("q") }, near[] = { text("Y") },
                    twice[] = { text("y"), text("y") };

    (void)state;
    assert_null(open_as("serving_default", TD_WORDING_GRPC));
    assert_status(td_predict_filter(&predict, unknown, 1), TD_INVALID_ARGUMENT,
                  "output tensor alias not found in signature: q Outputs expected to be in the set {y,z}.");
    assert_status(td_predict_filter(&predict, near, 1), TD_INVALID_ARGUMENT,
                  "output tensor alias not found in signature: Y Outputs expected to be in the set {y,z}. "
                  "Did you mean y?");
    assert_status(td_predict_filter(&predict, twice, 2), TD_INVALID_ARGUMENT,
                  "duplicate output tensor alias: y");
    assert_null(td_predict_filter(&predict, one, 1));
    assert_int_equal(predict.n_want, 1);
    assert_int_equal(predict.want[0], 1);
}

static void test_wrong_inputs(void **state)
{
    (void)state;
    assert_null(open_as("", TD_WORDING_GRPC));
    assert_status(
        td_predict_run(&predict, 0), TD_INVALID_ARGUMENT,
        "input size does not match signature: 0!=2 len({}) != len({a,b}). Sent extra: {}. Missing but "
        "required: {a,b}.");
    predict.inputs[0].dtype = TD_I32;
    assert_status(
        td_predict_run(&predict, 0), TD_INVALID_ARGUMENT,
        "Expects arg[0] to be float but int32 is provided. It is input a (float [?,2]) in the signature.");
}

/* A run that fails: is an input's shape to blame? */
static void test_explained_run(void **state)
{
    static const struct {
        td_shape shape;
        const char *more;
    } cases[] = {
        { { 2, { 7, 2 } }, "" },
        { { 2, { 0, 2 } }, "" },
        { { 2, { 7, 3 } }, "\nThe signature declares input a (float [?,2]); the shape sent is [7,3]." },
        { { 1, { 2 } }, "\nThe signature declares input a (float [?,2]); the shape sent is [2]." },
        { { 0 }, "\nThe signature declares input a (float [?,2]); the shape sent is []." },
    };

    (void)state;
    assert_null(open_as("", TD_WORDING_GRPC));
    predict.inputs[0].dtype = TD_F32;
    predict.inputs[1] = (td_tensor){ .dtype = TD_I64, .shape = { 3, { 1, 2, 3 } } }; /* any rank will do */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *const want = td_format("bad\n\t [[{{node n}}]]%s", cases[i].more);

        predict.inputs[0].shape = cases[i].shape;
        next_error = TD_ERR(INVALID_ARGUMENT, "bad\n\t [[{{node n}}]]");
        assert_status(td_predict_run(&predict, 0), TD_INVALID_ARGUMENT, want);
        td_free(want);
    }
    next_error = TD_ERR(DEADLINE_EXCEEDED, "late");
    assert_status(td_predict_run(&predict, 0), TD_DEADLINE_EXCEEDED, "late");
}

static void test_unknown_signature_grpc(void **state)
{
    (void)state;
    assert_status(open_as("foo", TD_WORDING_GRPC), TD_FAILED_PRECONDITION,
                  "Serving signature key \"foo\" not found. The model's signatures: none, serving_default.");
}

static void test_unknown_signature_rest(void **state)
{
    (void)state;
    assert_status(open_as("foo", TD_WORDING_REST), TD_INVALID_ARGUMENT,
                  "Serving signature name: \"foo\" not found in signature def. The model's signatures: none, "
                  "serving_default.");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_runs),
        CASE(test_kept),
        CASE(test_explained_run),
        CASE(test_filter),
        CASE(test_wrong_inputs),
        CASE(test_unknown_signature_grpc),
        CASE(test_unknown_signature_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
