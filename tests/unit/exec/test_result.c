/* SPDX-License-Identifier: Apache-2.0 */
/* test_result.c -- what runs answer, read by rows and by several owners; and what they are expected to take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/thread.h"
#include "tensord/session.h"

enum { LARGE = 4 << 20 };

typedef struct model {
    td_session *session;
    const td_signature *sig;
    float *x; /* LARGE values: their own numbers */
} model;

static void open_model(model *m, const td_session_options *options)
{
    *m = (model){ .x = TD_NEW_N(float, LARGE) };
    for (size_t i = 0; i < LARGE; i++)
        m->x[i] = (float)i;
    assert_ok(td_session_load(TD_SOURCE_DIR "/models/half_plus_two/1", options, &m->session));
    m->sig = td_session_find_signature(m->session, "serving_default");
}

static void close_model(model *m)
{
    td_session_unref(m->session);
    td_free(m->x);
}

static td_tensor input_of(const model *m, int64_t n)
{
    return (td_tensor){ TD_F32, { 1, { n } }, m->x, NULL };
}

static td_result *run(const model *m, int64_t n)
{
    const td_tensor in = input_of(m, n);
    const size_t want = 0;
    td_result *r;

    assert_ok(td_session_run(m->session, m->sig, &in, &want, 1, NULL, &r));
    return r;
}

static int64_t expect(const model *m, int64_t n)
{
    const td_tensor in = input_of(m, n);

    return td_session_expect(m->session, m->sig, &in);
}

/* ---------------------------------------------------------------- rows */

static void test_rows(void **state)
{
    model m;
    td_tensor y;

    (void)state;
    open_model(&m, NULL);
    td_result *const r = run(&m, 10);

    assert_ok(td_result_rows(r, 3, 4, &y));
    assert_int_equal(y.dtype, TD_F32);
    assert_int_equal(y.shape.rank, 1);
    assert_int_equal(y.shape.dims[0], 4);
    assert_null(y.buffer);
    for (int i = 0; i < 4; i++)
        assert_float_equal(((const float *)y.data)[i], 0.5f * (float)(3 + i) + 2, 1e-6f);
    assert_ok(td_result_rows(r, 0, 10, &y));
    assert_ptr_equal(y.data, td_result_outputs(r)->data);
    assert_ok(td_result_rows(r, 10, 0, &y));
    assert_int_equal(y.shape.dims[0], 0);
    assert_status_like(td_result_rows(r, 7, 4, &y), TD_OUT_OF_RANGE, "of shape [10] has no rows 7 to 11");
    assert_status_like(td_result_rows(r, 11, 0, &y), TD_OUT_OF_RANGE, "no rows");
    assert_status_like(td_result_rows(r, 1, SIZE_MAX, &y), TD_OUT_OF_RANGE, "no rows");
    td_result_free(r);
    td_result *const none = run(&m, 0);
    assert_ok(td_result_rows(none, 0, 0, &y));
    td_result_free(none);
    close_model(&m);
}

typedef struct reader {
    pthread_t thread;
    td_result *result;
    size_t first, wrong;
} reader;

static void *read_rows(void *ctx)
{
    reader *const t = ctx;
    td_tensor y;

    assert_ok(td_result_rows(t->result, t->first, 100, &y));
    for (size_t i = 0; i < 100; i++)
        t->wrong += ((const float *)y.data)[i] != 0.5f * (float)(t->first + i) + 2;
    td_result_free(t->result);
    return NULL;
}

/* The last of several owners gives the memory back, whichever it is; other runs go on meanwhile. */
static void test_owners(void **state)
{
    reader readers[4] = { 0 };
    model m;

    (void)state;
    open_model(&m, NULL);
    for (int round = 0; round < 20; round++) {
        td_result *const r = run(&m, 400);

        for (size_t i = 0; i < TD_COUNT(readers); i++) {
            readers[i] = (reader){ .result = td_result_ref(r), .first = i * 100 };
            assert_ok(td_thread_start(&readers[i].thread, "reader", read_rows, &readers[i]));
        }
        td_result_free(r);
        td_result_free(run(&m, 400));
        for (size_t i = 0; i < TD_COUNT(readers); i++) {
            (void)pthread_join(readers[i].thread, NULL);
            assert_int_equal(readers[i].wrong, 0);
        }
    }
    close_model(&m);
}

/* ---------------------------------------------------------------- costs */

static void test_costs_are_known_by_shape(void **state)
{
    const td_session_options cold = { .skip_warmup = true };
    model m;

    (void)state;
    open_model(&m, &cold);
    assert_int_equal(expect(&m, 1), 0);
    td_result_free(run(&m, 1));
    assert_true(expect(&m, 1) > 0);
    assert_int_equal(expect(&m, LARGE), 0); /* small runs say nothing of a large one */
    td_result_free(run(&m, LARGE));
    const int64_t large = expect(&m, LARGE);
    for (int i = 0; i < 200; i++)
        td_result_free(run(&m, 1));
    assert_int_equal(expect(&m, LARGE), large);
    assert_true(expect(&m, 1) < large);
    close_model(&m);
}

static void test_no_cost_of_what_fails(void **state)
{
    td_tensor none = { 0 };
    const size_t want = 0;
    td_result *r = NULL;
    model m;

    (void)state;
    open_model(&m, NULL);
    assert_true(expect(&m, 1) > 0); /* the warm-up's */
    assert_int_equal(td_session_expect(m.session, m.sig, &none), 0);
    assert_status_like(td_session_run(m.session, m.sig, &none, &want, 1, NULL, &r), TD_INVALID_ARGUMENT,
                       "input x was not given");
    const td_signature *const init = td_session_find_signature(m.session, "__saved_model_init_op");
    assert_int_equal(td_session_expect(m.session, init, &none), 0);
    close_model(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_costs_are_known_by_shape),
        cmocka_unit_test(test_no_cost_of_what_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
