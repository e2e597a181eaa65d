/* SPDX-License-Identifier: Apache-2.0 */
/* test_no_memory.c -- a model is loaded and run with its first, second, ... allocation failing: it says so,
 * or does without and answers the same (a constant need not be folded), and leaves nothing behind (the
 * address sanitizer looks). Debug builds only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem_fault.h"
#include "obs/log.h"
#include "tensord/session.h"

enum { SWEEP_MOST = 200, IN_MAX = 4 }; /* loads of one model; inputs of a signature */

/* Zeros for each input, unknown dimensions being 2; tensors of their own, for the case that a run fails. */
static void make_inputs(const td_signature *sig, td_tensor in[IN_MAX])
{
    assert_true(sig->n_inputs <= IN_MAX);
    for (size_t i = 0; i < sig->n_inputs; i++) {
        td_shape s = sig->inputs[i].shape;

        for (int k = 0; k < s.rank; k++)
            if (s.dims[k] < 0) s.dims[k] = 2;
        assert_null(td_tensor_make(sig->inputs[i].dtype, &s, &in[i]));
        memset(in[i].data, 0, td_tensor_bytes(&in[i]));
    }
}

static td_tensor answer; /* of a run where nothing failed */

static void compare(const td_tensor *out)
{
    if (!answer.data) assert_null(td_tensor_copy(out, &answer));
    assert_true(td_shape_equal(&out->shape, &answer.shape));
    assert_int_equal(answer.dtype, TD_F32);
    for (int64_t i = 0; i < td_shape_count(&answer.shape); i++) /* another kernel may round otherwise */
        assert_float_equal(((const float *)out->data)[i], ((const float *)answer.data)[i], 1e-5f);
}

static td_status run_once(td_session *s, td_mem_faults *f)
{
    const td_signature *const sig = td_session_find_signature(s, "serving_default");
    td_tensor in[IN_MAX] = { 0 };
    const size_t want = 0;
    td_result *r = NULL;

    assert_non_null(sig);
    f->is_on = false;
    make_inputs(sig, in);
    f->is_on = true;
    const td_status error = td_session_run(s, sig, in, &want, 1, NULL, &r);

    f->is_on = false;
    if (!error) compare(td_result_outputs(r));
    td_result_free(r);
    for (size_t i = 0; i < IN_MAX; i++)
        td_tensor_unref(&in[i]);
    return error;
}

/* Loads, runs twice (the second time on the first one's plan). */
static td_code load_and_run(const char *path, td_mem_faults *f)
{
    const td_session_options options = { .threads = 1 };
    td_session *s = NULL;
    td_status error = td_session_load(path, &options, &s);

    f->is_on = false;
    if (!error) error = run_once(s, f);
    if (!error) error = run_once(s, f);
    td_session_unref(s);
    const td_code code = td_status_code(error);

    td_status_free(error);
    return code;
}

static void test_model(void **state)
{
    const char *const path = *state;
    td_mem_faults *const f = td_mem_faults_here();

    td_log_set_level(TD_LOG_ERROR);
    td_tensor_unref(&answer);
    *f = (td_mem_faults){ .is_on = true };
    assert_int_equal(load_and_run(path, f), TD_OK);
    const uint64_t asked = f->asked, step = asked / SWEEP_MOST + 1;

    for (uint64_t at = 1; at <= asked; at += step) {
        *f = (td_mem_faults){ .is_on = true, .is_lasting = at % 2, .at = at };
        const td_code code = load_and_run(path, f);
        if (code != TD_OK && (!f->failed || code != TD_RESOURCE_EXHAUSTED))
            fail_msg("allocation %d of %d failed, and the code is %s", (int)at, (int)asked,
                     td_code_name(code));
    }
}

int main(void)
{
    static char *const models[] = { TD_SOURCE_DIR "/models/half_plus_two/1",
                                    TD_SOURCE_DIR "/models/digits/1" };
    struct CMUnitTest tests[TD_COUNT(models)];

    for (size_t i = 0; i < TD_COUNT(models); i++)
        tests[i] = (struct CMUnitTest){ models[i], test_model, NULL, NULL, models[i] };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    td_tensor_unref(&answer);
    return failed;
}
