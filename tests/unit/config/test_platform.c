/* SPDX-License-Identifier: Apache-2.0 */
/* test_platform.c -- files about sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "assert_status.h"
#include "config/platform.h"
#include "temp_dir.h"

static const char *write_text(const char *text)
{
    static char path[300];

    temp_dir_write("p.config", text, strlen(text));
    snprintf(path, sizeof path, "%s/p.config", temp_dir);
    return path;
}

#define MAP(inside)                                                                                          \
    "platform_configs { key: 'tensorflow' value { source_adapter_config { "                                  \
    "[type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] { " inside " } } } }"

static void test_all_of_it(void **state)
{
    td_platform p;

    (void)state;
    assert_null(td_platform_read(
        write_text("platform_configs { key: 'other' value { } }" MAP(
            "legacy_config { session_config { intra_op_parallelism_threads: 3 graph_options { } } "
            "batching_parameters { max_batch_size { value: 64 } allowed_batch_sizes: [8, 64] } "
            "saved_model_tags: 'serve' saved_model_tags: 'gpu' experimental_fixed_input_tensors { } "
            "enable_model_warmup: true model_warmup_options { num_request_iterations { value: 4 } } }")),
        &p));
    assert_string_equal(p.tags, "serve,gpu");
    assert_int_equal(p.threads, 3);
    assert_true(p.enable_model_warmup);
    assert_int_equal(p.warmup_iterations, 4);
    assert_non_null(p.batching);
    assert_int_equal(p.batching->max_batch_size, 64);
    assert_int_equal(p.batching->n_allowed, 2);
    td_platform_fini(&p);
}

static void test_none_of_it(void **state)
{
    static const char *const texts[] = { MAP(""), MAP("legacy_config { }") };
    td_platform p;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_null(td_platform_read(write_text(texts[i]), &p));
        assert_string_equal(p.tags, "serve");
        assert_int_equal(p.threads, 0);
        assert_false(p.enable_model_warmup);
        assert_null(p.batching);
        td_platform_fini(&p);
    }
}

static void test_mistakes(void **state)
{
    td_platform p;
    char text[600];
    const char *path = write_text("");

    (void)state;
    snprintf(text, sizeof text, "%s says nothing of the platform tensorflow", path);
    assert_status(td_platform_read(path, &p), TD_INVALID_ARGUMENT, text);
    snprintf(text, sizeof text,
             "%s: the source_adapter_config of platform tensorflow is no "
             "tensorflow.serving.SavedModelBundleSourceAdapterConfig",
             path);
    assert_status(td_platform_read(write_text("platform_configs { key: 'tensorflow' value { } }"), &p),
                  TD_INVALID_ARGUMENT, text);
    assert_status(
        td_platform_read(write_text("platform_configs { key: 'tensorflow' value { source_adapter_config { "
                                    "type_url: 'x/y' } } }"),
                         &p),
        TD_INVALID_ARGUMENT, text);
    snprintf(text, sizeof text, "Invalid protobuf file: '%s'", path);
    assert_status(td_platform_read(write_text("platform_configs {"), &p), TD_INVALID_ARGUMENT, text);
    assert_status(
        td_platform_read(write_text(MAP("legacy_config { batching_parameters { max_batch_size { value: 4 } "
                                        "allowed_batch_sizes: 8 } }")),
                         &p),
        TD_INVALID_ARGUMENT,
        "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 4");
}

static void test_session_config(void **state)
{
    int threads = 7;

    (void)state;
    assert_null(td_session_config_read(
        write_text("intra_op_parallelism_threads: 2 gpu_options { allow_growth: true } "
                   "rewrite_me { a: 1 }"),
        &threads));
    assert_int_equal(threads, 2);
    assert_null(td_session_config_read(write_text(""), &threads));
    assert_int_equal(threads, 0);
    assert_null(td_session_config_read(write_text("intra_op_parallelism_threads: -1"), &threads));
    assert_int_equal(threads, 0);
    td_status error = td_session_config_read(write_text("intra_op_parallelism_threads: 'a'"), &threads);
    assert_int_equal(td_status_code(error), TD_INVALID_ARGUMENT);
    td_status_free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_it),
        cmocka_unit_test(test_none_of_it),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_session_config),
    };

    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
