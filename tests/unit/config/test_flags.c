/* SPDX-License-Identifier: Apache-2.0 */
/* test_flags.c -- TensorFlow's flag grammar, quirks included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "config/flags.h"

static td_flags flags;
static td_flags_report report;

static bool parse(int argc, const char *const *words)
{
    char *argv[8] = { (char *)(uintptr_t) "tensord" };

    for (int i = 0; i < argc; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    td_flags_report_fini(&report);
    return td_flags_parse(&flags, argc + 1, argv, &report);
}

#define PARSE(...)                                                                                           \
    parse((int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), (const char *[]){ __VA_ARGS__ })

static int fini(void **state)
{
    (void)state;
    td_flags_report_fini(&report);
    return 0;
}

static void test_defaults(void **state)
{
    (void)state;
    assert_true(parse(0, NULL));
    assert_int_equal(flags.port, 8500);
    assert_int_equal(flags.rest_api_port, 0);
    assert_string_equal(flags.model_name, "default");
    assert_true(flags.enable_model_warmup);
    assert_int_equal(flags.load_retry_interval_micros, 60000000);
}

static void test_values(void **state)
{
    (void)state;
    assert_true(PARSE("--port=1", "--port=9000", "--model_base_path=/a=b", "--enable_batching",
                      "--flush_filesystem_caches=FALSE", "--load_retry_interval_micros=-99999999999",
                      "--per_process_gpu_memory_fraction=.5"));
    assert_int_equal(flags.port, 9000); /* the last one wins */
    assert_string_equal(flags.model_base_path, "/a=b");
    assert_true(flags.enable_batching);
    assert_false(flags.flush_filesystem_caches);
    assert_true(flags.load_retry_interval_micros == -99999999999);
    assert_true(flags.per_process_gpu_memory_fraction == 0.5f);
    assert_int_equal(report.unknown.size, 0);
}

static void test_wrong_values(void **state)
{
    static const char *const wrong[][2] = {
        { "--port=x", "Couldn't interpret value x for flag port.\n" },
        { "--port=", "Couldn't interpret value  for flag port.\n" },
        { "--port=1x", "Couldn't interpret value 1x for flag port.\n" },
        { "--port=99999999999", "Couldn't interpret value 99999999999 for flag port.\n" },
        { "--enable_batching=1", "Couldn't interpret value =1 for flag enable_batching.\n" },
        { "--enable_batching_x", "Couldn't interpret value _x for flag enable_batching.\n" },
        { "--per_process_gpu_memory_fraction=a",
          "Couldn't interpret value a for flag per_process_gpu_memory_fraction.\n" },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(wrong); i++) {
        assert_false(PARSE(wrong[i][0]));
        assert_string_equal(td_strbuf_text(&report.errors), wrong[i][1]);
    }
}

static void test_unknown_arguments(void **state)
{
    (void)state;
    assert_true(PARSE("-port=1", "--port", "9000", "--what=1", "--", "--port=2"));
    assert_int_equal(flags.port, 8500);
    assert_string_equal(td_strbuf_text(&report.unknown),
                        "unknown argument: -port=1\nunknown argument: --port\nunknown argument: 9000\n"
                        "unknown argument: --what=1\nunknown argument: --\nunknown argument: --port=2\n");
    assert_string_equal(td_strbuf_text(&report.meant), "-port=1 --port=\n--port --port=\n");
    assert_true(PARSE("--model_basepath=/m", "--enable_batchin", "-", "--", "--=", "/m"));
    assert_string_equal(td_strbuf_text(&report.meant),
                        "--model_basepath=/m --model_base_path=\n--enable_batchin --enable_batching=\n");
    assert_true(PARSE("--what", "--help")); /* --help counts only when it comes first */
    assert_false(PARSE("--help"));
    assert_true(report.wants_help);
}

static void test_usage(void **state)
{
    td_strbuf text = { 0 };

    (void)state;
    td_flags_usage("tensord", &text);
    assert_non_null(strstr(text.data, "usage: tensord\nFlags:\n\t--port=8500"));
    assert_non_null(strstr(text.data, "\t--model_name=\"default\" "));
    td_strbuf_fini(&text);
}

typedef enum effect { ACTIVE, INERT, TUNES, REFUSED } effect;

static size_t count_idle(const char *want)
{
    const char *name, *help;
    size_t n = 0;

    for (size_t i = 0; (name = td_flags_next_idle(&flags, &i, &help)); n++) {
        assert_string_equal(name, want);
        assert_true(help[0] != '\0');
    }
    return n;
}

/* What one flag does when it is set to something that is not its default. */
static void check_effect(const char *name, const char *word, effect want)
{
    assert_true(PARSE(word));
    const td_status error = td_flags_check(&flags);

    assert_int_equal(td_status_code(error), want == REFUSED ? TD_UNIMPLEMENTED : TD_OK);
    assert_int_equal(count_idle(name), want == TUNES);
    if (error) assert_non_null(strstr(td_status_text(error), name));
    td_status_free(error);
}

/* Each flag of the table: works, does nothing with a warning, or is refused. */
static void test_effects(void **state)
{
    static const struct {
        const char *kind, *name, *initial;
        effect effect;
    } all[] = {
#define TD_FLAG(kind, name, initial, state, help) { #kind, #name, #initial, state },
#include "config/flags.inc"
#undef TD_FLAG
    };
    char word[128];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(all); i++) {
        const char *const value = !strcmp(all[i].kind, "BOOL")
                                      ? strcmp(all[i].initial, "true") ? "true" : "false"
                                  : !strcmp(all[i].kind, "STR") ? "other"
                                                                : "77";

        snprintf(word, sizeof word, "--%s=%s", all[i].name, value);
        check_effect(all[i].name, word, all[i].effect);
    }
    assert_true(PARSE("--use_alts_credentials=false", "--ssl_config_file=")); /* the defaults, spelled out */
    assert_null(td_flags_check(&flags));
}

/* What a user relies on for safety or for right answers is never silently left out. */
static void test_what_is_refused(void **state)
{
    static const char *const words[] = { "--use_alts_credentials" };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(words); i++) {
        assert_true(PARSE(words[i]));
        const td_status error = td_flags_check(&flags);

        assert_non_null(error);
        td_status_free(error);
    }
}

/* A bool that is the beginning of another flag's name would swallow it. */
static void test_no_bool_is_a_prefix(void **state)
{
    static const struct {
        const char *kind, *name;
    } all[] = {
#define TD_FLAG(kind, name, initial, state, help) { #kind, #name },
#include "config/flags.inc"
#undef TD_FLAG
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(all); i++)
        for (size_t j = 0; j < TD_COUNT(all); j++)
            if (i != j && !strcmp(all[i].kind, "BOOL"))
                assert_int_not_equal(strncmp(all[i].name, all[j].name, strlen(all[i].name)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),        cmocka_unit_test(test_values),
        cmocka_unit_test(test_wrong_values),    cmocka_unit_test(test_unknown_arguments),
        cmocka_unit_test(test_usage),           cmocka_unit_test(test_effects),
        cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_no_bool_is_a_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, fini);
}
