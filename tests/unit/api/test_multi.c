/* SPDX-License-Identifier: Apache-2.0 */
/* test_multi.c -- tasks of a MultiInference, and method names of signatures, before anything runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../codec/fake_session.h"
#include "api/method.h"
#include "api/multi.h"
#include "assert_status.h"
#include "base/macros.h"

#define CLASSIFY "tensorflow/serving/classify"
#define REGRESS  "tensorflow/serving/regress"

/* ---------------------------------------------------------------- a model of three signatures */

static const td_tensor_info examples = { .alias = "inputs", .tensor = "x:0", .dtype = TD_STRING };
static const td_tensor_info scores = { .alias = "scores", .tensor = "s:0", .dtype = TD_F32 };
static const td_tensor_info outputs = { .alias = "outputs", .tensor = "o:0", .dtype = TD_F32 };
static const td_signature signatures[] = {
    { "class", CLASSIFY, &examples, &scores, 1, 1 },
    { "number", REGRESS, &examples, &outputs, 1, 1 },
    { "serving_default", "other", &examples, &scores, 1, 1 },
};

const td_signature fake_signature = { .name = "" };

static int setup(void **state)
{
    (void)state;
    fake_signatures = signatures;
    fake_n_signatures = TD_COUNT(signatures);
    return 0;
}

static td_task task(const char *model, const char *signature, const char *method)
{
    return (
        td_task){ { model, strlen(model) }, { signature, strlen(signature) }, { method, strlen(method) } };
}

static void assert_two(td_task a, td_task b, td_code code, const char *says)
{
    const td_task both[] = { a, b };

    assert_status_like(td_tasks_check(NULL, both, 2), code, says);
}

/* ---------------------------------------------------------------- tests */

static void test_tasks_that_can_be_done(void **state)
{
    const td_task all[] = { task("m", "number", REGRESS), task("m", "class", CLASSIFY),
                            task("m", "", CLASSIFY) };

    (void)state;
    for (size_t n = 0; n <= TD_COUNT(all); n++)
        assert_ok(td_tasks_check(NULL, all, n));
}

static void test_tasks_that_cannot(void **state)
{
    const td_task good = task("m", "class", CLASSIFY);

    (void)state;
    assert_two(good, task("", "number", REGRESS), TD_INVALID_ARGUMENT,
               "Found ModelSpec with an empty model name.");
    assert_two(good, task("n", "number", REGRESS), TD_INVALID_ARGUMENT, "must access the same model name.");
    assert_two(good, task("mm", "number", REGRESS), TD_INVALID_ARGUMENT, "must access the same model name.");
    assert_two(good, good, TD_INVALID_ARGUMENT, "Duplicate evaluation of signature: class");
    assert_two(task("m", "", CLASSIFY), task("m", "serving_default", CLASSIFY), TD_INVALID_ARGUMENT,
               "Duplicate evaluation of signature: serving_default");
    assert_two(good, task("m", "nope", REGRESS), TD_INVALID_ARGUMENT,
               "Requested signature not found in model graph: nope");
    assert_two(good, task("m", "number", "x"), TD_UNIMPLEMENTED, "Unsupported signature method_name: x");
    assert_two(good, task("m", "number", ""), TD_UNIMPLEMENTED, "Unsupported signature method_name: ");
    assert_two(good, task("m", "number", CLASSIFY), TD_INVALID_ARGUMENT,
               "at least one of \"classes\" or \"scores\"");
}

/* Last: names count from then on. */
static void test_method_names(void **state)
{
    (void)state;
    assert_ok(td_method_check(&signatures[2], TD_METHOD_PREDICT));
    td_methods_count();
    assert_ok(td_method_check(&signatures[0], TD_METHOD_PREDICT));
    assert_ok(td_method_check(&signatures[0], TD_METHOD_CLASSIFY));
    assert_status_like(td_method_check(&signatures[2], TD_METHOD_PREDICT), TD_INTERNAL,
                       "one of {tensorflow/serving/predict, " CLASSIFY ", " REGRESS "}. Was: other");
    assert_status_like(td_method_check(&signatures[0], TD_METHOD_REGRESS), TD_INVALID_ARGUMENT,
                       "Expected regression signature method_name to be " REGRESS ". Was: " CLASSIFY);
    assert_two(task("m", "class", CLASSIFY), task("m", "", CLASSIFY), TD_INVALID_ARGUMENT,
               "Expected classification signature method_name to be " CLASSIFY ". Was: other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks_that_can_be_done),
        cmocka_unit_test(test_tasks_that_cannot),
        cmocka_unit_test(test_method_names),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
