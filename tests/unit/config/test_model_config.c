/* SPDX-License-Identifier: Apache-2.0 */
/* test_model_config.c -- text format, its errors, and the checks on what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "assert_status.h"
#include "base/macros.h"
#include "config/model_config.h"
#include "config/textproto.h"
#include "tensorflow_serving/config/model_server_config.pb-c.h"

static td_model_options *models;
static size_t n_models;

static td_status parse(const char *text)
{
    return td_model_config_parse(text, strlen(text), "f.config", NULL, &models, &n_models);
}

static void expect(const char *text, const char *want)
{
    assert_status(parse(text), TD_INVALID_ARGUMENT, want);
}

static void test_full_config(void **state)
{
    static const char text[] =
        "# models\n"
        "model_config_list: {\n"
        "  config: [{ name: 'a' base_path: \"/models\" \"/a\", model_platform: 'tensorflow';\n"
        "    model_version_policy { specific { versions: 42 versions: [0x2b, -1] } }\n"
        "    version_labels { key: 'stable' value: 42 } version_labels < key: 'st\\141ble' value: 43 > }],\n"
        "  config { name: 'b' base_path: 'file:///b' model_type: TENSORFLOW model_version_policy { all {} } "
        "}\n"
        "  config { name: 'c' base_path: '/c' model_platform: 'tensorflow' batch_latency_slo_ms: 2.5 "
        "compute_weight: 3 mixed_precision: 'bfloat16'\n"
        "           model_version_policy { latest { num_versions: 3 } } }\n"
        "}\n";

    (void)state;
    assert_null(parse(text));
    assert_int_equal(n_models, 3);
    assert_string_equal(models[0].name, "a");
    assert_string_equal(models[0].base_path, "/models/a");
    assert_int_equal(models[0].policy, TD_POLICY_SPECIFIC);
    assert_int_equal(models[0].n_versions, 3);
    assert_int_equal(models[0].versions[1], 43);
    assert_true(models[0].versions[2] == -1);
    assert_int_equal(models[0].n_labels, 1);
    assert_string_equal(models[0].labels[0].name, "stable");
    assert_int_equal(models[0].labels[0].version, 43);
    assert_string_equal(models[1].base_path, "/b");
    assert_int_equal(models[1].policy, TD_POLICY_ALL);
    assert_int_equal(models[2].policy, TD_POLICY_LATEST);
    assert_int_equal(models[2].latest, 3);
    assert_int_equal(models[1].batch_slo_ns, 0);
    assert_true(models[1].weight == 0.0 && models[2].weight == 3.0);
    assert_int_equal(models[2].batch_slo_ns, 2500000);
    assert_int_equal(models[1].precision, TD_PRECISION_OF_FLAG);
    assert_int_equal(models[2].precision, TD_PRECISION_BFLOAT16);

    td_model_options *const copy = td_models_copy(models, n_models);

    td_models_free(models, n_models);
    assert_string_equal(copy[0].labels[0].name, "stable");
    assert_int_equal(copy[2].batch_slo_ns, 2500000);
    assert_int_equal(copy[2].precision, TD_PRECISION_BFLOAT16);
    assert_int_equal(copy[0].versions[0], 42);
    td_models_free(copy, n_models);

    assert_null(parse("")); /* nothing to serve is fine */
    assert_int_equal(n_models, 0);
    td_models_free(models, n_models);
}

static void test_checks(void **state)
{
    (void)state;
    expect("model_config_list {{{", "Invalid protobuf file: 'f.config'");
    expect("model_config_list { config { name: 'm' base_path: '/m' } }",
           "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
           "ModelServerConfig::model_platform, model name is m");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'caffe' } }",
           "Model m requests unsupported platform caffe");
    expect("model_config_list { config { name: 'm' base_path: 'm' model_platform: 'tensorflow' } }",
           "Expected model m to have an absolute path or URI; got base_path()=m");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' } "
           "config { name: 'm' base_path: '/n' model_platform: 'tensorflow' } }",
           "Illegal to list model m multiple times in config list");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' "
           "batch_latency_slo_ms: -1 } }",
           "batch_latency_slo_ms of model m is -1, which is no time");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' "
           "batch_latency_slo_ms: nan } }",
           "batch_latency_slo_ms of model m is nan, which is no time");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' "
           "compute_weight: 101 } }",
           "compute_weight of model m is 101; there are 0.01 to 100");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' "
           "compute_weight: -1 } }",
           "compute_weight of model m is -1; there are 0.01 to 100");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' "
           "compute_weight: nan } }",
           "compute_weight of model m is nan; there are 0.01 to 100");
    expect("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' "
           "mixed_precision: 'float8' } }",
           "mixed_precision of model m is \"float8\"; there are bfloat16 and float32");
    expect("custom_model_config { [type.googleapis.com/x.Y] { a { b: '}' } } }",
           "ModelServer does not support custom model config.");
}

static td_status parse_logging(const char *text)
{
    char config[1000];

    snprintf(config, sizeof config,
             "model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' "
             "logging_config { %s } } }",
             text);
    return parse(config);
}

static void test_logging(void **state)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        { "log_collector_config { type: 'kafka' }",
          "log_collector_config of model m has type \"kafka\"; there are \"file\", and \"\" for none" },
        { "log_collector_config { type: 'file' }",
          "log_collector_config of model m has filename_prefix \"\", which begins no file's name" },
        { "log_collector_config { type: 'file' filename_prefix: '/a/' }",
          "log_collector_config of model m has filename_prefix \"/a/\", which begins no file's name" },
        { "sampling_config { sampling_rate: -0.5 }", "sampling_rate of model m is -0.5; there are 0 to 1" },
        { "sampling_config { sampling_rate: 1.5 }", "sampling_rate of model m is 1.5; there are 0 to 1" },
        { "sampling_config { sampling_rate: nan }", "sampling_rate of model m is nan; there are 0 to 1" },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(wrong); i++)
        assert_status(parse_logging(wrong[i].text), TD_INVALID_ARGUMENT, wrong[i].error);
    assert_ok(parse_logging("log_collector_config { type: 'file' filename_prefix: '/a/b' } "
                            "sampling_config { sampling_rate: 0.25 }"));
    td_model_options *const copy = td_models_copy(models, n_models);
    td_models_free(models, n_models);
    assert_string_equal(copy->log_prefix, "/a/b");
    assert_true(copy->log_rate == 0.25);
    td_models_free(copy, 1);
    assert_ok(parse_logging(
        "log_collector_config { filename_prefix: '/a/b' } sampling_config { sampling_rate: 1 }"));
    assert_null(models->log_prefix); /* of no type */
    td_models_free(models, n_models);
    assert_ok(parse_logging(""));
    assert_null(models->log_prefix);
    td_models_free(models, n_models);
}

static void test_single(void **state)
{
    (void)state;
    assert_null(td_model_config_single("m", "/a", &models, &n_models));
    assert_int_equal(n_models, 1);
    assert_string_equal(models[0].base_path, "/a");
    td_models_free(models, n_models);
    assert_null(td_model_config_single("m", "file:///a/b", &models, &n_models));
    assert_string_equal(models[0].base_path, "/a/b");
    td_models_free(models, n_models);
    assert_status(td_model_config_single("m", "a", &models, &n_models), TD_INVALID_ARGUMENT,
                  "Expected model m to have an absolute path or URI; got base_path()=a");
}

/* A URI that names no local directory would be looked for below the working directory. */
static void test_file_uris(void **state)
{
    static const char *const wrong[] = { "file://", "file://host/m", "file://m", "file://.", "" };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(wrong); i++) {
        assert_status_like(td_model_config_single("m", wrong[i], &models, &n_models), TD_INVALID_ARGUMENT,
                           "Expected model m to have an absolute path or URI; got base_path()=");
        if (wrong[i][0])
            assert_says(td_model_config_single("m", wrong[i], &models, &n_models), "file:///models/m");
    }
    expect(
        "model_config_list { config { name: 'm' base_path: 'file://' model_platform: 'tensorflow' } }",
        "Expected model m to have an absolute path or URI; got base_path()=file://, which names no directory "
        "of this machine: a file URI has three slashes, as in file:///models/m");
}

static void test_texts_of_the_parser(void **state)
{
    static const char *const cases[][2] = {
        { "x: 1", "1:2: Message type \"tensorflow.serving.ModelServerConfig\" has no field named \"x\"." },
        { "model_config_list {\n  config { name 'a' } }", "2:17: Expected \":\", found \"'a'\"." },
        { "model_config_list { config { name: 5 } }", "1:36: Expected string, got: 5" },
        { "model_config_list { config { name: 'a\n' } }",
          "1:38: String literals cannot cross line boundaries." },
        { "model_config_list { config { name: 'a' name: 'b' } }",
          "1:44: Non-repeated field \"name\" is specified multiple times." },
        { "model_config_list { config { model_type: HUGO } }",
          "1:47: Unknown enumeration value of \"HUGO\" for field \"model_type\"." },
        { "model_config_list { config { version_labels { value: 9223372036854775808 } } }",
          "1:54: Integer out of range (9223372036854775808)" },
        { "model_config_list {", "1:20: Expected identifier, got: " },
        { "model_config_list { config {} } custom_model_config {}",
          "1:53: Field \"custom_model_config\" is specified along with field \"model_config_list\", another "
          "member "
          "of its oneof." },
        { "}", "1:1: Expected identifier, got: }" },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        ProtobufCMessage *m;

        assert_status(td_textproto_parse(cases[i][0], strlen(cases[i][0]),
                                         &tensorflow__serving__model_server_config__descriptor, NULL, &m),
                      TD_INVALID_ARGUMENT, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_config), cmocka_unit_test(test_checks),
        cmocka_unit_test(test_logging),     cmocka_unit_test(test_single),
        cmocka_unit_test(test_file_uris),   cmocka_unit_test(test_texts_of_the_parser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
